"""params.yaml: what is refused, and that the message says which key, which value and what to do."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.params.whole import Config, read_config
from stages.pipeline.errors import ParamsError
from tests.micro import SHIPPED


def edited(values: Mapping[str, str | None]) -> str:
    """The shipped file with the YAML text behind some dotted keys replaced (None: line left out)."""
    lines, keys, left, replaced = [], [], dict(values), ""
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        if replaced and line.startswith(replaced + " "):
            continue  # the block value of the key that was replaced
        replaced = ""
        match = re.match(r"( *)([\w-]+):(?: |$)", line)
        if match:
            depth = len(match[1]) // 2
            keys = [*keys[:depth], match[2]]
            key = ".".join(keys)
            if key in left:
                value = left.pop(key)
                if value is not None:
                    lines.append(f"{match[1]}{match[2]}: {value}")
                    replaced = match[1] + " "
                continue
        lines.append(line)
    assert not left, f"params.yaml has no {sorted(left)}"
    return "\n".join(lines) + "\n"


def load(tmp_path: Path, text: str | bytes) -> Config:
    file = tmp_path / "params.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_config(file)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(ParamsError) as refused:
        load(tmp_path, text)
    assert refused.value.where.endswith("params.yaml")
    assert refused.value.fix, "the message must say what to do"
    return str(refused.value)


def test_the_shipped_file_is_valid_and_frozen():
    config = read_config(SHIPPED)
    assert set(config.mix.weights) == set(config.sources)
    with pytest.raises(ValueError, match="frozen"):
        config.train.lora.r = 16  # pyright: ignore[reportAttributeAccessIssue] - meant to fail


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        # a wrong type
        ("train.learning_rate", "'3e-05'", "'3e-05'"),
        ("train.learning_rate", "'fast'", "'fast'"),
        ("train.learning_rate", "true", "True"),
        ("train.learning_rate", "", "None"),
        ("train.lora.r", "8.0", "8.0"),
        ("train.lora.r", "true", "True"),
        ("train.lora.use_rslora", "1", "1"),
        ("train.lora.target_modules", "{}", "mapping {"),
        ("scrub.optional", "NAME", "'NAME'"),
        ("seed", "1.5", "1.5"),
        ("mix.weights.news", "'0.5'", "'0.5'"),
        ("sources.news.as_of", "2026-01-01", "2026"),  # YAML reads a date where quotes are missing
        # out of range
        ("seed", "-1", "-1"),
        ("train.learning_rate", "0.0", "0.0"),
        ("train.learning_rate", "2.0", "2.0"),
        ("train.learning_rate", "-1.0e-4", "-0.0001"),
        ("train.learning_rate", ".nan", "nan"),
        ("train.lora.r", "0", "0"),
        ("train.lora.lora_dropout", "1.0", "1.0"),
        ("train.num_train_epochs", ".inf", "inf"),
        ("mix.test_share", "0.5", "0.5"),
        ("mix.weights.news", "0", "0"),
        ("mix.weights.news", ".inf", "inf"),
        ("gate.rules.rouge_gain.at_least", ".nan", "nan"),
        ("gate.rules.quarantined_share.at_most", ".inf", "inf"),
        ("base.tiny.hidden_size", "100", "100"),
        ("curate.near_duplicate_jaccard", "1.1", "1.1"),
        # not one of the choices, not in the form
        ("export.mxfp4.rule", "round", "'round'"),
        ("base.source", "own", "'own'"),
        ("base.hub.revision", "main", "'main'"),
        ("encode.conversation_date", '"today"', "'today'"),
        ("encode.conversation_date", '"2025-13-45"', "'2025-13-45'"),
        ("sources.news.as_of", '"2026-02-30"', "'2026-02-30'"),
        ("sources.news.license", '""', "''"),
        # YAML 1.1 traps
        ("runtime.tracking", "yes", "'yes'"),
        ("runtime.progress", "off", "'off'"),
        ("train.lora.r", "1:30", "'1:30'"),
    ],
)
def test_a_refused_value_is_named_with_its_key(tmp_path, key, value, named):
    """P7: nothing is coerced; a number in quotes or an unquoted date is not guessed at."""
    message = refusal(tmp_path, edited({key: value}))
    assert key in message
    assert named in message


@pytest.mark.parametrize(
    ("key", "quoted"),
    [("train.learning_rate", "'3.0e-5'"), ("train.weight_decay", '"0.1"'), ("seed", '"42"')],
)
def test_a_quoted_number_comes_with_advice_that_works(tmp_path, key, quoted):
    """P7: `dvc exp run -S` and editors quote numbers."""
    advice = re.search(r"write (\S+) without quotes", refusal(tmp_path, edited({key: quoted})))
    assert advice is not None
    load(tmp_path, edited({key: advice[1]}))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (edited({"train.lora.r": "8\n    rank: 8"}), "train.lora.rank is not a parameter"),
        (edited({"seed": "42\nmodel: gpt"}), "model is not a parameter"),
        (edited({"train.lora.r": None}), "train.lora.r is missing"),
        (edited({"seed": None}), "seed is missing"),
        (edited({"mix.weights.news": "0.4\n    wiki: 0.1"}), "wiki"),
        (edited({"mix.weights.news": None}), "mix.weights"),
        (edited({"sources.news.columns.title": None, "sources.news.columns.section": None, "sources.news.columns.summary": None}), "sources.news"),
        (edited({"sources.news.style_column": None}), "sources.news"),
        (edited({"sources.dialogue.columns.subject": None}), "['subject']"),
        (edited({"curate.min_chars": "5000"}), "min_chars 5000 is over max_chars 4000"),
        (edited({"encode.max_length_tokens": "2048"}), "base.tiny.max_position_embeddings"),
        (edited({"base.tiny.num_key_value_heads": "5"}), "num_key_value_heads"),
        (edited({"mix.topics.news.label": None}), "mix.topics.news.label"),
        (edited({"gate.rules.rouge_gain.figure": "rouge"}), "gate.rules.rouge_gain.figure"),
        (edited({"gate.release": "v1.0"}), "gate.release"),
        (edited({"evaluate.speech_levels.kakao_casual": "[banmal]"}), "evaluate.speech_levels.kakao_casual"),
        (edited({"answer.servers.mxfp4": "{base_url: localhost, model: a}"}), "answer.servers.mxfp4"),
        (edited({"evaluate.outputs.kakao_casual": "{pattern: '('}"}), "is not a regular expression"),
        (edited({"evaluate.outputs.kakao_casual": "{}"}), "give max_chars, max_lines or pattern"),
        (edited({"answer.servers.mxfp4": None}), "servers lacks ['mxfp4']"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) and "\n" not in value else "",
)  # fmt: skip
def test_keys_that_are_unknown_missing_or_at_odds_are_named(tmp_path, text, named):
    assert named in refusal(tmp_path, text)


def test_all_refused_values_are_named_at_once(tmp_path):
    message = refusal(
        tmp_path,
        edited({"train.learning_rate": "'3e-05'", "seed": "-1", "scrub.optional": "[AGE]"}),
    )
    for part in ("train.learning_rate", "'3e-05'", "seed", "-1", "scrub.optional.0", "'AGE'"):
        assert part in message


def test_a_key_that_stands_twice_is_refused_by_name_and_line(tmp_path):
    """The YAML standard forbids it; PyYAML would take the last one silently."""
    message = refusal(tmp_path, edited({"train.weight_decay": "0.0\n  weight_decay: 0.1"}))
    assert "line" in message
    assert "weight_decay" in message


@pytest.mark.parametrize(
    "text",
    [
        edited({"train.lora.r": "8\n\tlora_alpha: 16"}),
        edited({"train.lora.r": "[8"}),
        edited({"seed": "'42"}),
        edited({"seed": "*other"}),
        edited({"seed": "!!python/object/apply:os.getcwd []"}),
    ],
    ids=["tab", "open bracket", "open quote", "unknown alias", "python tag"],
)
def test_broken_yaml_is_refused_with_its_line(tmp_path, text):
    message = refusal(tmp_path, text)
    assert re.search(r"not valid YAML at line \d+", message)
    assert "git diff params.yaml" in message


@pytest.mark.parametrize(
    "content",
    [b"", b"# nothing\n", b"[]\n", b"seed\n", b"\xff\xfe\x00", b"seed: 4\x002\n", "말\n".encode("cp949")],
    ids=["empty", "comment", "list", "scalar", "not utf-8", "NUL", "cp949"],
)  # fmt: skip
def test_a_file_that_is_no_mapping_of_text_is_refused(tmp_path, content):
    refusal(tmp_path, content)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ParamsError, match=r"is missing\..*git checkout"):
        read_config(tmp_path / "params.yaml")


@pytest.mark.parametrize("written", ["1e-4", "1.0e-4", "1E-4", "0.0001"])
def test_every_spelling_of_a_small_number_is_a_number(tmp_path, written):
    """P7: PyYAML (YAML 1.1) takes 1e-4 for a string; DVC and malssi do not."""
    assert load(tmp_path, edited({"train.learning_rate": written})).train.learning_rate == 1e-4


def test_numbers_mean_what_dvc_takes_them_for(tmp_path):
    """DVC reads params.yaml with ruamel too: its view and ours must not differ (P7)."""
    text = edited({"seed": "010", "train.num_train_epochs": "2", "mix.weights.news": "1"})
    config = load(tmp_path, text)
    assert (config.seed, config.train.num_train_epochs, config.mix.weights["news"]) == (10, 2, 1)
    assert YAML(typ="safe", pure=True).load(text)["seed"] == config.seed
