"""Whether llama.cpp computes from a GGUF of the stage `gguf` what transformers computes from the
MXFP4 model that it was made of.

    python -m benchmarks.llamacpp

needs llama-cpp-python, which `make check-llamacpp` builds from its source. Two models: the
project's `models/mxfp4`, where there is one, and a small random gpt-oss with YaRN, as the hub's
have it. The stage writes both types of each. Both sides read the same token ids, of Korean
conversations and of a document longer than the sliding window: llama.cpp on the CPU with its cache
in float32, transformers in float32 with the dequantised weights.

`as it is`: transformers as its config says. llama.cpp rounds what goes into a product: to 8 bits
before the experts (Q8_0: one scale for 32 numbers), to BF16 or F16 before all else but the router.
Where two experts are nearly as good, that can change the choice of one, and with it the position's
distribution. It also rounds the bounds of YaRN's ramp.
`rounded alike`: transformers with these roundings. What is left then is the order of sums, which
the roundings enlarge: on the random model, one part in a million on the embeddings makes as much.
So this is what shows that every weight and setting came through.

The tokenizers are compared on texts that spell no control token. `<|start|>`, `<|message|>`,
`<|channel|>`, `<|constrain|>` and `<|end|>` llama.cpp takes for the token even where it is asked
for plain text, and no file can say otherwise.

It exits with 1 when a bar is missed. Measured on the built-in model, rounded alike: 1e-6 nats in
the mean for a right file; 6e-1 with gate and up exchanged, 5 with nibbles left as they lay, 6e-3
with a sliding window twice as wide, 2e-2 without sinks, 8e-4 (and 98 % of the first choices) when
one layer lacks the bias of down_proj.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from stages.chat.harmony import Harmony
from stages.chat.rendering import Settings
from stages.numerics.pins import pin_numerics
from stages.params.compute import Compute
from stages.pipeline import paths

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("MALSSI_SHARED", ROOT.parent / "shared"))
TYPES = ("bf16", "f16")
CONTEXT = 1024
CONTINUED = 32  # tokens of a greedy continuation
TEXTS = 2000  # lines of each set of real text that the tokenizers are compared on
SEED = 42
SETTINGS = Settings("medium", "2024-06", "2025-01-01")
SYSTEM = "당신은 유능한 AI 어시스턴트입니다. 사용자의 질문에 대해 친절하게 답변해주세요."
QUESTIONS = [
    "오늘 저녁에 뭐 먹을까?",
    "ㅋㅋㅋ 진짜 웃기다 그거 어디서 봤어",
    "반도체 수출이 7월에 20% 늘었다는 기사를 한 문장으로 요약해 주세요.",
    "주말에 비가 온다는데 우산 챙겨야 하나요?",
    "서울에서 부산까지 KTX로 얼마나 걸려?",
    "회의 시간을 오후 3시로 옮겨도 될까요?",
    "파이썬에서 리스트를 뒤집는 방법을 알려줘.",
    "요즘 잠이 잘 안 와서 너무 피곤해ㅠㅠ",
]
DOCUMENT = (
    "정부는 내일 대책을 발표한다. 반도체 수출이 7월에 20% 늘었고, 자동차와 선박도 함께 늘었다. "
    "그러나 물가가 올라 장을 보는 사람들의 부담은 여전하다고 상인들은 말했다.\n\n"
)
# Signs, blanks and letters that tokenizers stumble over.
ODD = [
    "",
    " ",
    "\n\n  \t끝",
    "１２３　전각 ㎏ 한자 漢字 가나 かな",
    "분해된 한글",
    "🙂👨‍👩‍👧 이모지ㅋㅋㅋㅋ!!!?",
    "I'll 2025년 1,234,567원 (약 98.6%)",
    "ＡＢＣdef Ａ'S 'll",
]
BARS = {  # the least share of equal first choices, the largest divergence in the mean (nats)
    "as it is": (0.98, 1e-2),
    "rounded alike": (0.99, 5e-4),
}


@dataclass
class Agreement:
    """Of what llama.cpp and transformers say on the same ids."""

    positions: int = 0
    equal: int = 0
    divergence_sum: float = 0.0
    divergence_max: float = 0.0
    continued: int = 0
    alike: int = 0  # continuations that are equal to the end
    gap: float = (
        0.0  # where one parts, how much more likely (nats) transformers holds its own token
    )

    def missed(self, how: str) -> list[str]:
        least, most = BARS[how]
        found: list[str] = []
        if self.equal / self.positions < least:
            found.append(f"top-1 is below {least:.0%}")
        if not self.divergence_sum / self.positions <= most:
            found.append(f"mean KL is above {most:g}")
        return found


def random_model(folder: Path) -> None:
    """An MXFP4 folder as `export` leaves it: random weights of a size that makes sharp choices."""
    import torch
    from safetensors.torch import save_file
    from transformers import GptOssConfig, GptOssForCausalLM

    from stages.tiny.model import build_tokenizer
    from stages.weights.tensors.mxfp4 import quantize

    folder.mkdir(parents=True)
    documents = [{"text": text} for text in [*QUESTIONS, DOCUMENT, SYSTEM]]
    harmony = build_tokenizer(documents, 1200, folder)
    config = GptOssConfig(
        vocab_size=harmony.tokenizer.get_vocab_size() + 7,  # rows without a token, as the hub's
        hidden_size=128,
        intermediate_size=160,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        num_local_experts=4,
        num_experts_per_tok=4,  # all: no choice among equals that a rounding could turn
        sliding_window=64,
        max_position_embeddings=131_072,
        rope_parameters={
            "rope_type": "yarn",
            "rope_theta": 150_000.0,
            "factor": 32.0,
            "beta_fast": 32.0,
            "beta_slow": 1.0,
            "truncate": False,
            "original_max_position_embeddings": 4096,
        },
        pad_token_id=harmony.pad_id,
        bos_token_id=harmony.ids["<|startoftext|>"],
        eos_token_id=harmony.stop_ids,
    )
    torch.manual_seed(SEED)
    tensors: dict[str, torch.Tensor] = {}
    for name, like in GptOssForCausalLM(config).state_dict().items():
        weight = torch.randn(like.shape)
        if name.endswith(("gate_up_proj", "down_proj")):  # (E, in, out), stored as (E, out, in)
            weight = weight.transpose(-1, -2).div(like.shape[1] ** 0.5)
            blocks, scales = quantize(weight.to(torch.bfloat16).contiguous(), "even")
            tensors |= {f"{name}_blocks": blocks, f"{name}_scales": scales}
            continue
        if "norm" in name:
            weight = 1 + 0.1 * weight
        elif name.endswith("bias"):
            weight = 0.1 * weight
        elif name.endswith("weight") and "embed" not in name:
            weight = weight.mul(3.0 if "lm_head" in name else 1.0).div(like.shape[-1] ** 0.5)
        tensors[name] = weight.to(torch.bfloat16)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    kept = [
        "model.layers.*.self_attn",
        "model.layers.*.mlp.router",
        "model.embed_tokens",
        "lm_head",
    ]
    described = config.to_dict() | {
        "dtype": "bfloat16",
        "quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": kept},
    }
    (folder / "config.json").write_text(json.dumps(described), encoding="utf-8")


def write_gguf(project: Path, source: Path, kind: str) -> Path:
    """Runs the stage in a project that holds nothing but the model."""
    from ruamel.yaml import YAML

    (project / "models").mkdir(parents=True, exist_ok=True)
    if not (project / "models/mxfp4").exists():
        (project / "models/mxfp4").symlink_to(source.resolve())
    yaml = YAML()
    params = yaml.load(ROOT / paths.PARAMS)
    params["runtime"]["tracking"] = False
    yaml.dump(params, project / paths.PARAMS)
    subprocess.run(
        [sys.executable, "-m", "stages.export_gguf", "--type", kind],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(project)},
        check=True,
    )
    return project / f"models/gguf-{kind}/model.gguf"


def load_llama(file: Path, threads: int, **options: Any) -> Any:
    import llama_cpp  # pyright: ignore[reportMissingImports] - in an environment of its own

    return llama_cpp.Llama(
        str(file), n_ctx=CONTEXT, n_batch=512, n_threads=threads, n_threads_batch=threads,
        logits_all=True, type_k=0, type_v=0, flash_attn=False, verbose=False, **options,
    )  # fmt: skip


def load_reference(folder: Path, kind: str | None) -> Any:
    """The model in float32; with `kind`, rounding what llama.cpp rounds in a file of that type."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils.quantization_config import Mxfp4Config

    config = AutoConfig.from_pretrained(folder)
    if kind and config.rope_parameters["rope_type"] == "yarn":
        config.rope_parameters["truncate"] = True
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, config=config, quantization_config=Mxfp4Config(dequantize=True),
        attn_implementation="eager",
    )  # fmt: skip
    model.config._experts_implementation = "eager"
    model = model.float().eval()
    if kind:
        narrow = {"bf16": torch.bfloat16, "f16": torch.float16}[kind]
        for module in model.modules():
            if isinstance(module, torch.nn.Linear):
                module.register_forward_pre_hook(lambda _, given: (given[0].to(narrow).float(),))
            if hasattr(module, "_apply_gate"):  # the experts
                module.register_forward_pre_hook(lambda _, given: (q8_0(given[0]), *given[1:]))
                gate: Callable[[Any], Any] = module._apply_gate  # pyright: ignore[reportAssignmentType]
                module._apply_gate = lambda both, gate=gate: q8_0(gate(both))  # pyright: ignore[reportArgumentType]
    return model


def q8_0(values: Any) -> Any:
    """Rounded as ggml rounds activations: 32 numbers share a scale in F16, amax / 127."""
    import torch

    blocks = values.unflatten(-1, (-1, 32))
    amax = blocks.abs().amax(-1, keepdim=True)
    steps = torch.round(blocks * torch.where(amax > 0, 127 / amax, 0))
    return (steps * (amax / 127).half().float()).flatten(-2)


def logits_of(model: Any, ids: list[int]) -> Any:
    import torch

    with torch.no_grad():
        return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


def logits_of_llama(llama: Any, ids: list[int]) -> Any:
    import numpy as np
    import torch

    llama.reset()
    llama.eval(ids)
    return torch.from_numpy(np.array(llama.scores[: len(ids)], dtype=np.float32))


def compare(llama: Any, model: Any, prompts: list[list[int]]) -> Agreement:
    found = Agreement()
    for ids in prompts:
        theirs, ours = logits_of_llama(llama, ids), logits_of(model, ids)
        log_p = ours.double().log_softmax(-1)
        divergence = (log_p.exp() * (log_p - theirs.double().log_softmax(-1))).sum(-1)
        found.positions += len(ids)
        found.equal += int((theirs.argmax(-1) == ours.argmax(-1)).sum())
        found.divergence_sum += float(divergence.sum())
        found.divergence_max = max(found.divergence_max, float(divergence.max()))
        found.continued += 1
        gap = parting(llama, model, ids, theirs[-1], ours[-1])
        found.alike += gap is None
        found.gap = max(found.gap, gap or 0.0)
    return found


def parting(llama: Any, model: Any, ids: list[int], theirs: Any, ours: Any) -> float | None:
    """Continues greedily from the last logits of both; the gap in transformers' logits between the
    two choices where they part, None where they do not."""
    import torch

    ids = list(ids)
    for _ in range(CONTINUED):
        token, other = int(ours.argmax()), int(theirs.argmax())
        if token != other:
            return float(ours[token] - ours[other])
        ids.append(token)
        llama.eval([token])  # goes on in its cache, as a server does
        theirs, ours = torch.from_numpy(llama.scores[len(ids) - 1]), logits_of(model, ids)[-1]
    return None


def real_texts() -> list[str]:
    """Lines of the real Korean texts, where they are."""
    files = {
        "songys-chatbot/chatbot.jsonl": ("q", "a"),
        "koco-news-titles/titles.jsonl": ("title",),
        "paraKQC/parakqc.jsonl": ("text",),
        "korquad-v1-dev/korquad_dev_part.jsonl": ("context",),
        "ko-en-news/ko_en_news.jsonl": ("ko", "en"),
    }
    texts: list[str] = []
    for file, keys in files.items():
        if not (SHARED / "data" / file).is_file():
            continue
        with (SHARED / "data" / file).open(encoding="utf-8") as lines:
            for row in (json.loads(line) for line, _ in zip(lines, range(TEXTS), strict=False)):
                texts += [row[key] for key in keys if key in row]
    return texts


def cut_alike(llama: Any, tokenizer: Tokenizer, texts: list[str]) -> int:
    """How many texts get the same ids; control tokens in them are text."""
    tokenizer.encode_special_tokens = True
    same = 0
    for text in texts:
        theirs = llama.tokenize(text.encode(), add_bos=False, special=False) if text else []
        same += theirs == tokenizer.encode(text, add_special_tokens=False).ids
    return same


def o200k_file(scratch: Path) -> tuple[Path, Tokenizer] | None:
    """A GGUF of the vocabulary of gpt-oss alone, where the vocabulary is at hand."""
    from gguf import GGUFWriter

    from stages.weights.gguf import layout as gguf_layout
    from stages.weights.gguf import tokenizer as gguf_tokenizer
    from tests.o200k import o200k

    vocabulary = SHARED / "tokenizers/o200k_base.tiktoken"
    if not vocabulary.is_file():
        return None
    tokenizer = o200k(vocabulary)
    tokenizer.save(str(scratch / "tokenizer.json"))
    names = {"bos": "<|startoftext|>", "eos": "<|return|>", "pad": "<|endoftext|>"}
    named = {f"{key}_token": token for key, token in names.items()}
    (scratch / "tokenizer_config.json").write_text(json.dumps(named))
    writer = GGUFWriter(scratch / "o200k.gguf", gguf_layout.ARCHITECTURE)
    gguf_tokenizer.add_tokenizer(writer, scratch, 201_088)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    return scratch / "o200k.gguf", tokenizer


def prompts_of(harmony: Harmony) -> list[list[int]]:
    chats = [
        [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
        for question in QUESTIONS
    ]
    long = harmony.text(DOCUMENT * 12)[: CONTEXT // 2]
    return [*(harmony.prompt(chat) for chat in chats), long]  # pyright: ignore[reportArgumentType]


def check_model(
    name: str, source: Path, project: Path, threads: int, texts: list[str]
) -> list[str]:
    """Prints a line for each type and comparison; returns what missed its bar."""
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    harmony = Harmony(Tokenizer.from_file(str(source / "tokenizer.json")), SETTINGS)
    prompts = prompts_of(harmony)
    missed: list[str] = []
    plain = load_reference(source, None)
    for kind in TYPES:
        file = write_gguf(project, source, kind)
        llama = load_llama(file, threads)
        same = cut_alike(llama, tokenizer, texts)
        print(f"\n{name}, {kind}: {file.stat().st_size / 1e6:.1f} MB; "
              f"{same} of {len(texts)} texts get the same token ids", flush=True)  # fmt: skip
        if same < len(texts):
            missed.append(f"{name}, {kind}: {len(texts) - same} texts get other token ids")
        for how, model in (("as it is", plain), ("rounded alike", load_reference(source, kind))):
            found = compare(llama, model, prompts)
            parted = f", parting where the logits are {found.gap:.4f} apart at most"
            print(f"  {how:<14} top-1 {found.equal / found.positions:.2%} of {found.positions}, "
                  f"KL {found.divergence_sum / found.positions:.2e} nats in the mean, "
                  f"{found.divergence_max:.2e} at most; {found.alike} of {found.continued} greedy "
                  f"continuations of {CONTINUED} tokens the same"
                  f"{parted if found.alike < found.continued else ''}", flush=True)  # fmt: skip
            missed += [f"{name}, {kind}, {how}: {what}" for what in found.missed(how)]
        llama.close()
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.llamacpp")
    parser.add_argument("--model", type=Path, default=paths.MODELS / "mxfp4", help="a model folder")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    pin_numerics(Compute(threads=asked.threads, numerics="portable"))
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    texts = [*QUESTIONS, DOCUMENT, SYSTEM, *ODD, *real_texts()]
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        random_model(scratch / "random")
        models = {"random with YaRN": scratch / "random"}
        if (asked.model / "config.json").is_file():
            models = {str(asked.model): asked.model} | models
        else:
            print(f"{asked.model} is not there: the random model alone")
        for number, (name, source) in enumerate(models.items()):
            project = scratch / f"project-{number}"
            missed += check_model(name, source, project, asked.threads, texts)
        vocabulary = o200k_file(scratch)
        if vocabulary:
            llama = load_llama(vocabulary[0], asked.threads, vocab_only=True)
            same = cut_alike(llama, vocabulary[1], texts)
            print(f"\no200k: {same} of {len(texts)} texts get the same token ids")
            llama.close()
            if same < len(texts):
                missed.append(f"o200k: {len(texts) - same} texts get other token ids")
    if missed:
        sys.exit("\n" + "\n".join(f"missed: {what}" for what in missed))
    print("\nall bars are reached")


if __name__ == "__main__":
    main()
