"""`make remote`, `make doctor` and `make verify-remote` on real servers."""

from pathlib import Path

import pytest

from tests.cutting_proxy import Fault, cutting_proxy
from tests.remote_servers import KINDS, PASSWORD, USER, Remote, serving_remote
from tests.remotes.small import Small, small_project

WRITABLE = tuple(kind for kind in KINDS if kind != "http")


def set_up(project: Small, remote: Remote) -> str:
    """By `make remote`, as a user would; what only a test needs is added by DVC."""
    has_password = remote.kind in ("s3", "webdav")
    said = project.command(
        *("remote", "--url", remote.url),
        *("--endpoint", remote.all_settings.get("endpointurl", "")),
        REMOTE_USER=USER if has_password else "",
        REMOTE_PASSWORD=PASSWORD if has_password else "",
    )
    for option, value in remote.all_settings.items():
        project.run("dvc", "remote", "modify", "storage", option, value)
    for option, value in remote.secrets.items():
        project.run("dvc", "remote", "modify", "--local", "storage", option, value)
    assert PASSWORD not in (project.folder / ".dvc/config").read_text()
    return said


@pytest.mark.soak
@pytest.mark.parametrize("kind", WRITABLE)
def test_what_a_server_lost_is_found_and_sent_again(kind: str, tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    with serving_remote(kind, tmp_path / "server") as remote:
        set_up(project, remote)
        assert "answers" in project.command("doctor")
        project.run("dvc", "push")
        assert "no outputs are not whole" in project.command("verify_remote")
        objects = [f for f in remote.files.rglob("*") if f.is_file() and len(f.name) == 30]
        lost, cut = sorted(objects, key=lambda file: file.stat().st_size)[-2:]
        lost.unlink()
        cut.write_bytes(b"")
        said = project.command("verify_remote", check=False)
        assert "is not there" in said and "has 0 bytes" in said
        project.command("verify_remote", "--cure")
        assert "no outputs are not whole" in project.command("verify_remote")
        assert lost.is_file() and cut.stat().st_size


@pytest.mark.soak
def test_a_server_that_lists_nothing_is_asked_for_each_object(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    with serving_remote("http", tmp_path / "server") as remote:
        project.run("dvc", "remote", "add", "upload", str(remote.files))
        project.run("dvc", "push", "--remote", "upload")
        set_up(project, remote)
        assert "no outputs are not whole" in project.command("verify_remote")
        next(f for f in remote.files.rglob("*") if f.is_file()).unlink()
        assert "1 outputs are not whole" in project.command("verify_remote", check=False)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["s3", "ssh", "webdav"])
def test_refused_is_told_from_unreachable_and_not_found(kind: str, tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    with serving_remote(kind, tmp_path / "server") as remote:
        set_up(project, remote)
        wrong = {"s3": "secret_access_key", "ssh": "user", "webdav": "password"}[kind]
        local = project.folder / ".dvc/config.local"
        right = local.read_text()
        project.run("dvc", "remote", "modify", "--local", "storage", wrong, "wrong")
        said = project.command("doctor")
        assert "refuses this user" in said, said
        local.write_text(right)
        elsewhere = remote.url.replace("bucket", "nowhere").replace("store", "nowhere")
        project.run("dvc", "remote", "modify", "--local", "storage", "url", elsewhere)
        said = project.command("doctor")
        assert "is not there" in said, said
    said = project.command("doctor")
    assert "does not answer" in said, said


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["ssh", "webdav"])
def test_a_server_that_says_nothing_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    with (
        serving_remote(kind, tmp_path / "server") as remote,
        cutting_proxy(remote.port) as proxy,
    ):
        set_up(project, remote.at(proxy.port))
        proxy.will(Fault("stall", after_bytes=0, lasting=True))
        assert "does not answer" in project.command("doctor")
