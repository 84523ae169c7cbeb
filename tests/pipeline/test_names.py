"""A name in params.yaml is a name: no shell reads it, and it leads to no other folder."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.micro import ROOT, Project

pytestmark = pytest.mark.pipeline

RUN = "touch ran-by-a-name"
# By what they would do to a shell, or to a path, that took them as they are.
NAMES = [
    f"$({RUN})",
    f"`{RUN}`",
    f"a; {RUN}",
    f"a && {RUN} #",
    f"a | {RUN}",
    f"' ; {RUN} ; '",
    f'" ; {RUN} ; "',
    f"a\n{RUN}",
    f"a\r\n{RUN}\r\n",
    f"${{IFS}}{RUN}",
    "$HOME",
    "*",
    "[a-z]",
    "{news,chat}",
    "-rf",
    "--help",
    "a b",
    "a/b",
    "a\\b",
    "a:b",
    "a.b",
    "${seed}",
    "%s",
    "!x",
    "뉴스",
    "nеws",  # a Cyrillic letter
    "ｎews",
    "ne\u200bws",
    "\u202ewsen",
    "news\u0301",
    "NEWS",
    "a" * 300,
]
# DVC itself refuses these: it cannot make a stage, or the path of an output, of them.
OF_DVC = ["a@b", "", "~", ".", "..", "../../x", "../../stages", "../curated"]


def add(project: Project, section: str, names: list[str]) -> None:
    """Gives each name an entry of its own, a copy of one that is good."""

    def edit(params: dict) -> None:
        if section == "sources":
            params[section].update({name: dict(params[section]["chat"]) for name in names})
        else:
            asked = {"repo": "acme/talk", "revision": "a" * 40, "split": "train", "config": None}
            params[section].update(dict.fromkeys(names, asked))

    project.edit_params(edit)


def nothing_ran(project: Project, names: list[str]) -> None:
    files = [path.name for path in project.folder.rglob("*") if ".git" not in path.parts]
    assert not [name for name in files if "ran-by" in name]
    assert (project.folder / "stages/check.py").is_file()
    assert not list(project.folder.parent.glob("x*"))


@pytest.mark.parametrize("section", ["sources", "downloads"])
def test_no_name_is_run(project: Project, section: str) -> None:
    """All of them at once, by `dvc repro`: the first stage refuses each by its name."""
    add(project, section, NAMES)
    log = project.run("dvc", "repro", check=False)
    assert "ERROR params.yaml" in log and "is not a name" in log and "Traceback" not in log
    assert "\u202e" not in log and "\r" not in log, "what is shown is escaped"
    nothing_ran(project, NAMES)


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES + OF_DVC)
def test_one_name_alone_is_refused(project: Project, name: str) -> None:
    add(project, "sources", [name])
    before = sorted(path for path in (project.folder / "stages").rglob("*.py"))
    log = project.run("dvc", "repro", check=False)
    assert "ERROR" in log and "Traceback" not in log
    assert "Running stage 'ingest" not in log and "Running stage 'download" not in log
    assert sorted(path for path in (project.folder / "stages").rglob("*.py")) == before
    nothing_ran(project, [name])


def test_no_command_has_a_value_in_it() -> None:
    """DVC would put it there as it is, and no quote holds against a quote."""
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    for name, stage in stages.items():
        commands = stage.get("do", stage)["cmd"]
        for command in [commands] if isinstance(commands, str) else commands:
            assert "${" not in command, name
    recipes = re.findall(r"^\t.*$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    asked = ("NAME", "ROWS", "VARIANT", "PORT", "DTYPE", "REPO")
    assert not [line for line in recipes for name in asked if f"$({name})" in line]


def test_no_code_starts_a_shell() -> None:
    for file in [*Path(ROOT / "stages").rglob("*.py"), *Path(ROOT / "benchmarks").rglob("*.py")]:
        code = file.read_text(encoding="utf-8")
        assert not re.search(r"shell=True|os\.system|os\.popen|getoutput", code), file
