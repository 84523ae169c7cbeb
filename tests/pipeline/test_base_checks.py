"""A model folder that is broken, or made to harm, is refused in `base` with a sentence."""

import re
import shutil
import time
from pathlib import Path

import pytest

from stages import base
from stages.chat.rendering import Settings
from stages.params.base import Tiny
from stages.pipeline.errors import MOST_SAID, PipelineError
from stages.preflight.model import SETTINGS, proof
from stages.preflight.trial import try_out
from stages.taking.format import Format
from tests.families import SPECIAL, save_model
from tests.hostile_models import (
    INDEX,
    WEIGHTS,
    Spoil,
    a_directory,
    all_in,
    config,
    cut_short,
    entry,
    gone,
    header,
    index,
    keys,
    link,
    longer,
    overlapping,
    pipe,
    raw_header,
    repeated_name,
    template,
    text,
)

GENERATION, TOKENIZER, OF_TOKENIZER = (
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
NESTED = '{"model_type": "qwen2", "a": ' + "[" * 100_000 + "]" * 100_000 + "}"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "good"
    save_model("qwen2", folder)
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to spoil, which is tried in this process."""

    def here(folder: Path, called: str, settings: Settings) -> None:
        for _ in proof(folder, settings):
            pass

    monkeypatch.setattr(base, "try_out", here)
    return Path(shutil.copytree(good, tmp_path / "model"))


def refusal(folder: Path) -> str:
    started = time.monotonic()
    with pytest.raises(PipelineError) as refused:
        base.take_folder(folder, folder.with_name("base"), SETTINGS, Format())
    assert time.monotonic() - started < 20
    assert not folder.with_name("base").exists()
    assert refused.value.fix and "dvc" not in refused.value.fix
    assert len(str(refused.value)) <= MOST_SAID
    return str(refused.value)


@pytest.mark.parametrize("family", SPECIAL)
def test_a_good_model_is_taken(folder: Path, family: str) -> None:
    shutil.rmtree(folder)
    save_model(family, folder)
    taken = base.take_folder(folder, folder.with_name("base"), SETTINGS, Format())
    assert taken["files"] == len(list(folder.iterdir()))
    for file in folder.iterdir():
        assert (folder.with_name("base") / file.name).read_bytes() == file.read_bytes()


CONFIGS: dict[str, tuple[Spoil, str]] = {
    "gone": (gone("config.json"), "lacks config.json"),
    "a directory": (a_directory("config.json"), "lacks config.json"),
    "empty": (text("config.json", ""), "is no JSON file"),
    "a list": (text("config.json", "[1]"), r"holds no object but \[1\]"),
    "no JSON": (text("config.json", "{model_type: llama}"), "is no JSON file"),
    "no UTF-8": (text("config.json", b"\xff\xfe{}"), "is no JSON file"),
    "nested without end": (text("config.json", NESTED), "is no JSON file"),
    "nested": (config(a=eval("[" * 60 + "]" * 60)), "nests more than 50 levels"),
    "5,000 digits": (text("config.json", '{"a": ' + "9" * 5_000 + "}"), "is no JSON file"),
    "NaN": (text("config.json", '{"a": NaN}'), "holds the number nan"),
    "half a character": (text("config.json", '{"a": "\\ud800"}'), "cannot be read .Unicode"),
    "no family": (config(model_type=None), "model_type is None"),
    "a family that is a number": (config(model_type=7), "model_type is 7"),
    "an unknown family": (config(model_type="qwen2\x1b[31m" + "x" * 500), "no model that transf"),
    "no language model": (config(model_type="clip_vision_model"), "no model that transformers"),
    "code of its own": (config(auto_map={"AutoModel": "x.Y"}), "asks for code"),
    "10^9 layers": (config(num_hidden_layers=10**9), "is 1000000000, and the weights are 27"),
    "no layers": (config(num_hidden_layers=0), "num_hidden_layers is 0"),
    "layers in words": (config(num_hidden_layers="two"), "num_hidden_layers is 'two'"),
    "a layer more": (config(num_hidden_layers=3, layer_types=None), "are missing or of another"),
    "a huge integer": (config(hidden_size=10**400), "no model that transformers can load"),
    "a negative size": (config(hidden_size=-32), "no model that transformers can load"),
    "a size in words": (config(hidden_size="32"), "no model that transformers can load"),
    "no heads": (config(num_attention_heads=0), "no model that transformers can load"),
    "a larger vocabulary": (config(vocab_size=10**9), "are missing or of another shape"),
    "a smaller vocabulary": (config(vocab_size=7), "are missing or of another shape"),
    "quantised by a word": (config(quantization_config="gptq"), "quantised by 'gptq'"),
    "quantised otherwise": (config(quantization_config={"quant_method": [1]}), r"by \[1\]"),
    "an adapter": (keys("adapter_config.json", base_model_name_or_path="x"), "an adapter on"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFIGS)
def test_a_hostile_config(folder: Path, case: str) -> None:
    spoil, said = CONFIGS[case]
    spoil(folder)
    assert re.search(said, refusal(folder))


TOKENIZERS: dict[str, tuple[Spoil, str]] = {
    "gone": (gone(TOKENIZER), "lacks config.json or tokenizer.json"),
    "a directory": (a_directory(TOKENIZER), "lacks config.json or tokenizer.json"),
    "empty": (text(TOKENIZER, ""), "tokenizer.json: cannot be loaded"),
    "garbage": (text(TOKENIZER, b"\x00\xff" * 500), "tokenizer.json: cannot be loaded"),
    "an empty object": (text(TOKENIZER, "{}"), "tokenizer.json: cannot be loaded"),
    "a list": (text(TOKENIZER, "[]"), "tokenizer.json: cannot be loaded"),
    "nested without end": (text(TOKENIZER, "[" * 100_000), "tokenizer.json: cannot be loaded"),
    "no object": (text(OF_TOKENIZER, "[]"), r"tokenizer_config.json: holds no object"),
    "a directory of settings": (a_directory(OF_TOKENIZER), "tokenizer_config.json: is no file"),
    "code of its own": (keys(OF_TOKENIZER, auto_map={"AutoTokenizer": ["a.B", None]}), "for code"),
    "an unknown class": (keys(OF_TOKENIZER, tokenizer_class={"a": 1}), "cannot be loaded"),
    "settings of a wrong kind": (keys(OF_TOKENIZER, added_tokens_decoder=[1]), "cannot be loaded"),
    "no object of stops": (text(GENERATION, "[2]"), "generation_config.json: holds no object"),
    "stops in words": (keys(GENERATION, eos_token_id="</s>"), "names '</s>' as a token that ends"),
    "stops in lists": (keys(GENERATION, eos_token_id=[[1]]), r"names \[1\] as a token that ends"),
    "a negative stop": (keys(GENERATION, eos_token_id=-1), "names -1 as a token that ends"),
    "a stop too far": (keys(GENERATION, eos_token_id=10**6), "the model knows those from 0 to"),
    "many answers": (keys(GENERATION, num_return_sequences=3), "do not support `num_return_sequences`"),
}  # fmt: skip


@pytest.mark.parametrize("case", TOKENIZERS)
def test_a_hostile_tokenizer(folder: Path, case: str) -> None:
    spoil, said = TOKENIZERS[case]
    spoil(folder)
    assert re.search(said, refusal(folder))


def test_a_tokenizer_of_more_tokens_than_the_model_has(folder: Path) -> None:
    larger = folder.with_name("larger")
    save_model("gemma", larger)
    shutil.copyfile(larger / TOKENIZER, folder / TOKENIZER)
    assert "and the model knows those from 0 to" in refusal(folder)


def test_without_a_generation_config_the_tokenizer_says_where_to_stop(folder: Path) -> None:
    (folder / GENERATION).unlink()
    assert base.take_folder(folder, folder.with_name("base"), SETTINGS, Format())["files"] == 5


@pytest.mark.parametrize(
    "asks",
    [{"num_beams": 10**9}, {"no_repeat_ngram_size": 2}, {"repetition_penalty": 1.1}],
    ids=str,
)
def test_settings_that_greedy_answers_do_not_take_are_no_fault(folder: Path, asks: dict) -> None:
    keys(GENERATION, **asks)(folder)
    assert base.take_folder(folder, folder.with_name("base"), SETTINGS, Format())["files"] == 6


TEMPLATES: dict[str, tuple[str, str]] = {
    "a division": ("{{ 1 / 0 }}", r"fails \(ZeroDivisionError\)"),
    "no Jinja": ("{% for %}", r"is no Jinja: .* \(line 1\)"),
    "an attribute": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "refuses a conversation"),
    "a method of the messages": ("{{ messages.append(1) }}", "refuses a conversation"),
    "a range": ("{% for i in range(10**9) %}{% endfor %}", r"fails \(OverflowError\)"),
    "a macro in itself": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
    "a block in itself": ("{% block b %}{{ self.b() }}{% endblock %}", "RecursionError"),
    "an import": ("{% import 'x' as x %}", "fails|refuses"),
    "much text": ("{{ 'a' * 20000000 }}", "makes 20,000,000 characters of a conversation"),
    "all memory": ("{{ 'a' * 10**15 }}", r"fails \(MemoryError\)"),
    "half a character": ("{{ '\\ud800' ~ messages[0].content }}", "cannot speak"),
    "an exception": ("{{ raise_exception(messages[0].content) }}", "refuses a conversation"),
    "nothing": ("", "has no chat template"),
    "what cannot be called": ("{{ 7() }}", r"fails \(TypeError\)|refuses a conversation"),
    "deep parentheses": ("{{ " + "(" * 5_000 + ")" * 5_000 + " }}", "fails|is no Jinja"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEMPLATES)
def test_a_hostile_chat_template(folder: Path, case: str) -> None:
    written, said = TEMPLATES[case]
    template(written)(folder)
    message = refusal(folder)
    assert re.search(said, message)
    assert "저녁" not in message, "what a row says is not quoted"


@pytest.mark.parametrize("value", [7, [1], {"a": "b"}, [{"name": "rag", "template": "x"}]])
def test_a_chat_template_of_another_kind(folder: Path, value: object) -> None:
    (folder / "chat_template.jinja").unlink()
    keys(OF_TOKENIZER, chat_template=value)(folder)
    assert re.search("has no chat template|cannot be loaded", refusal(folder))


def test_of_several_templates_the_default_is_taken(folder: Path) -> None:
    written = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    several = [{"name": "rag", "template": "{{ 1/0 }}"}, {"name": "default", "template": written}]
    keys(OF_TOKENIZER, chat_template=several)(folder)
    assert base.take_folder(folder, folder.with_name("base"), SETTINGS, Format())["files"] == 5


HEADERS: dict[str, tuple[Spoil, str]] = {
    "gone": (gone(WEIGHTS), "has no safetensors weights"),
    "a directory": (a_directory(WEIGHTS), "is no file"),
    "empty": (text(WEIGHTS, b""), "is damaged"),
    "eight bytes": (text(WEIGHTS, b"\xff" * 8), "a header of 18,446,744,073,709,551,615 bytes"),
    "longer than the file": (raw_header("{}", 10**12), "a header of 1,000,000,000,000 bytes"),
    "no JSON": (raw_header("{"), "is damaged .JSONDecodeError"),
    "no UTF-8": (text(WEIGHTS, b"\2" + b"\0" * 7 + b"\xff\xff"), "is damaged .Unicode"),
    "a list": (raw_header("[]"), "is damaged"),
    "a number": (raw_header("7" * 5_000), "is damaged"),
    "nested without end": (raw_header("[" * 100_000), "is damaged .RecursionError"),
    "no tensor": (raw_header("{}"), r"the file has \d+ for them"),
    "entries of a wrong kind": (raw_header('{"a": [1]}'), "is damaged"),
    "metadata of a wrong kind": (header(lambda told: told.update(__metadata__=[1])), "is damaged .SafetensorError"),
    "a name twice": (repeated_name, "a name stands twice in the header"),
    "a kind of number nobody knows": (entry(dtype="F13"), "of a kind that cannot be merged, 'F13'"),
    "a kind that is a list": (entry(dtype=["F32"]), "is damaged .TypeError"),
    "no kind": (header(lambda told: told[min(told)].pop("dtype")), "is damaged .KeyError"),
    "another kind": (entry(dtype="F64"), "which is not what its shape takes"),
    "negative offsets": (entry(data_offsets=[-8, 0]), "has a place or a shape that cannot be"),
    "offsets from behind": (entry(data_offsets=[8, 0]), "which is not what its shape takes"),
    "three offsets": (entry(data_offsets=[0, 8, 16]), "is damaged"),
    "beyond the file": (entry(data_offsets=[0, 10**15]), "has a place or a shape that cannot be"),
    "a negative shape": (entry(shape=[-1, -2]), "has a place or a shape that cannot be"),
    "a broken shape": (entry(shape=[1.5]), "has a place or a shape that cannot be"),
    "a shape that is true": (entry(shape=[True]), "has a place or a shape that cannot be"),
    "a shape without end": (entry(shape=[1] * 5_000), "has a place or a shape that cannot be"),
    "a product over 64 bits": (entry(shape=[2**40, 2**40]), "a place or a shape that cannot be"),
    "nothing times too much": (entry(shape=[0, 2**70]), "a place or a shape that cannot be"),
    "overlapping": (header(overlapping), "the tensors overlap or leave a gap"),
    "cut short": (cut_short, "is damaged"),
    "longer": (longer, "the file has"),
    "another shape": (header(lambda told: told["model.norm.weight"].update(shape=[4, 8])), "of another shape"),
    "another name": (header(lambda told: told.update(x=told.pop("model.norm.weight"))), "are missing or"),
    "an index beside": (keys(INDEX, weight_map={}), "holds both"),
    "an index of a path": (all_in("../../x.safetensors"), "names what is no file of weights"),
    "an index of a path from the root": (all_in("/etc/passwd"), "names what is no file of weights"),
    "an index of no file": (all_in("model-00002-of-00002.safetensors"), "is not there"),
    "an index of a long name": (all_in("x" * 300 + ".safetensors"), "names what is no file"),
    "an index of numbers": (index({"a": 1}), "is damaged"),
    "an index of lists": (index({"a": ["b"]}), "is damaged"),
    "an index of nothing": (index({}), "the weights are 0 tensors"),
    "an index that is a list": (index([1]), "is damaged"),
    "an index of other tensors": (index({"a": "model-00001-of-00001.safetensors"}), "do not name the same"),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADERS)
def test_hostile_weights(folder: Path, case: str) -> None:
    spoil, said = HEADERS[case]
    spoil(folder)
    assert re.search(said, refusal(folder))


FILES: dict[str, tuple[Spoil, str]] = {
    "a link out of the folder": (link("notes.json", "/etc/hostname"), "outside of the model"),
    "a config elsewhere": (link("config.json", "../good.json"), "outside of the model"),
    "weights elsewhere": (link(WEIGHTS, "/dev/zero"), "outside of the model"),
    "a link to a directory": (link("x.json", "."), "is no file"),
    "a link to nothing": (link("x.json", "nothing.json"), "is no file"),
    "a link to itself": (link("x.json", "x.json"), "is no file"),
    "a pipe": (pipe(GENERATION), "is no file"),
    "a name of no characters": (text("\udcff.json", "{}"), "has a name that is no text"),
    "a name that steers": (text("a\x1b[31m.json", "{}"), "has a name that is no text"),
    "too large": (text("x.json", b" " * 16_000_001), "16,000,001 bytes, and 16,000,000 are"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_files_that_are_none_of_the_folder(folder: Path, case: str) -> None:
    shutil.copyfile(folder / "config.json", folder.with_name("good.json"))
    spoil, said = FILES[case]
    spoil(folder)
    assert re.search(said, refusal(folder))


def in_the_hub_s_cache(folder: Path) -> Path:
    """The folder as the hub's client lays it out: links to blobs of the same model."""
    home = folder.with_name("models--example--tiny")
    snapshot, blobs = home / "snapshots" / ("a" * 40), home / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for file in folder.iterdir():
        shutil.move(file, blobs / f"of-{file.name}")
        (snapshot / file.name).symlink_to(f"../../blobs/of-{file.name}")
    return snapshot


def test_links_within_the_folder_and_in_the_hub_s_cache_are_the_model_s(folder: Path) -> None:
    (folder / "own").mkdir()
    shutil.move(folder / WEIGHTS, folder / "own/weights")
    (folder / WEIGHTS).symlink_to("own/weights")
    taken = folder.with_name("base")
    base.take_folder(folder, taken, SETTINGS, Format())
    assert not any(file.is_symlink() for file in taken.iterdir())
    shutil.rmtree(taken)
    shutil.move(folder / "own/weights", folder / WEIGHTS)
    (folder / "own").rmdir()
    snapshot = in_the_hub_s_cache(folder)
    base.take_folder(snapshot, taken, SETTINGS, Format())
    assert not any(file.is_symlink() for file in taken.iterdir())
    shutil.rmtree(taken)
    (snapshot / "config.json").unlink()
    (snapshot / "config.json").symlink_to("../../../elsewhere.json")
    shutil.copyfile(snapshot / "../../blobs/of-config.json", folder.with_name("elsewhere.json"))
    with pytest.raises(PipelineError, match="outside of the model's folder"):
        base.take_folder(snapshot, taken, SETTINGS, Format())


def test_the_weights_of_a_tiny_model_are_reckoned_closely():
    from stages.tiny.model import untrained

    sizes = {
        "vocab_size": 512, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "head_dim": 16, "num_attention_heads": 4, "num_key_value_heads": 2,
        "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 16,
        "max_position_embeddings": 64, "steps": 1, "batch_size": 1, "block_tokens": 32,
        "learning_rate": 0.1,
    }  # fmt: skip
    tiny = Tiny.model_validate(sizes)
    harmony: object = type("", (), {"pad_id": 0, "ids": {"<|startoftext|>": 1}, "stop_ids": [2]})()
    model = untrained(tiny, 512, harmony)  # pyright: ignore[reportArgumentType] - three ids of it
    made = sum(weight.numel() for weight in model.parameters())
    assert tiny.weights == pytest.approx(made, rel=0.02)


def test_a_model_is_tried_in_a_process_of_its_own(good: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(good, tmp_path / "model"))
    try_out(folder, "models/own", SETTINGS)
    template("{{ 'a' * 10**11 }}")(folder)
    with pytest.raises(PipelineError, match=r"^models/own/\S+: its chat template fails .Memory"):
        try_out(folder, "models/own", SETTINGS)


@pytest.mark.soak
@pytest.mark.parametrize(
    "written",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 10 ** (10 ** 10) }}",
        "{% set a = namespace(b='a') %}{% for i in range(40) %}{% set a.b = a.b + a.b %}{% endfor %}",
    ],
)
def test_what_never_ends_is_ended(good: Path, tmp_path: Path, written: str) -> None:
    folder = Path(shutil.copytree(good, tmp_path / "model"))
    template(written)(folder)
    said = r"its chat template (takes more than 15 s of a CPU or 4 GB|fails \(MemoryError)"
    with pytest.raises(PipelineError, match=said):
        try_out(folder, "models/own", SETTINGS)
