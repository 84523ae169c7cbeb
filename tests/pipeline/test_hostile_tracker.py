"""A tracker that is slow, endless or mad costs a stage a bounded time and nothing else."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from stages.formats.json_files import write_json
from stages.tracking import store
from stages.tracking.live import LiveRun, last_s
from stages.tracking.projection import send
from stages.tracking.store import attempt
from tests.micro import ROOT
from tests.workspace import lay_out

HEAD = "HTTP/1.1 {}\r\nContent-Type: application/json\r\n{}\r\n"
Answer = Callable[[socket.socket], None]


def says(status: str, headers: str = "", body: bytes = b"") -> Answer:
    length = f"Content-Length: {len(body)}\r\n"
    return lambda peer: peer.sendall(HEAD.format(status, headers + length).encode() + body)


def drips(peer: socket.socket) -> None:
    peer.sendall(HEAD.format("200 OK", "Content-Length: 1000\r\n").encode())
    for _ in range(1000):
        peer.sendall(b" ")
        time.sleep(0.1)


def is_endless(peer: socket.socket) -> None:
    peer.sendall(HEAD.format("200 OK", "Transfer-Encoding: chunked\r\n").encode())
    while peer.fileno() >= 0:
        peer.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
        time.sleep(0.001)


FAULTS: dict[str, Answer] = {
    "never answers": lambda peer: time.sleep(60),
    "drips": drips,
    "is endless": is_endless,
    "hangs up": lambda peer: peer.close(),
    "asks to come back": says("429 Too Many Requests", "Retry-After: 127\r\n"),
    "fails": says("500 Internal Server Error"),
    "fails with a date": says("503 Unavailable", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n"),
    "is no tracker": says("200 OK", body=b"<html>hello</html>"),
    "answers another shape": says("200 OK", body=b"[1]"),
    "sends on for ever": says("302 Found", "Location: /api/2.0/mlflow/experiments/get-by-name\r\n"),
}


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """A function that starts a server which answers every request so, and returns its address."""
    open_sockets: list[socket.socket] = []
    peers: list[socket.socket] = []

    def start(answer: Answer) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listening)

        def one(peer: socket.socket) -> None:
            try:
                with peer:
                    peer.recv(65536)
                    answer(peer)
            except OSError:
                pass

        def accept() -> None:
            try:
                while True:
                    peer, _ = listening.accept()
                    peers.append(peer)
                    threading.Thread(target=one, args=(peer,), daemon=True).start()
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for listening in open_sockets:
        listening.close()
    for peer in peers:  # else a client's thread would read on to the end of all tests
        with suppress(OSError):
            peer.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    write_json(Path("metrics/mix.json"), {"rows": 3})
    return tmp_path


@pytest.mark.parametrize("fault", FAULTS)
def test_it_has_its_time_and_no_more(workspace, monkeypatch, serve, caplog, fault):
    import mlflow.tracking  # noqa: F401 - what the first use of it takes is not the server's

    monkeypatch.setattr(store, "SERVER_S", 1.0)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", serve(FAULTS[fault]))
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        attempt("mix", lambda uri: send(uri, "mix", [Path("metrics/mix.json")]))
    assert time.monotonic() - started < 2.0
    (said,) = [record.getMessage() for record in caplog.records if record.name == "tracking"]
    assert "did not take the numbers of mix" in said and "make track" in said


def test_the_command_of_a_stage_ends_in_ten_seconds(workspace, serve):
    lay_out(workspace, "dvc.yaml")
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "stages.commands.track"],
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "DVC_STAGE": "mix",
            "MLFLOW_TRACKING_URI": serve(drips),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert time.monotonic() - started < 10.0
    assert "did not take the numbers of mix" in done.stderr and "Traceback" not in done.stderr


def test_a_training_does_not_wait_for_it(workspace, monkeypatch, serve):
    """Thousands of steps cost the training no more than writing them down."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", serve(drips))
    with LiveRun(True, "train", "identity") as live:
        began = time.process_time()
        for step in range(5000):
            live.log(step, {"loss": 1.0, "grad_norm": 2.0, "learning_rate": 3.0})
        spent = time.process_time() - began
        ended = time.monotonic()
    assert spent < 0.5  # 100 microseconds a step
    assert time.monotonic() - ended < last_s() + 2.0


def is_a_flood(peer: socket.socket) -> None:
    peer.sendall(HEAD.format("200 OK", "Content-Length: 1000000000000\r\n").encode())
    while True:
        peer.sendall(b" " * 2**20)


@pytest.mark.soak
def test_an_answer_without_end_takes_no_memory_from_a_training(workspace, serve):
    """The thread that reads it cannot be stopped, and the process goes on as long as the training."""
    live = subprocess.Popen(
        [sys.executable, "-m", "stages.tracking.live", "train", "identity"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": serve(is_a_flood)},
        stdin=subprocess.PIPE,
    )
    assert live.stdin
    live.stdin.write(b'[1, 1, {"loss": 1.0}]\n')
    live.stdin.flush()
    most = quiet = 0
    for _ in range(1200):  # 25 seconds are enough, where nothing else works
        time.sleep(0.1)
        assert live.poll() is None
        resident = psutil.Process(live.pid).memory_info().rss
        most, quiet = max(most, resident), 0 if resident > most else quiet + 1
        if most > 2**30 and quiet > 50:
            break
    live.stdin.close()
    assert live.wait(timeout=10) == 0
    assert 2**30 < most < store.MOST_BYTES + 2**28
