"""`make serve` answers programs of this machine, and no page of another site."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from stages.commands import serve
from stages.commands.serve import guarded
from stages.pipeline.errors import ModelError
from tests.micro import edit_yaml, environment_for
from tests.templates import save_speaker, template_of
from tests.workspace import lay_out


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = FastAPI()

    @app.post("/v1/chat/completions")
    def answer() -> str:
        return "an answer"

    @app.post("/load_model")
    @app.get("/v1/models")
    def fails() -> str:
        raise ZeroDivisionError

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = free.getsockname()[1]
    config = uvicorn.Config(guarded(app, "models/x"), "127.0.0.1", found, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield found
    server.should_exit = True
    thread.join()


def asked(port: int, method: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    return response.status, response.read().decode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8000"}, 200),
        ({"Origin": "http://127.0.0.1:3000"}, 200),
        ({"Host": "evil.example"}, 400),
        ({"Host": "evil.example:8000"}, 400),
        ({"Host": "127.0.0.1.evil.example"}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
    ],
)
def test_only_this_machine_is_answered(port, headers, status):
    assert asked(port, "POST", "/v1/chat/completions", **headers)[0] == status


def test_it_knows_one_model_and_loads_no_other(port):
    status, body = asked(port, "GET", "/v1/models")
    assert status == 200 and [m["id"] for m in json.loads(body)["data"]] == ["models/x"]
    assert asked(port, "POST", "/load_model")[0] == 404


@pytest.mark.parametrize(
    ("variant", "said"), [("adapter", "cannot be served alone"), ("mxfp4", "is not there")]
)
def test_what_cannot_be_served_is_said_at_once(tmp_path, variant, said):
    done = subprocess.run(
        [sys.executable, "-m", "stages.commands.serve", "--variant", variant],
        cwd=lay_out(tmp_path, "stages"),
        env=environment_for({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and said in done.stderr


@pytest.mark.parametrize("given", [{"enable_thinking": False}, {}])
def test_its_template_gets_the_arguments_of_params(workspace, monkeypatch, given):
    import transformers.cli.serve

    started = {}
    monkeypatch.setattr(transformers.cli.serve, "Serve", lambda *_, **named: started.update(named))
    monkeypatch.setattr(sys, "argv", ["serve", "--variant", "merged-bf16"])
    edit_yaml(Path("params.yaml"), lambda p: p["encode"].update(template_arguments=given))
    folder = Path("models/merged-bf16")
    folder.mkdir(parents=True)
    save_speaker(folder, template_of("qwen3"))
    serve.main()
    assert json.loads(started["chat_template_kwargs"] or "{}") == given


def test_arguments_that_its_template_does_not_mention_are_refused(workspace, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["serve", "--variant", "merged-bf16"])
    edit_yaml(Path("params.yaml"), lambda p: p["encode"].update(template_arguments={"think": 1}))
    folder = Path("models/merged-bf16")
    folder.mkdir(parents=True)
    save_speaker(folder, template_of("qwen3"))
    with pytest.raises(ModelError, match=r"does not mention \['think'\]"):
        serve.main()
