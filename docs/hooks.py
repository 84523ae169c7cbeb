"""Hooks of mkdocs: the reference of parameters, made from the models that check params.yaml.

`reference/params.md` and its Korean twin hold the mark `<!-- params -->`. It becomes one table a
section, with the key, type, range, value and effect of each parameter. Types and ranges are those
of `stages.params.whole.Config`, values and effects those of params.yaml and the comments beside its
keys. `reference/effects.yaml` has the effects in Korean, and those of keys that have no comment.
"""

import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen, MultipleOf
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from stages.params.whole import Config  # noqa: E402 - found from the root of the project

MARK = "<!-- params -->"
# Of each key: `ko`, its effect in Korean, and `en`, where params.yaml has no comment.
EFFECTS = ROOT / "docs/reference/effects.yaml"
HEADS = {
    "en": ("key", "type", "range", "value", "effect"),
    "ko": ("키", "자료형", "범위", "값", "효과"),
}
TYPES = {
    "en": {
        "str": "text", "int": "integer", "float": "number", "bool": "`true`, `false`",
        "list": "list of {}", "dict": "mapping: {} → {}", "null": "or `null`",
        "section": "section", "each": "one per {}", "length": "not empty", "default": "default {}",
    },
    "ko": {
        "str": "문자열", "int": "정수", "float": "실수", "bool": "`true`, `false`",
        "list": "{}의 목록", "dict": "매핑: {} → {}", "null": "또는 `null`",
        "section": "섹션", "each": "{}마다 하나", "length": "비어 있지 않음",
        "default": "기본값 {}",
    },
}  # fmt: skip
# What the keys of a mapping name, outermost first.
ENTRIES = {
    "downloads": ("name",),
    "sources": ("name",),
    "mix.templates": ("source", "style"),
    "mix.topics": ("source",),
    "answer.servers": ("variant",),
    "evaluate.outputs": ("style",),
    "gate.rules": ("rule",),
}
LONG = 60  # characters of a value that a table shows
NO_LIMIT = 10**12  # what a count is at most
ABSENT = object()


class Shape(NamedTuple):
    """What a type is: a section (and in how many mappings it lies), or a plain value."""

    section: type[BaseModel] | None
    mappings: int
    optional: bool


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Puts the tables in the place of the mark."""
    if MARK not in markdown:
        return markdown
    language = "ko" if page.file.src_uri.endswith(".ko.md") else "en"
    return markdown.replace(MARK, reference(language))


def reference(language: str) -> str:
    """The tables of all sections as Markdown."""
    values = YAML().load(ROOT / "params.yaml")
    more = YAML(typ="safe", pure=True).load(EFFECTS)
    effects = comments() | {
        key: cell(said[language]) for key, said in more.items() if language in said
    }
    parts = []
    for name, field in Config.model_fields.items():
        heads = HEADS[language]
        rows = [heads, ("---",) * len(heads)]
        rows += table(name, field, values.get(name, ABSENT), effects, language)
        lead = "" if shape(field.annotation).section is None else effects.get(name, "")
        text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
        parts.append(f"## {name}\n\n{lead}\n\n{text}\n")
    return "\n".join(parts)


def table(
    key: str, field: FieldInfo, value: Any, effects: dict[str, str], language: str
) -> Iterator[tuple[str, ...]]:
    """The rows of a parameter and of all below it."""
    section, mappings, optional = shape(field.annotation)
    words = TYPES[language]
    if section is None:
        kind = type_name(field.annotation, words)
        range_, shown = limits(field, words), spelled(value, field, words)
        yield within(key), kind, range_, shown, effect(key, effects)
        return
    under = key
    if mappings or optional:
        names = ENTRIES[key] if mappings else ()
        under += "".join(f".<{name}>" for name in names)
        kind = [words["each"].format(", ".join(names))] if mappings else [words["section"]]
        kind += [words["null"]] if optional else []
        if "." in key:
            yield within(key), " ".join(kind), limits(field, words), "", effect(key, effects)
    inside = value if isinstance(value, dict) and not mappings else {}
    for name, child in section.model_fields.items():
        yield from table(f"{under}.{name}", child, inside.get(name, ABSENT), effects, language)


def within(key: str) -> str:
    """A key below the heading of its section."""
    return f"`{key.partition('.')[2] or key}`"


def shape(annotation: Any) -> Shape:
    optional = type(None) in variants(annotation)
    for each in variants(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return Shape(each, 0, optional)
        if get_origin(each) is dict:
            section, mappings, within = shape(get_args(each)[1])
            if section:
                return Shape(section, mappings + 1, optional or within)
    return Shape(None, 0, optional)


def bare(annotation: Any) -> tuple[Any, list[Any]]:
    """A type without what `Annotated` adds, and that."""
    if get_origin(annotation) is Annotated:
        annotation, *added = get_args(annotation)
        return annotation, added
    return annotation, []


def variants(annotation: Any) -> list[Any]:
    """The types of a union, or the one type."""
    annotation, _ = bare(annotation)
    several = get_origin(annotation) in (Union, types.UnionType)
    return [bare(each)[0] for each in get_args(annotation)] if several else [annotation]


def type_name(annotation: Any, words: dict[str, str]) -> str:
    """A type in words."""
    names = []
    for each in variants(annotation):
        inner = get_args(each)
        if each is type(None):
            continue
        if get_origin(each) is Literal:
            names.append(", ".join(f"`{choice}`" for choice in inner))
        elif get_origin(each) is list:
            names.append(words["list"].format(type_name(inner[0], words)))
        elif get_origin(each) is dict:
            names.append(words["dict"].format(*(type_name(part, words) for part in inner)))
        else:
            names.append(words[each.__name__])
    if type(None) in variants(annotation):
        names.append(words["null"])
    return (
        ", ".join(names[:-1]) + " " + names[-1] if names[-1] == words["null"] else ", ".join(names)
    )


def limits(field: FieldInfo, words: dict[str, str]) -> str:
    """The range of a value, as far as one parameter alone has one."""
    found = [*field.metadata, *bare(field.annotation)[1]]
    union = bare(field.annotation)[0]
    if get_origin(union) in (Union, types.UnionType):
        for each in get_args(union):
            found += bare(each)[1]
    said = []
    for bound in found:
        for one in bound.metadata if isinstance(bound, FieldInfo) else [bound]:
            for kind, name, sign in (
                (Ge, "ge", "≥"),
                (Gt, "gt", ">"),
                (Le, "le", "≤"),
                (Lt, "lt", "<"),
            ):
                if isinstance(one, kind) and getattr(one, name) != NO_LIMIT:
                    said.append(f"{sign} {getattr(one, name)}")
            if isinstance(one, MultipleOf):
                said.append(f"{one.multiple_of} × n")
            if isinstance(one, MinLen):
                said.append(words["length"])
            if pattern := getattr(one, "pattern", None):
                said.append(f"`{cell(str(pattern))}`")
    return ", ".join(dict.fromkeys(said))


def spelled(value: Any, field: FieldInfo, words: dict[str, str]) -> str:
    """A value as params.yaml has it, or the default of one that may be left out."""
    if value is ABSENT:
        default = field.get_default(call_default_factory=True)
        return "" if field.is_required() else words["default"].format(code(default))
    return code(value)


def code(value: Any) -> str:
    """A value as YAML would have it, short enough for a table."""
    if value is None or isinstance(value, bool):
        text = "null" if value is None else str(value).lower()
    elif isinstance(value, dict):
        text = ", ".join(f"{key}: {each}" for key, each in value.items()) or "{}"
    elif isinstance(value, list):
        text = ", ".join(map(str, value)) or "[]"
    elif isinstance(value, BaseModel):
        text = "{}"
    else:
        text = str(value)
    return "…" if len(text) > LONG else f"`{cell(text)}`"


def cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def effect(key: str, effects: dict[str, str]) -> str:
    """What is said of a key; of `sources.<name>.path`, what is said of the path of any source."""
    if key in effects:
        return braces_as_code(effects[key])
    pattern = re.compile(
        re.sub(r"<\w+>", "[^.]+", re.escape(key).replace("\\<", "<").replace("\\>", ">"))
    )
    return braces_as_code(
        next((said for name, said in effects.items() if pattern.fullmatch(name)), "")
    )


def braces_as_code(text: str) -> str:
    """`{name}` and `<file>` would be attributes and tags to Markdown."""
    return re.sub(r"(?<![`\w])(\{[^}]*\}|<[^>]*>\S*)(?!`)", r"`\1`", text)


def comments() -> dict[str, str]:
    """What params.yaml says of its keys: the comment above a key, and at the end of its line. Where
    the comment of a section continues in the lines below, they belong to it."""
    lines = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    keys = dict(places(YAML().load(ROOT / "params.yaml"), ""))
    found: dict[str, str] = {}
    above: list[str] = []
    section = ""  # whose comment may go on
    for number, line in enumerate(lines):
        if line.strip().startswith("#"):
            said = line.strip().lstrip("# ")
            if section:
                found[section] += f" {said}"
            else:
                above.append(said)
            continue
        key, said = keys.get(number, ""), end_comment(line)
        if key and (whole := " ".join(filter(None, (*above, said)))):
            found[key] = whole
        above, section = [], key if said and line.split(" # ")[0].rstrip().endswith(":") else ""
    return {key: cell(said) for key, said in found.items()}


def places(tree: Any, path: str) -> Iterator[tuple[int, str]]:
    """The line of each key, and its path."""
    if isinstance(tree, CommentedMap):
        for key, value in tree.items():
            name = f"{path}.{key}" if path else str(key)
            yield tree.lc.key(key)[0], name
            yield from places(value, name)


def end_comment(line: str) -> str:
    """The comment at the end of a line; `#` in quotes is text."""
    quoted = re.sub(r'"(\\.|[^"\\])*"', lambda match: "x" * len(match[0]), line)
    place = quoted.find(" # ")
    return line[place + 3 :].strip() if place >= 0 else ""
