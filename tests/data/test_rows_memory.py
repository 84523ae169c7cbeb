"""Ten times the rows take no more memory: stages hold batches, not tables."""

import json
import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.rows import dialogs, lines_of, run_stage, workspace
from tests.micro import ROOT

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


def test_memory_does_not_grow_with_a_text_that_is_written_once_and_stands_in_every_row(tmp_path):
    """300 rows of 60 MB and more, in a file of 6 kB."""
    file = tmp_path / "chat.parquet"
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 300), pa.array(["가" * 23_000_000]))
    table = pa.table({"question": once, "answer": ["네"] * 300})
    pq.write_table(
        table, file, compression="zstd", store_schema=False, dictionary_pagesize_limit=2**31 - 1
    )
    assert file.stat().st_size < 10_000
    code = """
    import sys
    from pathlib import Path
    from stages.reading.records import raw_batches, records

    columns = ["question", "answer"]
    batches = raw_batches(Path(sys.argv[1]), "parquet", columns)
    found = {str(record.content) for batch in batches for record in records(batch, "parquet", [])}
    # Not ru_maxrss, in which the process that started this one may count.
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(found, int(peak.split()[1]) // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(file)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    found, peak_mb = done.stdout.rsplit(maxsplit=1)
    assert found == "{'line_too_long'}"
    print(f"peak RSS {peak_mb} MB")
    assert int(peak_mb) < 1000
