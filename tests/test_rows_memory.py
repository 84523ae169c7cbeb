"""Ten times the rows take no more memory: stages hold batches, not tables."""

import json

import pytest

from benchmarks.rows import dialogs, lines_of, run_stage, workspace

ROWS = 20_000


@pytest.mark.pipeline
@pytest.mark.parametrize("workers", [1, 2])
def test_memory_does_not_grow_with_the_rows(tmp_path, workers):
    """Of each process: the stage's own, and its workers'. A twentieth of the rows are refused, so
    that quarantine, too, grows tenfold. Without tags the morphological analyser stays out, whose
    500 MB would hide much."""
    texts = [["질문이 조금 길어도 됩니다. " * 2, "답도 그만큼 길게 합니다. " * 2], *dialogs()]
    peaks = {}
    for rows in (ROWS, 10 * ROWS):
        lines = (
            json.dumps({"dialog": "아님"}) + "\n" if index % 20 == 0 else line
            for index, line in enumerate(lines_of(texts, rows))
        )
        folder = workspace(tmp_path / str(rows), lines, workers, style_tags=[])
        peaks[rows] = {stage: run_stage(stage, folder).largest_mb for stage in ("ingest", "scrub")}
    print(f"peak RSS in MB with {workers} workers: {peaks}")
    for stage, before in peaks[ROWS].items():
        assert peaks[10 * ROWS][stage] <= 1.2 * before, (stage, peaks)
