"""How fast ingest, scrub and curate work on rows, and in how much memory, on one process and two.

    python -m benchmarks.rows

Chats of two turns, real ones (songys-chatbot in the folder that MALSSI_SHARED names) or else of
the sample's grammar, made 10^4, 10^5 and 10^6 rows by pairing each question with ever other
answers, with an invented phone number in each tenth. Each stage runs as a program of its own, its
start included (ingest loads a morphological analyser, which takes seconds and most of its memory).
Curate remembers each row that it keeps, so its memory is not flat. `CPU s` is of all processes of a
run: where it is no more than `seconds` with two workers, something else had the second core. `RSS`
is the peak of resident memory, polled: of the largest process, and of all, which counts shared
pages once for each. `of linear` is the time for a row beside that of the smallest size. The Parquet
files of one worker and of two must be equal. What would not end within CAP_S is left out, and said
to be.
"""

import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import psutil
from ruamel.yaml import YAML

from stages.grammar.chat import one_row
from stages.grammar.personal import Personal

PROJECT = Path(__file__).resolve().parents[1]
SIZES = (10_000, 100_000, 1_000_000)
WORKERS = (1, 2)
STAGES = {"ingest": ["--source", "chat"], "scrub": ["--source", "chat"], "curate": []}
CAP_S = 350
POLL_S = 0.1
SOURCE = {
    "format": "jsonl",
    "kind": "chat",
    "license": "none",
    "use": "training",
    "as_of": "2026-01-01",
    "style": "plain",
    "style_tags": ["style:{style}", "tone:{tone}"],
    "turns_column": "dialog",
}


class Peak(NamedTuple):
    """One run of a stage; memory in MB of 10^6 bytes."""

    seconds: float
    cpu_s: float
    largest_mb: float
    sum_mb: float


def dialogs() -> list[list[str]]:
    shared = Path(os.environ.get("MALSSI_SHARED", PROJECT.parent / "shared"))
    file = shared / "data/songys-chatbot/chatbot.jsonl"
    if file.is_file():
        with file.open(encoding="utf-8") as lines:
            return [[row["q"], row["a"]] for row in map(json.loads, lines)]
    rng, none = random.Random(0), Personal(0.0)
    return [one_row(rng, none).raw["dialog"] for _ in range(10_000)]


def lines_of(dialogs: list[list[str]], count: int) -> Iterator[str]:
    """No exchange starts with 1, so the planted numbers are nobody's."""
    for index, (question, *_) in enumerate(islice(cycle(dialogs), count)):
        _, *answers = dialogs[(index + index // len(dialogs)) % len(dialogs)]
        if index % 10 == 0:
            number = f"010-1{index // 10_000 % 1000:03d}-{index % 10_000:04d}"
            question = f"{question} 내 번호는 {number}야"
        yield json.dumps({"dialog": [question, *answers]}, ensure_ascii=False) + "\n"


def workspace(folder: Path, lines: Iterator[str], workers: int, **source: object) -> Path:
    """A folder to run stages in, with one source, `chat`: SOURCE with changes."""
    folder.mkdir()
    (folder / "stages").symlink_to(PROJECT / "stages")
    (folder / "data").mkdir()
    (folder / "data/lexicons").symlink_to(PROJECT / "data/lexicons")
    with (folder / "chat.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(lines)
    yaml = YAML(typ="safe", pure=True)
    params = yaml.load(PROJECT / "params.yaml")
    params["runtime"].update(tracking=False, progress=False, engine="local", workers=workers)
    params["sources"] = {"chat": SOURCE | {"path": "chat.jsonl"} | source}
    for section in ("weights", "templates"):
        params["mix"][section] = {"chat": params["mix"][section]["chat"]}
    params["mix"]["topics"] = {}
    yaml.dump(params, folder / "params.yaml")
    return folder


def run_stage(stage: str, folder: Path) -> Peak:
    """Runs one stage on the one source. A failing stage ends the program with what it said."""
    began, used = time.monotonic(), _cpu_s()
    with (folder / f"{stage}.log").open("w+", encoding="utf-8") as log:
        program = subprocess.Popen(
            [sys.executable, "-m", f"stages.{stage}", *STAGES[stage]],
            cwd=folder,
            stderr=log,
        )
        largest = total = 0
        process = psutil.Process(program.pid)
        while program.poll() is None:
            held = [_resident(each) for each in [process, *_children(process)]]
            largest, total = max(largest, *held), max(total, sum(held))
            time.sleep(POLL_S)
        seconds = time.monotonic() - began
        log.seek(0)
        if program.returncode:
            sys.exit(f"stages.{stage} failed:\n{log.read()}")
    return Peak(seconds, _cpu_s() - used, largest / 1e6, total / 1e6)


def _cpu_s() -> float:
    """Of all programs that have run, and of their processes."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:  # it has just ended
        return 0


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def digest(folder: Path) -> str:
    """Of every Parquet file below the folder, with its name."""
    hashed = hashlib.sha256()
    for file in sorted(folder.rglob("*.parquet")):
        hashed.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return hashed.hexdigest()


def main() -> None:
    began = time.monotonic()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start", flush=True)
    texts = dialogs()
    done: dict[tuple[int, int, str], Peak] = {}
    digests: dict[tuple[int, int], str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        # Two workers first: of the largest size, their run is the one that should not be left out.
        for size in SIZES:
            for workers in reversed(WORKERS):
                folder = Path(scratch) / f"{size}-{workers}"
                workspace(folder, lines_of(texts, size), workers)
                for stage in STAGES:
                    smaller = done.get((size // 10, workers, stage))
                    expected = 11 * smaller.seconds if smaller else 0
                    if size > SIZES[0] and time.monotonic() - began + expected > CAP_S:
                        print(
                            f"{size} rows, {workers} at work, {stage}: left out, some "
                            f"{expected:.0f} s more would be over {CAP_S} s in all",
                            flush=True,
                        )
                        break  # what follows reads what it would have written
                    peak = done[size, workers, stage] = run_stage(stage, folder)
                    print(
                        f"{size} rows, {workers} at work, {stage}: {peak.seconds:.1f} s", flush=True
                    )
                digests[size, workers] = digest(folder / "data")
    print_table(done)
    for size in SIZES:
        if all((size, workers, stage) in done for workers in WORKERS for stage in STAGES):
            of_size = [digests[size, workers] for workers in WORKERS]
            same = "the same bytes" if len(set(of_size)) == 1 else "DIFFERENT BYTES"
            print(f"{size} rows: {same} from 1 and 2 workers")
            if same == "DIFFERENT BYTES":
                sys.exit(1)
    print(f"{time.monotonic() - began:.0f} s in all")


def print_table(done: dict[tuple[int, int, str], Peak]) -> None:
    print(f"\n{'rows':>9} {'workers':>7} {'stage':>7} {'rows/s':>8} {'seconds':>8} {'CPU s':>6} "
          f"{'RSS MB':>7} {'all MB':>7} {'of linear':>9}")  # fmt: skip
    for size, workers, stage in sorted(done, key=lambda key: (key[2], key[1], key[0])):
        peak = done[size, workers, stage]
        first = done[SIZES[0], workers, stage]
        of_linear = peak.seconds / size / (first.seconds / SIZES[0])
        print(f"{size:>9} {workers:>7} {stage:>7} {size / peak.seconds:>8.0f} "
              f"{peak.seconds:>8.1f} {peak.cpu_s:>6.1f} {peak.largest_mb:>7.0f} "
              f"{peak.sum_mb:>7.0f} {of_linear:>9.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
