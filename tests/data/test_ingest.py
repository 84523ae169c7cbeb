"""Raw files to canonical rows: every damaged row is counted, explained and never quoted."""

import os
import sys
from pathlib import Path

import pytest

from stages import ingest
from stages.params.sources import Source
from stages.pipeline.errors import EngineError, InputError, ParamsError
from stages.reading import contract
from stages.reading.contract import Refused, contract_of
from tests.raw_files import CHAT, EXCHANGE, GOOD, LONG, NEWS, ingest_in, line


@pytest.fixture
def run(tmp_path, monkeypatch):
    return ingest_in(tmp_path, monkeypatch)


DAMAGE = [
    (b"\xff\xfe\n", "invalid_utf8"),
    ("한글".encode("cp949") + b"\n", "invalid_utf8"),
    (b"{\n", "invalid_json"),
    (b"\xef\xbb\xbf\n", "invalid_json"),
    (b'{"title": "a"} {"title": "b"}\n', "invalid_json"),
    (b"[" * 100_000 + b"\n", "invalid_json"),
    (b'{"a":' * 100_000 + b"\n", "invalid_json"),
    (b'{"title": ' + b"9" * 5000 + b"}\n", "invalid_json"),  # over Python's limit for integers
    (b'{"title": "a", "title": "b"}\n', "duplicate_keys"),
    (b'{"title": "a", "n": {"x": 1, "x": 1}}\n', "duplicate_keys"),
    (b"[1]\n", "not_an_object"),
    (b"null\n", "not_an_object"),
    (b"NaN\n", "not_an_object"),
    (line({"section": "경제"}), "missing_title"),
    (line({"title": None}), "missing_title"),
    (line({"title": "  \t"}), "empty_title"),
    (line({"title": []}), "empty_title"),
    (line({"title": ["", " "]}), "empty_title"),
    (line({"title": 7}), "wrong_type_title"),
    (line({"title": ["a", 7]}), "wrong_type_title"),
    (b'{"title": NaN}\n', "wrong_type_title"),
    (b'{"title": 1e999}\n', "wrong_type_title"),
    (line({"title": {"ko": "a"}}), "wrong_type_title"),
    (line({"title": "앞\x00뒤"}), "invalid_characters_title"),
    (b'{"title": "\\ud800"}\n', "invalid_characters_title"),
    (b'{"title": ["\\udfff"]}\n', "invalid_characters_title"),
    (b'{"title": "a", "section": "\\ud800"}\n', "invalid_characters_section"),
]
CHAT_DAMAGE = [
    (line({}), "missing_dialog"),
    (line({"dialog": None}), "missing_dialog"),
    (line({"dialog": "안녕"}), "wrong_type_dialog"),
    (line({"dialog": {}}), "wrong_type_dialog"),
    (line({"dialog": ["안녕", 1]}), "wrong_type_dialog"),
    (line({"dialog": ["안녕", ["응"]]}), "wrong_type_dialog"),
    (line({"dialog": []}), "empty_dialog"),
    (line({"dialog": ["안녕", " "]}), "empty_dialog"),
    (line({"dialog": ["안녕", "\x00"]}), "invalid_characters_dialog"),
    (line({"dialog": ["혼잣말"]}), "not_an_exchange"),
    (line({"dialog": [{"role": "user", "content": "a"}] * 2}), "not_an_exchange"),
    (line({"dialog": [{"role": "assistant", "content": "a"}] * 2}), "not_an_exchange"),
    (line({"dialog": [{"role": "bot", "content": "a"}] * 2}), "wrong_roles"),
    (line({"dialog": [{"content": "a"}] * 2}), "wrong_roles"),
    (line({"dialog": [{"role": ["user"], "content": "a"}] * 2}), "wrong_roles"),
    (
        line(
            {
                "dialog": [
                    {"role": "user", "content": "a"},
                    {"role": "system", "content": "b"},
                    {"role": "assistant", "content": "c"},
                ]
            }
        ),
        "wrong_roles",
    ),
    (
        line({"dialog": [{"role": "user", "content": "a"}, {"role": "assistant"}]}),
        "missing_dialog",
    ),
]


@pytest.mark.parametrize(("raw", "reason"), DAMAGE, ids=range(len(DAMAGE)))
def test_each_kind_of_damage_has_its_reason(run, raw, reason):
    """S1-12: rows in = rows out + rows quarantined, and the good neighbours stay."""
    rows, metrics, bad = run(line(GOOD) + raw + line(GOOD), NEWS)
    assert metrics["quarantined"] == {reason: 1}
    assert len(rows) == 2
    assert bad == [{"file": "news.raw", "line": 2, "reason": reason}]


@pytest.mark.parametrize(("raw", "reason"), CHAT_DAMAGE, ids=range(len(CHAT_DAMAGE)))
def test_each_damaged_conversation_has_its_reason(run, raw, reason):
    """B11, B19: a conversation that is none is refused, never completed with invented text."""
    rows, metrics, bad = run(line({"dialog": EXCHANGE}) + raw, CHAT)
    assert metrics["quarantined"] == {reason: 1}
    assert (len(rows), bad[0]["line"]) == (1, 2)


def test_a_good_row_is_spelled_out(run):
    (row,), _, _ = run(line(GOOD | {"extra": [1, {"a": None}]}), NEWS)
    assert row == {
        "source": "news",
        "kind": "news",
        "style": "plain",
        "style_tags": ["domain:{section}", "style:{style}", "tone:formal"],
        "use": "training",
        "group": "",
        "license": "CC0-1.0",
        "as_of": "2026-01-01",
        "fields": GOOD,
        "turns": [],
    }


def test_both_forms_of_a_conversation_become_the_same_turns(run):
    messages = [{"role": "user", "content": EXCHANGE[0]}, {"role": "assistant", "content": " 응 먹었어\n"}]  # fmt: skip
    system = [{"role": "system", "content": "반말로"}]
    rows, _, _ = run(
        line({"dialog": EXCHANGE}) + line({"dialog": messages}) + line({"dialog": system + messages}),
        CHAT,
    )  # fmt: skip
    turns = [{"role": "user", "text": "점심 먹었어?"}, {"role": "assistant", "text": "응 먹었어"}]
    assert rows[0]["turns"] == rows[1]["turns"] == turns
    assert rows[2]["turns"] == [{"role": "system", "text": "반말로"}, *turns]


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + line(GOOD),
        line(GOOD).replace(b"\n", b"\r\n"),
        b"\n \n\r\n" + line(GOOD) + b"\n\t\n",
        line(GOOD).rstrip(b"\n"),
        b'{"section": "\\uacbd\\uc81c", "title": "' + GOOD["title"].encode() + b'", "n": -1e400}',
        line(GOOD | {"title": [" 반도체 수출 늘어 ", ""]}),
    ],
    ids=["BOM", "CRLF", "blank lines", "no last newline", "escapes", "list"],
)  # fmt: skip
def test_the_same_row_has_the_same_id_however_it_is_written(run, raw):
    rows, metrics, _ = run(raw, NEWS)
    assert metrics["rows_in"] == 1, "a blank line is no row"
    assert rows[0]["fields"] == GOOD
    again, _, _ = run(line(GOOD), NEWS)
    assert rows == again


def test_defaults_stand_in_for_what_is_absent(run):
    """S2-07, B19: an absent, null or empty list of keywords takes the default."""
    rows, _, _ = run(b"".join(line({"title": "a"} | s) for s in ({}, {"section": None}, {"section": []})), NEWS)  # fmt: skip
    assert [row["fields"]["section"] for row in rows] == ["기타"] * 3


def test_tags_hold_nothing_of_the_fields_yet(run):
    """S1-15: they are filled by scrub, with what is masked."""
    (row,), _, _ = run(line(GOOD), NEWS | {"style_tags": ["{section}: {title}", "{a b}", "{tone}"]})
    assert row["style_tags"] == ["{section}: {title}", "{a b}", "formal"]


def test_a_row_of_three_megabytes_is_taken_and_one_more_character_is_too_long(run):
    raw = line({"title": "가" * 999_998}) + line({"title": "가" * 999_999}) + line(GOOD)
    rows, metrics, _ = run(raw, LONG)
    assert [len(row["fields"]["title"]) for row in rows] == [999_998, 9]
    assert metrics["quarantined"] == {"row_too_long": 1}, "the other field is two characters"
    half = "가" * 500_000
    rows, metrics, _ = run(line({"dialog": [half, half]}) + line({"dialog": [half, half, "가", "가"]}), CHAT)  # fmt: skip
    assert (len(rows), metrics["quarantined"]) == (1, {"row_too_long": 1})


def test_the_length_of_a_text_is_looked_at_before_its_characters(monkeypatch):
    """A file may say a text of 100 MB a thousand times over."""
    check = contract_of(Source.model_validate(LONG | {"path": "x"}))
    monkeypatch.setattr(contract, "NO_TEXT", None)
    for text in ("가" * 1_000_001, "\x00" * 1_000_001, ["가" * 600_000] * 2):
        with pytest.raises(Refused, match=r"^row_too_long$"):
            check({"title": text})


@pytest.mark.parametrize("text", ["가\x00", "\ud800", "\udfff가"])
def test_nul_and_half_characters_are_no_text(text):
    check = contract_of(Source.model_validate(LONG | {"path": "x"}))
    with pytest.raises(Refused, match=r"^invalid_characters_title$"):
        check({"title": text})
    assert check({"title": "\x01\ud7ff\ue000😀"}).fields["title"] == "\x01\ud7ff\ue000😀"


def test_a_line_of_ten_megabytes_disturbs_no_other(run):
    rows, metrics, _ = run(line({"title": "가" * 3_500_000}) + line(GOOD), LONG)
    assert ([row["fields"] for row in rows], metrics["rows_quarantined"]) == ([GOOD], 1)


def test_quarantine_holds_nothing_of_the_content(run, tmp_path):
    """S1-15: quarantined rows have not been scrubbed, so no file and no log may quote them."""
    secret = "010-1234-5678"
    raw = line({"title": 7, "phone": secret}) + f'{{"title": "{secret}\n'.encode()
    _, _, bad = run(raw, NEWS)
    assert len(bad) == 2 and set(bad[0]) == {"file", "line", "reason"}
    for file in [*Path("data").rglob("*"), *Path("metrics").rglob("*.json")]:
        assert file.is_dir() or secret.encode() not in file.read_bytes()


def test_a_file_s_name_is_masked_of_all_types_and_no_bytes_of_it_are_an_error():
    """They are the system's, and need not be UTF-8."""
    names = ["news.jsonl", "성명 홍길동.jsonl", "010-1234-5678.jsonl", os.fsdecode(b"\xff.jsonl")]
    shown = ingest.shown_names([Path("raw") / name for name in names])
    assert shown == ["news.jsonl", "성명 [NAME].jsonl (2)", "[PHONE].jsonl (3)", "\ufffd.jsonl (4)"]


def test_a_folder_with_a_name_that_is_not_utf_8_is_read(run, tmp_path):
    folder = tmp_path / "news.raw"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.jsonl")).write_bytes(line(GOOD) + b"{\n")
    rows, _, bad = run(None, NEWS)
    assert len(rows) == 1 and bad[0]["file"] == "\ufffd\ufffd.jsonl (1)"


def test_rows_that_are_lost_on_the_way_are_an_error(run, monkeypatch):
    """S1-12: rows are counted where they are read, so the sum can fail."""

    def losing(work, batches, _):
        return (work(batch)[1:] for batch in batches)

    monkeypatch.setattr(ingest, "map_batches", losing)
    with pytest.raises(EngineError, match="3 rows read, 2 written and 0 quarantined"):
        run(line(GOOD) * 3, NEWS)
    assert not any(Path(out).exists() for out in ("data/ingested/news", "metrics/ingest/news.json"))


def test_a_source_of_which_nothing_passes_is_warned_of(run, caplog):
    """Most likely a wrong parameter; and a source of no rows is none of that."""
    _, metrics, _ = run(line({"titel": "a"}) * 2 + b"{\n", NEWS)
    assert metrics["rows_quarantined"] == 3
    (warning,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert "sources.news" in warning
    assert "{'missing_title': 2, 'invalid_json': 1}" in warning
    caplog.clear()
    run(b"", NEWS)
    run(line(GOOD) + b"{\n", NEWS)
    assert not [r for r in caplog.records if r.levelname == "WARNING"]


def test_an_unknown_source_and_a_missing_file_say_what_to_do(run, tmp_path, monkeypatch):
    run(line(GOOD), NEWS)
    (tmp_path / "news.raw").unlink()
    with pytest.raises(InputError, match=r"not there.*dvc pull.*sources\.news\.path"):
        ingest.main()
    monkeypatch.setattr(sys, "argv", ["ingest", "--source", "nows"])
    with pytest.raises(ParamsError, match=r"no source 'nows'.*\['news'\]"):
        ingest.main()
