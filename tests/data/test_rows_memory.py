"""Ten times the rows take no more memory: stages hold batches, not tables."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.rows import dialogs, lines_of, run_stage, workspace

ROWS = 20_000
BAD = json.dumps({"dialog": "아님"}) + "\n"
TEXTS = [["질문이 조금 길어도 됩니다. " * 2, "답도 그만큼 길게 합니다. " * 2], *dialogs()]


def mostly_good(rows: int) -> Iterator[str]:
    """A twentieth of the rows are refused, so that quarantine, too, grows with them."""
    for index, line in enumerate(lines_of(TEXTS, rows)):
        yield BAD if index % 20 == 0 else line


def all_bad(rows: int) -> Iterator[str]:
    return (BAD for _ in range(rows))


LONG = pytest.mark.soak  # half a minute and more


@pytest.mark.pipeline
@pytest.mark.parametrize(
    ("lines", "stages", "workers"),
    [
        (all_bad, ("ingest",), 1),
        pytest.param(all_bad, ("ingest",), 2, marks=LONG),
        pytest.param(mostly_good, ("ingest", "scrub"), 1, marks=LONG),
        pytest.param(mostly_good, ("ingest", "scrub"), 2, marks=LONG),
    ],
)
def test_memory_does_not_grow_with_the_rows(tmp_path, workers, lines, stages):
    """Of each process: the stage's own, and its workers'. Without tags the morphological analyser
    stays out, whose 500 MB would hide much."""
    peaks = {}
    for rows in (ROWS, 10 * ROWS):
        folder = workspace(tmp_path / str(rows), lines(rows), workers, style_tags=[])
        peaks[rows] = {stage: run_stage(stage, folder).largest_mb for stage in stages}
    print(f"peak RSS in MB with {workers} workers: {peaks}")
    for stage, before in peaks[ROWS].items():
        assert peaks[10 * ROWS][stage] <= 1.2 * before, (stage, peaks)


def chats_beside_pages(path: Path, page_chars: int) -> None:
    """A thousand chats, each beside a page that no source asks for: random, then repeated."""
    rng = random.Random(0)
    pages = [f"{rng.getrandbits(40_000):x}" for _ in range(1_000)]
    dialog = [[f"질문 {index}", f"답 {index}"] for index in range(1_000)]
    wide = pa.array([(page * (page_chars // len(page) + 1))[:page_chars] for page in pages])
    pq.write_table(pa.table({"dialog": dialog, "page": wide}), path, compression="zstd")


@pytest.mark.pipeline
def test_memory_does_not_grow_with_a_column_that_is_not_asked_for(tmp_path):
    """300 MB of it, in a file of 6 MB."""
    peaks = {}
    for page_chars in (10, 300_000):
        asked = {"format": "parquet", "path": "chat.parquet", "style_tags": []}
        folder = workspace(tmp_path / str(page_chars), iter(()), 1, **asked)
        chats_beside_pages(folder / "chat.parquet", page_chars)
        peaks[page_chars] = run_stage("ingest", folder).largest_mb
    print(f"peak RSS in MB by the characters of a page: {peaks}")
    assert peaks[300_000] <= 1.2 * peaks[10]
