"""The documents: both languages have the same parts, links lead somewhere, and what is named is there."""

import importlib.util
import re
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
from ruamel.yaml import YAML

from stages.measuring.measures import TABLE
from tests.documents import DOCS, anchor, commands, english, headings, korean, links, name, prose
from tests.micro import ROOT

README_LINES = 200
PAGES = english()
OTHERS = [
    *(
        ROOT / file
        for file in ("CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "models/README.md")
    ),
    *sorted((DOCS / "decisions").glob("*.md")),
]
EVERY = [*PAGES, *map(korean, PAGES), *OTHERS]
# What reads as translated, or is not the term of the field.
NOT_ENGLISH = (
    r"(?<!\bthere )\b(?:is|are|was|were) no (?!longer)",
    r"\bgo(?:es|ne)? on from\b",
    r"\bparted\b",
    r"\bblanks and signs\b",
    r"\ba step a\b|\btokens? a second\b",
    r"\bbeside each other\b|\bas well as that of\b",
    r"\bin the numbers of\b",
)
NOT_KOREAN = (r"에 의해 ", r"되어지", r"에 있어서", r"로 하여금", r"되어졌")


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hooks", DOCS / "hooks.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_both_languages_have_the_same_headings_and_commands(page: Path) -> None:
    twin = korean(page)
    assert twin.is_file(), f"{name(twin)} is missing"
    assert [level for level, _ in headings(page)] == [level for level, _ in headings(twin)]
    here, there = commands(page), commands(twin)
    assert [block[1:] for block in here] == [block[1:] for block in there]


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.ko.md"], ids=name)
def test_the_readme_is_short(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= README_LINES


@pytest.mark.parametrize("page", EVERY, ids=name)
def test_plain_words(page: Path) -> None:
    patterns = NOT_KOREAN if page.name.endswith(".ko.md") else NOT_ENGLISH
    found = [match[0] for each in patterns for match in re.finditer(each, prose(page))]
    assert not found


@pytest.mark.parametrize("page", EVERY, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, place = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.is_file(), f"{target} is not there"
        if page.name.endswith(".ko.md") and there not in OTHERS and there.name != "README.md":
            assert not korean(there).is_file(), f"{target} has a Korean twin"
        if place and there.suffix == ".md":
            known = {anchor(heading) for _, heading in headings(there)}
            if there.parent == DOCS / "reference" and there.name.startswith("params."):
                known |= set(YAML(typ="safe", pure=True).load(ROOT / "params.yaml"))
            assert place in known, f"{target}: {name(there)} has no such heading"


@pytest.mark.parametrize("page", EVERY, ids=name)
def test_targets_of_make_are_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.M))
    text = page.read_text(encoding="utf-8")
    called = re.findall(
        r"(?:^|[`] ?|[a-z_]=\S+ |\$ )make ((?:[A-Z]+=\S+ )*)([a-z][a-z-]*)", text, re.M
    )
    if page.name != "CHANGELOG.md":
        assert {target for _, target in called} <= targets


@pytest.mark.parametrize("page", EVERY, ids=name)
def test_modules_that_are_run_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8") if page.name != "CHANGELOG.md" else ""
    for module in re.findall(r"python -m ((?:stages|benchmarks)(?:\.\w+)+)", text):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file(), module


@pytest.mark.parametrize("page", ["files.md", "files.ko.md"])
def test_the_tree_has_every_package(page: str) -> None:
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    drawn = set(re.findall(r"^  (\w+)/ ", text, re.M))
    assert drawn == {file.parent.name for file in (ROOT / "stages").glob("*/*.py")}


@pytest.mark.parametrize("page", ["stages.md", "stages.ko.md"])
def test_every_stage_has_its_rows(page: str) -> None:
    stages = list(YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"])
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)(?:@\w+)?` \|", text, re.M)
    assert sorted(rows) == sorted(stages * 2)  # what it does, and what it promises


@pytest.mark.parametrize("page", ["measures.md", "measures.ko.md"])
def test_every_measure_is_explained(page: str) -> None:
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    assert [
        each for each in TABLE if not each.startswith("rouge") and f"`{each}`" not in text
    ] == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_parameter_has_its_effect(hooks: ModuleType, language: str) -> None:
    rows = re.findall(r"^\| (`[^`]+`) \|.*\| ([^|]*) \|$", hooks.reference(language), re.M)
    assert len(rows) > 100
    wanted = re.compile(r"[가-힣]" if language == "ko" else r"\w")
    assert [key for key, effect in rows if not wanted.search(effect)] == []


def test_effects_are_of_keys_that_are_there(hooks: ModuleType) -> None:
    sections = set(hooks.Config.model_fields)
    found = re.findall(r"^## (\S+)$|^\| `([^`]+)` \|", hooks.reference("en"), re.M)
    known, section = set(), ""
    for heading, key in found:
        section = heading or section
        known |= {section, f"{section}.{key}"} if key else {section}
    effects = set(YAML(typ="safe", pure=True).load(hooks.EFFECTS))
    assert effects - known - sections == set()


def test_the_picture_is_that_of_the_readme() -> None:
    drawn = (DOCS / "assets/pipeline.mmd").read_text(encoding="utf-8").strip()
    for readme in ("README.md", "README.ko.md"):
        text = (ROOT / readme).read_text(encoding="utf-8")
        assert re.findall(r"^```mermaid\n(.*?)\n```$", text, re.M | re.S) == [drawn]


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    missing = [page for page in PAGES[1:] if f": {page.relative_to(DOCS)}" not in menu]
    assert not missing


def test_requirements_are_explained() -> None:
    """Each id that code or a test carries is on the page in words."""
    files = chain((ROOT / "stages").rglob("*.py"), (ROOT / "tests").rglob("*.py"))
    used = {
        each
        for file in files
        for each in re.findall(r"\bS[1-4]-\d{2}\b", file.read_text(encoding="utf-8"))
    }
    for page in ("requirements.md", "requirements.ko.md"):
        text = (DOCS / "reference" / page).read_text(encoding="utf-8")
        assert used <= set(re.findall(r"^\| (S[1-4]-\d{2}) \|", text, re.M))
