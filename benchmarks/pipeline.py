"""Where the time of a first run goes: `make repro` in a fresh clone, stage by stage.

    python -m benchmarks.pipeline [--write]

The commit that is checked out is cloned into a folder of its own and rebuilt as it comes, with the
packages of this environment and an own tracker. Each command of a stage is timed by the processes
that it was: wall time, and CPU time of its own code and of the system. What is left to the whole is
DVC's, and the tracker's at the end. Beside it stand the figures in benchmarks/pipeline.json and
their ratio; --write puts those of this run there. Run it alone on the machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from stages.formats.json_files import read_json, write_json

PROJECT = Path(__file__).resolve().parents[1]
COMMITTED = Path(__file__).with_suffix(".json")
# Takes the place of `python`: the command itself, then a line of what it took.
TIMED = """#!{python}
import json, os, sys, time
start = time.perf_counter()
pid = os.spawnv(os.P_NOWAIT, {python!r}, [{python!r}, *sys.argv[1:]])
_, status, used = os.wait4(pid, 0)
took = dict(
    stage=os.environ.get("DVC_STAGE", ""), module=sys.argv[2:3], wall_s=time.perf_counter() - start,
    user_s=used.ru_utime, system_s=used.ru_stime, memory_mb=used.ru_maxrss / 1000,
)
with open({log!r}, "a") as file:
    file.write(json.dumps(took) + "\\n")
sys.exit(os.waitstatus_to_exitcode(status))
"""
FIGURES = ("wall_s", "user_s", "system_s")
Figures = dict[str, float]


def clone(folder: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)


def timed_run(folder: Path, room: Path) -> tuple[Figures, list[dict[str, Any]]]:
    """What the whole of `make repro` took, and each of its commands."""
    log, python = room / "commands.jsonl", room / "bin" / "python"
    python.parent.mkdir()
    python.write_text(TIMED.format(python=sys.executable, log=str(log)))
    python.chmod(0o755)
    path = os.pathsep.join(
        (str(python.parent), str(Path(sys.executable).parent), os.environ["PATH"])
    )
    start, before = time.perf_counter(), os.times()
    command = [sys.executable, "-m", "stages.commands.repro"]
    environment = os.environ | {"PATH": path}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"make repro failed:\n{done.stdout}{done.stderr}")
    after = os.times()
    whole = {
        "wall_s": time.perf_counter() - start,
        "user_s": after.children_user - before.children_user,
        "system_s": after.children_system - before.children_system,
    }
    return whole, [json.loads(line) for line in log.read_text().splitlines()]


def by_stage(whole: Figures, commands: list[dict[str, Any]]) -> dict[str, Figures]:
    """The work of each stage, what is around them, and the whole."""
    table: dict[str, Figures] = defaultdict(lambda: dict.fromkeys(FIGURES, 0.0))
    for command in commands:
        tracks = command["module"] == ["stages.commands.track"]
        stage = command["stage"].rpartition(":")[2]
        row = table["notes for the tracker" if tracks else stage]
        for name in FIGURES:
            row[name] += command[name]
    spent = {name: sum(row[name] for row in table.values()) for name in FIGURES}
    table["DVC, and sending to the tracker"] = {name: whole[name] - spent[name] for name in FIGURES}
    table["whole"] = whole
    return {stage: {n: round(v, 2) for n, v in row.items()} for stage, row in table.items()}


def show(table: dict[str, Figures], committed: dict[str, Figures]) -> None:
    print(f"{'stage':32} {'wall s':>8} {'user s':>8} {'system s':>8} {'before':>8} {'ratio':>6}")
    for stage, row in table.items():
        before = committed.get(stage, {}).get("wall_s")
        beside = f"{before:8.1f} {row['wall_s'] / before:6.2f}" if before else ""
        print(
            f"{stage:32} {row['wall_s']:8.1f} {row['user_s']:8.1f} {row['system_s']:8.1f} {beside}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the figures of this run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        room = Path(place)
        clone(room / "project")
        whole, commands = timed_run(room / "project", room)
        changed = subprocess.run(
            ["git", "status", "--porcelain"], cwd=room / "project", capture_output=True, text=True
        ).stdout
    table = by_stage(whole, commands)
    show(table, read_json(COMMITTED) if COMMITTED.is_file() else {})
    print(
        "the bytes are those of the commit"
        if not changed
        else f"other bytes than the commit's:\n{changed}"
    )
    if asked.write:
        write_json(COMMITTED, table)


if __name__ == "__main__":
    main()
