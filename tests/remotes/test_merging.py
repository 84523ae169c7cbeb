"""A merge of two branches with results: nothing that one side trained is trained again."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.remotes.merging import merged_lock
from tests.remotes.small import Small

DVC_YAML = """
stages:
  scrub:
    cmd: echo scrubbed by ${scrub} > scrubbed.txt
    params: [scrub]
    outs: [scrubbed.txt]
  train:
    cmd: cat scrubbed.txt > adapter.txt && echo trained by ${train} >> adapter.txt && echo '{"loss":${train}}' > metrics/train.json
    deps: [scrubbed.txt]
    params: [train]
    outs:
      - adapter.txt
      - metrics/train.json: {cache: false}
  answer:
    cmd: cat adapter.txt > answers.txt && echo ${answer} >> answers.txt
    deps: [adapter.txt]
    params: [answer]
    outs: [answers.txt]
  gate:
    cmd: cat answers.txt metrics/train.json > gate.txt && echo '{"least":${gate}}' > metrics/gate.json
    deps: [answers.txt, metrics/train.json]
    params: [gate]
    outs:
      - gate.txt
      - metrics/gate.json: {cache: false}
"""
ATTRIBUTES = "dvc.lock -merge\nmetrics/** -merge\n"
PARAMS = {"scrub": 1, "train": 1, "answer": 1, "gate": 1}


def entry(md5: str) -> dict:
    return {"outs": [{"path": "a", "md5": md5}]}


def lock(*datasets: dict, **stages: dict) -> dict:
    found = {"schema": "2.0", "stages": stages, "datasets": list(datasets)}
    return {key: value for key, value in found.items() if value}


def test_each_entry_comes_whole_from_the_side_that_changed_it():
    base = {"scrub": entry("0"), "train": entry("0"), "gate": entry("0"), "old": entry("0")}
    ours = base | {"gate": entry("ours"), "new": entry("ours")}
    theirs = base | {"train": entry("theirs"), "gate": entry("theirs")}
    del theirs["old"]
    sides = [lock(**side) for side in (base, ours, theirs)]
    assert merged_lock(*sides) == lock(
        scrub=entry("0"),
        train=entry("theirs"),
        gate=entry("theirs"),  # of the side that trained
        new=entry("ours"),
    )
    assert merged_lock(sides[0], sides[2], sides[1]) == merged_lock(*sides)


def test_data_sets_of_dvc_lock_are_kept():
    sides = [
        lock({"name": "a", "rev": base_a}, *more)
        for base_a, more in (("0", ()), ("ours", ({"name": "b"},)), ("0", ({"name": "c"},)))
    ]
    merged = merged_lock(*sides)
    assert merged == lock({"name": "a", "rev": "ours"}, {"name": "b"}, {"name": "c"})


LOCK = """schema: '2.0'
stages:
  gate:
    cmd: true
    outs:
    - path: metrics/plots
      md5: {gate}.dir
  train:
    cmd: true
    outs:
    - path: metrics/train.json
      md5: {train}
datasets:
- name: corpus
  type: url
"""


def conflict(folder: Path, base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]):
    """A merge of two branches that stopped; each side has the files that are named and no others."""
    folder.mkdir()
    made = Small(folder)
    made.run("git", "init", "--quiet", "--initial-branch", "main")
    for branch, files in (("main", base), ("theirs", theirs), ("ours", ours)):
        made.run("git", "checkout", "--quiet", "-B", branch, "main", check=branch != "main")
        for path in filter(Path.is_file, (folder / "metrics").rglob("*")):
            path.unlink()
        for name, text in ({".gitattributes": ATTRIBUTES} | files).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        made.run("git", "add", "--all")
        made.run("git", "commit", "--quiet", "--message", branch)
    assert "CONFLICT" in made.run("git", "merge", "theirs", check=False)
    return made


def test_a_folder_is_that_of_one_side(tmp_path: Path) -> None:
    plots = "metrics/plots"
    made = conflict(
        tmp_path / "a",
        {"dvc.lock": LOCK.format(gate=0, train=0), f"{plots}/a.csv": "0"},
        {"dvc.lock": LOCK.format(gate=1, train=0), f"{plots}/a.csv": "1", f"{plots}/b.csv": "1"},
        {"dvc.lock": LOCK.format(gate=2, train=2), f"{plots}/a.csv": "2", f"{plots}/c.csv": "2"},
    )
    assert "dvc.lock and 1 results are resolved" in made.command("resolve")
    found = {file.name: file.read_text() for file in (made.folder / plots).iterdir()}
    assert found == {"a.csv": "2", "c.csv": "2"}  # of the side that trained
    assert "corpus" in (made.folder / "dvc.lock").read_text()
    assert not made.run("git", "diff", "--name-only", "--diff-filter=U")
    made.run("git", "commit", "--quiet", "--message", "Merged")


def test_metrics_alone_follow_the_lock(tmp_path: Path) -> None:
    made = conflict(
        tmp_path / "a",
        {"dvc.lock": LOCK.format(gate=0, train=0), "metrics/train.json": "0"},
        {"dvc.lock": LOCK.format(gate=0, train=0), "metrics/train.json": "by hand"},
        {"dvc.lock": LOCK.format(gate=0, train=2), "metrics/train.json": "2"},
    )
    said = made.command("resolve")
    assert "resolve: 1 results are resolved" in said and "in no conflict" not in said
    assert (made.folder / "metrics/train.json").read_text() == "2"
    assert not made.run("git", "diff", "--name-only", "--diff-filter=U")


def test_other_files_are_left_to_the_user(tmp_path: Path) -> None:
    files = {"dvc.lock": LOCK.format(gate=0, train=0), "metrics/train.json": "0"}
    sides = [files | {"README.md": text} for text in ("0", "ours", "theirs")]
    made = conflict(tmp_path / "a", *sides)
    said = made.command("resolve", check=False)
    assert said.startswith("ERROR README.md: is in conflict, and is neither dvc.lock nor a result")
    assert "git commit" in said


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Small, Small]:
    """Two clones of a bare repository, whose results are on a remote that both have."""
    folder = tmp_path / "first"
    (folder / "metrics").mkdir(parents=True)
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / ".gitattributes").write_text(ATTRIBUTES)
    write_params(folder, PARAMS)
    first = Small(folder)
    first.run("git", "init", "--quiet", "--initial-branch", "main")
    first.run("dvc", "init", "--quiet")
    first.command("remote", "--url", str(tmp_path / "bucket"))
    first.run("dvc", "repro", "--quiet")
    first.run("git", "add", "--all")
    first.run("git", "commit", "--quiet", "--message", "Made")
    first.run("git", "clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    first.run("git", "remote", "add", "origin", str(tmp_path / "bare.git"))
    first.run("dvc", "push")
    second = Small(tmp_path / "second")
    first.run("git", "clone", "--quiet", str(tmp_path / "bare.git"), str(second.folder))
    second.run("dvc", "pull")
    return first, second


def write_params(folder: Path, values: dict[str, int]) -> None:
    YAML().dump(values, folder / "params.yaml")


def works(clone: Small, branch: str, **changes: int) -> None:
    clone.run("git", "checkout", "--quiet", "-b", branch)
    write_params(clone.folder, PARAMS | changes)
    clone.run("dvc", "repro", "--quiet")
    clone.run("git", "commit", "--quiet", "--all", "--message", branch)
    clone.run("dvc", "push")
    clone.run("git", "push", "--quiet", "origin", branch)


@pytest.mark.soak
@pytest.mark.parametrize("who_merges", ["who trained", "the other one"])
@pytest.mark.parametrize(
    ("first_changes", "second_changes", "again"),
    [
        ({"train": 2}, {"gate": 2}, {"gate"}),
        ({"train": 2}, {"answer": 2}, {"answer", "gate"}),
        ({"scrub": 2}, {"gate": 2}, {"gate"}),
    ],
)
def test_nothing_is_trained_again(clones, who_merges, first_changes, second_changes, again):
    works(clones[0], "one", **first_changes)
    works(clones[1], "two", **second_changes)
    clone, other = (clones[0], "two") if who_merges == "who trained" else (clones[1], "one")
    clone.run("git", "fetch", "--quiet")
    said = clone.run("git", "merge", f"origin/{other}", check=False)
    assert "CONFLICT" in said and "dvc.lock" in said
    write_params(clone.folder, PARAMS | first_changes | second_changes)
    clone.run("git", "add", "params.yaml")
    said = clone.command("resolve")
    assert "dvc.lock and" in said and "By hand" not in said
    clone.run("dvc", "pull")
    said = clone.run("dvc", "repro")
    assert {line.split("'")[1] for line in said.splitlines() if "Running stage" in line} == again
    clone.run("git", "add", "dvc.lock", "metrics")
    clone.run("git", "commit", "--quiet", "--message", "Merged")
    assert "up to date" in clone.run("dvc", "status")
    assert not clone.run("git", "status", "--short")


@pytest.mark.soak
@pytest.mark.parametrize("how", ["rebase", "cherry-pick"])
def test_a_commit_that_is_put_on_another_keeps_its_results(clones, how):
    works(clones[0], "one", gate=2)
    works(clones[1], "two", train=2)
    clone, other = (clones[1], "one") if how == "rebase" else (clones[0], "two")
    clone.run("git", "fetch", "--quiet")
    assert "CONFLICT" in clone.run("git", how, f"origin/{other}", check=False)
    write_params(clone.folder, PARAMS | {"train": 2, "gate": 2})
    clone.run("git", "add", "params.yaml")
    assert f"git {how} --continue" in clone.command("resolve")
    clone.run("dvc", "pull")
    said = clone.run("dvc", "repro")
    assert "Running stage 'gate'" in said and "Running stage 'train'" not in said
    clone.run("git", "add", "dvc.lock", "metrics")
    clone.run("git", "-c", "core.editor=true", how, "--continue")
    assert "up to date" in clone.run("dvc", "status")


def test_without_a_conflict_there_is_nothing_to_resolve(clones):
    said = clones[0].command("resolve", check=False)
    assert said.startswith("ERROR dvc.lock: is in no conflict.")
