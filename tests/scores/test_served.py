"""Answers of a model behind an OpenAI-compatible server (S1-28): a real `transformers serve`, and a
plain server that answers whatever a test wants."""

import json
import logging
import os
import re
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from transformers import AutoModelForCausalLM

from stages.answering import bounded
from stages.answering.served import Answer, ServerError, answers
from stages.chat.family import renderer_of
from stages.chat.messages import Message
from stages.chat.rendering import Renderer
from stages.formats.json_files import read_json
from stages.params.answer import Server
from stages.params.refusals import refused
from stages.params.runtime import Runtime
from stages.tiny.harmony_template import RESPONSE_TEMPLATE
from tests.micro import BIN
from tests.taught import SAID, SETTINGS, TALKS, taught

RUNTIME = Runtime(
    tracking=False,
    progress=False,
    engine="local",
    workers=1,
    device_batch_size=1,
    save_steps=1,
    launch=None,
    server_answer_s=60.0,
    server_total_s=600.0,
)


def pin_template(folder: Path) -> None:
    """The template in a checkpoint says what training said: its date, and for gpt-oss no line ends
    behind the system prompt."""
    file = folder / "chat_template.jinja"
    text = file.read_text(encoding="utf-8")
    text = text.replace('strftime_now("%Y-%m-%d")', f'"{SETTINGS.conversation_date}"')
    text = text.replace('strftime_now("%d %b %Y")', '"09 Mar 2025"')
    text = text.replace(
        '{{- developer_message }}\n        {{- "\\n\\n" }}', "{{- developer_message }}"
    )
    file.write_text(text, encoding="utf-8")


def in_process(folder: Path, limit: int) -> tuple[list[Answer], list[int]]:
    """What the model answers here, greedily, and the lengths of its prompts."""
    renderer: Renderer = renderer_of(folder, SETTINGS)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    found, lengths = [], []
    for talk in TALKS:
        prompt = renderer.prompt(talk)
        with torch.inference_mode():
            output = model.generate(
                input_ids=torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=limit,
                do_sample=False,
                eos_token_id=renderer.stop_ids,
                pad_token_id=renderer.pad_id,
            )
        new = output[0, len(prompt) :].tolist()
        found.append(Answer(renderer.answer_text(new).strip(), new[-1] in renderer.stop_ids))
        lengths.append(len(prompt))
    return found, lengths


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By name: gpt_oss and llama as they come, and the same with the template of training."""
    place = tmp_path_factory.mktemp("models")
    made = {}
    for family in ("gpt_oss", "llama"):
        made[family] = taught(family, place / family)
        pinned = place / f"{family}-pinned"
        subprocess.run(["cp", "-r", made[family], pinned], check=True)
        pin_template(pinned)
        made[f"{family}-pinned"] = pinned
    parsed = place / "gpt_oss-parsed"
    subprocess.run(["cp", "-r", made["gpt_oss-pinned"], parsed], check=True)
    settings = parsed / "tokenizer_config.json"
    told = read_json(settings) | {"response_template": RESPONSE_TEMPLATE}
    settings.write_text(json.dumps(told), encoding="utf-8")
    return made | {"gpt_oss-parsed": parsed}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running `transformers serve`, which loads whatever folder a request names."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = tmp_path_factory.mktemp("server") / "log"
    options = f"--host 127.0.0.1 --port {port} --dtype float32 --attn-implementation eager"
    with said.open("w") as log:
        server = subprocess.Popen(
            [BIN / "transformers", "serve", *options.split()],
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
            stdout=log,
            stderr=log,
        )
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, said.read_text()
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait()


@pytest.mark.parametrize("name", ["llama-pinned", "gpt_oss-parsed"])
@pytest.mark.parametrize("limit", [40, 4])
def test_a_server_says_what_the_model_says_in_process(models, address, caplog, name, limit) -> None:
    """S1-28: the same prompts, so the same answers, at the limit and before it."""
    expected, lengths = in_process(models[name], limit)
    if limit == 40:
        assert [answer.text for answer in expected] == SAID
    found = answers(
        address,
        str(models[name]),
        TALKS,
        lengths,
        limit,
        at_once=2,
        runtime=RUNTIME,
        template_arguments={},
    )
    assert found == expected
    assert caplog.text == ""


def test_a_channel_without_its_tokens_is_taken_off(models, address, caplog) -> None:
    """`transformers serve` gives `final네.` where the tokenizer has no response_template."""
    expected, lengths = in_process(models["gpt_oss-pinned"], 40)
    found = answers(
        address,
        str(models["gpt_oss-pinned"]),
        TALKS,
        lengths,
        40,
        at_once=1,
        runtime=RUNTIME,
        template_arguments={},
    )
    assert found == expected
    assert "drops control tokens" in caplog.text


def test_another_prompt_is_counted(models, address, caplog) -> None:
    """The stock template of gpt-oss puts two line ends behind a system prompt, and today's date: the
    first shows in the length of one prompt of three, the second in none."""
    _, lengths = in_process(models["gpt_oss"], 1)
    answers(
        address,
        str(models["gpt_oss"]),
        TALKS,
        lengths,
        8,
        at_once=1,
        runtime=RUNTIME,
        template_arguments={},
    )
    assert "1 of 3 prompts" in caplog.text


class Scripted:
    """A server that answers each request as `reply` says: a status, a body, and perhaps less of the
    body than its header promises."""

    def __init__(self) -> None:
        self.reply: Callable[[dict], tuple[int, bytes]] = lambda asked: (200, completion("네"))
        self.asked: list[dict] = []
        self.keys: list[str | None] = []
        self.promised_more = 0
        self.headers: dict[str, str] = {}
        self.at_once = self.most_at_once = 0
        self.address = ""


def completion(
    content: str | None,
    finish_reason: str = "stop",
    prompt_tokens: int | None = None,
    **message: Any,
) -> bytes:
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": 1, "total_tokens": 1}
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish_reason,
                    "message": {"role": "assistant", "content": content} | message,
                }
            ],
        }
        | ({"usage": usage} if prompt_tokens is not None else {})
    ).encode()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script, lock = Scripted(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                script.asked.append(asked)
                script.keys.append(self.headers["Authorization"])
                script.at_once += 1
                script.most_at_once = max(script.most_at_once, script.at_once)
            status, body = script.reply(asked)
            with lock:
                script.at_once -= 1
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) + script.promised_more))
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # who asked is gone
                self.wfile.write(body)
            if script.promised_more:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield script
    server.shutdown()
    server.server_close()


def ask(
    address: str, *questions: str, at_once: int = 1, runtime: Runtime = RUNTIME
) -> list[Answer]:
    talks: list[list[Message]] = [[{"role": "user", "content": q}] for q in questions]
    return answers(address, "m", talks, [7] * len(talks), 16, at_once, runtime, {})


def test_the_template_of_the_server_gets_the_arguments_of_params(scripted) -> None:
    talk: list[list[Message]] = [[{"role": "user", "content": "안녕"}]]
    for given in ({"enable_thinking": False, "level": "low"}, {}):
        answers(scripted.address, "m", talk, [7], 16, 1, RUNTIME, given)
        assert scripted.asked[-1].get("chat_template_kwargs", {}) == given
    assert "chat_template_kwargs" not in scripted.asked[-1], (
        "a server that knows none is asked none"
    )


def test_answers_keep_the_order_of_the_questions(scripted) -> None:
    def slow_first(asked: dict) -> tuple[int, bytes]:
        number = int(asked["messages"][0]["content"])
        time.sleep(0.05 * (8 - number))
        return 200, completion(f" {number} \n", prompt_tokens=7)

    scripted.reply = slow_first
    found = ask(scripted.address, *map(str, range(8)), at_once=4)
    assert found == [Answer(str(number), True) for number in range(8)]
    assert scripted.most_at_once == 4
    assert all(a["temperature"] == 0 and a["max_tokens"] == 16 for a in scripted.asked)


def test_an_answer_at_the_limit_did_not_stop(scripted) -> None:
    scripted.reply = lambda asked: (200, completion("길고 긴", "length"))
    assert ask(scripted.address, "왜?") == [Answer("길고 긴", False)]


def test_reasoning_is_no_answer(scripted) -> None:
    """A server that parts channels puts the reasoning beside the content; a model that never came to
    its answer has none."""
    scripted.reply = lambda asked: (200, completion("네.", reasoning_content="생각"))
    assert ask(scripted.address, "왜?") == [Answer("네.", True)]
    scripted.reply = lambda asked: (200, completion(None, "length", reasoning_content="생각"))
    assert ask(scripted.address, "왜?") == [Answer("", False)]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<|channel|>final<|message|>네.<|return|>", "네."),
        ("<|channel|>analysis<|message|>음<|end|><|start|>assistant<|channel|>final<|message|>네.", "네."),
        ("<|channel|>analysis<|message|>음", ""),
    ],
)  # fmt: skip
def test_raw_harmony_is_read(scripted, content, text) -> None:
    scripted.reply = lambda asked: (200, completion(content))
    assert [answer.text for answer in ask(scripted.address, "왜?")] == [text]


def test_a_word_of_an_answer_is_no_channel(scripted) -> None:
    """One answer that begins otherwise shows that the others mean the word."""
    said = iter(["final answer: 3", "final", "analysis of it", "네"])
    scripted.reply = lambda asked: (200, completion(next(said)))
    texts = [answer.text for answer in ask(scripted.address, *"가나다라")]
    assert texts == ["final answer: 3", "final", "analysis of it", "네"]


def test_channels_without_tokens(scripted) -> None:
    said = iter(["final네", "analysis음 assistantfinal아니요", "analysis음", ""])
    scripted.reply = lambda asked: (200, completion(next(said)))
    assert [a.text for a in ask(scripted.address, *"가나다라")] == ["네", "아니요", "", ""]


def test_prompts_of_another_length_are_counted_once(scripted, caplog) -> None:
    lengths = iter([7, 8, 9])
    scripted.reply = lambda asked: (200, completion("네", prompt_tokens=next(lengths)))
    with caplog.at_level(logging.WARNING):
        ask(scripted.address, "가", "나", "다")
    assert caplog.text.count("2 of 3 prompts") == 1


def test_the_key_is_of_the_environment_and_in_no_error(scripted, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert ask(scripted.address, "왜?") == [Answer("네", True)]
    assert scripted.keys == ["Bearer sk-secret"]
    scripted.reply = lambda asked: (401, b'{"error": {"message": "no such key"}}')
    with pytest.raises(ServerError, match="OPENAI_API_KEY") as refused:
        ask(scripted.address.replace("//", "//someone:password@"), "왜?")
    assert "sk-secret" not in str(refused.value) and "password" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "what"),
    [
        (404, {"error": {"message": "The model `m` does not exist.", "code": 404}}, "it has no model m"),
        (404, {"error": {"message": "gone", "code": "model_not_found"}}, "it has no model m"),
        (400, {"detail": "Server is pinned to 'x'; requested 'm'."}, "it has no model m"),
        (404, {"detail": "Not Found"}, r"Not Found.*ends on /v1"),
        (400, {"error": {"message": "too long by 12 tokens"}}, "too long by 12 tokens"),
        (422, {"error": {"message": "bad input: 제 번호는 이것"}}, r"answers 422 to a request for a chat completion\."),
        (500, {"error": {"message": "out of memory"}}, "out of memory.*log of the server"),
        (429, {"error": {"message": "busy"}}, "Lower answer.batch_size"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_do(scripted, status, body, what) -> None:
    """And repeats nothing of the conversation (S1-27)."""
    scripted.reply = lambda asked: (status, json.dumps(body).encode())
    with pytest.raises(ServerError, match=what) as refused:
        ask(scripted.address, "제 번호는 이것")
    assert "번호" not in str(refused.value)


def test_one_error_ends_the_others(scripted) -> None:
    scripted.reply = lambda asked: (400, b'{"error": {"message": "no"}}')
    with pytest.raises(ServerError):
        ask(scripted.address, *map(str, range(200)), at_once=2)
    assert len(scripted.asked) < 20


@pytest.mark.parametrize(
    "body", [b'{"id": "1"}', b"[]", b'"text"', b"{", b"<html>", b'{"choices": []}']
)
def test_no_chat_completion(scripted, body) -> None:
    scripted.reply = lambda asked: (200, body)
    with pytest.raises(ServerError, match="not a chat completion"):
        ask(scripted.address, "왜?")


def test_an_answer_that_breaks_off(scripted) -> None:
    scripted.promised_more = 100
    with pytest.raises(ServerError, match="gives no answer"):
        ask(scripted.address, "왜?")


def test_a_filter_of_the_server(scripted) -> None:
    scripted.reply = lambda asked: (200, completion(None, "content_filter"))
    with pytest.raises(ServerError, match="filter"):
        ask(scripted.address, "왜?")


def test_nobody_is_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ServerError, match=re.escape(f"http://127.0.0.1:{port}: gives no answer")):
        ask(f"http://127.0.0.1:{port}/v1", "왜?")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:8000/v1",
        "ftp://host/v1",
        "http:///v1",
        "http://host:port/v1",
        "http://[::1/v1",
        "HTTP://someone:s3cret@host/v1",
        "http://s3cret@host/v1",
        "http://host/v1?key=s3cret",
        "//someone:s3cret@host",
        "s3cret@host",
    ],
)
def test_an_address_is_one_and_holds_no_secret(address) -> None:
    """It would stay in dvc.lock; and the refusal does not repeat it."""
    with pytest.raises(ValidationError) as refused_value:
        Server(base_url=address, model="m")
    said = str(refused(Path("params.yaml"), refused_value.value))
    assert "base_url" in said and "s3cret" not in said
    assert ("OPENAI_API_KEY" in said) == ("s3cret" in address)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/v1\nX", "http://127.0.0.1:9/\x1b[31m", "http://127.0.0.1:9/v1\x7f",
        "http://exa mple/v1", "http://127.0.0.1: 9/v1", "http://\u202eevil/v1",
        "http://１２７.0.0.1:9/v1", "http://127.0.0.1:９/v1", "http://" + "가" * 70 + "/v1",
        "http://a..b/v1", "http://" + "a" * 64 + "/v1", "http://" + "a." * 127 + "b/v1",
        "http://127.0.0.1:9/" + "a" * 2_000, "http://[::1]x/v1",
    ],
    ids=range(14),
)  # fmt: skip
def test_an_address_that_the_client_would_stumble_over_is_refused_unshown(address) -> None:
    with pytest.raises(ValidationError) as refused_value:
        Server(base_url=address, model="m")
    said = refused(Path("params.yaml"), refused_value.value)
    assert said.what == (
        "base_url: is not the address of a server. Write it as http://127.0.0.1:8000/v1, in at "
        "most 2,000 characters of ASCII without blanks."
    )
    assert said.where == "params.yaml" and said.fix


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8000/v1", "HTTPS://host", "http://[::1]:1/", "http://a_b.example.:9/v1",
        "http://" + "a" * 63 + "/" + "b" * 1_929,
    ],
    ids=range(5),
)  # fmt: skip
def test_an_address_of_a_server_is_taken(address) -> None:
    assert Server(base_url=address, model="m").base_url == address


SHAPES = [
    {"choices": "text"},
    {"choices": [1]},
    {"choices": [None]},
    {"choices": [{"message": None}]},
    {"choices": [{"message": "text"}]},
    {"choices": [{"message": {"content": ["a"]}}]},
    {"choices": [{"message": {"content": 7}}]},
    {"choices": [{"message": {"content": "a"}, "finish_reason": {}}]},
    {"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": "many"}},
    {"choices": [{"message": {"content": "a"}}], "usage": [1]},
    {"choices": {}},
]


@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
def test_another_shape_is_no_chat_completion(scripted, shape) -> None:
    scripted.reply = lambda asked: (200, json.dumps(shape).encode())
    with pytest.raises(ServerError, match="not a chat completion"):
        ask(scripted.address, "왜?")


def test_json_without_end_is_no_chat_completion(scripted) -> None:
    for body in (b"[" * 100_000, b'{"choices":' * 100_000, b'{"a": ' + b"9" * 100_000 + b"}"):
        scripted.reply = lambda asked, body=body: (200, body)
        with pytest.raises(ServerError, match="not a chat completion"):
            ask(scripted.address, "왜?")


@pytest.mark.parametrize("status", [200, 400])
def test_a_body_is_read_to_its_bound_and_no_further(scripted, monkeypatch, status) -> None:
    monkeypatch.setattr(bounded, "MAX_BODY_BYTES", 10_000)
    scripted.reply = lambda asked: (status, completion("가" * 3_000))
    with pytest.raises(ServerError, match=r"not a chat completion .*compressed or over"):
        ask(scripted.address, "왜?")
    scripted.reply = lambda asked: (200, completion("가" * 300))
    assert ask(scripted.address, "왜?") == [Answer("가" * 300, True)]


def test_an_answer_and_all_of_them_have_their_time(scripted) -> None:
    scripted.reply = lambda asked: (time.sleep(20), (200, b""))[1]
    short = RUNTIME.model_copy(update={"server_answer_s": 0.5})
    began = time.monotonic()
    with pytest.raises(ServerError, match=r"longer than runtime\.server_answer_s, 0\.5 s"):
        ask(scripted.address, *map(str, range(8)), at_once=2, runtime=short)
    scripted.reply = lambda asked: (time.sleep(0.2), (200, completion("네")))[1]
    short = RUNTIME.model_copy(update={"server_total_s": 0.5})
    with pytest.raises(ServerError, match=r"longer than runtime\.server_total_s, 0\.5 s"):
        ask(scripted.address, *map(str, range(8)), runtime=short)
    assert time.monotonic() - began < 5


def test_a_server_that_orders_a_pause_gets_none(scripted) -> None:
    """The client would obey for two minutes."""
    scripted.headers = {"Retry-After": "100"}
    scripted.reply = lambda asked: (429, b"{}")
    short = RUNTIME.model_copy(update={"server_answer_s": 0.5})
    with pytest.raises(ServerError, match="server_answer_s"):
        ask(scripted.address, "왜?", runtime=short)


def test_an_answer_that_drips_is_cut_off() -> None:
    def drip(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with suppress(OSError):
            for _ in range(200):
                peer.sendall(b" ")
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=lambda: drip(listening.accept()[0]), daemon=True).start()
        short = RUNTIME.model_copy(update={"server_answer_s": 0.5})
        with pytest.raises(ServerError, match="server_answer_s"):
            ask(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", "왜?", runtime=short)


@pytest.mark.parametrize(
    "said",
    [
        "bad header Authorization: none",
        "got Bearer x",
        "key sk-lon is wrong",
        "you sent g-secret",
        "X-Stainless-Lang is python",
        "a\x1b[31red",
        "제 번호는 이것",
        "a" * 300,
    ],
)
def test_nothing_of_a_request_is_repeated(scripted, monkeypatch, said) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-long-secret")
    scripted.reply = lambda asked: (400, json.dumps({"error": {"message": said}}).encode())
    with pytest.raises(
        ServerError, match=r"answers 400 to a request for a chat completion\."
    ) as no:
        ask(scripted.address, "제 번호는 이것")
    assert said not in str(no.value)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("none", "it has 1234-5678 in it"),
        ("none", "cannot answer 제번호는 010"),
        ("none", "'\\uc81c \\ubc88\\ud638' is too long"),
        ("ab1", "AB1 is no key"),
    ],
)
def test_no_part_of_a_question_or_of_a_short_key_is_repeated(
    scripted, monkeypatch, key, said
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    scripted.reply = lambda asked: (400, json.dumps({"error": {"message": said}}).encode())
    with pytest.raises(ServerError, match=r"chat completion\."):
        ask(scripted.address, "제 번호는 010-1234-5678")


def test_a_key_that_no_header_can_hold(scripted, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "비밀 열쇠")
    with pytest.raises(ServerError, match="OPENAI_API_KEY") as no:
        ask(scripted.address, "왜?")
    assert "비밀" not in str(no.value) and not scripted.asked


def test_an_answer_has_no_more_characters_than_its_tokens_can(scripted) -> None:
    scripted.reply = lambda asked: (200, completion("가" * 16 * 256))
    (whole,) = ask(scripted.address, "왜?")
    assert len(whole.text) == 16 * 256
    scripted.reply = lambda asked: (200, completion("가" * (16 * 256 + 1)))
    with pytest.raises(ServerError, match=r"4,097 characters.*16 tokens"):
        ask(scripted.address, "왜?")
