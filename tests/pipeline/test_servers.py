"""DVC remotes on real servers: what is pushed comes back, also after connections that broke."""

import hashlib
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.cutting_proxy import Fault, cutting_proxy
from tests.micro import ROOT, environment_for
from tests.remote_servers import KINDS, Remote, serving_remote

pytestmark = pytest.mark.pipeline

NETWORK = tuple(kind for kind in KINDS if kind != "folder")
# What ends the waiting for a server that says nothing more. SSH has it in ~/.ssh/config, which DVC
# reads: its `timeout` is not of transfers. S3 asks again, by default 5 times for each of 5 times.
LIMITS = {
    "s3": {"read_timeout": "2", "connect_timeout": "2"},
    "ssh": {},
    "webdav": {"timeout": "2"},
    "http": {"read_timeout": "2", "connect_timeout": "2"},
}
SSH_CONFIG = "Host *\n  ServerAliveInterval 2\n  ServerAliveCountMax 2\n  ConnectTimeout 2\n"
SMALL_FILES, LARGE_BYTES = 30, 5_000_000
WITHIN_S = 60
CUTS = 20
MAKE_PULL = (sys.executable, "-m", "stages.commands.pull")


@dataclass(frozen=True)
class Work:
    """A small DVC project: a folder of small files, and a file of 5 MB."""

    folder: Path

    def run(
        self, *command: str, within_s: float = WITHIN_S, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command, which must end in time; the user's own settings have no part in it."""
        own = {"HOME": str(self.folder.parent), "DVC_NO_ANALYTICS": "1", "NO_PROXY": "127.0.0.1"}
        own["PYTHONPATH"] = str(ROOT)
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment_for(own | environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within_s,
            check=False,
        )

    def do(self, *command: str) -> str:
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}"
        return done.stdout

    def clone(self, folder: Path, remote: Remote, **settings: str) -> "Work":
        """A clone with its own remote, of which nothing has been pulled."""
        self.do("git", "clone", "--quiet", ".", str(folder))
        work = Work(folder)
        for command in remote.commands():
            work.do("dvc", *command)
        for name, value in settings.items():
            work.do("dvc", "remote", "modify", "store", name, value)
        return work

    def contents(self) -> dict[str, str]:
        """The md5 of each file of data."""
        data = self.folder / "data"
        files = [path for path in data.rglob("*") if path.suffix in (".txt", ".bin")]
        return {path.relative_to(data).as_posix(): md5(path) for path in files}

    def damaged_objects(self) -> list[str]:
        """The objects of the cache whose content is not what their name says."""
        cache = self.folder / ".dvc/cache/files/md5"
        objects = [path for path in cache.rglob("*") if path.is_file()]
        return [
            path.relative_to(cache).as_posix()
            for path in objects
            if path.parent.name + path.name.removesuffix(".dir") != md5(path)
        ]


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Work:
    work = Work(tmp_path_factory.mktemp("origin") / "work")
    some = random.Random(0)
    small = work.folder / "data/small"
    small.mkdir(parents=True)
    for number in range(SMALL_FILES):
        (small / f"{number}.txt").write_text(f"{number} 줄\n" * some.randrange(1, 2000), "utf-8")
    (work.folder / "data/large.bin").write_bytes(some.randbytes(LARGE_BYTES))
    work.do("git", "init", "--quiet", "--initial-branch", "main")
    work.do("dvc", "init", "--quiet")
    work.do("dvc", "add", "--quiet", "data/small", "data/large.bin")
    work.do("git", "add", "--all")
    work.do("git", "commit", "--quiet", "--message", "Start")
    return work


@pytest.fixture(scope="module")
def stored(
    request: pytest.FixtureRequest, origin: Work, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Remote]:
    """A server of the kind that the test names, to which all has been pushed."""
    place = tmp_path_factory.mktemp(request.param)
    work = Work(shutil.copytree(origin.folder, place / "work"))
    with serving_remote(request.param, place / "server") as remote:
        behind = Remote("folder", remote.files)
        for command in (behind if remote.read_only else remote).commands():
            work.do("dvc", *command)
        work.do("dvc", "push")
        yield remote


def of_kinds(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stored", kinds, indirect=True)


@of_kinds(*KINDS)
def test_what_is_pushed_comes_back(stored: Remote, origin: Work, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone", stored)
    clone.do("dvc", "pull")
    assert clone.contents() == origin.contents()
    assert len(clone.contents()) == SMALL_FILES + 1
    assert clone.damaged_objects() == []
    assert "up to date" in clone.do("dvc", "status")
    assert len(list(stored.files.glob("files/md5/??/*"))) == SMALL_FILES + 2


@pytest.mark.soak
@of_kinds(*NETWORK)
def test_a_pull_that_was_cut_is_mended_by_another(
    stored: Remote, origin: Work, tmp_path: Path
) -> None:
    """With `verify`, wherever the connections end and however, `make pull` makes all good."""
    some = random.Random(stored.kind)
    with cutting_proxy(stored.port) as proxy:
        clone = origin.clone(tmp_path / "clone", stored.at(proxy.port), verify="true")
        as_cloned = shutil.copytree(clone.folder, tmp_path / "as cloned")
        clone.do("dvc", "pull")
        size_bytes = proxy.from_server
        failed = 0
        for _ in range(CUTS):
            shutil.rmtree(clone.folder)
            shutil.copytree(as_cloned, clone.folder)
            what: Literal["cut", "reset"] = some.choice(("cut", "reset"))
            fault = Fault(what, some.randrange(size_bytes), lasting=some.random() < 0.5)
            proxy.will(fault)
            said = clone.run("dvc", "pull", AWS_MAX_ATTEMPTS="1")  # S3 would try for 40 s
            failed += said.returncode != 0
            proxy.mend()
            clone.do(*MAKE_PULL)
            assert clone.contents() == origin.contents(), (fault, said.stdout)
            assert clone.damaged_objects() == [], (fault, said.stdout)
    assert failed > CUTS // 2, failed  # else the cuts met nothing


@pytest.mark.soak
@of_kinds(*NETWORK)
def test_a_server_that_says_nothing_more_is_not_waited_for(
    stored: Remote, origin: Work, tmp_path: Path
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/config").write_text(SSH_CONFIG)
    with cutting_proxy(stored.port) as proxy:
        clone = origin.clone(tmp_path / "clone", stored.at(proxy.port), **LIMITS[stored.kind])
        proxy.will(Fault("stall", LARGE_BYTES // 2))
        said = clone.run("dvc", "pull", AWS_MAX_ATTEMPTS="1")
        assert said.returncode != 0
        assert "failed to transfer" in said.stdout
        proxy.mend()
        clone.do("dvc", "pull")
    assert clone.contents() == origin.contents()


@pytest.mark.soak
@of_kinds("ssh")
def test_time_limit_of_ssh_is_not_one_of_transfers(
    stored: Remote, origin: Work, tmp_path: Path
) -> None:
    with cutting_proxy(stored.port) as proxy:
        clone = origin.clone(tmp_path / "clone", stored.at(proxy.port), timeout="2")
        proxy.will(Fault("stall", LARGE_BYTES // 2))
        with pytest.raises(subprocess.TimeoutExpired):
            clone.run("dvc", "pull", within_s=15)
