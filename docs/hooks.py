"""Hooks of mkdocs: the reference of parameters, made from the models that check params.yaml.

`reference/params.md` and its Korean twin hold the mark `<!-- params -->`. It becomes one table a section, with the
key, type, range, value and effect of each parameter. Types and ranges are those of `stages.params.whole.Config`,
values and effects those of params.yaml and the comments beside its keys; Korean effects stand in
`reference/params.ko.yaml`. Nothing is written by hand twice, so nothing can disagree.
"""

import re
import sys
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen, MultipleOf
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from stages.params.whole import Config  # noqa: E402 - found from the root of the project

MARK = "<!-- params -->"
KOREAN = ROOT / "docs/reference/params.ko.yaml"
HEADS = {
    "en": ("key", "type", "range", "value in `params.yaml`", "effect"),
    "ko": ("키", "자료형", "범위", "`params.yaml`의 값", "효과"),
}
TYPES = {
    "en": {
        "str": "text", "int": "integer", "float": "number", "bool": "true, false",
        "list": "list of {}", "dict": "mapping: {} → {}", "null": "or null",
    },
    "ko": {
        "str": "문자열", "int": "정수", "float": "실수", "bool": "true, false",
        "list": "{} 목록", "dict": "매핑: {} → {}", "null": "또는 null",
    },
}  # fmt: skip
OPEN = {"en": "each `{}` has", "ko": "`{}`마다"}
# By what a user puts in their place, the keys of a mapping.
ENTRIES = {
    "downloads": "name", "sources": "name", "mix.templates": "source", "mix.templates.<source>": "style",
    "mix.topics": "source", "answer.servers": "variant", "evaluate.outputs": "style", "gate.rules": "rule",
}  # fmt: skip
LONG = 60  # characters of a value that a table shows


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Puts the tables in the place of the mark."""
    if MARK not in markdown:
        return markdown
    language = "ko" if page.file.src_uri.endswith(".ko.md") else "en"
    return markdown.replace(MARK, reference(language))


def reference(language: str) -> str:
    """The tables of all sections as Markdown."""
    values = YAML().load(ROOT / "params.yaml")
    effects = comments(values)
    if language == "ko":
        effects |= YAML(typ="safe", pure=True).load(KOREAN)
    parts = []
    for name, field in Config.model_fields.items():
        rows = list(lines(name, field, values.get(name), effects, language))
        heads = HEADS[language]
        table = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *rows]
        lead = effects.get(name, "")
        parts.append(f"## {name}\n\n{lead}\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def lines(
    key: str, field: FieldInfo, value: Any, effects: dict[str, str], language: str
) -> list[str]:
    """The rows of the table of a parameter, and of all below it."""
    model, entry = model_of(field.annotation)
    if model is None:
        shown = spelled(value, field)
        cells = (f"`{key}`", type_name(field, language), limits(field), shown, effects.get(key, ""))
        return ["| " + " | ".join(cells) + " |"]
    rows: list[str] = []
    under, inner = key, value if isinstance(value, dict) else {}
    if entry:
        for depth in range(entry):
            what = ENTRIES.get(under, "name")
            under = f"{under}.<{what}>"
            if depth == 0:
                rows.append(head_row(key, field, effects, language))
        inner = {}
    elif is_optional(field.annotation):
        rows.append(head_row(key, field, effects, language))
        inner = value or {}
    for name, child in model.model_fields.items():
        rows += lines(f"{under}.{name}", child, inner.get(name, _missing(child)), effects, language)
    return rows


_NONE = object()


def _missing(field: FieldInfo) -> Any:
    return _NONE


def head_row(key: str, field: FieldInfo, effects: dict[str, str], language: str) -> str:
    """The row of a mapping or an optional section: what follows belongs to it."""
    null = TYPES[language]["null"] if is_optional(field.annotation) else ""
    what = OPEN[language].format(ENTRIES.get(key, "name")) if key in ENTRIES else ""
    cells = (f"`{key}`", ", ".join(filter(None, (what, null))), limits(field), "", effects.get(key, ""))
    return "| " + " | ".join(cells) + " |"


def bare(annotation: Any) -> tuple[Any, list[Any]]:
    """A type without what `Annotated` adds, and that."""
    added: list[Any] = []
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        added += more
    return annotation, added


def members(annotation: Any) -> list[Any]:
    """The types of a union but None."""
    annotation, _ = bare(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        return [each for each in get_args(annotation) if each is not type(None)]
    return [annotation]


def is_optional(annotation: Any) -> bool:
    annotation, _ = bare(annotation)
    return get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation)


def model_of(annotation: Any) -> tuple[type[BaseModel] | None, int]:
    """The section that a type holds, and in how many mappings it lies."""
    for each in members(annotation):
        each, _ = bare(each)
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each, 0
        if get_origin(each) is dict:
            model, depth = model_of(get_args(each)[1])
            if model:
                return model, depth + 1
    return None, 0


def type_name(field: FieldInfo, language: str) -> str:
    """A type in words."""
    return _type(field.annotation, TYPES[language])


def _type(annotation: Any, words: dict[str, str]) -> str:
    names = []
    for each in members(annotation):
        each, _ = bare(each)
        if get_origin(each) is Literal:
            names.append(", ".join(f"`{choice}`" for choice in get_args(each)))
        elif get_origin(each) is list:
            names.append(words["list"].format(_type(get_args(each)[0], words)))
        elif get_origin(each) is dict:
            key, value = get_args(each)
            names.append(words["dict"].format(_type(key, words), _type(value, words)))
        else:
            names.append(words.get(getattr(each, "__name__", ""), str(each)))
    if is_optional(annotation):
        names.append(words["null"])
    return ", ".join(names)


def limits(field: FieldInfo) -> str:
    """What a value must keep to, as far as one parameter says it."""
    found = [*field.metadata, *bare(field.annotation)[1]]
    for each in members(field.annotation):
        found += bare(each)[1]
    # pydantic packs what `Field` bounds into one object or several; each has its bounds as attributes.
    signs = ((Ge, "ge", "≥ {}"), (Gt, "gt", "> {}"), (Le, "le", "≤ {}"), (Lt, "lt", "< {}"))
    said: list[str] = []
    for bound in found:
        bounds = getattr(bound, "metadata", None) if isinstance(bound, FieldInfo) else [bound]
        for one in bounds or []:
            for kind, name, sign in signs:
                if isinstance(one, kind):
                    said.append(sign.format(f"{getattr(one, name):,}".replace(",", " ")))
            if isinstance(one, MultipleOf):
                said.append(f"{one.multiple_of} × n")
            if isinstance(one, MinLen) and one.min_length:
                said.append(f"length ≥ {one.min_length}")
            if pattern := getattr(one, "pattern", None):
                said.append(f"`{cell(str(pattern))}`")
    return ", ".join(dict.fromkeys(said))


def spelled(value: Any, field: FieldInfo) -> str:
    """A value as params.yaml has it."""
    if value is _NONE:
        return "" if field.is_required() or field.default in (None, {}, []) else f"`{field.default}`"
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, CommentedMap):
        text = ", ".join(f"{key}: {each}" for key, each in value.items())
        return f"`{cell(text)}`" if text and len(text) <= LONG else ("…" if text else "`{}`")
    if isinstance(value, CommentedSeq):
        text = ", ".join(map(str, value))
        return f"`{cell(text)}`" if text else "`[]`"
    return f"`{cell(str(value))}`"


def cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def comments(values: CommentedMap) -> dict[str, str]:
    """The comment at the end of each key's line, with those that go on below it, by its path."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    found: dict[str, str] = {}

    def walk(tree: Any, path: str) -> None:
        if not isinstance(tree, CommentedMap):
            return
        for key, value in tree.items():
            name = f"{path}.{key}" if path else str(key)
            number = tree.lc.key(key)[0]
            said = end_comment(text[number])
            above = []
            before = number - 1
            while before >= 0 and text[before].strip().startswith("#"):
                above.insert(0, text[before].strip().lstrip("# "))
                before -= 1
            below = []
            after = number + 1
            # A comment that goes on under the key of a section belongs to it; under a value, to the next key.
            while isinstance(value, CommentedMap) and said and after < len(text):
                if not text[after].strip().startswith("#"):
                    break
                below.append(text[after].strip().lstrip("# "))
                after += 1
            own = above if above and not _continues(text, before) else []
            if whole := " ".join(filter(None, (*own, said, *below))):
                found[name] = cell(whole)
            walk(value, name)

    walk(values, "")
    return found


def _continues(text: list[str], number: int) -> bool:
    """Whether the comment under this line goes on what the line itself says at its end."""
    return number < 0 or bool(end_comment(text[number])) and text[number].rstrip().split(" #")[0].endswith(":")


def end_comment(line: str) -> str:
    """The comment at the end of a line of params.yaml; `#` in quotes is text."""
    quoted = re.sub(r'"(\\.|[^"\\])*"', lambda match: "x" * len(match[0]), line)
    place = quoted.find(" # ")
    return line[place + 3 :].strip() if place >= 0 and line[:place].strip() else ""
