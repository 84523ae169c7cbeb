"""`python -m stages.commands.experiments COMMITS` shows the last commits and the experiments on
each: the verdict, and of the other figures of metrics/headline.json and the values of params.yaml
those that differ.

`dvc exp show` makes the table. Of itself it has hundreds of columns (each dependency, and each
number of a commit that declared more metrics), so it is asked twice: what there is, then for the
table of what is compared. Below it stands what cannot be compared.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping

from stages.formats.json_files import Json
from stages.pipeline import paths
from stages.pipeline.errors import cut
from stages.pipeline.program import run

FIGURES = paths.HEADLINE.as_posix()
PARAMS = paths.PARAMS.as_posix()
SHOW = (sys.executable, "-m", "dvc", "exp", "show")
KEPT = ("Experiment", "State")  # columns of DVC's own


def entries(commits: int) -> list[Json]:
    """What DVC knows of the workspace, each commit and each experiment."""
    asked = subprocess.run(
        [*SHOW, "--json", "--num", str(commits)], stdout=subprocess.PIPE, text=True, check=False
    )
    if asked.returncode:
        sys.exit(asked.returncode)  # DVC has said why
    return list(_with_experiments(json.loads(asked.stdout)))


def _with_experiments(commits: list[Json]) -> Iterator[Json]:
    for commit in commits:
        yield commit
        for experiment in commit.get("experiments") or []:
            yield from experiment.get("revs") or []


def read(entry: Json, kind: str, file: str) -> Json:
    """What an entry has of a file, flat; nothing where it could not be read."""
    found = ((entry.get("data") or {}).get(kind) or {}).get(file) or {}
    return dict(_flat(found.get("data") or {}))


def _flat(tree: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def others(found: list[Json]) -> str:
    """A pattern of the columns that are left out. A name that is in two files has its file before
    it."""
    names = set(KEPT)
    for entry in found:
        for kind, file in (("metrics", FIGURES), ("params", PARAMS)):
            own = read(entry, kind, file)
            names |= {*own, *(f"{file}:{name}" for name in own)}
    return f"(?!(?:{'|'.join(map(re.escape, sorted(names)))})$)"


def not_compared(entry: Json) -> str | None:
    """Why an entry has no figures, or None if it has them."""
    if read(entry, "metrics", FIGURES):
        return None
    name = entry.get("name") or entry["rev"][:7]
    if error := entry.get("error"):
        why = cut(str(error.get("msg", error)))
        if "expected 'url'" in why:
            why += "\n  A remote of .dvc/config.local has no address for commits that do not know "
            why += "it yet.\n  Write it there too: dvc remote modify --local NAME url ADDRESS"
        return f"{name} cannot be read: {why}"
    if FIGURES in entry["data"]["metrics"]:
        return f"{name} has no {FIGURES}: the pipeline has not run to its end there."
    return (
        f"{name} is older than {FIGURES}, so its figures are not in this table, and plain `dvc "
        f"metrics diff` lists each number of it beside `-`.\n  What both have: "
        f"dvc metrics diff {entry['rev'][:7]} --targets metrics/summary.json"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", type=int)
    commits = parser.parse_args().commits
    found = entries(commits)
    columns = ("--only-changed", "--keep", "verdict$", "--drop", others(found))
    table = ("--md", "--no-pager", *columns, "--num", str(commits))
    done = subprocess.run([*SHOW, *table], check=False)
    for entry in found:
        if why := not_compared(entry):
            print(why)
    sys.exit(done.returncode)


if __name__ == "__main__":
    run(main)
