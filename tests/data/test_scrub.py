"""The stage that masks a source: fields, turns and tags, counted by type. All values are made up."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from stages import scrub
from stages.formats.json_files import read_json
from stages.formats.tables import INGESTED, read_table, write_table
from stages.pii.scrubber import Span
from stages.pipeline import paths
from tests.micro import SHIPPED

NONE: frozenset[str] = frozenset()


def row(fields: dict[str, str] | None = None, turns: tuple[str, ...] = (), tags=()) -> dict:
    return {
        "source": "chat",
        "kind": "chat",
        "style": "kakao_casual",
        "style_tags": list(tags),
        "use": "training",
        "group": "",
        "license": "CC0-1.0",
        "as_of": "2026-01-01",
        "fields": fields or {},
        "turns": [{"role": ("user", "assistant")[i % 2], "text": t} for i, t in enumerate(turns)],
    }


def types(spans: list[Span]) -> Counter:
    return Counter(span.type for span in spans)


def test_fields_turns_and_tags_are_masked():
    """S1-15, S1-16: everything that a later stage shows, stores or trains on."""
    before = row(
        {"title": "문의는 010-1234-5678로", "summary": "메일은 hong@example.com"},
        ("전화 010-1234-5678이야", "응  저장했어 ㅋㅋ"),
        ["domain:{title}", "tone:casual"],
    )
    clean, found = scrub.scrub_row(before, NONE)
    assert clean == before | {
        "fields": {"title": "문의는 [PHONE]로", "summary": "메일은 [EMAIL]"},
        "turns": [
            {"role": "user", "text": "전화 [PHONE]이야"},
            {"role": "assistant", "text": "응  저장했어 ㅋㅋ"},
        ],
        "style_tags": ["domain:문의는_[PHONE]로", "tone:casual"],
    }
    assert types(found) == Counter(PHONE=2, EMAIL=1), (
        "a tag repeats a field and is not counted twice"
    )


@pytest.mark.parametrize(
    ("field", "value", "tag"),
    [
        ("section", "국제 경제", "domain:국제_경제"),  # S1-17
        ("section", "{title}", "domain:{title}"),  # a brace in the data is text
        ("section", "서울시 강남구 테헤란로 123", "domain:[ADDRESS]"),
        ("section", "82 10 1234 5678", "domain:[PHONE]"),
        ("section", "국민 123456 04 123456", "domain:국민_[ACCOUNT]"),
        ("account", "110123456789", "domain:[ACCOUNT]"),  # told by the field's name
        ("passport", "M12345678", "domain:[PASSPORT]"),
    ],
)
def test_a_tag_is_filled_with_what_is_masked(field, value, tag):
    """S1-15: with `_` for a blank, and without the field's name, not every value can be told."""
    before = row({field: value, "title": "비밀"}, tags=[f"domain:{{{field}}}"])
    assert scrub.scrub_row(before, NONE)[0]["style_tags"] == [tag]


def test_optional_types_are_masked_in_tags_too():
    before = row({"writer": "성명 홍길동"}, tags=["by:{writer}"])
    assert scrub.scrub_row(before, frozenset({"NAME"}))[0]["style_tags"] == ["by:성명_[NAME]"]


def test_a_value_over_several_fields_is_masked_where_a_tag_joins_it():
    before = row({"a": "010", "b": "1234", "c": "5678"}, tags=["tel:{a} {b} {c}"])
    clean, found = scrub.scrub_row(before, NONE)
    assert (clean["style_tags"], found) == (["tel:[PHONE]"], [])


@pytest.mark.parametrize(
    "text",
    [
        "ㅋㅋㅋ ㅠㅠ ㄱㄱ ㅇㅋ ㄹㅇ",  # B4: the normaliser's view must not reach the output
        "① ２０２６년… “따옴표” – 하이픈—대시",
        "  두 칸  \t탭\n줄 끝 공백 \n",
        "주문번호 ORD-2025-0001, 버전 1.2.3.4",  # S1-15, B5: codes are no personal data
        "한글 풀어쓰기 👩‍👩‍👧 \u200b\ufeff",
        "{name} %s <|end|> \x00",
    ],
)
def test_text_without_personal_data_stays_byte_for_byte(text):
    """S1-14, B4."""
    before = row({"title": text}, (text, text))
    assert scrub.scrub_row(before, NONE) == (before, [])


def test_text_around_a_mask_stays_byte_for_byte():
    around = ("ㅋㅋ  ①\t전화", "로… ㅠㅠ \n")
    clean, _ = scrub.scrub_row(row({"title": "010-1234-5678".join(around)}), NONE)
    assert clean["fields"]["title"] == "[PHONE]".join(around)


def test_the_turn_before_and_the_name_of_the_field_say_what_a_number_is():
    """S1-15: a question and its answer are two turns."""
    before = row(
        {"account": "110123456789", "body": "110123456789"},
        ("계좌번호 불러주세요", "110123456789", "면허번호요?", "111212345678", "주문번호 알려주세요",
         "110-123-456789", "내 계좌는 110123456789"),
    )  # fmt: skip
    clean, found = scrub.scrub_row(before, NONE)
    assert clean["fields"] == {"account": "[ACCOUNT]", "body": "110123456789"}
    assert [turn["text"] for turn in clean["turns"]] == [
        "계좌번호 불러주세요",
        "[ACCOUNT]",
        "면허번호요?",
        "[DRIVER]",
        "주문번호 알려주세요",
        "110-123-456789",
        "내 계좌는 [ACCOUNT]",
    ]
    assert types(found) == Counter(ACCOUNT=3, DRIVER=1)
    assert scrub.scrub_row(clean, NONE) == (clean, [])


def test_a_rows_masks_depend_on_that_row_alone():
    """A label in one field must not reach a number in the next, nor one in a turn a field."""
    number = "110-123-456789"
    alone, _ = scrub.scrub_row(row({"a": number}), NONE)
    beside, _ = scrub.scrub_row(row({"a": number, "b": "계좌번호는"}, ("계좌로 보내줘",)), NONE)
    assert alone["fields"]["a"] == beside["fields"]["a"]


def run_stage(monkeypatch, rows, optional="[]"):
    text = SHIPPED.read_text(encoding="utf-8")
    assert "  optional: []" in text
    Path("params.yaml").write_text(text.replace("  optional: []", f"  optional: {optional}", 1))
    write_table(paths.INGESTED / "chat", rows, INGESTED)
    monkeypatch.setattr(sys, "argv", ["scrub", "--source", "chat"])
    scrub.main()
    return list(read_table(paths.SCRUBBED / "chat")), read_json(Path("metrics/scrub/chat.json"))


def test_the_stage_keeps_every_row_in_order_and_counts_its_masks(workspace, monkeypatch):
    """S1-16: the record of a file: rows, masked rows, masks by type, and never a value."""
    texts = ["안녕", "010-1234-5678로 와, 02-123-4567도 돼", "잘 가", "메일 hong@example.com"]
    rows = [row({"t": text}) for text in texts]
    out, metrics = run_stage(monkeypatch, rows)
    assert len({r["id"] for r in out}) == len(rows) and all(len(r["id"]) == 16 for r in out)
    assert [r["fields"]["t"] for r in out] == [
        "안녕",
        "[PHONE]로 와, [LANDLINE]도 돼",
        "잘 가",
        "메일 [EMAIL]",
    ]
    assert (metrics["rows"], metrics["rows_masked"], metrics["masked_total"]) == (4, 2, 3)
    assert metrics["masked"] == {"EMAIL": 1, "LANDLINE": 1, "PHONE": 1}
    assert sum(metrics["masked_by_rule"].values()) == 3
    assert {rule.partition("/")[0] for rule in metrics["masked_by_rule"]} == set(metrics["masked"])
    assert "1234" not in json.dumps(metrics) and "hong" not in json.dumps(metrics)


def test_optional_types_are_masked_where_params_name_them(workspace, monkeypatch):
    text = "생년월일 1990년 1월 2일입니다"
    out, metrics = run_stage(monkeypatch, [row({"t": text})], "[BIRTHDATE]")
    assert out[0]["fields"]["t"] == "생년월일 [BIRTHDATE]입니다"
    assert metrics["masked"] == {"BIRTHDATE": 1}
    assert scrub.scrub_row(row({"t": text}), NONE)[0]["fields"]["t"] == text


def test_a_style_is_masked_as_well():
    """It stands in prompts and, as a key, in metrics."""
    clean, found = scrub.scrub_row(row() | {"style": "casual_010-1234-5678"}, NONE)
    assert clean["style"] == "casual_[PHONE]"
    assert types(found) == Counter(PHONE=1)
