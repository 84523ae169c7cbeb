"""What a run that failed has removed comes back, also to whoever may not see the unmasked text."""

import shutil
from pathlib import Path

import pytest

from tests.remotes.small import Small

DVC_YAML = """
stages:
  ingest:
    cmd: cp raw.txt ingested.txt && echo 1 > metrics/ingest.json
    deps: [raw.txt]
    outs:
      - ingested.txt: {remote: personal}
      - metrics/ingest.json: {cache: false}
  scrub:
    cmd: tr a-z x < ingested.txt > scrubbed.txt && echo ${scrub} > metrics/scrub.json
    deps: [ingested.txt]
    params: [scrub]
    outs:
      - scrubbed.txt
      - metrics/scrub.json: {cache: false}
  gate:
    cmd: cat scrubbed.txt metrics/*.json > gate.txt
    deps: [scrubbed.txt, metrics/ingest.json, metrics/scrub.json]
    params: [gate]
    outs: [gate.txt]
"""


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A colleague has pulled what all share, and not the raw file, which is kept elsewhere."""
    tmp_path = tmp_path_factory.mktemp("removed")
    owner = Small(tmp_path / "owner")
    (owner.folder / "metrics").mkdir(parents=True)
    (owner.folder / "dvc.yaml").write_text(DVC_YAML)
    (owner.folder / "params.yaml").write_text("scrub: 1\ngate: 1\n")
    (owner.folder / ".gitignore").write_text("/raw.txt\n")
    (owner.folder / "raw.txt").write_text("a synthetic name\n")
    owner.run("git", "init", "--quiet", "--initial-branch", "main")
    owner.run("dvc", "init", "--quiet")
    owner.run("dvc", "remote", "add", "personal", "personal")
    owner.command("remote", "--url", str(tmp_path / "bucket"))
    owner.run("dvc", "repro", "--quiet")
    owner.run("git", "add", "--all")
    owner.run("git", "commit", "--quiet", "--message", "Made")
    owner.run("dvc", "push", "--remote", "storage")
    found = owner.clone(tmp_path / "colleague")
    found.command("pull")
    return found


@pytest.fixture
def colleague(pulled: Small, tmp_path: Path) -> Small:
    return Small(shutil.copytree(pulled.folder, tmp_path / "colleague"))


def fails(project: Small, *flags: str) -> None:
    assert "failed to reproduce" in project.run("dvc", "repro", *flags, check=False)


def test_metrics_come_back_from_git(colleague: Small) -> None:
    for command in ("repro", "pull"):
        fails(colleague)
        assert not (colleague.folder / "metrics/ingest.json").exists()
        said = colleague.command(command)
        assert "1 outputs that were gone are back as recorded: metrics/ingest.json" in said
        assert not colleague.run("git", "status", "--short")


@pytest.mark.parametrize("cached", [True, False])
def test_data_come_back_from_the_cache_or_the_remote(colleague: Small, cached: bool) -> None:
    params = colleague.folder / "params.yaml"
    params.write_text("scrub: 2\ngate: 1\n")
    fails(colleague, "--allow-missing")
    assert not (colleague.folder / "scrubbed.txt").exists()
    if not cached:
        shutil.rmtree(colleague.folder / ".dvc/cache")
    params.write_text("scrub: 1\ngate: 2\n")
    said = colleague.command("repro")
    assert "gone are back as recorded: metrics/scrub.json, scrubbed.txt" in said
    assert "Running stage 'gate'" in said and "Running stage 'scrub'" not in said
    assert (colleague.folder / "scrubbed.txt").is_file()
    assert colleague.run("git", "status", "--short").split() == [
        "M",
        "dvc.lock",
        "M",
        "params.yaml",
    ]


def test_what_cannot_be_had_is_named(colleague: Small) -> None:
    """A run whose metrics were not committed."""
    fails(colleague)
    lock = colleague.folder / "dvc.lock"
    metric = colleague.folder / "metrics/ingest.json"
    metric.write_text("2\n")
    colleague.run("git", "commit", "--quiet", "--all", "--message", "Other metrics")
    metric.unlink()
    before = lock.read_text()
    said = colleague.command("pull")
    assert "metrics/ingest.json: gone, and neither in the cache" in said
    assert not metric.exists() and lock.read_text() == before


def test_a_clone_that_has_pulled_nothing_makes_all_of_it(colleague: Small, tmp_path: Path) -> None:
    fresh = colleague.clone(tmp_path / "fresh")
    (fresh.folder / "raw.txt").write_text("a synthetic name\n")
    said = fresh.command("repro")
    assert all(f"Running stage '{name}'" in said for name in ("ingest", "scrub", "gate"))
