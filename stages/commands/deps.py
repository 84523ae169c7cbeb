"""`make deps` writes the code dependencies of each stage into dvc.yaml, from its imports.

A stage depends on the code that can change a byte of its outputs: every module of this project that
it imports, directly or not, at the top of a file or within a function. A package of which it uses
every module is written as one directory. What only type checkers import counts not, nor does the
code in NO_BYTE_PASSES. Data dependencies, and all else in dvc.yaml, are left as they are.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from stages.pipeline.outputs import publish

STAGES = Path("stages")
DVC_YAML = Path("dvc.yaml")
TEMPLATES = (".html",)  # which the code of their package reads
# Code that an output's bytes do not pass through. An edit of it must not train a model again.
NO_BYTE_PASSES = {
    "stages/__init__.py": "chooses kernels, and stages/numerics refuses others",
    "stages/params/refusals.py": "words of errors",
    "stages/params/reading.py": "reads the values that dvc.lock records, and checks them",
    "stages/params/runtime.py": "the section that changes no byte, by its rule",
    "stages/params/section.py": "the types that values are checked by",
    "stages/pipeline/durable.py": "waits for the disk",
    "stages/pipeline/errors.py": "errors",
    "stages/pipeline/os_errors.py": "words of errors",
    "stages/pipeline/memory.py": "how memory is asked for",
    "stages/pipeline/deadline.py": "ends what waits too long",
    "stages/pipeline/hashes.py": "hashes are compared, and stand in no output",
    "stages/pipeline/dvc_yaml.py": "reads what dvc.yaml says, whose changes DVC sees itself",
    "stages/pipeline/dvc_lock.py": "reads what DVC recorded",
    "stages/pipeline/outputs.py": "moves finished outputs into place",
    "stages/pipeline/own_folders.py": "folders in which outputs are made",
    "stages/pipeline/paths.py": "the paths of dvc.yaml, whose changes rerun their stages",
    "stages/pipeline/program.py": "the log, the exit code",
    "stages/preflight": "refuses a run before it starts",
    "stages/tracking": "tells the tracker of a run",
}


def passes_no_byte(file: Path) -> bool:
    return any(file.is_relative_to(place) for place in NO_BYTE_PASSES)


def _imports(node: ast.AST) -> Iterator[str]:
    """The modules that a tree imports, but for what stands under `if TYPE_CHECKING`."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        for other in node.orelse:
            yield from _imports(other)
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level:
        raise ValueError(f"a relative import, {ast.unparse(node)}: write the whole name")
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child)


@cache
def imported(file: Path) -> frozenset[Path]:
    """The modules of this project that a file imports."""
    names = set(_imports(ast.parse(file.read_text(encoding="utf-8"))))
    candidates = {Path(f"{name.replace('.', '/')}.py") for name in names if name[:7] == "stages."}
    return frozenset(path for path in candidates if path.is_file())


def closure(stage: str) -> set[Path]:
    """The code that can change a byte of what a stage writes."""
    found: set[Path] = set()
    pending = {STAGES / f"{stage}.py"}
    while pending:
        file = pending.pop()
        found.add(file)
        pending |= {other for other in imported(file) if not passes_no_byte(other)} - found
    return found


def dependencies(stage: str) -> list[str]:
    """The closure, sorted, with a directory in the place of a package that is used whole."""
    files = closure(stage)
    listed = set(files)
    for package in sorted({file.parent for file in files} - {STAGES}, reverse=True):  # inner first
        listed |= {file for file in package.iterdir() if file.suffix in TEMPLATES}
        modules = set(package.rglob("*.py"))
        if len(modules) > 1 and {m for m in modules if not passes_no_byte(m)} <= files:
            listed = {file for file in listed if package not in file.parents} | {package}
    return sorted(path.as_posix() for path in listed)


def with_code(deps: CommentedSeq, stage: str) -> CommentedSeq:
    """The dependencies of a stage, code first."""
    own = [dep for dep in deps if not _is_code(dep)]
    made = CommentedSeq([*dependencies(stage), *own])
    made.ca.comment = deps.ca.comment
    return made


def _is_code(dep: str) -> bool:
    return dep.startswith("stages/") and (dep.endswith((".py", *TEMPLATES)) or "." not in dep)


def main() -> None:
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 4096, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(DVC_YAML)
    for name, stage in tree["stages"].items():
        declared = stage.get("do", stage)
        if not (STAGES / f"{name}.py").is_file():
            continue  # a stage of the user's own
        declared["deps"] = with_code(declared["deps"], name)
    before = DVC_YAML.read_bytes()
    with publish(DVC_YAML) as (made,):
        yaml.dump(tree, made)
    if DVC_YAML.read_bytes() != before:
        print("dvc.yaml was changed: commit it.", file=sys.stderr)


if __name__ == "__main__":
    main()
