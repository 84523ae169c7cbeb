"""What a model folder must prove before anything is built on it: that it can be read, described,
loaded and spoken to.

Others made it, so it may be broken, or made to harm. Each step here does what later stages do with
it, on next to nothing: of the weights the headers are read and no number, the model is made without
memory (torch's meta device), tokenizer and chat template are tried on short conversations. Whatever
a library raises is a ModelError. How long and how much memory a step may take is for `trial` to
enforce, since no step can do so for itself.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.chat.rendering import Settings
from stages.formats.json_files import Json, read_json
from stages.pipeline.errors import ModelError, PipelineError, cut, shown
from stages.preflight.files import AGAIN

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stages.chat.messages import Message

SECONDS, TEMPLATE_SECONDS = 120, 15  # of one CPU; a step's first imports take ten
TENSOR_SECONDS = 0.02  # more for each tensor: models of many experts have ten thousands
ROOM_BYTES = 4_000_000_000
MOST_LEVELS = 50
# As families call the number of their layers.
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
SETTINGS = Settings("medium", "2024-06", "2025-01-01")
ONE: "list[Message]" = [
    {"role": "user", "content": "오늘 저녁 뭐 먹을까? (7시)"},
    {"role": "assistant", "content": "김치찌개 어때요 😀\n\n1. OK"},
]
# The first one a template must be able to say; the others it may refuse.
TALKS: "list[list[Message]]" = [
    ONE,
    [{"role": "system", "content": "존댓말로 답하세요."}, *ONE],
    [*ONE, *ONE, *ONE],
    [ONE[0], {**ONE[1], "thinking": "둘 더하기 둘"}],
    [{"role": "user", "content": "말씨 " * 1_000}, ONE[1]],
]


@dataclass(frozen=True)
class Step:
    """What is tried next, and what it may take."""

    what: str
    seconds: float = SECONDS
    room_bytes: int = ROOM_BYTES


def proof(folder: Path, settings: Settings) -> Iterator[Step]:
    """Tries the model, as it is spoken to with `settings`, and says before each step what the step
    is.

    Raises:
        ModelError: no later stage could work with it.
    """
    yield Step("its config.json")
    described = check_config(folder)
    weights = [file.stat().st_size for file in folder.glob("*.safetensors")]
    yield Step("the headers of its weights")
    tensors = count_tensors(folder, described)
    # A file that is mapped counts as memory, though no number of it is read.
    yield Step("its weights", SECONDS + tensors * TENSOR_SECONDS, ROOM_BYTES + sum(weights))
    model, rows = check_weights(folder, described)
    check_forward(folder, model)
    yield Step("its tokenizer")
    check_tokenizer(folder, rows)
    yield Step("its chat template", TEMPLATE_SECONDS)
    check_template(folder, rows, settings)


@contextmanager
def refusing(where: Path, what: str) -> Iterator[None]:
    """Whatever fails within is a ModelError."""
    try:
        yield
    except PipelineError as error:
        fix = AGAIN if "dvc" in error.fix else error.fix  # nothing here was made by a stage
        raise ModelError(error.where, error.what, fix) from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the tokenizers is no Exception
        said = f"{type(error).__name__}: {cut(str(error))}"
        raise ModelError(str(where), f"{what} ({said}).", AGAIN) from None


def check_config(folder: Path) -> Json:
    """What config.json says, which other files must be able to repeat."""
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        file = folder / name
        with refusing(file, "cannot be read"):
            if name != "config.json" and not file.is_file():
                continue
            said = read_json(file)
            _check_values(said, str(file), MOST_LEVELS)
            json.dumps(said, ensure_ascii=False, allow_nan=False).encode()
            if "auto_map" in said:
                raise ModelError(
                    str(file),
                    "asks for code that comes with the model (auto_map), which is never run.",
                    "Use a model that transformers supports itself.",
                )
    described = read_json(folder / "config.json")
    if not isinstance(family := described.get("model_type"), str) or not family:
        raise ModelError(
            str(folder / "config.json"),
            f"names no family of models: model_type is {shown(family)}.",
            AGAIN,
        )
    return described


def _check_values(value: object, where: str, levels: int) -> None:
    if not levels:
        raise ModelError(where, f"nests more than {MOST_LEVELS} levels deep.", AGAIN)
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_values(part, where, levels - 1)
    if isinstance(value, float) and not math.isfinite(value):
        raise ModelError(where, f"holds the number {value}, which is not one of JSON.", AGAIN)


def count_tensors(folder: Path, described: Json) -> int:
    """How many tensors the weights are, by their headers alone.

    Raises:
        ModelError: a header is damaged, or config.json describes more layers than that.
    """
    from stages.preflight.whole import check_whole
    from stages.weights.tensors.model import Model

    with refusing(folder, "its weights cannot be read"), Model(folder) as held:
        count = len(held)
    with refusing(folder, "its weights cannot be read"):
        check_whole(folder)  # what reads them later has its own rules
    parts = [described, *(part for part in described.values() if isinstance(part, dict))]
    for key, value in ((key, part[key]) for part in parts for key in LAYERS if key in part):
        if not isinstance(value, int) or not 0 < value <= count:
            raise ModelError(
                str(folder / "config.json"),
                f"{key} is {shown(value)}, and the weights are {count} tensors.",
                AGAIN,
            )
    return count


def check_weights(folder: Path, described: Json) -> "tuple[PreTrainedModel, int]":
    """The model without its numbers, and how many tokens it knows.

    Raises:
        ModelError: transformers does not know such a model, or the weights are those of another.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.quantization_config import Mxfp4Config

    loader: Any = AutoModelForCausalLM
    quantised = described.get("quantization_config")
    options = {"quantization_config": Mxfp4Config(dequantize=True)} if quantised else {}
    with refusing(folder / "config.json", "describes no model that transformers can load"):
        model, found = loader.from_pretrained(
            folder,
            device_map="meta",
            dtype=torch.bfloat16,
            attn_implementation="eager",
            trust_remote_code=False,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # to name them
            output_loading_info=True,
            **options,
        )
        rows = int(model.get_input_embeddings().weight.shape[0])
    if others := sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]])):
        raise ModelError(
            str(folder),
            f"its weights are not those that config.json describes: {len(others)} are missing or "
            f"of another shape, one is {cut(others[0])}.",
            AGAIN,
        )
    return model, rows


def check_forward(folder: Path, model: "PreTrainedModel") -> None:
    """Computes the shapes of an answer's first two tokens, with the cache between them: the sizes
    that config.json names must go together."""
    import torch

    ids = torch.zeros((1, 8), dtype=torch.long, device="meta")
    described = folder / "config.json"
    with refusing(described, "describes no model that can compute"), torch.inference_mode():
        try:
            first = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=True)
            if (cache := getattr(first, "past_key_values", None)) is not None:
                model(input_ids=ids[:, :1], past_key_values=cache, use_cache=True)
        except RuntimeError as error:
            # Some models look at a number and decide by it, and here are none; and for some
            # operations torch has no shapes alone.
            if "meta" not in str(error).lower():
                raise


def check_tokenizer(folder: Path, rows: int) -> None:
    """
    Raises:
        ModelError: the tokenizer cannot be loaded, or knows tokens that the model does not.
    """
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    file = folder / "tokenizer.json"
    with refusing(file, "cannot be loaded"):
        AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        tokenizer = Tokenizer.from_file(str(file))
        ids = set(tokenizer.get_vocab(with_added_tokens=False).values())
        # A special one is never made of text, so that it may be one of a larger model.
        added = tokenizer.get_added_tokens_decoder()
        ids |= {number for number, token in added.items() if not token.special}
    _check_ids(ids, rows, file)


def check_template(folder: Path, rows: int, settings: Settings) -> None:
    """Renders a few conversations, as `encode` and `answer` do.

    Raises:
        ModelError: it fails on the simplest one.
    """
    from transformers import AutoTokenizer

    from stages.chat.family import renderer_of
    from stages.chat.harmony import Harmony

    where = folder / "tokenizer.json"
    with refusing(where, "cannot speak"):
        renderer = renderer_of(folder, settings)
    _check_ids({renderer.pad_id, *renderer.stop_ids}, rows, where)
    for talk in TALKS:
        try:
            with refusing(where, "cannot speak"):
                encoded = renderer.conversation(talk)
                prompt = renderer.prompt(talk[:-1])
                renderer.answer_text(encoded.input_ids)
                renderer.shown(encoded.input_ids)
            _check_ids({*encoded.input_ids, *prompt}, rows, where)
        except ModelError:
            if talk is ONE:
                raise
    if not isinstance(renderer, Harmony):
        return
    with refusing(folder / "chat_template.jinja", "fails"):
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if tokenizer.chat_template:  # which a server of the model would use
            tokenizer.apply_chat_template(ONE[:1], tokenize=False, add_generation_prompt=True)


def _check_ids(ids: set[int], rows: int, where: Path) -> None:
    if ids and not 0 <= min(ids) <= max(ids) < rows:
        raise ModelError(
            str(where),
            f"has tokens from {shown(min(ids))} to {shown(max(ids))}, and the model knows those "
            f"from 0 to {rows - 1}.",
            "Take the tokenizer that belongs to the model.",
        )
