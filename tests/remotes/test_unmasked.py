"""Text that is not masked goes to no remote that all share, and a colleague works without it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stages.formats.tables import read_table, row_texts
from tests.micro import OWN_CHAT, Project

pytestmark = pytest.mark.pipeline
UNMASKED = {"data/ingested", "data/quarantine", OWN_CHAT}


@pytest.fixture
def stores(project: Project, tmp_path: Path) -> Project:
    """A project with a raw file of its own under DVC, and a remote that all share."""
    project.run("python", "-m", "stages.commands.add", OWN_CHAT)
    project.run("dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    project.commit("Name the remote")
    return project


def clone(project: Project, folder: Path) -> Project:
    project.run("git", "clone", "--quiet", ".", str(folder))
    return Project(folder)


def holds_files(path: Path) -> bool:
    return path.is_file() or any(inner.is_file() for inner in path.rglob("*"))


def hashes_in(store: Path) -> set[str]:
    """Of the objects in it."""
    return {f"{f.parent.name}{f.name}" for f in store.rglob("*") if f.is_file()}


def unmasked_hashes(project: Project) -> set[str]:
    """Of the outputs that hold unmasked text, and of each file in them."""
    cache = hashes_in(project.folder / ".dvc/cache/files/md5")
    recorded = {
        out["md5"]
        for stage in project.lock().values()
        for out in stage["outs"]
        if out["path"].startswith(tuple(UNMASKED))
    }
    found = recorded & cache
    assert found
    return found


def test_nothing_unmasked_is_pushed(stores: Project, tmp_path: Path) -> None:
    stores.run("python", "-m", "stages.commands.push")
    sent = hashes_in(tmp_path / "store")
    assert len(sent) > 20 and not sent & unmasked_hashes(stores)
    raw = {row["raw"] for row in _texts(stores.folder / "data/ingested")}
    masked = {row["raw"] for row in _texts(stores.folder / "data/scrubbed")}
    told = raw - masked  # rows that hold a value
    assert told
    for file in (tmp_path / "store").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            if content[:4] == b"PAR1":
                content = str(pq.read_table(file).to_pylist()).encode()
            assert not [text for text in told if text.encode() in content], file


def _texts(tables: Path) -> list[dict[str, str]]:
    return [
        {"raw": text}
        for folder in tables.iterdir()
        for row in read_table(folder)
        for text in row_texts(row)
    ]


@pytest.mark.soak
def test_a_colleague_without_the_unmasked_text_works(stores: Project, tmp_path: Path) -> None:
    stores.run("python", "-m", "stages.commands.push")
    colleague = clone(stores, tmp_path / "colleague")
    said = colleague.run("python", "-m", "stages.commands.pull")
    assert "data/ingested" in said and "only on the remote `personal`" in said
    assert not [path for path in UNMASKED if holds_files(colleague.folder / path)]
    assert "Running stage" not in colleague.run("python", "-m", "stages.commands.repro")
    assert colleague.lock_text() == stores.lock_text()

    def stricter(params) -> None:
        params["gate"]["rules"]["quarantined_share"]["at_most"] = 0.2

    for project in (stores, colleague):
        project.edit_params(stricter)
        said = project.run("python", "-m", "stages.commands.repro")
        assert "Running stage 'gate'" in said and "Running stage 'ingest" not in said
    assert colleague.lock_text() == stores.lock_text()

    colleague.edit_params(lambda params: params["scrub"].update(optional=["NAME"]))
    said = colleague.run("python", "-m", "stages.commands.repro", check=False)
    assert "ERROR scrub@" in said and "Nothing was run" in said
    assert holds_files(colleague.folder / "data/scrubbed")


@pytest.mark.soak
def test_who_may_see_it_shares_it(stores: Project, tmp_path: Path) -> None:
    place = ("dvc", "remote", "modify", "--local", "personal", "url", str(tmp_path / "personal"))
    stores.run(*place)
    stores.run("python", "-m", "stages.commands.push")
    assert unmasked_hashes(stores) <= hashes_in(tmp_path / "personal")
    assert not unmasked_hashes(stores) & hashes_in(tmp_path / "store")
    colleague = clone(stores, tmp_path / "colleague")
    colleague.run(*place)
    assert "unmasked" not in colleague.run("python", "-m", "stages.commands.pull")
    assert all(holds_files(colleague.folder / path) for path in UNMASKED)
    assert "Running stage" not in colleague.run("python", "-m", "stages.commands.repro")


@pytest.mark.soak
def test_what_a_remote_lost_is_missed(stores: Project, tmp_path: Path) -> None:
    stores.run("python", "-m", "stages.commands.push")
    md5 = next(o["md5"] for o in stores.lock()["curate"]["outs"] if o["path"] == "data/curated")
    (tmp_path / "store/files/md5" / md5[:2] / md5[2:]).unlink()
    colleague = clone(stores, tmp_path / "colleague")
    said = colleague.run("python", "-m", "stages.commands.pull", check=False)
    assert "ERROR data/curated: did not come." in said and "make verify-remote" in said


@pytest.mark.soak
@pytest.mark.parametrize("check", [("--check",), ()])
def test_a_stage_of_ones_own_that_reads_unmasked_text_is_not_sent(
    stores: Project, tmp_path: Path, check
) -> None:
    stores.edit_text(
        "dvc.yaml",
        "stages:\n",
        "stages:\n  own:\n    cmd: cp -r data/ingested/chat data/own\n"
        "    deps: [data/ingested/chat]\n    outs: [data/own]\n",
    )
    stores.run("dvc", "repro", "own")
    said = stores.run("python", "-m", "stages.commands.push", *check, check=False)
    assert said.startswith("ERROR data/own: holds text that is not masked")
    assert not hashes_in(tmp_path / "store")


OWN = "stages:\n  own:\n    cmd: {cmd}\n    deps: [{dep}]\n    outs: [{out}]\n"


@pytest.mark.soak
@pytest.mark.parametrize(
    ("cmd", "dep", "out"),
    [
        (f"cp {OWN_CHAT} models/own", OWN_CHAT, "models/own"),
        ("mkdir -p data/raw/web && date > data/raw/web/page", "params.yaml", "data/raw/web/page"),
        ("cp -r data/ingested/chat data/own", "data/ingested/chat", "data/own: {cache: false}"),
    ],
)
def test_no_way_round(stores: Project, cmd: str, dep: str, out: str) -> None:
    """Raw files that DVC does not version, raw files of a stage, and what is not in the cache."""
    reads = "  more:\n    cmd: cp -r data/own models/more\n    deps: [data/own]\n    outs: [models/more]\n"
    text = OWN.format(cmd=cmd, dep=dep, out="\n      - " + out if "{" in out else out)
    text = text.replace(f"outs: [\n      - {out}]", f"outs:\n      - {out}")
    stores.edit_text("dvc.yaml", "stages:\n", text + (reads if "{" in out else ""))
    said = stores.run("python", "-m", "stages.commands.push", "--check", check=False)
    assert "ERROR" in said and "holds text that is not masked" in said, said


@pytest.mark.soak
def test_one_place_for_both_is_refused(stores: Project, tmp_path: Path) -> None:
    for place in (tmp_path / "store", tmp_path / "store/personal", tmp_path):
        stores.run("dvc", "remote", "modify", "--local", "personal", "url", str(place))
        said = stores.run("python", "-m", "stages.commands.push", "--check", check=False)
        assert "ERROR the remote personal: lies where store does" in said


@pytest.mark.soak
def test_a_raw_file_that_dvc_added_is_not_sent(stores: Project, tmp_path: Path) -> None:
    (stores.folder / "data/raw/own/more.jsonl").write_text('{"a": "b"}\n')
    stores.run("dvc", "add", "data/raw/own/more.jsonl")
    said = stores.run("python", "-m", "stages.commands.push", check=False)
    assert said.startswith("ERROR data/raw/own/more.jsonl: holds text that is not masked")
    stores.run("python", "-m", "stages.commands.add", "data/raw/own/more.jsonl")
    stores.run("python", "-m", "stages.commands.push", "--check")


@pytest.mark.soak
def test_a_planted_value_that_stays_is_not_sent(stores: Project, tmp_path: Path) -> None:
    stores.edit_text("stages/remotes/planted.py", "v.value in said", "v.value[-2:] in said")
    said = stores.run("python", "-m", "stages.commands.push", check=False)
    assert "holds personal values that were planted in the sample" in said
    assert not hashes_in(tmp_path / "store")
