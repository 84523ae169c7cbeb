"""Outputs appear whole or not at all: exceptions, SIGKILL, two writers, a full disk."""

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from stages.formats.json_files import write_json
from stages.pipeline import own_folders
from stages.pipeline.errors import BusyError
from stages.pipeline.outputs import publish
from tests.micro import ROOT


@pytest.fixture(autouse=True)
def _workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def left() -> list[str]:
    """Everything below the working directory."""
    return sorted(path.as_posix() for path in Path().rglob("*"))


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_file_and_a_folder_appear_together():
    table, metrics = Path("data/table"), Path("metrics/table.json")
    with publish(table, metrics) as (folder, file):
        folder.mkdir()
        (folder / "00000.parquet").write_text("rows")
        file.write_text("{}")
        assert not table.exists() and not metrics.exists()
    assert left() == [
        "data",
        "data/table",
        "data/table/00000.parquet",
        "metrics",
        "metrics/table.json",
    ]


def test_an_exception_keeps_the_old_outputs_and_no_trace_of_the_new():
    Path("table").mkdir()
    Path("table/old").write_text("old")
    with pytest.raises(ZeroDivisionError), publish(Path("table"), Path("new.json")) as (a, b):
        a.mkdir()
        (a / "new").write_text("half")
        b.write_text("half")
        raise ZeroDivisionError
    assert left() == ["table", "table/old"]


@pytest.mark.parametrize("old", ["nothing", "file", "folder"])
@pytest.mark.parametrize("new", ["file", "folder"])
def test_an_existing_output_is_replaced_by_either_kind(old, new):
    out = Path("out")
    if old == "file":
        out.write_text("old")
    elif old == "folder":
        (out / "nested").mkdir(parents=True)
        (out / "nested" / "old").write_text("old")
    with publish(out) as (made,):
        if new == "folder":
            made.mkdir()
            (made / "new").write_text("new")
        else:
            made.write_text("new")
    assert left() == (["out"] if new == "file" else ["out", "out/new"])


@pytest.mark.parametrize("target_is_folder", [False, True])
def test_an_output_that_is_a_link_into_a_cache_is_replaced_and_the_cache_untouched(
    target_is_folder,
):
    """`cache.type symlink` makes an output a link; its target is another commit's data."""
    cache = Path("cache")
    if target_is_folder:
        cache.mkdir()
        (cache / "old").write_text("old")
    else:
        cache.write_text("old")
    Path("out").symlink_to(cache.resolve())
    with publish(Path("out")) as (made,):
        made.write_text("new")
    assert Path("out").read_text() == "new" and not Path("out").is_symlink()
    assert (cache / "old" if target_is_folder else cache).read_text() == "old"


def test_a_forgotten_output_publishes_none_of_them():
    Path("first").write_text("old")
    with pytest.raises(OSError), publish(Path("first"), Path("second")) as (first, _):
        first.write_text("new")
    assert Path("first").read_text() == "old"
    assert left() == ["first"]


def test_a_left_over_is_cleared_before_the_next_run():
    room = Path("data/out.partial/out")
    room.mkdir(parents=True)
    (room / "half").write_text("half")
    (room.parent / "stray").write_text("half")
    with publish(Path("data/out")) as (made,):
        assert not made.exists()
        made.mkdir()
    assert left() == ["data", "data/out"]


def test_no_link_is_followed_out_of_the_project():
    """Neither one in the place of the partial output, nor one that was left within it."""
    for link in ("data/out.partial", "data/other.partial/other"):
        kept = Path(f"elsewhere {link.count('r')}")
        kept.mkdir(exist_ok=True)
        (kept / "theirs").write_text("theirs")
        Path(link).parent.mkdir(parents=True, exist_ok=True)
        Path(link).symlink_to(kept.resolve())
        with publish(Path("data") / Path(link).stem.removesuffix(".partial")) as (made,):
            made.mkdir()
            (made / "own").write_text("own")
        assert [file.name for file in kept.iterdir()] == ["theirs"]
    assert (Path("data/out/own").read_text(), Path("data/other/own").read_text()) == ("own", "own")


def test_a_file_in_the_place_of_the_partial_output_is_removed():
    Path("out.partial").write_text("a file")
    with publish(Path("out")) as (made,):
        made.write_text("own")
    assert left() == ["out"]


def test_outputs_are_on_the_disk_before_they_have_their_names(monkeypatch):
    order = []
    real = os.fsync

    def watched(handle: int) -> None:
        order.append((str(Path(f"/proc/self/fd/{handle}").readlink()), Path("out").exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", watched)
    with publish(Path("out")) as (made,):
        (made / "deep").mkdir(parents=True)
        (made / "deep/file").write_text("own")
    within = [Path(name).relative_to(Path.cwd()).as_posix() for name, _ in order]
    assert within[:3] == [f"out.partial/out{end}" for end in ("/deep/file", "/deep", "")]
    assert [renamed for _, renamed in order] == [False] * 3 + [True]


HOLD = """
    import sys, time
    from pathlib import Path
    from stages.pipeline.outputs import publish
    with publish(Path("data/table"), Path("metrics.json")) as (folder, file):
        folder.mkdir()
        (folder / "00000.parquet").write_text("first")
        file.write_text("first")
        print("inside", flush=True)
        sys.stdin.readline() if len(sys.argv) > 1 else time.sleep(60)
"""


def test_sigkill_inside_leaves_nothing_that_looks_finished_and_blocks_no_one():
    killed = start(HOLD)
    assert killed.stdout is not None and killed.stdout.readline() == "inside\n"
    killed.kill()
    killed.communicate()
    assert not Path("data/table").exists() and not Path("metrics.json").exists()
    with publish(Path("data/table"), Path("metrics.json")) as (folder, file):
        folder.mkdir()
        file.write_text("second")
    assert left() == ["data", "data/table", "metrics.json"]


LIMITED = """
    import os, resource, sys
    from pathlib import Path
    from stages.pipeline.outputs import publish
    from stages.pipeline.program import run
    def main():
        {limit}
        with publish(Path({out!r})) as (made,):
            made.write_bytes(b"x" * 100_000)
    run(main)
"""
SIZE = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))"
USER = "os.setuid(65534)"


@pytest.mark.parametrize(
    ("limit", "out", "said"),
    [
        (SIZE, "out", "grew beyond"),
        ("pass", "o" * 252, "name that is too long"),
        ("Path('in').write_text('')", "in/out", "in: is a file where a folder should be"),
        ("Path('in').symlink_to('in')", "in/out", "is a link that leads nowhere"),
        ("resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))", "out", "too many files"),
        pytest.param(
            f"os.mkdir('own', 0o700); {USER}",
            "own/out",
            "own/out.partial: may not be read or written by this user",
            marks=pytest.mark.skipif(os.getuid() != 0, reason="only root can become someone else"),
        ),
    ],
    ids=["size", "name", "file", "loop", "handles", "rights"],
)
def test_what_the_system_refuses_ends_in_a_message(limit, out, said):
    stage = start(LIMITED.format(limit=limit, out=out))
    _, errors = stage.communicate(timeout=60)
    assert stage.returncode == 1 and "Traceback" not in errors, errors[-600:]
    assert errors.startswith("ERROR ") and said in errors and "dvc repro" in errors


def test_a_second_live_writer_is_refused_and_the_first_ends_undisturbed():
    first = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), "wait"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None and first.stdout.readline() == "inside\n"
    refused = pytest.raises(BusyError, match=r"data/table.*another process.*Wait for it")
    with refused, publish(Path("data/table")):
        pytest.fail("two processes write one output")
    _, errors = first.communicate("\n", timeout=30)
    assert (first.returncode, errors) == (0, "")
    assert Path("data/table/00000.parquet").read_text() == "first"
    assert left() == ["data", "data/table", "data/table/00000.parquet", "metrics.json"]


def test_two_threads_of_one_process_are_refused_too():
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with publish(Path("out")) as (made,):
            made.write_text("first")
            inside.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(30)
    with pytest.raises(BusyError), publish(Path("out")):
        pass
    done.set()
    thread.join()
    assert Path("out").read_text() == "first"


WRITERS = {
    "json": 'write_json(made, {"text": "가" * 200_000})',
    "table": 'write_table(made, [{"id": str(i), "text": random.randbytes(900).hex()} for i in range(500)],'
    ' pa.schema([("id", pa.string()), ("text", pa.string())]))',
    "weights": 'made.mkdir(); save_file({"w": torch.rand(300, 300)}, made / "model.safetensors")',
}
FILL = """
    import random
    import pyarrow as pa
    from pathlib import Path
    from stages.pipeline.outputs import publish
    from stages.formats.json_files import write_json
    from stages.pipeline.program import run
    from stages.formats.tables import write_table
    {imports}
    def main():
        with publish(Path("out")) as (made,):
            {write}
    run(main)
"""


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 128 KiB, where the user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)]
    answer = subprocess.run(mount, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip(f"no permission to mount a small file system: {answer.stderr.strip()}")
    os.chdir(disk)
    yield disk
    os.chdir(tmp_path)
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_ends_in_a_message_and_leaves_nothing(kind, tiny_disk):
    """Whichever library meets the end of the disk: JSON, Parquet or safetensors."""
    imports = ""
    if kind == "weights":
        imports = "import torch; from safetensors.torch import save_file"
    stage = start(FILL.format(imports=imports, write=WRITERS[kind]))
    _, errors = stage.communicate(timeout=120)
    assert "Traceback" not in errors, errors[-600:]
    assert stage.returncode == 1
    assert errors.startswith("ERROR ") and "no space is left on the disk" in errors
    assert "dvc gc" in errors and "run `dvc repro` again" in errors
    assert str(tiny_disk) in errors.split(": no space")[0]
    assert left() == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_lock_whose_owner_has_removed_it_is_taken_anew(monkeypatch, kind):
    """Who opened it before that holds a file without a name, beside which the next one works."""
    path = Path("lock")
    lock = own_folders.lock_file if kind == "file" else own_folders.lock_folder
    waits = own_folders.fcntl.flock

    def removed_meanwhile(handle: int, how: int) -> None:
        monkeypatch.setattr(own_folders.fcntl, "flock", waits)
        path.unlink() if kind == "file" else path.rmdir()
        waits(handle, how)

    monkeypatch.setattr(own_folders.fcntl, "flock", removed_meanwhile)
    handle = lock(path)
    assert handle is not None and os.path.samestat(os.fstat(handle), path.stat())
    assert lock(path) is None, "it is locked"
    os.close(handle)


def test_a_link_in_the_place_of_a_lock_or_a_small_file_is_replaced():
    Path("kept").write_text("not ours")
    for name in ("a.lock", "marker", "identity.json"):
        Path(name).symlink_to("kept")
    handle = own_folders.lock_file(Path("a.lock"))
    assert handle is not None
    os.write(handle, b"ours")
    own_folders.write_anew(Path("marker"), "ours")
    write_json(Path("identity.json"), {"a": 1})
    assert Path("kept").read_text() == "not ours" and Path("marker").read_text() == "ours"
    assert not any(path.is_symlink() for path in Path().iterdir())
    os.close(handle)
