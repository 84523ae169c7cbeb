"""The tokenizer of a gpt-oss model in a GGUF file.

The file holds the tokens by id (byte-level BPE), their types, the merges, the
chat template and the name of the pre-tokenizer, which stands for a regular expression that
llama.cpp knows. Ids past the tokenizer's last, up to the rows of the embedding, are unused tokens.
The end of a turn (eot) is the end of a sequence (eos): where none is named, llama.cpp takes
`<|end|>` or `<|endoftext|>`, whichever its table of tokens gives it first. It takes the spelling of
`<|start|>`, `<|message|>`, `<|channel|>`, `<|constrain|>` and `<|end|>` for the token even in plain
text, whatever type the file gives them: who serves the model must keep it out of what users write.

Source: llama.cpp's src/llama-vocab.cpp.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
from collections.abc import Mapping
from pathlib import Path

from gguf import GGUFWriter, TokenType
from tokenizers import Tokenizer

from stages.formats.json_files import Json, read_json
from stages.pipeline.errors import ModelError

# The regular expression of o200k, as tokenizer.json has it.
O200K = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)


def add_tokenizer(writer: GGUFWriter, folder: Path, vocab_size: int) -> None:
    """Writes the tokenizer of a model folder, every token under its own id.

    Raises:
        ModelError: llama.cpp would split text in another way.
    """
    file = folder / "tokenizer.json"
    described = read_json(file)
    writer.add_tokenizer_model("gpt2")  # byte-level BPE
    writer.add_tokenizer_pre(pre_tokenizer(described, file))
    known = described["model"]["vocab"].items()
    tokens = {number: (token, TokenType.NORMAL) for token, number in known}
    for added in described["added_tokens"]:
        kind = TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
        tokens[added["id"]] = (added["content"], kind)
    if max(tokens) >= vocab_size:
        raise ModelError(
            str(file), f"has the id {max(tokens)}, and the embedding {vocab_size} rows.",
            "Tokenizer and weights do not belong together: run `dvc repro`.",
        )  # fmt: skip
    listed = [tokens.get(i, (f"[PAD{i}]", TokenType.UNUSED)) for i in range(vocab_size)]
    writer.add_token_list([token for token, _ in listed])
    writer.add_token_types([kind for _, kind in listed])
    merges = described["model"]["merges"]
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])

    ids = {token: number for number, (token, _) in tokens.items()}
    named = _special_tokens(folder, ids)
    writer.add_bos_token_id(named["bos"])
    writer.add_eos_token_id(named["eos"])
    writer.add_eot_token_id(named["eos"])
    writer.add_pad_token_id(named["pad"])
    put_first = Tokenizer.from_file(str(file)).encode("").ids
    if put_first not in ([], [named["bos"]]):
        raise ModelError(
            str(file), f"puts the ids {put_first} round every text, and llama.cpp could not.",
            "Take its post_processor out.",
        )  # fmt: skip
    writer.add_add_bos_token(bool(put_first))
    template = folder / "chat_template.jinja"
    if template.is_file():
        writer.add_chat_template(template.read_text(encoding="utf-8"))


def _special_tokens(folder: Path, ids: Mapping[str, int]) -> dict[str, int]:
    """The ids of the tokens that begin, end and fill up a text.

    Raises:
        ModelError: one is not a token.
    """
    special = read_json(folder / "tokenizer_config.json")
    named: dict[str, int] = {}
    for key in ("bos", "eos", "pad"):
        token = special.get(f"{key}_token")
        token = token.get("content") if isinstance(token, dict) else token
        if not isinstance(token, str) or token not in ids:
            raise ModelError(
                str(folder / "tokenizer_config.json"), f"{key}_token, {token!r}, is not a token.",
                "Name one that tokenizer.json has.",
            )  # fmt: skip
        named[key] = ids[token]
    return named


def pre_tokenizer(described: Json, file: Path) -> str:
    """llama.cpp's name for the way in which a tokenizer.json cuts text before BPE.

    Raises:
        ModelError: llama.cpp has none that is the same.
    """
    model, first = described["model"], described["pre_tokenizer"] or {}
    plain = model["type"] == "BPE" and not described.get("normalizer")
    for key in ("dropout", "byte_fallback", "continuing_subword_prefix", "end_of_word_suffix"):
        plain = plain and not model.get(key)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False}
    if plain and _says(first, byte_level | {"use_regex": True}) and not model.get("ignore_merges"):
        return "gpt-2"
    # A token of o200k that is a whole word is also what its merges lead to, so that it makes no
    # difference whether they are looked at (ignore_merges).
    steps = first.get("pretokenizers", [])
    if (
        plain
        and len(steps) == 2
        and _says(steps[0], {"type": "Split", "pattern": {"Regex": O200K}})
        and (steps[0]["behavior"], steps[0]["invert"]) in (("Isolated", False), ("Removed", True))
        and _says(steps[1], byte_level | {"use_regex": False})
    ):
        return "gpt-4o"
    named = {key: model.get(key) for key in ("type", "byte_fallback", "ignore_merges")}
    raise ModelError(
        str(file),
        f"cuts text by the pre-tokenizer {json.dumps(first)[:300]} (normalizer "
        f"{json.dumps(described.get('normalizer'))[:100]}, model {named}), which has no known "
        "counterpart in llama.cpp.",
        "Use a base with the tokenizer of gpt-oss, or empty export.gguf in params.yaml.",
    )


def _says(step: Json, wanted: Json) -> bool:
    return wanted.items() <= step.items()
