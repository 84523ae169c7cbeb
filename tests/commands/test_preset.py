"""Presets: laid over params.yaml whole, or not at all."""

import shutil
import sys

import pytest

from stages.commands import preset
from stages.params.whole import read_config
from stages.pipeline.errors import InputError, ParamsError
from tests.micro import ROOT


@pytest.fixture
def applied(workspace, monkeypatch):
    """A function that lays a preset over params.yaml."""
    shutil.copytree(ROOT / "presets", "presets")
    for name, value in {
        "MALSSI_RAW": "/srv/corpora",
        "MALSSI_INSTRUCT": "/srv/corpora/instruct.jsonl",
        "MALSSI_LICENSE": "CC0-1.0",
        "MALSSI_REVISION": "0" * 40,
        "MALSSI_QA": "/srv/corpora/korquad.jsonl",
    }.items():
        monkeypatch.setenv(name, value)

    def apply(name: str) -> None:
        monkeypatch.setattr(sys, "argv", ["preset", name])
        preset.main()

    return apply


@pytest.mark.parametrize("name", sorted(file.stem for file in (ROOT / "presets").glob("*.yaml")))
def test_every_preset_fits(applied, name):
    applied(name)
    read_config()


def test_names_of_the_environment_are_filled_in_and_comments_stay(applied, tmp_path, monkeypatch):
    applied("korean-public")
    path = read_config().sources["chatbot"].path
    assert path == "/srv/corpora/songys-chatbot/chatbot.jsonl"
    assert "# of every random choice" in (tmp_path / "params.yaml").read_text(encoding="utf-8")
    monkeypatch.delenv("MALSSI_RAW")
    with pytest.raises(ParamsError, match="MALSSI_RAW"):
        applied("korean-public")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is no YAML mapping"),
        ("- a list", "is no YAML mapping"),
        ("a: [", "is no YAML mapping"),
        ("train:\n  learning_rate: -1.0\n", "train.learning_rate is -1.0"),
    ],
)
def test_what_does_not_fit_changes_nothing(applied, tmp_path, content, said):
    before = (tmp_path / "params.yaml").read_bytes()
    (tmp_path / "presets/own.yaml").write_text(content)
    with pytest.raises(ParamsError, match=rf"presets/own.yaml: .*{said}"):
        applied("own")
    assert (tmp_path / "params.yaml").read_bytes() == before
    assert not (tmp_path / "params.yaml.partial").exists()


def test_an_unknown_name_lists_those_there_are(applied):
    with pytest.raises(InputError, match="korean-public"):
        applied("nothing")
