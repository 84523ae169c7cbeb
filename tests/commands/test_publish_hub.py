"""`make publish` (S4-10) to a hub of the tests: what passed the gate, whole, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.formats.json_files import read_json
from stages.release.locked import LOCKS, locked, sbom
from tests.micro import BIN, ROOT, edit_yaml, environment_for
from tests.upload_stand_in import TOKEN, Repository, Uploads, taking_uploads
from tests.workspace import lay_out

REPO = "my-company/korean"
PIPELINE = """
stages:
  made:
    foreach: [adapter, merged-bf16, mxfp4]
    do:
      cmd: mkdir -p models && cp -r made/${item} models/${item}
      deps: ['made/${item}']
      outs: ['models/${item}']
  gate:
    cmd: mkdir -p metrics && cp verdict.json metrics/gate.json
    deps: [models/adapter, models/merged-bf16, models/mxfp4, verdict.json]
    params: [gate]
    outs:
      - metrics/gate.json: {cache: false}
  card:
    matrix: {variant: [adapter, merged-bf16, mxfp4]}
    cmd: mkdir -p metrics/cards && sed 's/VARIANT/${item.variant}/' card.md > metrics/cards/${item.variant}.md
    deps: [card.md, metrics/gate.json]
    outs:
      - metrics/cards/${item.variant}.md: {cache: false}
"""
CARD = """---
license: other
---
name = "models/VARIANT"
git checkout <commit>
"""
RULE = {"figure": "x.y", "against": None, "at_least": 1.0, "low": None, "high": None, "why": None}


def verdict(result: str) -> str:
    rules = {"gain": {**RULE, "result": result, "value": 0.5}}
    return json.dumps({"verdict": result, "passed": result == "pass", "rules": rules})


def dvc_and_git(folder: Path) -> None:
    """Runs what is to run, and commits what came of it."""
    for command in (
        [BIN / "dvc", "repro", "--quiet"],
        ["git", "add", "--all"],
        ["git", "commit", "--quiet", "--message", "Run"],
    ):
        subprocess.run(command, cwd=folder, env=environment_for({}), check=True)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    for variant in ("adapter", "merged-bf16", "mxfp4"):
        model = folder / "made" / variant
        model.mkdir(parents=True)
        (model / "config.json").write_text(json.dumps({"variant": variant}))
        (model / "model.safetensors").write_bytes(os.urandom(100_000))
    adapter = {"r": 8, "base_model_name_or_path": "models/base", "revision": None}
    (folder / "made/adapter/adapter_config.json").write_text(json.dumps(adapter))
    (folder / "card.md").write_text(CARD)
    (folder / "verdict.json").write_text(verdict("pass"))
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / ".gitignore").write_text("/models/\n")
    lay_out(folder, *map(str, LOCKS))
    for command in (["git", "init", "--quiet"], [BIN / "dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=folder, env=environment_for({}), check=True)
    dvc_and_git(folder)
    return folder


@pytest.fixture
def here(ran: Path, tmp_path: Path) -> Path:
    shutil.copytree(ran, tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def hub() -> Iterator[Uploads]:
    with taking_uploads() as uploads:
        yield uploads


def publish(
    folder: Path, hub: Uploads, variant: str = "mxfp4", *flags: str, **environment: str
) -> str:
    """What it says, without a word of the token."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "stages.commands.publish",
            "--variant",
            variant,
            "--repo",
            REPO,
            *flags,
        ],
        cwd=folder,
        env=environment_for(
            {"PYTHONPATH": str(ROOT), "HF_HOME": str(folder / "no-login"), "HF_TOKEN": TOKEN}
            | hub.environment
            | environment
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert TOKEN not in said and "Traceback" not in said
    assert (done.returncode == 0) == ("ERROR" not in said), said
    return said


def head_of(folder: Path) -> str:
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_folder_and_its_card_are_one_commit(here, hub) -> None:
    said = publish(here, hub)
    commit = head_of(here)
    repository = hub.repositories[REPO]
    assert repository.private
    assert [message for _, message, _ in repository.commits] == [
        "initial commit",
        f"malssi mxfp4 of {commit}",
    ]
    model = here / "models/mxfp4"
    assert repository.files == {
        ".gitattributes": b"*.safetensors",
        "README.md": f'---\nlicense: other\n---\nname = "{REPO}"\ngit checkout {commit}\n'.encode(),
        "config.json": (model / "config.json").read_bytes(),
        "model.safetensors": (model / "model.safetensors").read_bytes(),
        "sbom.cdx.json": sbom(commit, list(locked([ROOT / lock for lock in LOCKS]))),
    }
    assert repository.large == {"model.safetensors"}
    assert f"{hub.url}/{REPO}/commit/{repository.commits[-1][0]}" in said


def test_only_what_was_hashed_goes_out(here, hub) -> None:
    """What an editor leaves in the folder is no part of what the gate has judged."""
    folder = here / "models/mxfp4"
    for name in ("notes.txt~", ".ipynb_checkpoints/a.txt", "config.json.orig", "x.partial/y"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("secret")
    publish(here, hub)
    sent = set(hub.repositories[REPO].files)
    assert sent == {
        *(".gitattributes", "README.md", "sbom.cdx.json"),
        *("config.json", "model.safetensors"),
    }


def test_a_second_version_replaces_all_of_the_first(here, hub) -> None:
    hub.repositories[REPO] = Repository(private=True)
    hub.repositories[REPO].commit(
        "old", {".gitattributes": b"", "README.md": b"old", "model-00001-of-2.safetensors": b"old"}
    )
    publish(here, hub)
    assert sorted(hub.repositories[REPO].files) == [
        ".gitattributes",
        "README.md",
        "config.json",
        "model.safetensors",
        "sbom.cdx.json",
    ]
    assert len(hub.repositories[REPO].commits) == 2


def test_public_only_where_it_is_asked_for(here, hub) -> None:
    publish(here, hub, "mxfp4", "--public")
    assert not hub.repositories[REPO].private
    assert "is there already, and public" in publish(here, hub)
    assert len(hub.repositories[REPO].commits) == 2


@pytest.mark.parametrize("source", ["hub", "tiny"])
def test_an_adapter_names_its_base_as_the_hub_does(here, hub, source) -> None:
    """On this disk it names a folder, which nobody else has."""
    edit_yaml(here / "params.yaml", lambda params: params["base"].update(source=source))
    dvc_and_git_of_params(here)
    said = publish(here, hub, "adapter")
    found = json.loads(hub.repositories[REPO].files["adapter_config.json"])
    base = read_yaml_base(here)
    if source == "hub":
        assert (found["base_model_name_or_path"], found["revision"]) == (
            base["repo"],
            base["revision"],
        )
        assert found["r"] == 8
    else:
        assert found == read_json(here / "models/adapter/adapter_config.json")
        assert "the base of this adapter is on no hub" in said


def dvc_and_git_of_params(folder: Path) -> None:
    command = ["git", "commit", "--quiet", "--all", "--allow-empty", "--message", "Params"]
    subprocess.run(command, cwd=folder, env=environment_for({}), check=True)


def read_yaml_base(folder: Path) -> dict[str, str]:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(folder / "params.yaml")["base"]["hub"]


@pytest.mark.parametrize("result", ["fail", "undecided"])
def test_what_did_not_pass_stays_here(here, hub, result) -> None:
    (here / "verdict.json").write_text(verdict(result))
    dvc_and_git(here)
    said = publish(here, hub)
    assert f"verdict: {result}" in said and "gain: x.y: 0.5, at least 1" in said
    assert hub.asked == []


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("models/mxfp4/config.json", "models/mxfp4: is not what made@mxfp4 made"),
        ("metrics/cards/mxfp4.md", "metrics/cards/mxfp4.md: is not what card@mxfp4 made"),
        ("metrics/gate.json", "metrics/gate.json: is not what gate made"),
        ("card.md", "card.md: is not what card@mxfp4 read"),
        (".gitignore", "is not what lies here"),
    ],
)
def test_what_was_not_judged_stays_here(here, hub, path, what) -> None:
    with (here / path).open("a") as file:
        file.write(" ")
    assert what in publish(here, hub)
    assert hub.asked == []


def test_a_model_that_is_not_here(here, hub) -> None:
    shutil.rmtree(here / "models/mxfp4")
    assert "models/mxfp4: is not there. Run `dvc pull`" in publish(here, hub)


def test_another_variant_may_be_away(here, hub) -> None:
    shutil.rmtree(here / "models/merged-bf16")
    publish(here, hub)
    assert "model.safetensors" in hub.repositories[REPO].files


def test_without_a_token(here, hub) -> None:
    assert "HF_TOKEN: is not set." in publish(here, hub, HF_TOKEN="")
    assert hub.asked == []


def test_a_token_that_may_not(here, hub) -> None:
    hub.refused = {"/api/repos/create": 403}
    assert "Set HF_TOKEN to a token that may write to my-company/korean" in publish(here, hub)
    hub.refused = {}
    said = publish(here, hub, HF_TOKEN="hf_another")
    assert "the hub answers 401. The repository holds nothing new." in said
    assert "hf_another" not in said


@pytest.mark.parametrize(
    "part", ["/preupload/", "/lfs/objects/batch", "/lfs/", "/commit/", "/api/validate-yaml"]
)
def test_an_upload_that_breaks_off_leaves_nothing(here, hub, part) -> None:
    """S4-10: wherever it breaks, the repository holds what it held before."""
    hub.refused = {part: 403}
    assert "answers 403. The repository holds nothing new." in publish(here, hub)
    assert len(hub.repositories[REPO].commits) == 1


def test_a_hub_that_is_away(here, hub) -> None:
    said = publish(here, hub, HF_ENDPOINT="http://127.0.0.1:1")
    assert "cannot be sent (ConnectError)" in said and "HF_ENDPOINT" in said
    assert "cannot be sent (OfflineModeIsEnabled)" in publish(here, hub, HF_HUB_OFFLINE="1")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_what_arrives_is_compared(here, hub, name) -> None:
    hub.spoiled = name
    assert f"does not hold what was sent: {name}." in publish(here, hub)


def test_a_listing_that_fails_is_said_so(here, hub) -> None:
    publish(here, hub)
    hub.refused = {"/tree/": 403}
    assert "answers 403" in publish(here, hub)


def test_a_name_without_an_owner(here, hub) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.commands.publish", "--variant", "mxfp4", "--repo", ""],
        cwd=here, env=environment_for({"PYTHONPATH": str(ROOT)}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "REPO: names no repository. Write REPO=my-company/name." in done.stderr
