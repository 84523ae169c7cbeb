"""A LoRA adapter as the changes it makes to named weights.

PEFT stores the factors of a module `m` as `base_model.model.m.lora_A.weight` (r, in) and
`base_model.model.m.lora_B.weight` (out, r); the weight (out, in) becomes W + s B A, where s is
lora_alpha / r, or lora_alpha / sqrt(r) for rank-stabilised LoRA. `rank_pattern` and `alpha_pattern`
name other values for some modules.

The fused experts of gpt-oss are parameters of one module, held as (E, in, out). Their factors are
(r E, in), in which the expert is the slowest index, and (out, r E), in which it is the FASTEST. The
second parameter of a module nests around the first: its factors are those of `m`, and those of the
first are of `m.base_layer`. Nothing in the names says which parameter that is; their shapes do.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import torch

from stages.formats.json_files import Json, read_json
from stages.pipeline.errors import ModelError, PipelineError
from stages.weights.tensors.checkpoint import Checkpoint
from stages.weights.tensors.held import Factors
from stages.weights.tensors.loops import add_products

Pair = tuple[tuple[int, ...], tuple[int, ...]]  # the shapes of A and B
PREFIX = "base_model.model."
BELONG = "Adapter and base do not belong together: run `dvc repro train`."
# What the merge reads, and what changes nothing about a trained adapter. Any other setting that is
# on could change what the adapter means, and is refused.
UNDERSTOOD = (
    *("r", "lora_alpha", "use_rslora", "rank_pattern", "alpha_pattern", "target_parameters"),
    *("base_model_name_or_path", "inference_mode", "lora_dropout", "peft_version", "revision"),
    *("target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "auto_mapping"),
)
PLAIN = {
    "peft_type": "LORA", "task_type": "CAUSAL_LM", "bias": "none", "megatron_core": "megatron.core",
    "qalora_group_size": 16, "init_lora_weights": True, "ensure_weight_tying": False,
}  # fmt: skip
RANDOM_STARTS = (True, False, "gaussian", "orthogonal", "eva")  # which leave the base as it is


@dataclass(frozen=True)
class Change:
    """s B A of one weight: `a` (E, r, in) and `b` (E, out, r) in float32, E = 1 for a matrix."""

    a: np.ndarray
    b: np.ndarray
    scale: float

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.a), self.b.shape[1], self.a.shape[2]

    def factors(
        self, expert: int = 0, first: int = 0, last: int | None = None, across: bool = False
    ) -> Factors:
        """What is added to one matrix, or to its rows first..last; `across`: to its transpose."""
        left, right = self.b[expert][first:last], self.a[expert]
        if across:
            left, right = right.T, left.T
        scale = np.float32(self.scale)
        return Factors(np.ascontiguousarray(left), np.ascontiguousarray(right), scale)

    def tuned(self, weight: torch.Tensor, expert: int = 0, first: int = 0) -> torch.Tensor:
        """W + s B A of one matrix in float32, of rows `first` and on; `weight` is (out, in) and may
        be a transposed view, and so is then what is returned.

        The sums run over r in its order, so they are the same for any piece, thread or processor.
        """
        held, last = weight.float(), first + len(weight)
        across = held.stride(0) == 1 and held.stride(1) != 1
        held = (held.T if across else held).contiguous()
        total = torch.empty_like(held)
        add_products(held.numpy(), self.factors(expert, first, last, across), total.numpy())
        return total.T if across else total


class Adapter:
    """The changes of an adapter that PEFT saved, by the name of the weight, read when they are
    wanted. Use it as a context. `shapes`: what the base has, (experts, out, in) by name, with 1 for
    a matrix.

    Raises:
        ModelError: a tensor or a setting of the adapter would not be merged, or the base has no
            place for it. None is ever left out silently.
    """

    def __init__(self, folder: Path, shapes: Mapping[str, tuple[int, int, int]]):
        self.described = read_json(folder / "adapter_config.json")
        _refuse_what_is_not_understood(self.described, folder / "adapter_config.json")
        self._file = Checkpoint(folder, "adapter_model.safetensors")
        self._shapes = shapes

    def __enter__(self) -> Self:
        self._file.__enter__()
        try:
            self._resolve()
        except Exception as error:
            self._file.__exit__()
            odd = KeyError | TypeError | ValueError | AttributeError | re.error
            if isinstance(error, PipelineError) or not isinstance(error, odd):
                raise
            raise ModelError(
                str(self._file.folder / "adapter_config.json"),
                f"cannot be read ({type(error).__name__}).",
                "Run `dvc repro train` to make the adapter again.",
            ) from None
        return self

    def _resolve(self) -> None:
        where = str(self._file.folder / "adapter_model.safetensors")
        modules: dict[str, set[str]] = {}
        for key in self._file:
            if found := re.fullmatch(rf"{re.escape(PREFIX)}(.+)\.lora_([AB])\.weight", key):
                modules.setdefault(found[1], set()).add(found[2])
        pairs: dict[str, Pair] = {}
        for module, sides in modules.items():
            if len(sides) == 2:
                a, b = (self._file.stored(key).shape for key in _keys(module))
                if len(a) == len(b) == 2:
                    pairs[module] = (a, b)
        used = {key for module in pairs for key in _keys(module)}
        if stray := sorted(set(self._file) - used):
            raise ModelError(
                where,
                f"holds {len(stray)} tensors that are no LoRA pair, the first is {stray[0]}.",
                "Run `dvc repro train` to make it again.",
            )
        if not pairs:
            raise ModelError(where, "holds no tensor.", "Run `dvc repro train` to make it again.")
        targets = self.described.get("target_parameters") or []
        self._modules = _named(pairs, targets, self._shapes)
        self._scales = {
            name: _scale(name, module, pairs[module], self._shapes[name], self.described)
            for name, module in self._modules.items()
        }

    def __exit__(self, *_: object) -> None:
        self._file.__exit__()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._modules))

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    @lru_cache(maxsize=2)  # noqa: B019 - an adapter lives as long as its stage
    def __getitem__(self, name: str) -> Change:
        a, b = (self._file[key].float().numpy() for key in _keys(self._modules[name]))
        experts, rows, columns = self._shapes[name]
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise ModelError(
                "models/adapter",
                f"its change to {name} holds NaN or infinity.",
                "Run `dvc repro train` to make it again.",
            )
        by_expert = b.reshape(rows, -1, experts).transpose(2, 0, 1)
        return Change(
            a.reshape(experts, -1, columns), np.ascontiguousarray(by_expert), self._scales[name]
        )


def _keys(module: str) -> tuple[str, str]:
    return f"{PREFIX}{module}.lora_A.weight", f"{PREFIX}{module}.lora_B.weight"


def _refuse_what_is_not_understood(described: Json, where: Path) -> None:
    for key, value in sorted(described.items()):
        if key in UNDERSTOOD or not value:
            continue
        if key == "init_lora_weights" and value in RANDOM_STARTS:
            continue
        if key == "runtime_config" or PLAIN.get(key) == value:
            continue
        raise ModelError(
            str(where),
            f"has {key}: {value!r}, which the merge does not cover.",
            "Train with plain LoRA: see train.lora in params.yaml.",
        )


def _named(
    pairs: Mapping[str, Pair],
    target_parameters: Sequence[str],
    shapes: Mapping[str, tuple[int, int, int]],
) -> dict[str, str]:
    """The weight that each pair of factors changes, {weight: module}."""
    named: dict[str, str] = {}
    holders: dict[str, list[str]] = {}
    for module in pairs:
        if f"{module}.weight" in shapes and ".base_layer" not in module:
            named[f"{module}.weight"] = module
        else:
            holders.setdefault(module.replace(".base_layer", ""), []).append(module)
    for holder, modules in holders.items():
        parameters = [
            name
            for name in shapes
            if name.rpartition(".")[0] == holder and _is_named(name, target_parameters)
        ]
        for module in modules:
            a, b = pairs[module]
            fits = [
                name
                for name in parameters
                if shapes[name][1:] == (b[0], a[1]) and a[0] % shapes[name][0] == 0
            ]
            if len(fits) != 1 or fits[0] in named:
                raise ModelError(
                    "models/adapter",
                    f"has factors for {module}, {a} and {b}, and in the "
                    f"base {fits or 'nothing'} fits them.",
                    BELONG if not fits else "Which one is meant cannot be told: adapt one of them.",
                )
            named[fits[0]] = module
    return named


def _scale(
    name: str,
    module: str,
    pair: Pair,
    shape: tuple[int, int, int],
    described: Json,
) -> float:
    """s of one weight, after its factors were found to fit it."""
    experts, rows, columns = shape
    a, b = pair
    if (b[0], a[1]) != (rows, columns) or a[0] != b[1] or a[0] % experts:
        raise ModelError(
            "models/adapter",
            f"its change to {name} is {(b[0], a[1])} by {a[0]} and {b[1]}, the weight is "
            f"{shape if experts > 1 else shape[1:]}.",
            BELONG,
        )
    # What PEFT looks a pattern up by: the name of a parameter, but the module of a layer's weight.
    is_parameter = _is_named(name, described.get("target_parameters") or [])
    key = name if is_parameter else module
    rank = _by_pattern(described.get("rank_pattern"), key, described["r"])
    alpha = _by_pattern(described.get("alpha_pattern"), key, described["lora_alpha"])
    if a[0] != rank * experts:
        raise ModelError(
            "models/adapter/adapter_config.json",
            f"says rank {rank} for {key}, the factors have {a[0] // experts}.",
            "Run `dvc repro train` to make the adapter again.",
        )
    return alpha / (math.sqrt(rank) if described.get("use_rslora") else rank)


def _is_named(name: str, targets: Sequence[str]) -> bool:
    return any(name == target or name.endswith(f".{target}") for target in targets)


def _by_pattern(pattern: Mapping[str, int] | None, key: str, otherwise: int) -> int:
    """The entry whose name ends the key, part by part; as PEFT, by a regular expression. PEFT takes
    the first of several, and a file of sorted keys does not say which one that was."""
    fits = {v for ending, v in (pattern or {}).items() if re.match(rf"(.*\.)?({ending})$", key)}
    if len(fits) > 1:
        raise ModelError(
            "models/adapter/adapter_config.json",
            f"has several patterns for {key}, with {sorted(fits)}.",
            "Run `dvc repro train` to make the adapter again.",
        )
    return fits.pop() if fits else otherwise
