"""Lets one model variant answer the prompts that are scored: the test split, the evaluation sources
and `models/<variant>/` in, `data/predictions/<variant>.parquet` out.

Every variant gets the same prompts, rendered as in training, and answers them by greedy decoding
with the weights that it ships (MXFP4 ones are dequantised first). The last answer of a conversation
is asked for; earlier turns are given. Beside each answer stands how many bits the model needs for
the reference, and which topic it holds for the likeliest where one is asked. A variant may also
answer through a server (`answer.servers`), which gives texts and no likelihoods.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from stages.answering.likelihood import answer_bits
from stages.answering.loading import load_variant
from stages.answering.local import generate, in_batches, likeliest, scored_part
from stages.answering.served import answers
from stages.chat.family import renderer_of, settings_of
from stages.chat.messages import Message
from stages.chat.rendering import IGNORED, Encoded, Renderer
from stages.formats.tables import Row, read_table, write_file
from stages.numerics.pins import pin_numerics
from stages.params.answer import Answer, Server
from stages.params.chat_format import ChatFormat
from stages.params.compute import Compute
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.errors import InputError
from stages.pipeline.memory import keep_freed_memory
from stages.pipeline.outputs import publish
from stages.pipeline.program import item, run
from stages.pipeline.variants import VariantName, tokenizer_folder

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

log = logging.getLogger("answer")


class Params(Sections):
    compute: Compute
    runtime: Runtime
    encode: ChatFormat
    answer: Answer


PREDICTIONS = pa.schema(
    [
        ("id", pa.string()),
        ("set", pa.string()),  # test, or the name of an evaluation source
        ("source", pa.string()),
        ("style", pa.string()),
        ("question", pa.string()),  # the last one
        ("reference", pa.string()),
        ("prediction", pa.string()),
        ("bits", pa.float64()),  # of the reference; null where a server answered
        ("answer_tokens", pa.int32()),  # of the reference, what opens and closes it included
        ("stopped", pa.bool_()),
        ("topic", pa.string()),
        ("topic_found", pa.string()),
    ]
)


def asked_rows(max_rows: int) -> tuple[list[Row], dict[str, list[str]]]:
    """At most `max_rows` rows of the test split and of each evaluation source; and the topics of
    each source that has some, of all its rows."""
    taken: list[Row] = []
    counts: dict[str, int] = defaultdict(int)
    topics: dict[str, set[str]] = defaultdict(set)
    for split in ("test", "evaluation"):
        for row in read_table(paths.SPLITS / split):
            name = "test" if split == "test" else row["source"]
            if row["topic"]:
                topics[row["source"]].add(row["topic"])
            if counts[name] < max_rows:
                counts[name] += 1
                taken.append(row | {"set": name})
    # Similar lengths together, so that little of a batch is padding.
    taken.sort(key=lambda r: (sum(len(m["content"]) for m in r["messages"]), r["set"], r["id"]))
    return taken, {source: sorted(found) for source, found in topics.items()}


def topic_question(row: Row) -> list[Message]:
    """The question for a row's topic, under the row's own system prompt."""
    system = [m for m in row["messages"][:1] if m["role"] == "system"]
    return [*system, {"role": "user", "content": row["topic_query"]}]


def in_process(
    model: "PreTrainedModel | PeftModel",
    renderer: Renderer,
    rows: list[Row],
    parts: Sequence[tuple[list[int], Encoded]],
    topics: dict[str, list[str]],
    params: Params,
) -> list[Row]:
    """What each row gets from the model: prediction, stopped, bits, topic_found."""
    from tqdm import tqdm

    asked, hidden = params.answer, not params.runtime.progress
    found: list[Row] = []
    with tqdm(total=len(rows), desc="rows", disable=hidden, mininterval=5) as bar:
        for batch in in_batches(parts, asked.batch_size):
            bits = answer_bits(model, [encoded for _, encoded in batch], renderer.pad_id)
            prompts = [prompt for prompt, _ in batch]
            said = generate(model, prompts, renderer, asked.max_new_tokens)
            found += [
                {
                    "prediction": renderer.answer_text(ids).strip(),
                    "stopped": bool(ids) and ids[-1] in renderer.stop_ids,
                    "bits": bits_of_row,
                    "topic_found": None,
                }
                for ids, bits_of_row in zip(said, bits, strict=True)
            ]
            bar.update(len(batch))
    for source, choices in topics.items():
        of = [i for i, row in enumerate(rows) if row["source"] == source and row["topic"]]
        questions = [topic_question(rows[i]) for i in of]
        ranked = likeliest(model, renderer, questions, choices, asked.batch_size)
        bar = tqdm(ranked, f"topics of {source}", len(of), disable=hidden, mininterval=5)
        for i, topic in zip(of, bar, strict=True):
            found[i]["topic_found"] = topic
    return found


def by_server(
    server: Server,
    renderer: Renderer,
    rows: list[Row],
    prompt_tokens: Sequence[int],
    params: Params,
) -> list[Row]:
    """The same from a server, where likelihoods are not to be had."""
    given = answers(
        server.base_url,
        server.model,
        [renderer.placed(row["messages"][:-1]) for row in rows],
        prompt_tokens,
        params.answer.max_new_tokens,
        params.answer.batch_size,
        params.runtime,
        params.encode.template_arguments,
    )
    return [
        {
            "prediction": renderer.without_reasoning(a.text).strip(),
            "stopped": a.stopped,
            "bits": None,
            "topic_found": None,
        }
        for a in given
    ]


def answered_rows(
    rows: list[Row], parts: Sequence[tuple[list[int], Encoded]], found: list[Row]
) -> list[Row]:
    """The rows of PREDICTIONS, by set and id."""
    answered = [
        {
            "id": row["id"],
            "set": row["set"],
            "source": row["source"],
            "style": row["style"],
            "question": row["messages"][-2]["content"],
            "reference": row["messages"][-1]["content"],
            "answer_tokens": sum(label != IGNORED for label in encoded.labels),
            "topic": row["topic"],
            **given,
        }
        for row, (_, encoded), given in zip(rows, parts, found, strict=True)
    ]
    return sorted(answered, key=lambda row: (row["set"], row["id"]))


def main() -> None:
    variant = cast(VariantName, item("variant"))
    params = read_params(Params)
    pin_numerics(params.compute)
    keep_freed_memory()
    out = paths.PREDICTIONS / f"{variant}.parquet"
    with publish(out) as (file,):
        renderer = renderer_of(tokenizer_folder(variant), settings_of(params.encode))
        rows, topics = asked_rows(params.answer.max_rows)
        if not rows:
            raise InputError(str(paths.SPLITS / "test"), "holds no row.", "Run `dvc repro mix`.")
        parts = [scored_part(renderer, row["messages"]) for row in rows]
        server = params.answer.servers[variant]
        if server is None:
            model = load_variant(variant, params.answer.dtype)
            found = in_process(model, renderer, rows, parts, topics, params)
        else:
            lengths = [len(prompt) for prompt, _ in parts]
            found = by_server(server, renderer, rows, lengths, params)
        write_file(file, answered_rows(rows, parts, found), PREDICTIONS)
    log.info("%s: %d rows answered", variant, len(rows))


if __name__ == "__main__":
    run(main)
