"""What a source may carry and what its rows must keep to."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from stages.params.sources import Source
from tests.raw_files import CHAT, EXCHANGE, GOOD, NEWS, ingest_in, line


@pytest.fixture
def run(tmp_path, monkeypatch):
    return ingest_in(tmp_path, monkeypatch)


def source(**changes) -> Source:
    return Source.model_validate(NEWS | {"path": "x"} | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"license": ""}, "license"),
        ({"use": "anything"}, "use"),
        ({"columns": NEWS["columns"] | {"text": "body"}}, r"carries .*found \['text'\]"),
        ({"contract": {"max_chars": {"section": 20}}}, "bounds each of its columns"),
        ({"contract": {"max_chars": {"section": 20, "title": 5000}}}, "at most 1000"),
        ({"contract": {"max_chars": {"titel": 20}}}, r"contract bounds \['titel'\]"),
        ({"kind": "chat"}, "spoken must name"),
        ({"spoken": "body"}, "spoken is 'body'"),
        ({"window": {"column": "d", "since": "2026-02-01", "until": "2026-01-01"}}, "is after"),
        ({"turns_column": "dialog"}, "a news source has no conversation"),
        (
            {"columns": {"section": "section", "title": "body"}},
            r"\['body'\], by name the text of an article",
        ),
        ({"columns": {"section": "section", "title": "Article"}}, "not for training"),
        ({"columns": {"section": "section", "title": "full_text"}}, "not for training"),
        ({"columns": {"section": "section", "title": "본문"}}, "not for training"),
        ({"columns": {"section": "section", "title": "news.기사본문"}}, "not for training"),
        (
            {"contract": {"min_chars": {"title": 9}, "max_chars": {"section": 9, "title": 8}}},
            r"min_chars\.title 9 is over max_chars\.title 8",
        ),
        (
            {"style": "plain", "contract": NEWS["contract"] | {"styles": ["news_lead"]}},
            r"style is 'plain', which contract\.styles \['news_lead'\] lacks",
        ),
        ({"style": "<b>"}, "style"),
        ({"style": "9"}, "style"),
        ({"style": "plain\n"}, "style"),
        ({"style": "a" * 65}, "style"),
        ({"contract": NEWS["contract"] | {"styles": ["news lead"]}}, r"contract\.styles"),
    ],
)
def test_s1_12_s1_27_a_source_that_says_too_little_or_carries_too_much_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        source(**changes)


@pytest.mark.parametrize("theirs", ["text", "content", "contents", "내용"])
def test_s1_12_a_column_that_may_be_a_summary_is_taken_and_bounded(run, theirs):
    mapped = NEWS | {"columns": {"summary": theirs}, "defaults": {}, "style_tags": []}
    mapped["contract"] = {"max_chars": {"summary": 1000}}
    _, metrics, _ = run(line({theirs: "짧은 글"}) + line({theirs: "긴 글" * 400}), mapped)
    assert metrics["rows_out"] == 1
    assert metrics["quarantined"] == {f"too_long_{theirs}": 1}


@pytest.mark.parametrize("style", ["plain", "news-lead_2", "존댓말", "A"])
def test_a_style_may_be_named_as_a_column_may_name_it(style):
    fixed = NEWS["contract"] | {"styles": ["other", style], "min_chars": {"title": 1000}}
    assert source(style=style, contract=fixed).style == style


@pytest.mark.parametrize("missing", ["license", "use", "as_of"])
def test_s1_27_every_source_declares_its_licence_use_and_date(missing):
    said = {k: v for k, v in NEWS.items() if k != missing}
    with pytest.raises(ValidationError, match=missing):
        Source.model_validate(said | {"path": "x"})


def test_s1_12_the_text_of_an_article_goes_to_quarantine(run):
    contract = {"contract": {"max_chars": {"section": 20, "title": 12}}}
    raw = (
        line(GOOD | {"body": "기사 전문"})
        + line(GOOD | {"본문": "기사 전문"})
        + line(GOOD | {"body": ""})
        + line(GOOD | {"title": "너무 긴 제목이라서 안 됩니다"})
    )
    rows, metrics, _ = run(raw, NEWS | contract)
    assert metrics["quarantined"] == {"article_body": 1, "article_본문": 1, "too_long_title": 1}
    assert len(rows) == 1 and "body" not in rows[0]["fields"]


def test_s1_03_styles_and_lengths_are_bounded(run):
    styled = {key: value for key, value in NEWS.items() if key != "style"} | {
        "style_column": "style",
        "contract": {
            "styles": ["news_lead"],
            "min_chars": {"title": 3},
            "max_chars": {"section": 20, "title": 20},
        },
    }
    raw = b"".join(
        line(GOOD | changes)
        for changes in (
            {"style": "news_lead"},
            {"style": "news_blog"},
            {"style": "<b>"},
            {},
            {"style": "news_lead", "title": "둘"},
        )
    )
    rows, metrics, _ = run(raw, styled)
    assert [row["style"] for row in rows] == ["news_lead"]
    assert metrics["quarantined"] == {
        "style_not_allowed": 1,
        "wrong_style": 1,
        "missing_style": 1,
        "too_short_title": 1,
    }


def test_turns_are_bounded_one_by_one(run):
    bounded = CHAT | {"contract": {"max_chars": {"turns": 10}}}
    raw = line({"dialog": EXCHANGE}) + line({"dialog": ["짧다", "이 답은 열 글자보다 길다"]})
    _, metrics, _ = run(raw, bounded)
    assert metrics["quarantined"] == {"too_long_dialog": 1}


def test_s1_26_a_window_of_time(run):
    windowed = NEWS | {"window": {"column": "day", "since": "2026-01-01", "until": "2026-01-07"}}
    days = ("2026-01-01", "2026-01-07T23:59:59", "2026.01.03", "2026-01-08", "어제", 7, None)
    rows, metrics, _ = run(b"".join(line(GOOD | {"day": day}) for day in days), windowed)
    assert len(rows) == 3
    assert metrics["quarantined"] == {
        "outside_window": 1,
        "wrong_date_day": 1,
        "wrong_type_day": 1,
        "missing_day": 1,
    }


TIMES = ("", " 12:30", "T23:59:59.123456", " 9:05 AM", " 오후 2:30:00", " 14시 30분", "T00:00:00Z")
TIMES += ("T00:00:00+09:00", " 00:00:00 KST", "T24:00")


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    "day", ["20240105", "2024-01-05", "2024.01.05", "2024/1/5", "2024. 1. 5.", "2024년 1월 5일"]
)
def test_s1_26_a_date_is_a_date_however_it_is_written(run, day, time):
    """Compared as dates: as texts, 20240105 comes before 2024-01-01, and 20250101 after."""
    in_2024 = NEWS | {"window": {"column": "day", "since": "2024-01-01", "until": "2024-12-31"}}
    other = day.replace("2024", "2025")
    raw = b"".join(line(GOOD | {"day": text + time}) for text in (day, other))
    rows, metrics, _ = run(raw, in_2024)
    assert (len(rows), metrics["quarantined"]) == (1, {"outside_window": 1})


def test_s1_26_what_is_no_date_is_refused(run):
    windowed = NEWS | {"window": {"column": "day", "since": "0001-01-01", "until": "9999-12-31"}}
    wrong = (
        "2024", "2024-01", "2024-02-30", "20240230", "2024-13-01", "24-01-05", "05/01/2024",
        "2024-01/05", "2024-01-05 어제", "2024-01-05 25:00", "2024-01-05 12:60", "202401050",
        "20240105-", "2024-01-051", "x2024-01-05", "２０２４-01-05", "2024년 1월", "0000-01-01",
    )  # fmt: skip
    compact = ("20240105123000", "202401051230", "20240105T123000", "2024년 1월 5일")
    raw = b"".join(line(GOOD | {"day": day}) for day in (*wrong, *compact))
    rows, metrics, _ = run(raw, windowed)
    assert metrics["quarantined"] == {"wrong_date_day": len(wrong)}
    assert len(rows) == len(compact)


def test_s1_26_dates_of_parquet(run, tmp_path):
    """A date, and a time with its zone, as Arrow has them."""
    windowed = {"window": {"column": "day", "since": "2024-01-01", "until": "2024-12-31"}}
    days = [0, 1_704_067_200_000_000_000, 1_735_603_200_000_000_000, 1_735_689_600_000_000_000]
    instants = pa.array(days, pa.timestamp("ns", "UTC"))
    for column in (instants, instants.cast(pa.timestamp("us")).cast(pa.date32())):
        pq.write_table(pa.table({"title": list("가나다라"), "day": column}), tmp_path / "days")
        rows, metrics, _ = run(
            (tmp_path / "days").read_bytes(), NEWS | {"format": "parquet"} | windowed
        )
        assert [row["fields"]["title"] for row in rows] == ["나", "다"]
        assert metrics["quarantined"] == {"outside_window": 2}


def test_b4_unicode_is_as_it_is_unless_asked(run):
    """B4: only NFC may be asked for; it leaves ㅋㅋ and ㅠㅠ alone, which NFKC would not."""
    title = "\u1112\u1161\u11ab\u1100\u1173\u11af ㅋㅋ ㅠㅠ ① …"
    rows, _, _ = run(line(GOOD | {"title": title}), NEWS)
    assert rows[0]["fields"]["title"] == title
    rows, _, _ = run(line(GOOD | {"title": title}), NEWS | {"unicode": "nfc"})
    assert rows[0]["fields"]["title"] == "한글 ㅋㅋ ㅠㅠ ① …"


def test_rows_of_one_group_share_its_name(run):
    grouped = NEWS | {"group_column": "talk"}
    raw = b"".join(line(GOOD | {"title": t, "talk": g}) for t, g in (("가가", "홍길동"), ("나나", "홍길동"), ("다다", "2")))  # fmt: skip
    rows, _, _ = run(raw, grouped)
    assert [row["group"] for row in rows] == ["홍길동", "홍길동", "2"]


@pytest.mark.parametrize(
    ("said", "level", "tone"),
    [("곧 갑니다", "hapsyo", "formal"), ("지금 가", "hae", "casual"), ("^^", "unknown", "formal")],
)
def test_s1_17_tags_from_the_text(run, said, level, tone):
    tagged = CHAT | {"style_tags": ["level:{level}", "tone:{tone}"]}
    rows, _, _ = run(line({"dialog": ["뭐 해?", said]}), tagged)
    assert rows[0]["style_tags"] == [f"level:{level}", f"tone:{tone}"]


def test_s1_17_a_style_that_names_the_tone_decides_it(run):
    tagged = CHAT | {"style": "kakao_formal", "style_tags": ["tone:{tone}"]}
    rows, _, _ = run(line({"dialog": ["뭐 해?", "지금 가"]}), tagged)
    assert rows[0]["style_tags"] == ["tone:formal"]


def test_dates_beyond_the_calendar_are_quarantined(run, tmp_path):
    far = pa.array([0, 10**15], pa.timestamp("ms"))
    table = pa.table({"title": ["가까운 날", "먼 날"], "when": far})
    pq.write_table(table, tmp_path / "far.parquet")
    raw = (tmp_path / "far.parquet").read_bytes()
    dated = {"window": {"column": "when", "since": "1970-01-01", "until": "2026-01-01"}}
    rows, metrics, _ = run(raw, NEWS | {"format": "parquet"} | dated)
    assert len(rows) == 1 and metrics["quarantined"] == {"unreadable_value": 1}
    rows, _, _ = run(raw, NEWS | {"format": "parquet"})
    assert len(rows) == 2, "a column that the source does not name is not read"


def test_s2_07_b19_speakers_are_numbered_and_nothing_is_dropped(run):
    """Nested columns, {speaker, utterance} lists, an empty list of subjects, text without tags."""
    source = NEWS | {
        "kind": "dialogue",
        "style_tags": [],
        "columns": {
            "dialogue": "input.conversation",
            "subject": "input.subject",
            "summary": "output",
        },
        "defaults": {"subject": "대화"},
        "contract": {},
    }
    talk = [
        {"speaker": "SD2", "utterance": "어디 갈까?"},
        {"speaker": "SD1", "utterance": "바다"},
        {"speaker": "SD2", "utterance": "좋아"},
    ]
    raw = b"".join(
        line({"input": {"conversation": said, "subject": subject}, "output": "바다에 간다."})
        for said, subject in ((talk, []), ("앞말\n#Person1#: 응", ["여행", "바다"]), ([{"speaker": "A"}], "x"))
    )  # fmt: skip
    rows, metrics, _ = run(raw, source)
    assert [row["fields"]["dialogue"] for row in rows] == [
        "#Person1#: 어디 갈까?\n#Person2#: 바다\n#Person1#: 좋아",
        "앞말\n#Person1#: 응",
    ]
    assert [row["fields"]["subject"] for row in rows] == ["대화", "여행, 바다"]
    assert metrics["quarantined"] == {"wrong_type_input.conversation": 1}


def test_s1_26_a_folder_of_files_is_one_source(run, tmp_path):
    """Each week's file is added beside the others; quarantine names the file."""
    folder = tmp_path / "weeks.raw"
    folder.mkdir()
    (folder / "02.jsonl").write_bytes(line(GOOD | {"title": "둘째 주"}))
    (folder / "01.jsonl").write_bytes(line(GOOD | {"title": "첫째 주"}) + b"{\n")
    (folder / "notes.txt").write_text("not a row")
    rows, _, bad = run(None, NEWS, name="weeks")
    assert [row["fields"]["title"] for row in rows] == ["첫째 주", "둘째 주"]
    assert [(entry["file"], entry["line"]) for entry in bad] == [("01.jsonl", 2)]
