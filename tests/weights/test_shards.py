"""Checkpoints as folders of safetensors: read by offset, written by pieces, gone on from."""

import errno
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.pipeline.errors import BusyError, InputError, ModelError
from stages.weights.tensors import room as rooms
from stages.weights.tensors import shards
from stages.weights.tensors.checkpoint import INDEX, WEIGHTS, Checkpoint
from stages.weights.tensors.room import shards_room
from stages.weights.tensors.shards import Group, Made, take_shards, write_shards

TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b": torch.arange(8, dtype=torch.uint8),
    "c": torch.arange(12.0).reshape(3, 4).t(),  # not contiguous
    "d": torch.ones(2, 2, dtype=torch.bfloat16),
    "e": torch.tensor(7, dtype=torch.int64),  # no axis at all
}


def groups(names: Sequence[str] = tuple(TENSORS), step: int = 1) -> list[Group]:
    def group(name: str) -> Group:
        tensor = TENSORS[name]

        def make(first: int, last: int) -> Made:
            rows = tensor[first:last] if tensor.dim() else tensor
            return {name: rows}, {"sum": float(rows.sum())}

        return Group({name: (tensor.dtype, tuple(tensor.shape))}, step, make)

    return [group(name) for name in names]


def write(folder: Path, limit: int, step: int = 1, threads: int = 2) -> dict:
    room = folder.with_name(folder.name + ".room")
    room.mkdir()
    sums = write_shards(room, groups(step=step), limit, threads, progress=False)
    folder.mkdir()
    take_shards(room, folder)
    assert not room.exists()
    return sums


@pytest.mark.parametrize(
    ("limit", "held"),
    [
        (1000, [["a", "b", "c", "d", "e"]]),
        (96, [["a", "b", "c", "d", "e"]]),
        (95, [["a", "b", "c", "d"], ["e"]]),
        (32, [["a", "b"], ["c"], ["d", "e"]]),
        (1, [["a"], ["b"], ["c"], ["d"], ["e"]]),  # a tensor over the limit: a shard of its own
    ],
)
def test_shards_fill_up_to_the_limit_and_read_back_the_same(tmp_path, limit, held):
    sums = write(tmp_path / "out", limit)
    assert {name: each["sum"] for name, each in sums.items()} == {
        name: float(tensor.sum()) for name, tensor in TENSORS.items()
    }
    folder, count = tmp_path / "out", len(held)
    names = sorted(file.name for file in folder.iterdir() if file.name != INDEX)
    if count == 1:
        assert [file.name for file in folder.iterdir()] == [WEIGHTS]
    else:
        assert names == [f"model-{i + 1:05d}-of-{count:05d}.safetensors" for i in range(count)]
        index = json.loads((folder / INDEX).read_text())
        assert index["metadata"] == {"total_size": 96}
        assert index["weight_map"] == {
            tensor: name for name, each in zip(names, held, strict=True) for tensor in each
        }
    theirs = {key: t for name in names for key, t in load_file(folder / name).items()}
    with Checkpoint(folder) as checkpoint:
        assert list(checkpoint) == sorted(TENSORS) == sorted(theirs)
        assert "a" in checkpoint and "z" not in checkpoint
        for name, tensor in TENSORS.items():
            assert torch.equal(checkpoint[name], tensor) and torch.equal(theirs[name], tensor)
            assert checkpoint[name].dtype == theirs[name].dtype == tensor.dtype
        assert torch.equal(checkpoint.rows("c", 1, 3), TENSORS["c"][1:3])


def test_no_byte_depends_on_threads_or_on_the_size_of_pieces(tmp_path):
    found = set()
    for step, threads in ((1, 1), (1, 2), (3, 2), (100, 1)):
        write(tmp_path / f"{step}-{threads}", 1000, step, threads)
        found.add((tmp_path / f"{step}-{threads}" / WEIGHTS).read_bytes())
    (written,) = found
    length = int.from_bytes(written[:8], "little")
    assert json.loads(written[8 : 8 + length])["__metadata__"] == {"format": "pt"}
    assert length % 8 == 0, "so that every number lies at a multiple of its size"


def test_what_the_library_writes_is_read(tmp_path):
    plain = {name: tensor.contiguous() for name, tensor in TENSORS.items()}
    save_file(plain, tmp_path / WEIGHTS, metadata={"format": "pt"})
    with Checkpoint(tmp_path) as checkpoint:
        assert all(torch.equal(checkpoint[name], tensor) for name, tensor in plain.items())


def test_a_run_that_was_stopped_goes_on_after_its_finished_shards(tmp_path):
    write(tmp_path / "whole", 32)
    room = tmp_path / "room"
    room.mkdir()
    broken = groups()
    working = broken[2]
    broken[2] = Group(working.tensors, 1, lambda first, last: 1 / 0)  # pyright: ignore[reportArgumentType] - never returns
    with pytest.raises(ZeroDivisionError):
        write_shards(room, broken, 32, 2, progress=False)
    done = room / "model-00001-of-00003.safetensors"
    assert sorted(file.name for file in room.glob("*.safetensors")) == [done.name]
    assert not (room / INDEX).exists()
    before = done.stat().st_mtime_ns
    seen = []
    watched = [
        Group(g.tensors, 1, lambda first, last, g=g: seen.append(g) or g.make(first, last))
        for g in groups()
    ]
    sums = write_shards(room, watched, 32, 2, progress=False)
    assert done.stat().st_mtime_ns == before and watched[0] not in seen
    assert sums["a"] == {"sum": 15.0}, "what was measured of a finished shard is still known"
    (tmp_path / "again").mkdir()
    take_shards(room, tmp_path / "again")
    for file in (tmp_path / "whole").iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    "file", ["model-00002-of-00003.safetensors", "model-00002-of-00003.safetensors.sums.json"]
)
@pytest.mark.parametrize("left", [0, 10])
def test_a_shard_that_a_power_loss_cut_is_made_again(tmp_path, file, left):
    sums = write_shards(tmp_path, groups(), 32, 2, progress=False)
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    os.truncate(tmp_path / file, left)
    assert write_shards(tmp_path, groups(), 32, 2, progress=False) == sums
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole


def test_a_full_disk_shows_before_the_work_and_leaves_no_finished_file(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    never = [Group(g.tensors, 1, lambda first, last: pytest.fail("it worked")) for g in groups()]
    with pytest.raises(OSError, match="No space left"):
        write_shards(tmp_path, never, 1000, 2, progress=False)
    assert not list(tmp_path.glob("*.safetensors"))


def rewritten(file: Path) -> None:
    """Other content of the same size in the same file, which says that nothing was changed."""
    times = file.stat()
    file.write_bytes(b"2")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def put_in_place(file: Path) -> None:
    file.with_name("other").write_bytes(b"1")
    file.with_name("other").replace(file)


@pytest.mark.parametrize(
    "change",
    [rewritten, put_in_place, lambda file: file.with_name("config.json").write_text("{}")],
    ids=["rewritten", "put in place", "one more"],
)
@pytest.mark.parametrize("whole", [True, False], ids=["folder", "file"])
def test_other_inputs_have_another_room(tmp_path, monkeypatch, change, whole):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    weights = tmp_path / "base" / "weights"
    weights.parent.mkdir()
    weights.write_bytes(b"1")
    made_from = [weights.parent if whole else weights]
    with shards_room("merge", made_from, {}) as first:
        (first / "kept").touch()
    with shards_room("merge", made_from, {}) as again:
        assert again == first and (first / "kept").exists()
    change(weights)
    with shards_room("merge", made_from, {}) as other:
        is_other = whole or change in (rewritten, put_in_place)
        assert (other != first) == is_other
        assert (first / "kept").exists() != is_other, "its shards would only fill the disk"


@pytest.mark.parametrize("library", [False, True])
def test_another_run_s_room_is_not_gone_on_from(tmp_path, monkeypatch, library):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with shards_room("merge", [], {"max_shard_mb": 1}) as first:
        (first / "kept").touch()
    if library:
        monkeypatch.setattr(rooms, "version", lambda _: "another")
    with shards_room("merge", [], {"max_shard_mb": 1 if library else 2}) as room:
        assert room != first
        assert not first.exists(), "its shards would only fill the disk"


def test_a_link_in_the_place_of_a_room_or_a_shard_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with shards_room("merge", [], {}) as room:
        pass
    room.rmdir()
    (tmp_path / "elsewhere").mkdir()
    room.symlink_to(tmp_path / "elsewhere")
    kept = tmp_path / "kept"
    kept.write_text("not ours")
    with shards_room("merge", [], {}) as again:
        assert again == room and not room.is_symlink() and room.is_dir()
        (room / f"{WEIGHTS}.part").symlink_to(kept)
        write_shards(room, groups(), 1000, 2, progress=False)
        assert not (room / WEIGHTS).is_symlink() and load_file(room / WEIGHTS)
    assert kept.read_text() == "not ours" and not list((tmp_path / "elsewhere").iterdir())


def test_what_a_killed_run_left_of_a_shard_is_made_again(tmp_path):
    (tmp_path / f"{WEIGHTS}.part").write_bytes(b"x" * 10_000)
    write_shards(tmp_path, groups(), 1000, 2, progress=False)
    write(tmp_path / "out", 1000)
    assert (tmp_path / WEIGHTS).read_bytes() == (tmp_path / "out" / WEIGHTS).read_bytes()


def test_a_room_in_which_a_process_works_is_left_to_it(tmp_path, monkeypatch):
    """Also where that process is of another folder with the same room, as of `dvc exp run --temp`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with shards_room("merge", [], {"max_shard_mb": 1}) as room:
        with pytest.raises(BusyError, match="another process makes the same shards"):
            shards_room("merge", [], {"max_shard_mb": 1}).__enter__()
        with shards_room("merge", [], {"max_shard_mb": 2}):
            assert room.exists()
        shutil.rmtree(room)
    left = sorted(path.suffix for path in room.parent.iterdir())
    assert left == ["", ".lock"], "the other's alone"


def test_what_was_measured_is_on_the_disk_before_the_shard_has_its_name(tmp_path, monkeypatch):
    """A kill between the two leaves a shard that is made again, and none without its sums."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shards, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        write_shards(tmp_path, groups(), 1000, 2, progress=False)
    assert [file.name for file in tmp_path.iterdir()] == [f"{WEIGHTS}.part"]


def test_a_folder_with_two_sets_of_weights_is_refused(tmp_path):
    """transformers reads the one, the index names the other."""
    write(tmp_path / "out", 32)
    save_file({"a": TENSORS["a"]}, tmp_path / "out" / WEIGHTS)
    with pytest.raises(ModelError, match="which one is meant"):
        Checkpoint(tmp_path / "out")
    (tmp_path / "out" / WEIGHTS).unlink()
    shutil.copyfile(
        tmp_path / "out" / "model-00001-of-00003.safetensors",
        tmp_path / "out" / "model-00002-of-00003.safetensors",
    )
    with pytest.raises(ModelError, match="has a, as another shard does"):
        Checkpoint(tmp_path / "out").__enter__()


@pytest.mark.parametrize("content", ["{}", '{"weight_map": 3}', '{"weight_map": ["a"]}'])
def test_an_index_that_is_none_is_refused(tmp_path, content):
    (tmp_path / INDEX).write_text(content)
    with pytest.raises(ModelError, match=r"index\.json: is damaged"):
        Checkpoint(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"no safetensors weights.*dvc pull"):
        Checkpoint(tmp_path)


def test_a_shard_that_the_index_names_and_the_disk_lacks_is_refused(tmp_path):
    write(tmp_path / "out", 32)
    (tmp_path / "out" / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(InputError, match="model-00002-of-00003"):
        Checkpoint(tmp_path / "out")


def test_an_index_that_names_other_tensors_is_refused(tmp_path):
    write(tmp_path / "out", 32)
    index = json.loads((tmp_path / "out" / INDEX).read_text())
    index["weight_map"]["z"] = index["weight_map"]["a"]
    (tmp_path / "out" / INDEX).write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"do not name the same tensors; one is z"), Checkpoint(tmp_path / "out"):  # fmt: skip
        pass


@pytest.mark.parametrize("damage", ["cut", "header", "length", "kind"])
def test_a_damaged_file_is_refused_by_name(tmp_path, damage):
    write(tmp_path / "out", 1000)
    file = tmp_path / "out" / WEIGHTS
    whole = file.read_bytes()
    file.write_bytes(
        {
            "cut": whole[:-1],
            "header": whole[:20] + b"\x00" + whole[21:],
            "length": b"\xff" * 8 + whole[8:],
            "kind": whole.replace(b'"F32"', b'"F8X"'),
        }[damage]
    )
    with pytest.raises(ModelError, match=r"model\.safetensors"), Checkpoint(tmp_path / "out"):
        pass
