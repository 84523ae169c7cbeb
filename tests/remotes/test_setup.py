"""`make remote`: what is written where, and what is refused."""

import stat
from pathlib import Path

import pytest

from stages.remotes.advice import advice
from stages.remotes.dvc import asked
from tests.remotes.small import Small, small_project

SECRET = "geheim-4711"


@pytest.fixture
def project(tmp_path: Path) -> Small:
    return small_project(tmp_path / "project")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_for_all_of_its_group_and_verified(project, tmp_path):
    said = project.command("remote", "--url", "../bucket")
    assert "the remote storage answers" in said and "git commit .dvc/config" in said
    committed = (project.folder / ".dvc/config").read_text()
    assert f"url = {tmp_path / 'bucket'}" in committed
    assert "verify = True" in committed and "shared = group" in committed
    assert "remote = storage" in committed
    assert mode(tmp_path / "bucket") & 0o2070 == 0o2070
    assert mode(project.folder / ".dvc/config.local") == 0o600


def test_secrets_and_the_address_stay_in_the_local_file(project):
    before = project.folder / ".dvc/config.local"
    before.write_text("[cache]\n    type = copy\n")
    before.chmod(0o644)
    said = project.command(
        "remote",
        *("--url", "webdav://127.0.0.1:9/dav"),
        REMOTE_USER="me",
        REMOTE_PASSWORD=SECRET,
    )
    assert "does not answer" in said and SECRET not in said
    local, committed = before.read_text(), (project.folder / ".dvc/config").read_text()
    assert f"password = {SECRET}" in local and "user = me" in local and "type = copy" in local
    assert "url = webdav://127.0.0.1:9/dav" in local
    assert SECRET not in committed and "user" not in committed and "verify = True" in committed
    assert mode(before) == 0o600


def test_older_commits_compare_beside_a_remote_with_secrets(project):
    project.command("remote", "--url", "webdav://127.0.0.1:9/dav", REMOTE_PASSWORD=SECRET)
    project.run("git", "commit", "--quiet", "--all", "--message", "Name the remote")
    said = project.run("dvc", "diff", "HEAD~1")
    assert "config file error" not in said and "expected" not in said


def test_the_remote_for_unmasked_text_is_in_no_commit(project, tmp_path):
    project.command("remote", "--url", str(tmp_path / "personal"), "--name", "personal")
    assert "personal" not in (project.folder / ".dvc/config").read_text()
    assert "personal" in (project.folder / ".dvc/config.local").read_text()
    assert not project.run("git", "status", "--short")


def test_another_one_does_not_become_the_default(project, tmp_path):
    project.command("remote", "--url", str(tmp_path / "one"))
    project.command("remote", "--url", str(tmp_path / "two"), "--name", "backup")
    assert "remote = storage" in (project.folder / ".dvc/config").read_text()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (f"s3://me:{SECRET}@bucket/path", "may hold a password"),
        (f"https://me:{SECRET}@host/path", "may hold a password"),
        (f"https://host/path?token={SECRET}", "may hold a password"),
        (f"ssh://me@host:{SECRET}@x/path", "may hold a password"),
        (f"ftp://host/{SECRET}", "is no kind of remote"),
        (f"{SECRET * 9}://host", "is no kind of remote"),
        (f"https://{SECRET}@host/path", "may hold a password"),
        (f"https://host/path#{SECRET}", "may hold a password"),
        (f"https:/me:{SECRET}@host/path", "may hold a password"),
        (f"me:{SECRET}@host:/path", "may hold a password"),
        ("gs://bucket/path", "needs the package dvc-gs"),
        ("", "is empty"),
    ],
)
def test_an_address_that_will_not_do_is_refused_unshown(project, url, what):
    before = (project.folder / ".dvc/config").read_bytes()
    said = project.command("remote", "--url", url, check=False)
    assert said.startswith("ERROR ") and what in said and SECRET not in said
    assert (project.folder / ".dvc/config").read_bytes() == before


def test_an_endpoint_holds_no_password_either(project):
    flags = ("--url", "s3://bucket/path", "--endpoint", f"http://me:{SECRET}@host")
    said = project.command("remote", *flags, check=False)
    assert said.startswith("ERROR ENDPOINT") and SECRET not in said


@pytest.mark.parametrize("secret", [f"{SECRET}%(x)s", f"{SECRET}'''\"\"\"", f"{SECRET}\nx"])
def test_a_password_that_the_configuration_cannot_hold(project, secret):
    flags = ("--url", "webdav://127.0.0.1:9/dav")
    said = project.command("remote", *flags, check=False, REMOTE_PASSWORD=secret)
    assert said.startswith("ERROR password: holds what") and SECRET not in said
    assert not project.run("dvc", "remote", "list")


def test_a_second_time_keeps_what_was_set(project, tmp_path):
    project.command("remote", "--url", "webdav://127.0.0.1:9/dav", REMOTE_PASSWORD=SECRET)
    project.run("dvc", "remote", "modify", "storage", "timeout", "7")
    project.command("remote", "--url", "webdav://127.0.0.1:9/other")
    assert SECRET in (project.folder / ".dvc/config.local").read_text()
    assert "/other" in (project.folder / ".dvc/config").read_text()


def test_a_folder_for_unmasked_text_is_closed_to_others(project, tmp_path):
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    for place in (tmp_path / "new", own):
        project.command("remote", "--url", str(place), "--name", "personal")
    assert mode(tmp_path / "new") == 0o770 | 0o2000 and mode(own) == 0o700


def test_a_name_that_is_none_is_refused(project, tmp_path):
    said = project.command("remote", "--url", str(tmp_path), "--name", "a b'\n", check=False)
    assert said.startswith("ERROR NAME")


def test_the_doctor_warns_of_what_loses_or_tells(project):
    project.run("dvc", "remote", "add", "--default", "bare", "../bucket")
    project.run("dvc", "remote", "add", "web", "http://me@127.0.0.1:9/x")
    project.run("dvc", "remote", "modify", "web", "password", SECRET)
    project.run("dvc", "remote", "add", "--local", "mine", "s3://bucket")
    (project.folder / ".dvc/config.local").chmod(0o644)
    said = project.command("doctor")
    assert SECRET not in said
    for warned in (
        "remote bare: a transfer that is cut",
        "remote bare: its folder is another one for each clone",
        "remote bare: other users of the group",
        "remote web: a secret stands in .dvc/config",
        "remote web: its address in .dvc/config",
        "remote mine: only .dvc/config.local names it",
        "others may read its secrets",
    ):
        assert warned in said
    assert "http://127.0.0.1:9 does not answer" in said
    assert "bucket is not there" in said


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("url = odd://place", "Unsupported URL type odd://"),
        ("url = http://127.0.0.1:9/x\n    jobs = many", "jobs: expected int"),
    ],
)
def test_settings_that_dvc_refuses_hide_no_other_remote(project, tmp_path, setting, said):
    project.command("remote", "--url", str(tmp_path / "bucket"))
    with (project.folder / ".dvc/config").open("a") as config:
        config.write(f"['remote \"bad\"']\n    {setting}\n")
    lines = project.command("doctor").splitlines()
    assert any(line.startswith("remote bad") and said in line for line in lines), lines
    assert any(line.endswith("bucket answers") for line in lines), lines
    if "jobs = many" not in setting:
        project.command("remote", "--url", str(tmp_path / "other"), "--name", "bad")
        assert "other answers" in project.command("doctor")


def test_dvc_is_not_waited_for():
    assert asked("version", within_s=0.01) == ""
    assert asked("--version")


def test_what_make_remote_sets_up_is_warned_of_no_more(project, tmp_path):
    project.command("remote", "--url", str(tmp_path / "bucket"))
    project.command("remote", "--url", str(tmp_path / "personal"), "--name", "personal")
    said = project.command("doctor")
    assert "WARNING remote" not in said and "WARNING .dvc" not in said
    assert "bucket answers" in said and "personal answers" in said


def test_the_own_cache_as_the_place_of_unmasked_text_is_no_fault():
    own = {"personal": {"url": "cache"}}
    assert list(advice(own, own, Path("none"))) == []
