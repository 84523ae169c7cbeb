"""No function of a text takes more time than the text's length accounts for: a search for inputs on
which one does. What it has found is in the tests of the functions."""

import os
import random
from contextlib import suppress
from io import BytesIO

import pytest

from stages.answering.served import _without_headers
from stages.chat.tokenizer_template import _NOW
from stages.curation.contamination import Contamination
from stages.curation.duplicates import sketch_of
from stages.grammar.particles import final_consonant
from stages.korean.composition import nfc
from stages.korean.lexicon import read_lexicon
from stages.korean.speech_level import speech_level
from stages.measuring.manner import manner
from stages.measuring.output import keeps_schema
from stages.measuring.rouge import rouge
from stages.measuring.short_answers import exact_match, f1
from stages.mixing.prompts import _with_reasoning, starts_wrong
from stages.mixing.splits import content_group
from stages.params.evaluate import OutputSchema
from stages.params.sources import Source
from stages.pii.normalise import may_hold_personal_data
from stages.pii.scrubber import OPTIONAL_TYPES, scrub
from stages.pipeline.errors import ParamsError
from stages.pipeline.placeholders import fill
from stages.reading.contract import Refused, contract_of
from stages.reading.records import _csv, _csv_pieces, _json, _lines
from stages.reporting.samples import legible
from tests.micro import ROOT
from tests.raw_files import CHAT
from tests.slow_inputs import PIECES, Work, cpu_s, search

BUDGET_S = min(float(os.environ.get("MALSSI_FUZZ_S", "60")), 600)  # for all functions together
SHARES = {"scrub": 4, "scrub, touching": 8}  # of the others each has 1
FLOOR_S = 0.5  # what 10^5 characters may take however it grows
WARNINGS = read_lexicon(ROOT / "data/lexicons/warnings.txt")
ANSWER = "안녕하세요. 오늘은 날씨가 참 좋네요! " * 10


def check(text: str) -> None:
    source = Source.model_validate(
        CHAT
        | {"path": "x", "columns": {"a": "a"}, "unicode": "nfc", "group_column": "group"}
        | {"style": None, "style_column": "style"}
        | {"window": {"column": "day", "since": "2024-01-01", "until": "2024-12-31"}}
    )
    record = {"a": text, "dialog": [text, text], "group": text, "style": "plain"}
    for more in ({"day": f"2024-01-01{text}"}, {"day": "2024-01-01", "style": text}):
        with suppress(Refused):
            contract_of(source)(record | more)


def filled(text: str) -> None:
    with suppress(ParamsError):
        fill(text, {"a": "가"}, "")


def final(text: str) -> None:
    with suppress(ValueError):
        final_consonant(text)


def touches(text: str) -> None:
    tested = Contamination(30)
    tested.add([ANSWER])
    tested.close()
    tested.touches([text])


def row(text: str) -> dict:
    turns = [{"role": "user", "text": text}, {"role": "assistant", "text": text}]
    return {"kind": "chat", "style": "plain", "group": "", "fields": {"a": text}, "turns": turns}


def read(text: str) -> None:
    raw = text.encode("utf-8", "replace")
    _json(raw)
    for form in ("csv", "tsv"):
        _csv(raw, form, ["a", "b"])
    list(_csv_pieces(_lines(BytesIO(raw))))


# Values that may touch, so that one may be uncovered by the mask of another.
TOUCHING = (
    *"이에-~./·12 가호로명원]", "공일공", "일이삼사", "오육칠팔", "010", "1234", "5678", "12가3456",
    "010-1234-5678", "공일공12가", "3456", "다시", "하이픈", "a@b.com", "M12345678", "계좌 ", "국민 ",
    "110-123-456789", "901010-1234567", "강남대로 1", "101동 1203호", "211.45.12.7", "4111-1111-1111-1111",
)  # fmt: skip
BLANKS = (*" \t\n\u3000가.x", "<think>", "</think>")
SIGNS = (*"().ㅋ가A ", "()", "(가)", "[AB]", "요")
MARKS = (*"\u0301\u0316\u0344\u0f73é가ab \u1100\u1161", "\u0301\u0316")
FUNCTIONS: dict[str, tuple[Work, tuple[str, ...]]] = {
    "scrub": (scrub, PIECES),
    "scrub, touching": (scrub, TOUCHING),
    "scrub, all types": (lambda text: scrub(text, OPTIONAL_TYPES), (*PIECES, *TOUCHING)),
    "scrub, behind": (lambda text: scrub(text, before="계좌번호 불러주세요"), (*PIECES, *TOUCHING)),
    "scrub, before": (lambda text: scrub("110123456789", before=text), PIECES),
    "may_hold_personal_data": (may_hold_personal_data, PIECES),
    "fill": (filled, (*"{}ab-_ 가1", "{a}", "{b")),
    "reasoning": (lambda text: _with_reasoning({"role": "assistant", "content": text}), BLANKS),
    "starts_wrong": (lambda text: starts_wrong(text, WARNINGS), BLANKS),
    "lexicon": (WARNINGS.search, (*PIECES, "죄송", "저는 인공지능", "도움을 드릴 수")),
    "speech_level": (speech_level, SIGNS),
    "nfc": (nfc, MARKS),
    "rouge": (lambda text: rouge(ANSWER, text, tokens=("eojeol", "syllable")), PIECES),
    "rouge, morphemes": (lambda text: rouge(ANSWER, text, tokens=("morph",)), PIECES),
    "manner": (lambda text: manner(text, frozenset({"ai"})), PIECES),
    "keeps_schema": (lambda text: keeps_schema(text, OutputSchema(pattern=".*요.*요")), SIGNS),
    "short answers": (lambda text: (exact_match(text, ANSWER), f1(text, ANSWER)), PIECES),
    "contamination": (touches, (*PIECES, *MARKS)),
    "duplicates": (lambda text: sketch_of(row(text)), PIECES),
    "content_group": (lambda text: content_group(row(text)), PIECES),
    "contract": (check, PIECES),
    "reading": (read, (*'",\t\n\r{}[]:1a가\\ ', "\r\n", '""', '","', '{"a":', "[[")),
    "headers of answers": (lambda text: _without_headers([text], ""), (*PIECES, "<|channel|>")),
    "dates of templates": (lambda text: _NOW.sub("", text), (*"'\") \n%Y", "strftime_now('")),
    "legible": (legible, PIECES),
    "final_consonant": (final, PIECES),
}


@pytest.mark.soak
@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_as_the_text_does(name):
    work, pieces = FUNCTIONS[name]
    share = SHARES.get(name, 1) / sum(SHARES.get(each, 1) for each in FUNCTIONS)
    worst = search(work, BUDGET_S * share, random.Random(name), pieces)
    for of in worst:
        few_s = cpu_s(work, of.text(1_000))
        assert few_s < 1, of
        limit_s = max(FLOOR_S, few_s * 100**1.2)
        # What disturbs a measurement mostly adds to it.
        tries = (cpu_s(work, of.text(100_000), 0, limit_s) for _ in range(3))
        assert any(many_s < limit_s for many_s in tries), (of, few_s, limit_s)
