"""Talking to a variant in the terminal (S1-28)."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from stages.chat.family import renderer_of
from stages.commands.generate import Shown, answer
from stages.formats.json_files import read_json
from tests.micro import ROOT, edit_yaml
from tests.taught import SAID, SETTINGS, TALKS, taught
from tests.workspace import lay_out

SYSTEM, QUESTION = TALKS[0][0]["content"], TALKS[0][1]["content"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a gpt-oss as its base and merged model, and an adapter that changes nothing."""
    folder = tmp_path_factory.mktemp("talk")
    lay_out(folder)
    edit_yaml(
        folder / "params.yaml",
        lambda params: params["encode"].update(conversation_date=SETTINGS.conversation_date),
    )
    (folder / "models").mkdir()
    taught("gpt_oss", folder / "models/merged-bf16")
    shutil.copytree(folder / "models/merged-bf16", folder / "models/base")
    base = AutoModelForCausalLM.from_pretrained(folder / "models/base", dtype=torch.float32)
    adapter = get_peft_model(base, LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"))
    adapter.save_pretrained(str(folder / "models/adapter"))
    described = read_json(folder / "models/adapter/adapter_config.json")
    described["base_model_name_or_path"] = "models/base"
    (folder / "models/adapter/adapter_config.json").write_text(json.dumps(described))
    return folder


def command(*flags: str) -> list[str]:
    return [sys.executable, "-m", "stages.commands.generate", *flags]


def talk(place: Path, said: bytes, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(*flags),
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        input=said,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("variant", ["merged-bf16", "adapter"])
def test_a_question_in_a_pipe(place, variant) -> None:
    done = talk(place, QUESTION.encode(), "--variant", variant, "--system", SYSTEM)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == f"{SAID[0]}\n"


def test_the_conversation_is_kept_until_an_empty_line(place, monkeypatch) -> None:
    """The second answer is that of the whole conversation, and the third line is never read."""
    done = talk(
        place, "안녕하세요\n몇 시에 만나요?\n\n내일 만나요\n".encode(), "--variant", "merged-bf16"
    )
    assert done.returncode == 0, done.stderr
    model = AutoModelForCausalLM.from_pretrained(place / "models/merged-bf16", dtype=torch.float32)
    renderer = renderer_of(place / "models/merged-bf16", SETTINGS)
    talked, answers = [], []
    for question in ("안녕하세요", "몇 시에 만나요?"):
        talked.append({"role": "user", "content": question})
        answers.append(answer(model, renderer, talked, 128, 0.0, lambda piece: None))
        talked.append({"role": "assistant", "content": answers[-1]})
    assert done.stdout.decode() == "".join(f"{said}\n" for said in answers)


def test_an_answer_can_be_cut(place) -> None:
    flags = ("--variant", "merged-bf16", "--system", SYSTEM, "--max-new-tokens", "12")
    said = talk(place, QUESTION.encode(), *flags).stdout.decode().rstrip("\n\ufffd")
    assert said and len(said) < len(SAID[0]) and SAID[0].startswith(said)


def test_drawn_answers(place) -> None:
    """A high temperature says something else, a low one the same."""
    flags = ("--variant", "merged-bf16", "--system", SYSTEM)
    wild = talk(place, QUESTION.encode(), *flags, "--temperature", "50")
    calm = talk(place, QUESTION.encode(), *flags, "--temperature", "0.01")
    assert (wild.returncode, calm.returncode) == (0, 0)
    assert calm.stdout.decode() == f"{SAID[0]}\n" != wild.stdout.decode(errors="replace")


def test_what_is_no_text_is_no_traceback(place) -> None:
    done = talk(place, b"\xff\xfe\n", "--variant", "merged-bf16", "--max-new-tokens", "2")
    assert done.returncode == 0 and b"Traceback" not in done.stderr


def test_a_variant_that_is_not_there(place) -> None:
    done = talk(place, b"", "--variant", "mxfp4")
    assert done.returncode == 1
    assert "ERROR models/mxfp4/config.json: is not there." in done.stderr.decode()


def left_by(process: subprocess.Popen, terminal: int, key: str) -> int:
    """The exit code after a key, pressed again if need be: a Ctrl-C between the prompt and readline's
    wait for a key is only seen with the next one."""
    for _ in range(5):
        os.write(terminal, key.encode())
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=30)
    return process.wait(timeout=30)


@pytest.mark.parametrize("ends", ["\n", "\x04", "\x03"])
def test_a_terminal(place, ends) -> None:
    """Lines are asked for, and an empty line, Ctrl-D and Ctrl-C end it without an error."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        command("--variant", "merged-bf16", "--system", SYSTEM),
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "dumb"},
        stdin=there,
        stdout=there,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: take_terminal(there),
    )
    os.close(there)
    try:
        assert seen(here, "> ")
        os.write(here, f"{QUESTION}\n".encode())
        assert SAID[0] in seen(here, "\r\n> ")
        assert left_by(process, here, ends) == 0
    finally:
        process.kill()
        process.wait()
        os.close(here)


def take_terminal(terminal: int) -> None:
    """Makes it the one from which Ctrl-C comes, which a shell lets its background jobs ignore."""
    import fcntl
    import termios

    signal.signal(signal.SIGINT, signal.default_int_handler)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def seen(terminal: int, end: str) -> str:
    """What the terminal shows up to `end` at its end."""
    shown, until = b"", time.monotonic() + 120
    while time.monotonic() < until:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096)
        if shown.decode(errors="replace").endswith(end):
            return shown.decode(errors="replace")
    raise AssertionError(shown)


def test_ctrl_c_in_the_middle_of_an_answer(place) -> None:
    process = subprocess.Popen(
        command("--variant", "merged-bf16", "--max-new-tokens", "100000", "--temperature", "50"),
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write("안녕\n".encode())
    process.stdin.flush()
    process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert b"Traceback" not in errors
    assert process.returncode == 0


def test_pieces_are_whole_characters(place) -> None:
    """An emoji is four tokens here, and comes as one piece; headers never come."""
    renderer = renderer_of(place / "models/merged-bf16", SETTINGS)
    model = AutoModelForCausalLM.from_pretrained(place / "models/merged-bf16", dtype=torch.float32)
    pieces: list[str] = []
    said = answer(model, renderer, TALKS[0], 64, 0.0, pieces.append)
    assert "".join(pieces) == said == SAID[0]
    assert "\ufffd" not in "".join(pieces)
    assert len([piece for piece in pieces if piece]) > 3
    shown = Shown(renderer, pieces.append)
    shown.end()
    assert shown.said == ""
