"""Hundreds of damaged model folders: `base` refuses each with a sentence, or takes it, and what it
takes can be spoken to and answers. MALSSI_FUZZ_S says for how long."""

import json
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from stages import base
from stages.answering.loading import load_model
from stages.answering.local import generate
from stages.chat.family import renderer_of
from stages.chat.rendering import Settings
from stages.pipeline.errors import PipelineError
from stages.preflight.model import ONE, ROOM_BYTES, SETTINGS, proof
from stages.taking.format import Format
from stages.weights.tensors.model import Model
from tests.families import SPECIAL, save_model
from tests.hostile_models import WEIGHTS, parts_of, safetensors

pytestmark = pytest.mark.soak

FUZZ_S = float(os.environ.get("MALSSI_FUZZ_S", "60"))
SEED = 20_261_130
LONGEST_S, LONGEST_SAID = 30, 4_000
# Of a file that is gone, or that an earlier damage left as no JSON.
NOT_TO_DAMAGE = OSError, ValueError, TypeError, LookupError, RecursionError
# What may stand in the place of a value of JSON.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 7, 64, 10**6, 10**9, 2**31, 2**63, 10**30, 10**400, 0.5, -0.5, 1e300, 1e-300,
    "", "a", "0", "../../x", "/etc/passwd", "\0", "\x1b[2J", "\u202e", "x" * 5_000, "float32", "bfloat16", "eager",
    "sdpa", "default", "linear", "yarn", "full_attention", "mxfp4", "llama", "qwen2", "gemma", "gpt_oss", "<|im_end|>",
    [], {}, [None], [1, 2], ["a"], [[]], [[1]], {"a": 1}, {"a": {"b": []}}, {"rope_type": "yarn"}, {"rope_theta": 0},
    [0] * 500, {str(i): i for i in range(500)},
)  # fmt: skip
PIECES = (
    "{{ 1/0 }}", "{{ x.y.z }}", "{% for i in range(99) %}a{% endfor %}", "{{ ''.__class__ }}", "{{ messages }}", "{# ",
    "{% if %}", "{% endfor %}", "{{ 'a' * 3000000 }}", "{{ raise_exception('x') }}", "{{ '\\ud800' }}", "{{ eos_token }}",
    "{% break %}", "{{ strftime_now('%Y') }}", "{% set messages = [] %}", "<|im_end|>", "\0", "{{ '%s' % 1 }}", "가",
    "{% generation %}", "{{ self }}", "{{ namespace(a=1).a }}", "{{ messages[99].content }}", "{{ content|tojson }}", "}}", "{%",
)  # fmt: skip

Damage = Callable[[random.Random, Path], None]


def some_value(rng: random.Random, tree: Any) -> None:
    """Another value, name or place of a random part of the tree, or none."""
    while True:
        places = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not places:
            return
        place = rng.choice(places)
        if not isinstance(tree[place], dict | list) or rng.random() < 0.3:
            break
        tree = tree[place]
    change = rng.choice(("value", "value", "value", "gone", "name"))
    if change == "value":
        tree[place] = rng.choice(VALUES)
    elif change == "gone":
        del tree[place]
    elif isinstance(tree, dict):
        tree[rng.choice(("a", "", "auto_map", "quantization_config"))] = tree.pop(place)


def json_value(rng: random.Random, folder: Path) -> None:
    file = rng.choice(sorted(folder.glob("*.json")))
    tree = json.loads(file.read_text())
    some_value(rng, tree)
    file.write_text(json.dumps(tree))


def json_key(rng: random.Random, folder: Path) -> None:
    """A setting that was not there, by a name that transformers knows."""
    names = {
        "config.json": ("tie_word_embeddings", "rope_parameters", "layer_types", "sliding_window", "torch_dtype", "dtype", "hidden_act", "architectures", "pad_token_id", "text_config", "attention_bias", "is_decoder", "transformers_weights", "use_cache", "head_dim", "_name_or_path", "transformers_version", "fusion_config", "experts_implementation"),
        "generation_config.json": ("num_beams", "num_return_sequences", "max_length", "min_length", "min_new_tokens", "repetition_penalty", "no_repeat_ngram_size", "bad_words_ids", "stop_strings", "cache_implementation", "cache_config", "forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens", "sequence_bias", "guidance_scale", "watermarking_config", "prompt_lookup_num_tokens", "assistant_early_exit", "penalty_alpha", "return_dict_in_generate", "output_scores", "max_time", "do_sample", "temperature", "top_k", "pad_token_id", "eos_token_id", "exponential_decay_length_penalty", "token_healing", "use_cache", "compile_config", "disable_compile", "prefill_chunk_size", "continuous_batching_config", "renormalize_logits", "remove_invalid_values", "use_mtp"),
        "tokenizer_config.json": ("tokenizer_class", "chat_template", "added_tokens_decoder", "extra_special_tokens", "model_max_length", "padding_side", "bos_token", "eos_token", "add_bos_token", "model_input_names", "split_special_tokens", "response_template", "fix_mistral_regex", "backend", "is_local"),
    }  # fmt: skip
    name = rng.choice(list(names))
    tree = json.loads((folder / name).read_text())
    tree[rng.choice(names[name])] = rng.choice(VALUES)
    (folder / name).write_text(json.dumps(tree))


def some_bytes(rng: random.Random, folder: Path) -> None:
    file = rng.choice(sorted(folder.iterdir()))
    raw = bytearray(file.read_bytes() or b"?")
    kind = rng.choice(("flip", "cut", "insert", "head"))
    place = rng.randrange(len(raw))
    if kind == "flip":
        raw[place] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del raw[place:]
    elif kind == "insert":
        raw[place:place] = rng.choice((b"\0", b"\xff", b"{", b'"', b"[" * 2_000, b"9" * 400))
    else:
        raw[min(place, 200)] = rng.randrange(256)
    file.write_bytes(raw)


def weights_header(rng: random.Random, folder: Path) -> None:
    told, data = parts_of(folder / WEIGHTS)
    some_value(rng, told)
    (folder / WEIGHTS).write_bytes(safetensors(json.dumps(told), data))


def another_template(rng: random.Random, folder: Path) -> None:
    file = folder / "chat_template.jinja"
    written = file.read_text(encoding="utf-8", errors="ignore") if file.is_file() else ""
    place = rng.randrange(len(written) + 1)
    file.write_text(written[:place] + rng.choice(PIECES) + written[place:], encoding="utf-8")


def another_s_file(rng: random.Random, folder: Path) -> None:
    file = rng.choice(sorted(folder.iterdir()))
    other = rng.choice(sorted(folder.parent.glob(f"good-*/{file.name}")))
    shutil.copyfile(other, file)


def no_file(rng: random.Random, folder: Path) -> None:
    file = rng.choice(sorted(folder.iterdir()))
    file.unlink()
    if rng.random() < 0.5:
        file.symlink_to(rng.choice(("/etc/passwd", "config.json", file.name, ".", "nothing")))


DAMAGES: tuple[Damage, ...] = (
    *[json_value] * 6, *[json_key] * 6, some_bytes, weights_header, weights_header, another_template, another_template,
    another_s_file, no_file,
)  # fmt: skip


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The trial in this process, and with its bounds, so that hundreds can be made."""

    def here(folder: Path, called: str, settings: Settings) -> None:
        signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
        for _ in proof(folder, settings):
            pass

    def ended(*_: object) -> None:
        raise TimeoutError(f"over {LONGEST_S} s")

    monkeypatch.setattr(base, "try_out", here)
    before, limits = signal.signal(signal.SIGPROF, ended), resource.getrlimit(resource.RLIMIT_DATA)
    most = psutil.Process().memory_info().data + 2 * ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, limits[1]))
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)
    resource.setrlimit(resource.RLIMIT_DATA, limits)


def used(folder: Path) -> None:
    """What later stages do with a base, in little."""
    with Model(folder) as model:
        assert len(model) and model.shapes()
    renderer = renderer_of(folder, SETTINGS)
    prompt = renderer.prompt(ONE[:1])
    assert renderer.conversation(ONE).input_ids[: len(prompt)] == prompt
    answers = generate(load_model(folder, "float32"), [prompt], renderer, 2)
    assert isinstance(renderer.answer_text(answers[0]), str)


def test_damaged_folders_are_refused_in_words_or_work(bounded: None, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    for family in SPECIAL:
        save_model(family, tmp_path / f"good-{family}")
    ends = time.monotonic() + FUZZ_S
    tried, refused = 0, 0
    while time.monotonic() < ends:
        folder = tmp_path / "model"
        shutil.copytree(tmp_path / f"good-{rng.choice(list(SPECIAL))}", folder)
        for damage in rng.choices(DAMAGES, k=rng.choice((1, 1, 1, 2, 3))):
            with suppress(*NOT_TO_DAMAGE):
                damage(rng, folder)
        tried += 1
        started = time.monotonic()
        try:
            base.take_folder(folder, tmp_path / "base", SETTINGS, Format())
        except PipelineError as error:
            refused += 1
            assert len(str(error)) < LONGEST_SAID and str(error).isprintable()
        else:
            used(tmp_path / "base")
            shutil.rmtree(tmp_path / "base")
        assert time.monotonic() - started < 2 * LONGEST_S
        shutil.rmtree(folder)
    print(f"{tried} folders, {refused} refused")
    assert tried > FUZZ_S / 2 and tried > refused > tried / 10
