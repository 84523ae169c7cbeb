"""The documents as tests see them: pages, their headings, links and commands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.micro import ROOT

DOCS = ROOT / "docs"
FENCE = re.compile(r"^ *```(\w*)\s*$")
MARK = re.compile(r"^<!-- (not run|fails): (.+) -->$")


class Block(NamedTuple):
    """A block of commands. `not_run` is the reason why a test does not run it; one that `fails`
    must exit with an error that contains this text."""

    line: int
    text: str
    not_run: str | None
    fails: str | None


def english() -> list[Path]:
    """Every page for readers that has a Korean twin."""
    pages = sorted(page for page in DOCS.rglob("*.md") if not page.name.endswith(".ko.md"))
    alone = (DOCS / "decisions", DOCS / "assets")
    return [ROOT / "README.md", *(page for page in pages if page.parent not in alone)]


def korean(page: Path) -> Path:
    return page.with_suffix(".ko.md")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def fenced(page: Path) -> Iterator[tuple[int, str, list[str]]]:
    """The line, the language and the lines of each fenced block."""
    start, language, inside = 0, "", []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = FENCE.match(line)
        if not start and fence:
            start, language, inside = number, fence[1], []
        elif start and fence and not fence[1]:
            yield start, language, inside
            start = 0
        elif start:
            inside.append(line)
    assert not start, f"{name(page)}:{start}: the block has no end"


def commands(page: Path) -> list[Block]:
    """The ```bash blocks of a page, with what the line before each says of it."""
    lines = page.read_text(encoding="utf-8").splitlines()
    blocks = []
    for start, language, inside in fenced(page):
        if language == "bash":
            mark = MARK.match(lines[start - 2]) if start > 1 else None
            kind, said = mark.groups() if mark else ("", "")
            text = "\n".join(inside)
            blocks.append(
                Block(
                    start,
                    text,
                    said if kind == "not run" else None,
                    said if kind == "fails" else None,
                )
            )
    return blocks


def prose(page: Path) -> str:
    """A page without its blocks, spans of code and comments."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`]*`|<!--.*?-->", "", text, flags=re.S)


def headings(page: Path) -> list[tuple[int, str]]:
    """Level and text of each heading."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [(len(marks), said) for marks, said in re.findall(r"^(#+) (.+)$", text, re.M)]


def anchor(heading: str) -> str:
    """The name under which GitHub and the site find a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return kept.replace(" ", "-")


def links(page: Path) -> list[str]:
    """The targets of links to other places of this repository."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text))
    return [target for target in found if not target.startswith(("http://", "https://", "mailto:"))]
