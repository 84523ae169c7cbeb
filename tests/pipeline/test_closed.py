"""Each stage reads what dvc.yaml declares and nothing else, and writes its outputs and nothing else."""

import functools
import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from stages.commands.deps import NO_BYTE_PASSES, dependencies, passes_no_byte
from stages.params.whole import Config
from stages.pipeline.hashes import dvc_hash
from tests.micro import ROOT, STAGES, Project, environment_for


def load_yaml(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


def declared() -> dict[str, dict]:
    """The stages of dvc.yaml by their module name, without their foreach or matrix around them."""
    stages = load_yaml(ROOT / "dvc.yaml")["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


@pytest.mark.parametrize("stage", declared())
def test_code_deps_are_what_make_deps_writes(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = [dep for dep in declared()[stage]["deps"] if dep.startswith("stages/")]
    assert [dep for dep in code if not dep.endswith(".md")] == dependencies(stage)


@pytest.mark.parametrize("stage", declared())
def test_the_code_of_a_stage_is_all_that_it_loads(stage: str) -> None:
    """What Python has loaded of this project after importing the stage is among its dependencies,
    or is code that no byte passes through. (What is imported within a function, the next test of
    the whole stage finds: it runs with these files alone.)"""
    loaded = subprocess.run(
        [sys.executable, "-c", f"import stages.{stage}, sys; print(*sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    files = {Path(f"{name.replace('.', '/')}.py") for name in loaded if name.startswith("stages.")}
    files = {file for file in files if (ROOT / file).is_file()}
    deps = [Path(dep) for dep in declared()[stage]["deps"]]
    undeclared = {file for file in files if not any(file.is_relative_to(dep) for dep in deps)}
    assert not {file for file in undeclared if not passes_no_byte(file)}


def test_other_code_deps_are_named_by_their_stage() -> None:
    code = (ROOT / "stages/card.py").read_text(encoding="utf-8")
    assert "stages/release/card.md" in declared()["card"]["deps"]
    assert 'Path("stages/release/card.md")' in code


def test_every_stage_shows_its_numbers() -> None:
    for name, stage in declared().items():
        asked = [f"python -m stages.{name}", "python -m stages.commands.track || true"]
        assert stage["cmd"] == (asked if name != "check" else asked[0])


def sections_of(stage: str) -> set[str]:
    """The sections that a stage reads: the fields of its `Params`."""
    return set(importlib.import_module(f"stages.{stage}").Params.model_fields)


@pytest.mark.parametrize("stage", sorted(set(declared()) - {"check"}))
def test_declared_params_are_the_sections_it_reads(stage: str) -> None:
    params = {param.split(".")[0] for param in declared()[stage].get("params", [])}
    # How it runs is never declared. Curate compares the names of the sources with the folders that
    # it finds; that can stop it, but not change what it writes.
    undeclared = {"runtime"} | ({"sources"} if stage == "curate" else set())
    assert sections_of(stage) - undeclared == params


def leaves(tree: Any, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(tree, dict):
        for key in tree:
            yield from leaves(tree[key], (*path, key))
    else:
        yield path


def at(tree: Any, path: tuple) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def literals(schema: Any) -> set[str]:
    """Every text that some parameter is a choice of."""
    if isinstance(schema, dict):
        found = set(filter(lambda v: isinstance(v, str), schema.get("enum", [])))
        return found.union(*(literals(value) for value in schema.values()))
    return (
        set().union(*(literals(value) for value in schema)) if isinstance(schema, list) else set()
    )


CHOICES = sorted(literals(Config.model_json_schema()))


def others(value: Any) -> Iterator[Any]:
    """Values of the same type, one of which is likely to be valid in the place of `value`."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value + 2, value * 2, value + 32, max(value // 2, 1))
    elif isinstance(value, float):
        yield from (value / 2, value * 1.5, value + 0.01)
    elif isinstance(value, list):
        yield from ([*value, "more"], [*value, *CHOICES[:1]], value[:-1])
        yield from ([*value, choice] for choice in CHOICES)
    elif value is None:
        yield from (1, [0], "other.yaml", "chatml", "ab" * 20)
        yield {"base_url": "http://127.0.0.1:9/v1", "model": "other"}
        yield {"path": "other", "digest": "other", "layer": 1}
    elif isinstance(value, str):
        yield from (f"{value}x", "2023-11-05", "2023-11", "ab" * 20, *CHOICES)


def with_other_values(params: Any, kept: list[str]) -> tuple[Any, list[str]]:
    """The params with every value changed that is not under a key in `kept`, and those left over."""
    stuck = []
    for path in list(leaves(params)):
        dotted = ".".join(path)
        if any(dotted == key or dotted.startswith(f"{key}.") for key in kept):
            continue
        parent, before = at(params, path[:-1]), at(params, path)
        for other in others(before):
            if other == before:
                continue
            parent[path[-1]] = other
            try:
                Config.model_validate(params)
                break
            except ValidationError:
                parent[path[-1]] = before
        else:
            stuck.append(dotted)
    return params, stuck


@functools.cache
def network_is_cut() -> list[str]:
    """The command that runs another without any network, where this machine permits it."""
    command = ["unshare", "--net", "--map-root-user"]
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return command if allowed.returncode == 0 else []


def of_each_stage_one_is_quick() -> Iterator[Any]:
    """Every stage, and of those with items the first; the other items, and what takes longest, are
    for `make soak`."""
    seen = {"train", "compare"}
    for name in STAGES[1:]:  # `check` reads the whole of params.yaml
        stage = name.partition("@")[0]
        yield pytest.param(name, marks=[pytest.mark.soak] * (stage in seen))
        seen.add(stage)


@pytest.mark.pipeline
@pytest.mark.parametrize("name", of_each_stage_one_is_quick())
def test_a_stage_runs_on_what_it_declares(finished: Project, tmp_path: Path, name: str) -> None:
    """In an empty folder with its declared files alone, every undeclared parameter changed, and no
    network: the same bytes, and no file but its outputs."""
    recorded = finished.lock()[name]
    room = tmp_path / "room"
    # The code that no byte passes through is needed, too: it is no dependency of any stage.
    for path in [*NO_BYTE_PASSES, "dvc.yaml", *(dep["path"] for dep in recorded["deps"])]:
        target, source = room / path, finished.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
    kept = list(recorded.get("params", {}).get("params.yaml", {}))
    params, stuck = with_other_values(load_yaml(finished.folder / "params.yaml"), kept)
    # A cluster needs a network; that it changes no byte is shown in test_engine. How a batch is split
    # between and on devices changes no more than last bits: see test_train.
    as_it_was = load_yaml(finished.folder / "params.yaml")["runtime"]["device_batch_size"]
    params["runtime"].update(
        tracking=True, engine="local", launch=None, device_batch_size=as_it_was
    )
    # What a source is for and of which kind changes only together with its weight or its columns,
    # a topic's label with its columns, train.qat with where the export starts from, and the format of
    # the base with the base, which the cards tell.
    of_others = {"use", "kind", "label", "qat", "chat_template", "stop_token"}
    assert {path.split(".")[-1] for path in stuck} <= of_others
    with (room / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(params, file)
    given = set(files_of(room))

    first = recorded["cmd"] if isinstance(recorded["cmd"], str) else recorded["cmd"][0]
    command = first.replace("python", sys.executable, 1).split()
    done = subprocess.run(
        [*network_is_cut(), *command],
        cwd=room,
        env=environment_for({"HF_HUB_OFFLINE": "0", "DVC_STAGE": name}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for out in recorded["outs"]:
        assert dvc_hash(room / out["path"]) == out["md5"], out["path"]
    outs = [room / out["path"] for out in recorded["outs"]]
    made = [
        path
        for path in set(files_of(room)) - given
        if not any(path == out or out in path.parents for out in outs)
        and ".mlflow" not in path.parts
        and "__pycache__" not in path.parts
    ]
    assert made == []
    assert set(files_of(room)) >= given


def test_the_network_can_be_cut_here() -> None:
    if not network_is_cut():
        pytest.skip("`unshare --net` is not permitted here, so the stages above ran with a network")


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
