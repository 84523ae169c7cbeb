"""Tokenizers that speak by a given chat template: those of TRL's wheel, and of families that it
lacks. Each knows as tokens what its template writes between `<` and `>` or in brackets."""

import json
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from jinja2 import UndefinedError
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from stages.chat.rendering import Settings
from tests.families import CORPUS, TEMPLATES

SETTINGS = Settings("medium", "2024-06", "2025-03-09")
TOKEN = re.compile(r"</?[a-z_:]+>|<[|｜/]*[A-Za-z_▁]+[|｜]*>|\[/?[A-Z_]{3,}\]|\[gMASK\]")
# Real ones that TRL does not ship.
OTHERS = {
    # The system prompt stands in the last question, and nowhere once it is answered.
    "mistral_v3": "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}{%- set loop_messages = messages[1:] %}{%- else %}{%- set loop_messages = messages %}{%- endif %}{{- bos_token }}{%- for message in loop_messages %}{%- if message['role'] == 'user' %}{%- if loop.last and system_message is defined %}{{- '[INST] ' + system_message + '\\n\\n' + message['content'] + '[/INST]' }}{%- else %}{{- '[INST] ' + message['content'] + '[/INST]' }}{%- endif %}{%- elif message['role'] == 'assistant' %}{{- ' ' + message['content'] + eos_token}}{%- endif %}{%- endfor %}",
    # Nothing closes an answer.
    "solar": "{% for message in messages %}{% if message['role'] == 'system' %}{% if message['content']%}{{'### System:\n' + message['content']+'\n\n'}}{% endif %}{% elif message['role'] == 'user' %}{{'### User:\n' + message['content']+'\n\n'}}{% elif message['role'] == 'assistant' %}{{'### Assistant:\n'  + message['content']}}{% endif %}{% if loop.last and add_generation_prompt %}{{ '### Assistant:\n' }}{% endif %}{% endfor %}",
    # Reasoning of the last answer is left out on demand (EXAONE 4, its part without tools).
    "exaone4": "{%- for msg in messages %}{%- if msg.role == 'assistant' %}{{- '[|assistant|]\n' }}{%- if '</think>' in msg.content %}{%- set parts = msg.content.split('</think>') %}{%- if loop.last and not (skip_think is defined and skip_think) %}{{- parts[0].rstrip() ~ '\n</think>\n\n' }}{%- else %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}{{- parts[1].lstrip() }}{%- else %}{{- '<think>\n\n</think>\n\n' ~ msg.content }}{%- endif %}{{- '[|endofturn|]\n' }}{%- else %}{{- '[|' ~ msg.role ~ '|]\n' ~ msg.content ~ '[|endofturn|]\n' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '[|assistant|]\n' }}{%- if enable_thinking is defined and enable_thinking %}{{- '<think>\n' }}{%- else %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}",
}  # fmt: skip


@cache
def _learned() -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer.to_str()


def template_of(name: str) -> str:
    return OTHERS.get(name) or (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


def save_speaker(folder: Path, template: str, eos: str | None = None, *more: str) -> None:
    """A tokenizer with that template whose end of text is `eos`: else the first token behind an
    answer, or `</s>`. Tags of reasoning are tokens, but not special ones, as in the families;
    `more` are special."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer.from_str(_learned())
    found = {*TOKEN.findall(template), *re.findall(r"\[\|[a-z]+\|\]", template)}
    tags = sorted(token for token in found if "think" in token and "|" not in token)
    tokenizer.add_special_tokens(sorted(found - set(tags) | {"<s>", "</s>", *more}))
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in tags])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<s>"
    )
    wrapped.chat_template = template
    talk = [{"role": "user", "content": "질문"}, {"role": "assistant", "content": "대답"}]
    behind = ""
    with suppress(UndefinedError):  # what takes content in parts alone
        behind = str(wrapped.apply_chat_template(talk, tokenize=False)).rpartition("대답")[2]
    closing = [token for token in re.findall(r"<[^<>]+>|\[[^\[\]]+\]", behind) if token in found]
    wrapped.eos_token = eos or next(iter(closing), "</s>")
    wrapped.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
