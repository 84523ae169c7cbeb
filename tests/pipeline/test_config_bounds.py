"""params.yaml that is made to harm: huge numbers, aliases without end, messages of megabytes."""

import re
import time
from pathlib import Path

import pytest
import regex

from stages.pipeline import program
from stages.pipeline.errors import MOST_SAID, MOST_SHOWN, ParamsError, PipelineError, cut, shown
from tests.micro import SHIPPED
from tests.pipeline.test_config import edited, load

TEN = ",".join(["{0}"] * 10)
ALIASES = "a0: &a0 [1]\n" + "".join(
    f"a{i}: &a{i} [{TEN.format(f'*a{i - 1}')}]\n" for i in range(1, 12)
)
MERGED = "a0: &a0 {k: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}], k{i}: 1}}\n"
    for i in range(1, 40)
)
CHAIN = "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 2_000))
HUGE = "1" + "0" * 400


def refusal(tmp_path: Path, text: str) -> str:
    started = time.monotonic()
    with pytest.raises(ParamsError) as refused:
        load(tmp_path, text)
    assert time.monotonic() - started < 20
    said = str(refused.value)
    assert len(said) <= MOST_SAID and said.isprintable() and refused.value.fix
    return said


def also(text: str) -> str:
    return SHIPPED.read_text(encoding="utf-8") + text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (also(ALIASES), "more than 100,000 values, aliases"),
        (also(MERGED), "more than 100,000 values, aliases"),
        (also(CHAIN), "nests more than 50 levels deep"),
        (also("a: " + "[" * 60 + "]" * 60), "nests more than 50 levels deep"),
        (also("a: &a [*a]\n"), "an alias (*name) stands for what it is in itself"),
        (also("a: &a {b: *a}\n"), "an alias (*name) stands for what it is in itself"),
        (also("a: &a {<<: *a}\n"), "an alias (*name) stands for what it is in itself"),
        ("[" * 2_000, "cannot be read (RecursionError)"),
        ("#" * 200_001, "it has 200,001 bytes, more than 200,000"),
        (also("a: " + "9" * 5_000), "cannot be read (ValueError)"),
        (also("a: 0x" + "f" * 20_000), "a is an integer of 80000 bits: no number is over 10^12"),
        (also("? 0x" + "f" * 20_000 + "\n: 1"), "an integer of 80000 bits"),
        (also("a: 1e400"), "a is inf: no number is over 10^12"),
        (also("a: [{b: -1.0e13}]"), "a.0.b is -10000000000000.0: no number is over 10^12"),
        (also('a: "\\ud800"'), r"a is '\ud800': NUL and half characters are no text"),
        (also('"b\\0": 1'), r"is 'b\x00': NUL and half characters are no text"),
        (also("a: !!bool maybe"), "cannot be read (KeyError)"),
        (also('a: "\\UFFFFFFFF"'), "cannot be read (OverflowError)"),
    ],
    ids=lambda value: value[-30:].strip() if isinstance(value, str) else None,
)  # fmt: skip
def test_a_file_out_of_bounds(tmp_path, text, said):
    assert said in refusal(tmp_path, text)


INTEGERS = (
    "base.tiny.sliding_window", "base.tiny.max_position_embeddings", "base.tiny.steps",
    "base.tiny.batch_size", "encode.max_length_tokens", "train.lora.lora_alpha",
    "train.num_train_epochs", "train.global_batch_size", "answer.max_new_tokens",
    "answer.batch_size", "sample.pretrain_documents", "runtime.device_batch_size",
    "mix.max_turns", "seed",
)  # fmt: skip


@pytest.mark.parametrize("key", INTEGERS)
def test_no_number_is_larger_than_a_library_can_hold(tmp_path, key):
    assert f"{key} is an integer of 1329 bits" in refusal(tmp_path, edited({key: HUGE}))
    assert key in refusal(tmp_path, edited({key: "2000000000000"}))


@pytest.mark.parametrize(
    ("key", "most"),
    [
        ("encode.max_length_tokens", 2**20), ("train.lora.lora_alpha", 65_536),
        ("train.num_train_epochs", 10_000), ("train.global_batch_size", 65_536),
        ("runtime.device_batch_size", 65_536), ("answer.batch_size", 65_536),
        ("answer.max_new_tokens", 2**20), ("sample.news_rows", 10**7),
        ("sample.instruct_rows", 10**7), ("mix.weights.news", 10**6),
        ("base.tiny.sliding_window", 2**20), ("base.tiny.steps", 10**6),
        ("base.tiny.num_hidden_layers", 256), ("base.tiny.num_local_experts", 256),
    ],
)  # fmt: skip
def test_a_bound_is_the_last_value_that_is_taken(tmp_path, key, most):
    more = {"encode.max_length_tokens": {"base.tiny.max_position_embeddings": str(2**20)}}
    load(tmp_path, edited({key: str(most)} | more.get(key, {})))
    assert f"{key} is {most + 1}" in refusal(tmp_path, edited({key: str(most + 1)}))


@pytest.mark.parametrize(
    ("key", "least", "below"),
    [
        ("mix.weights.news", "1.0e-6", "1.0e-320"),
        ("curate.same_split_jaccard", "0.01", "1.0e-9"),
    ],
)
def test_a_fraction_is_not_too_small_to_be_reckoned_with(tmp_path, key, least, below):
    load(tmp_path, edited({key: least}))
    assert f"{key} is {float(below)}" in refusal(tmp_path, edited({key: below}))


def test_a_tiny_model_is_tiny(tmp_path):
    large = {"base.tiny.hidden_size": "8192", "base.tiny.intermediate_size": "32768"}
    assert "weights, and tiny is up to 10^9" in refusal(tmp_path, edited(large))
    batch = {"base.tiny.batch_size": "65536"}
    assert "logits at once, and at most 10^10 can be held" in refusal(tmp_path, edited(batch))


@pytest.mark.parametrize(
    ("name", "good"),
    [("a" * 64, True), ("0-_", True), ("a" * 65, False), ("A", False), ("가", False), ("-a", False), ("$(x)", False), ('"a\\nb"', False)],
)  # fmt: skip
def test_a_name(tmp_path, name, good):
    text = edited({"downloads": f"{{{name}: {{repo: a/b, revision: {'a' * 40}, split: train}}}}"})
    if good:
        assert load(tmp_path, text).downloads
    else:
        said = "is not a name: use lower-case letters, digits, _ and -, at most 64"
        assert said in refusal(tmp_path, text)


def test_what_is_shown_is_cut_and_steers_no_terminal(tmp_path):
    steering = '"\\e[31m\\u202e\\u2066\\n' + "x" * 5_000 + '"'
    said = refusal(tmp_path, edited({"seed": steering}))
    assert r"seed is the string '\x1b[31m\u202e\u2066\nxxx" in said
    assert len(said) < MOST_SHOWN + 300  # with the path of params.yaml
    keys = also(f'{steering[:100]}": 1\n{"k" * 900}: 2\n')
    said = refusal(tmp_path, keys)
    assert r"\x1b[31m\u202e" in said and len(said) < 2 * MOST_SHOWN + 300
    pattern = {"evaluate.outputs.kakao_casual": "{pattern: '" + "(" * 10_000 + "'}"}
    assert "is not a regular expression" in refusal(tmp_path, edited(pattern))


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a{99999999999}", "repeats a part more than 10,000 times"),
        ("a{10001}", "repeats a part more than 10,000 times"),
        ("(a|b){0,10001}?", "repeats a part more than 10,000 times"),
        ("a{1," + "9" * 5_000 + "}", "repeats a part more than 10,000 times"),
        ("(?x)a{1000 0000}", "repeats a part more than 10,000 times"),
        ("a{9999}" * 101, "makes more than 1,000,000 copies of its parts"),
        ("(a{10000}){101}", "makes more than 1,000,000 copies of its parts"),
        ("((a{99}){99}) {999}", "makes more than 1,000,000 copies of its parts"),
    ],
    ids=lambda value: value[:20],
)
def test_a_pattern_that_takes_gigabytes_is_not_compiled(tmp_path, monkeypatch, pattern, said):
    monkeypatch.setattr(regex, "compile", lambda _: pytest.fail("it was compiled"))
    outputs = {"evaluate.outputs.kakao_casual": f"{{pattern: '{pattern}'}}"}
    assert said in refusal(tmp_path, edited(outputs))


def test_a_pattern_up_to_its_bounds(tmp_path, monkeypatch):
    for pattern in (
        r"a{10000}",
        r"(\d{1,3}\.){3}\d{1,3}",
        r"\{99999\}",
        "(a{1000}){900}",
        "(a){0}",
    ):
        load(tmp_path, edited({"evaluate.outputs.kakao_casual": f"{{pattern: '{pattern}'}}"}))

    def too_little(_: str) -> None:
        raise MemoryError

    monkeypatch.setattr(regex, "compile", too_little)
    outputs = {"evaluate.outputs.kakao_casual": "{pattern: 'a'}"}
    assert "is not a regular expression" in refusal(tmp_path, edited(outputs))


def test_a_path_longer_than_a_path_can_be(tmp_path):
    for path in ("x" * 256, "가" * 86, "x/" * 2_001):
        said = refusal(tmp_path, edited({"base.folder.path": path}))
        assert "base.folder.path" in said and "is longer than a path can be" in said
    load(tmp_path, edited({"base.folder.path": "가" * 85}))


@pytest.mark.parametrize("url", ["http://[::1", "http://", "http://a:b/", "https://u:pw@a:99999"])
def test_an_address_that_no_client_could_read(tmp_path, url):
    said = refusal(tmp_path, edited({"answer.servers.base": f"{{base_url: '{url}', model: a}}"}))
    assert "answer.servers.base.base_url: " in said and "u:pw" not in said


def test_of_many_refused_values_the_first_are_listed(tmp_path):
    said = refusal(tmp_path, also("".join(f"x{i}: 1\n" for i in range(300))))
    assert "x19 is not a parameter; and 280 more." in said
    said = refusal(tmp_path, also("".join(f"x{'y' * 150}{i}: 1\n" for i in range(300))))
    assert re.search(r"; and 28\d more\.", said)
    said = refusal(tmp_path, also("a: [" + "1.0e13," * 50 + "]"))
    assert "a.19 is 10000000000000.0: no number is over 10^12 here; and 30 more." in said


def test_a_value_is_shown_without_being_written_out():
    shared: list[object] = [1]
    for _ in range(40):
        shared = [shared] * 10
    recursive: list[object] = []
    recursive.append(recursive)
    for value in (shared, recursive, "x" * 10**7, 10**5_000, {"a": shared}, {1: "b" * 300} | {}):
        assert len(shown(value)) <= MOST_SHOWN
    assert shown("세 글자") == "'세 글자'" and shown(10**50) == str(10**50)
    assert len(cut("\U000e0001" * 10**6)) <= MOST_SHOWN
    assert cut("a" * 150 + "b" * 150) == "a" * 133 + "…" + "b" * 65


@pytest.mark.parametrize(
    "address", ["http://u:p@h/x", "http://u:p/w@h/x", "http://u:p@w@h/x", "mysql+x://u:p@h/x"]
)
def test_no_message_has_a_password(address):
    said = str(ParamsError("here", f"{address} is wrong.", "Mend it."))
    assert said.count("…@h/x") == 1 and "u:p" not in said and "w@" not in said


def test_every_message_is_bounded_and_printable():
    said = str(PipelineError("a\x1b", "b" * 10**6 + "\u202e", "Do this.\n"))
    assert len(said) == MOST_SAID and said.isprintable()
    assert said.startswith(r"a\x1b: b") and said.endswith(r"\u202e Do this.\n")


@pytest.mark.parametrize(
    "raised",
    [
        lambda: bytearray(2**62),
        lambda: __import__("numpy").empty(2**55),
        lambda: __import__("torch").empty(2**55),
    ],
)
def test_too_little_memory_is_a_sentence(raised, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/x/stages/train.py"])
    with pytest.raises(SystemExit) as ended:
        program.run(raised)
    said = str(ended.value)
    assert said.startswith("ERROR the stage train: asked for more memory than there is here (")
    assert "Lower the sizes in params.yaml" in said
