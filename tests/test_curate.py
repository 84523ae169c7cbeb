"""Filters and duplicates, across all sources."""

import random
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stages import curate
from stages.pipeline import paths
from stages.pipeline.config import Curate
from stages.pipeline.errors import InputError
from stages.pipeline.run import read_json
from stages.pipeline.tables import read_table, write_table

SHIPPED = Path(__file__).resolve().parents[1] / "params.yaml"
SOURCES = ("chat", "dialogue", "instruct", "news")
LIMITS = Curate(min_chars=10, max_chars=40, max_foreign_share=0.3, near_duplicate_jaccard=0.8)
SYLLABLES = [chr(code) for code in range(ord("가"), ord("힣"))]


def text(seed: int, length: int = 60) -> str:
    return "".join(random.Random(seed).choices(SYLLABLES, k=length))


def row(content: str, key: object = 0, source: str = "news", style: str = "plain") -> dict:
    return {
        "id": f"{source}-{key}",
        "source": source,
        "kind": source,
        "style": style,
        "style_tags": [],
        "use": "training",
        "group": "",
        "license": "CC0-1.0",
        "as_of": "2026-01-01",
        "fields": {"title": content},
        "turns": [],
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("가" * 9, "too_short"),
        ("가" * 10, None),
        ("가" * 40, None),
        ("가" * 41, "too_long"),
        ("가" * 7 + "漢字語", None),  # 0.3 exactly
        ("가" * 6 + "漢字語漢", "foreign_script"),
        ("Python code only, no Hangul", None),
    ],
)
def test_each_filter_at_its_boundary(content, reason):
    """S2-11, S3-03, S4-05."""
    assert curate.refusal(row(content), LIMITS) == reason


def reasons(jaccard: float, *rows: dict) -> list[str | None]:
    seen = curate.Duplicates(jaccard)
    return [seen.reason(each) for each in rows]


def test_equal_texts_are_exact_duplicates_whatever_their_white_space():
    """S3-02; the first of a group stays."""
    one, other = text(1), text(2)
    assert reasons(0.8, row(one), row(other), row(f" {one}\n")) == [None, None, "exact_duplicate"]
    spaced = one[:20] + "  " + one[20:]
    assert reasons(0.8, row(one[:20] + " " + one[20:]), row(spaced)) == [None, "exact_duplicate"]


def test_a_text_with_one_letter_changed_is_a_near_duplicate():
    """100 letters make 96 shingles, of which a changed one spoils 5: 91 / 101 = 0.90. The estimate
    from 128 permutations has a standard error of 0.03."""
    one = text(1, 100)
    changed = one[:50] + "가" + one[51:]
    assert reasons(0.8, row(one), row(changed)) == [None, "near_duplicate"]
    assert reasons(0.98, row(one), row(changed)) == [None, None]


def test_unlike_texts_and_other_styles_are_kept():
    one = text(1)
    half = one[:30] + text(2, 30)
    assert reasons(0.8, row(one), row(text(2)), row(half)) == [None] * 3
    assert reasons(0.8, row(one), row(one, style="lead"), row(one, source="chat")) == [None] * 3


def test_a_dropped_row_does_not_drop_others():
    """C is near B and not near A; B is dropped for A, so C stays."""
    a = text(1, 100)
    b = a[:88] + text(2, 12)  # Jaccard of a and b: 84 / 108 = 0.78
    c = b[12:] + text(3, 12)
    assert reasons(0.7, row(a), row(b), row(c)) == [None, "near_duplicate", None]


def test_at_one_only_equal_texts_are_dropped():
    """params.yaml: "1.0 drops only equal texts". Two laughs of 8 and of 12 letters share all their shingles."""
    assert reasons(1.0, row("ㅋ" * 8), row("ㅋ" * 12), row("ㅋ" * 8)) == [
        None,
        None,
        "exact_duplicate",
    ]


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A project in which every source has ten rows of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(curate, "project", lambda *_: None)
    shutil.copyfile(SHIPPED, "params.yaml")
    for number, source in enumerate(SOURCES):
        rows = [row(text(100 * number + i), i, source) for i in range(10)]
        write_table(paths.SCRUBBED / source, rows)
    return tmp_path


def add(source: str, *rows: dict) -> None:
    kept = list(read_table(paths.SCRUBBED / source))
    shutil.rmtree(paths.SCRUBBED / source)
    write_table(paths.SCRUBBED / source, [*kept, *rows])


def test_every_dropped_row_is_counted_and_explained(workspace):
    add("news", row("짧다", "short", "news"), row(text(300), "again", "news"))
    add("chat", row("漢字語漢字語漢字語漢字語", "foreign", "chat"))
    curate.main()
    metrics = read_json(Path("metrics/curate.json"))
    assert metrics["rows_in"] == metrics["rows_out"] + metrics["rows_dropped"] == 43
    assert metrics["dropped"] == {"too_short": 1, "exact_duplicate": 1, "foreign_script": 1}
    assert metrics["rows_out_by_source"] == dict.fromkeys(SOURCES, 10)
    dropped = pq.read_table(paths.DROPPED).to_pylist()
    assert [(d["id"], d["reason"]) for d in dropped] == [
        ("chat-foreign", "foreign_script"),
        ("news-short", "too_short"),
        ("news-again", "exact_duplicate"),
    ]
    kept = [r["id"] for r in read_table(paths.CURATED)]
    assert kept == [f"{source}-{i}" for source in SOURCES for i in range(10)]


def test_the_order_of_sources_in_params_does_not_matter(workspace):
    curate.main()
    before = (paths.CURATED / "00000.parquet").read_bytes()
    params = Path("params.yaml").read_text(encoding="utf-8")
    blocks = re.search(r"\n  news:\n    path:.*?(?=\n  chat:\n)", params, re.DOTALL)
    end = params.index("\n\nscrub:")
    assert blocks is not None
    moved = params[: blocks.start()] + params[blocks.end() : end] + blocks[0] + params[end:]
    Path("params.yaml").write_text(moved, encoding="utf-8")
    curate.main()
    assert (paths.CURATED / "00000.parquet").read_bytes() == before


def test_a_missing_source_is_refused_before_anything_is_written(workspace):
    shutil.rmtree(paths.SCRUBBED / "chat")
    with pytest.raises(InputError, match=r"\['chat'\] are not there.*dvc pull scrub@chat"):
        curate.main()
    assert not paths.CURATED.exists()


def test_a_source_that_was_renamed_away_is_refused_with_the_command_that_removes_it(workspace):
    shutil.copytree(paths.SCRUBBED / "chat", paths.SCRUBBED / "talk")
    with pytest.raises(
        InputError, match=r"\['talk'\].*`rm -r data/ingested/talk data/scrubbed/talk "
    ):
        curate.main()


def test_a_half_written_table_and_a_stray_file_are_no_sources(workspace):
    (paths.SCRUBBED / "chat.partial").mkdir()
    (paths.SCRUBBED / ".gitignore").write_text("/chat\n")
    curate.main()
    assert read_json(Path("metrics/curate.json"))["rows_in"] == 40
