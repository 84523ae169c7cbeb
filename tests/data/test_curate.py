"""Filters and duplicates, across all sources."""

import random
import re
import shutil
import unicodedata
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from stages import curate
from stages.curation.contamination import Contamination, plain, run_hashes
from stages.curation.duplicates import Duplicates, banding, sketch_of
from stages.curation.filters import refusal
from stages.formats.json_files import read_json
from stages.formats.tables import read_table, said_texts, write_table
from stages.params.curate import Curate
from stages.pipeline import paths
from stages.pipeline.errors import DataError, InputError
from tests.micro import ROOT

SOURCES = ("chat", "dialogue", "instruct", "news")
LIMITS = Curate(
    min_chars=10,
    max_chars=40,
    min_hangul_share=0.1,
    max_foreign_share=0.3,
    near_duplicate_jaccard=0.8,
    same_split_jaccard=0.7,
    contamination_chars=20,
)
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
        ("Python code only, no Hangul", "not_korean"),
        ("가" + "a" * 9, None),  # 0.1 exactly
        ("1234567890 !!", "not_korean"),
    ],
)
def test_each_filter_at_its_boundary(content, reason):
    """S2-11, S3-03, S4-05."""
    assert refusal(row(content), LIMITS) == reason


def reasons(jaccard: float, *rows: dict) -> list[str | None]:
    seen = Duplicates(jaccard, min(jaccard, 0.7))
    return [seen.see(each | {"id": str(i)}, sketch_of(each)).reason for i, each in enumerate(rows)]


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


def with_turns(*turns: tuple[str, str]) -> dict:
    said = [{"role": role, "text": text} for role, text in turns]
    return row("", 0, "chat") | {"fields": {}, "turns": said}


def test_questions_on_one_long_passage_are_no_duplicates():
    """But each other's neighbours: one must not be trained on while another is scored."""
    passage = text(1, 600)
    asked = [row("") | {"fields": {"context": passage, "question": text(i, 30)}} for i in (2, 3)]
    again = row("") | {"fields": {"context": passage[:-1], "question": text(2, 30)}}
    seen = Duplicates(0.8, 0.5)
    found = [seen.see(r | {"id": str(i)}, sketch_of(r)) for i, r in enumerate([*asked, again])]
    assert [each.reason for each in found] == [None, None, "near_duplicate"]
    assert found[1].near == ["0"]


def test_a_shared_system_prompt_makes_no_duplicates():
    rows = [
        with_turns(("system", text(1, 200)), ("user", text(i)), ("assistant", text(i + 50)))
        for i in range(2, 12)
    ]
    seen = Duplicates(0.8, 0.3)
    found = [seen.see(r | {"id": str(i)}, sketch_of(r)) for i, r in enumerate(rows)]
    assert found == [(None, [])] * 10
    tested = Contamination(20)
    tested.add(said_texts(rows[0]))
    tested.close()
    assert [tested.touches(said_texts(r)) for r in rows] == [True] + [False] * 9


def test_rows_that_repeat_a_phrase_are_counted_rather_than_compared_each_with_each():
    phrase = text(1, 200)
    seen = Duplicates(0.8, 0.5)
    for i in range(2, 602):
        each = row(phrase + text(i, 30), i)
        assert seen.see(each, sketch_of(each)).reason in (None, "near_duplicate")
    assert seen.crowded > 0
    apart = Duplicates(0.8, 0.5)
    for i in range(2, 602):
        each = row(text(i), i)
        apart.see(each, sketch_of(each))
    assert apart.crowded == 0


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.95, 1.0])
def test_pairs_at_the_threshold_share_a_band(threshold):
    bands, values = banding(threshold)
    assert bands * values <= 128
    assert 1 - (1 - threshold**values) ** bands >= 0.97


def test_an_answer_in_another_script_is_not_made_up_for_by_a_long_question():
    limits = LIMITS.model_copy(update={"max_chars": 400})
    long = with_turns(
        ("user", "가나다라마바사" * 20), ("assistant", "首爾是韓國的首都也是最大城市")
    )
    assert refusal(long, limits) == "foreign_script"
    named = with_turns(("user", "가나다라마바사" * 20), ("assistant", "漢江"))
    assert refusal(named, limits) is None


def test_at_one_only_equal_texts_are_dropped():
    """params.yaml: "1.0 drops only equal texts". Two laughs of 8 and of 12 letters share all their shingles."""
    assert reasons(1.0, row("ㅋ" * 8), row("ㅋ" * 12), row("ㅋ" * 8)) == [
        None,
        None,
        "exact_duplicate",
    ]


def test_s1_20_rows_that_are_alike_name_each_other_across_styles():
    """Between the two thresholds both stay, and the later one carries the id of the earlier."""
    one = text(1, 100)
    like = one[:88] + text(2, 12)  # 84 / 108 = 0.78
    seen = Duplicates(0.9, 0.6)
    found = [
        seen.see(each | {"id": name}, sketch_of(each))
        for name, each in (
            ("a", row(one)),
            ("b", row(like, style="lead")),
            ("c", row(text(5, 100))),
        )
    ]
    assert [(each.reason, each.near) for each in found] == [(None, []), (None, ["a"]), (None, [])]


@pytest.mark.parametrize(
    ("training", "touches"),
    [
        ("앞에 다른 말이 있고 {} 뒤에도 있다", True),
        ("{}", True),
        ("'{}'!", True),
        ("아주 다른 글이라서 겹치는 데가 하나도 없는 문장입니다", False),
    ],
)
def test_shared_runs_are_found_whatever_the_signs_and_blanks(training, touches):
    question = "세종대왕이 훈민정음을 반포한 해는 언제인가?"
    tested = Contamination(15)
    tested.add([question, "짧은 답"])
    tested.close()
    copied = question.replace(" ", "  ").replace("?", " ...")
    assert tested.touches([training.format(copied)]) is touches


def test_short_answers_contaminate_nothing():
    tested = Contamination(20)
    tested.add(["서울특별시"])
    tested.close()
    assert not tested.touches(["서울특별시", "서울특별시에 산다"])


def test_a_short_question_is_found_inside_a_longer_text():
    """Most questions of a benchmark are shorter than a run; and macOS writes Hangul in parts."""
    tested = Contamination(30)
    tested.add(["조선의 수도는 지금의 어디에 있었는가?", "오늘은 날씨가 정말 좋아요"])
    tested.close()
    assert tested.touches(["질문: 조선의 수도는 지금의 어디에 있었는가? 답해 줘"])
    assert tested.touches(
        [unicodedata.normalize("NFD", "질문: 조선의 수도는 지금의 어디에 있었는가?")]
    )
    assert not tested.touches(["조선의 수도는 지금의 서울이다. 답해 줘"])
    assert tested.touches(["오늘은 날씨가 정말 좋아요!"])
    assert not tested.touches(["오늘은 날씨가 정말 좋아요 그래서 나가요"]), "a phrase that many say"


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=0, max_size=60), st.integers(10, 30))
def test_equal_runs_have_equal_hashes(said, chars):
    text = plain(said)
    found = dict(run_hashes(text, chars))
    assert list(found) == list(range(1, min(chars, len(text)) + 1))
    for length, hashes in found.items():
        runs = [text[i : i + length] for i in range(len(text) - length + 1)]
        assert len(hashes) == len(runs)
        assert len(set(hashes.tolist())) == len(set(runs))


@pytest.fixture
def workspace(workspace, monkeypatch):
    """A project in which every source has ten rows of its own."""
    shutil.copytree(ROOT / "data/lexicons", "data/lexicons")
    for number, source in enumerate(SOURCES):
        rows = [row(text(100 * number + i), i, source) for i in range(10)]
        write_table(paths.SCRUBBED / source, rows)
    return workspace


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


def test_evaluation_sources_are_compared_with_and_pass_apart(workspace):
    """A training row that holds a question of the benchmark is dropped and explained; the benchmark's
    own rows are in another table, unfiltered."""
    yaml = YAML()
    params = yaml.load(Path("params.yaml"))
    benchmark = dict(params["sources"]["instruct"]) | {"use": "evaluation"}
    params["sources"]["benchmark"] = benchmark
    yaml.dump(params, Path("params.yaml"))
    question = text(900, 60)
    write_table(
        paths.SCRUBBED / "benchmark", [row(question, 0, "benchmark") | {"use": "evaluation"}]
    )
    add("chat", row(f"들었어? {question[:40]} 그렇대", "leak", "chat"))
    curate.main()
    metrics = read_json(Path("metrics/curate.json"))
    assert metrics["rows_of_evaluation_sets"] == 1
    assert metrics["dropped"] == {"in_evaluation_set": 1}
    assert {r["source"] for r in read_table(paths.CURATED)} == set(SOURCES)
    assert [r["source"] for r in read_table(paths.EVALUATION)] == ["benchmark"]


def test_s1_26_slang_and_emoji_are_counted_by_lexicons_that_are_data(workspace):
    add("chat", row("ㅇㅋ 그럼 이따 역 앞에서 보자 😀", "slang", "chat"))
    curate.main()
    metrics = read_json(Path("metrics/curate.json"))
    assert metrics["slang_share_by_source"]["chat"] == round(1 / 11, 6)
    assert metrics["emoji_share_by_source"] == dict.fromkeys(SOURCES, 0.0) | {
        "chat": round(1 / 11, 6)
    }
    Path("data/lexicons/slang.txt").write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"slang\.txt: holds no phrase"):
        curate.main()
