"""Rows as token ids: none is cut, none vanishes uncounted."""

import shutil
import sys
from pathlib import Path

import pytest

from stages import encode
from stages.chat.rendering import IGNORED
from stages.commands import show
from stages.formats.json_files import read_json
from stages.formats.tables import read_table, write_table
from stages.pipeline import paths
from stages.pipeline.errors import DataError
from tests.families import save_model
from tests.micro import edit_yaml


def row(key: int, source: str, *answers: str, system: str | None = None) -> dict:
    messages = [{"role": "system", "content": system}] if system else []
    for answer in answers:
        messages += [
            {"role": "user", "content": f"질문 {key}"},
            {"role": "assistant", "content": answer},
        ]
    told = [m | {"thinking": None} for m in messages]
    return {
        "id": f"{source}-{key}",
        "source": source,
        "style": "s",
        "style_tags": [],
        "messages": told,
    }


@pytest.fixture(params=["gpt_oss", "qwen2"])
def run(request, workspace, monkeypatch):
    save_model(request.param, paths.BASE)

    def stage(rows: list[dict], **encode_params: object) -> dict:
        from stages.mix import MESSAGES

        for split in encode.SPLITS:
            shutil.rmtree(paths.SPLITS / split, ignore_errors=True)
            write_table(paths.SPLITS / split, rows, MESSAGES)
        edit_yaml(Path("params.yaml"), lambda p: p["encode"].update(encode_params))
        monkeypatch.setattr(sys, "argv", ["encode"])
        encode.main()
        return read_json(Path("metrics/encode.json"))["train"]

    return stage


def encoded() -> dict[str, dict]:
    return {r["id"]: r for r in read_table(paths.ENCODED / "train")}


LONG = "가나다라마바사아자차카타파하 " * 12


def test_a_row_that_is_too_long_is_refused_and_counted_never_cut(run):
    rows = [row(i, "chat", f"답 {i}") for i in range(5)]
    whole = run(rows)
    limit = whole["longest_row_tokens"]
    metrics = run([*rows, row(9, "chat", f"답 {LONG}")], max_length_tokens=limit)
    assert metrics["rows_in"] == 6
    assert metrics["rows_out"] == 5
    assert metrics["refused"] == {"too_long": 1, "nothing_to_train": 0}
    assert metrics["by_source"] == {"chat": {"rows_in": 6, "rows_out": 5}}
    assert max(len(r["input_ids"]) for r in encoded().values()) == limit
    assert metrics["tokens"] == sum(len(r["input_ids"]) for r in encoded().values())
    assert metrics["trained_tokens"] == sum(
        label != IGNORED for r in encoded().values() for label in r["labels"]
    )
    assert sum(metrics["rows_by_tokens"].values()) == 5
    for name, count in metrics["rows_by_tokens"].items():
        low, high = map(int, name.split("-"))
        assert count == sum(low <= len(r["input_ids"]) <= high for r in encoded().values())


def test_b14_the_oldest_exchanges_go_where_params_say_so(run):
    """The seed cut the target; here the last answer is always whole."""
    rows = [
        row(1, "chat", "첫 답", "둘째 답", "셋째 답", system="짧게"),
        row(2, "chat", f"답 {LONG}"),
    ]
    one = run([row(1, "chat", "셋째 답", system="짧게")])["longest_row_tokens"]
    kept = encoded()["chat-1"]
    metrics = run(rows, max_length_tokens=one, too_long="drop_oldest")
    assert encoded() == {"chat-1": kept}, "the system prompt stays, and the last exchange"
    assert metrics["rows_shortened"] == 1
    assert metrics["refused"]["too_long"] == 1, "one exchange alone is not cut either"
    run(rows, max_length_tokens=1000, too_long="refuse")
    assert len(encoded()) == 2


def test_a_source_of_which_nothing_is_left_is_an_error(run):
    rows = [row(i, "chat", f"답 {i}") for i in range(5)]
    limit = run(rows)["longest_row_tokens"]
    long = [row(i, "law", f"답 {LONG}") for i in range(3)]
    with pytest.raises(DataError, match=r"none of the rows of \['law'\] fits into \d+ tokens"):
        run([*rows, *long], max_length_tokens=limit)
    assert set(encoded()) == {r["id"] for r in rows}, "what was there stays"


def test_rows_are_shown_with_the_trained_tokens_in_colour(run, monkeypatch, capsys):
    run([row(i, "chat", f"답 {i}") for i in range(5)])
    shutil.rmtree(paths.ENCODED)
    monkeypatch.setattr(sys, "argv", ["show", "2"])
    show.main()
    shown = capsys.readouterr().out
    assert shown.count("--- chat-") == 2
    coloured = shown.split(show.COLOUR)[1:]
    assert "답" in "".join(part.split(show.PLAIN)[0] for part in coloured)
    assert "질문" not in "".join(part.split(show.PLAIN)[0] for part in coloured)
    assert not paths.ENCODED.exists()


def test_earlier_answers_that_are_not_trained_are_counted(run, request):
    """Of both kinds of format: the reasoning of an earlier answer is dropped by Harmony, and kept by a
    template without a place for it."""
    thinking = row(1, "chat", "첫째", "둘째")
    thinking["messages"][1]["thinking"] = "생각"
    metrics = run([row(0, "chat", "첫째", "둘째"), thinking])
    dropped = request.node.callspec.params["run"] == "gpt_oss"
    assert metrics["answers_masked"] == int(dropped)
    trained = [sum(i != IGNORED for i in r["labels"]) for r in encoded().values()]
    assert (trained[1] < trained[0]) == dropped
