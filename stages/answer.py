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
from typing import Any, cast

import pyarrow as pa

from stages.answering.local import generate, in_batches, likeliest, scored_part
from stages.answering.served import answers
from stages.chat.family import renderer_of
from stages.chat.rendering import IGNORED, Encoded, Renderer, Settings
from stages.chat.template import Message
from stages.metrics.likelihood import answer_bits
from stages.pipeline import paths
from stages.pipeline.config import Config, Server, Variant, load_config
from stages.pipeline.errors import InputError
from stages.pipeline.publish import publish
from stages.pipeline.run import item, pin_numerics, run
from stages.pipeline.tables import Row, read_table, write_file
from stages.pipeline.tracking import project
from stages.weights.loading import load_variant

log = logging.getLogger("answer")

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
    model: Any,
    renderer: Renderer,
    rows: list[Row],
    parts: Sequence[tuple[list[int], Encoded]],
    topics: dict[str, list[str]],
    config: Config,
) -> list[Row]:
    """What each row gets from the model: prediction, stopped, bits, topic_found."""
    from tqdm import tqdm

    params, hidden = config.answer, not config.runtime.progress
    found: list[Row] = []
    with tqdm(total=len(rows), desc="rows", disable=hidden, mininterval=5) as bar:
        for batch in in_batches(parts, params.batch_size):
            bits = answer_bits(model, [encoded for _, encoded in batch], renderer.pad_id)
            prompts = [prompt for prompt, _ in batch]
            said = generate(model, prompts, renderer, params.max_new_tokens)
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
        ranked = likeliest(model, renderer, questions, choices, params.batch_size)
        bar = tqdm(ranked, f"topics of {source}", len(of), disable=hidden, mininterval=5)
        for i, topic in zip(of, bar, strict=True):
            found[i]["topic_found"] = topic
    return found


def by_server(
    server: Server, rows: list[Row], prompt_tokens: Sequence[int], config: Config
) -> list[Row]:
    """The same from a server, where likelihoods are not to be had."""
    given = answers(
        server.base_url,
        server.model,
        [row["messages"][:-1] for row in rows],
        prompt_tokens,
        config.answer.max_new_tokens,
        config.answer.batch_size,
        not config.runtime.progress,
    )
    return [
        {"prediction": a.text.strip(), "stopped": a.stopped, "bits": None, "topic_found": None}
        for a in given
    ]


def main() -> None:
    variant = cast(Variant, item("variant"))
    config = load_config()
    pin_numerics(config.compute.threads)
    out = paths.PREDICTIONS / f"{variant}.parquet"
    with publish(out) as (file,):
        settings = Settings(
            conversation_date=config.encode.conversation_date, **config.encode.harmony.model_dump()
        )
        folder = paths.BASE if variant == paths.ADAPTER.name else paths.MODELS / variant
        renderer = renderer_of(folder, settings)
        rows, topics = asked_rows(config.answer.max_rows)
        if not rows:
            raise InputError(str(paths.SPLITS / "test"), "holds no row.", "Run `dvc repro mix`.")
        parts = [scored_part(renderer, row["messages"]) for row in rows]
        server = config.answer.servers[variant]
        if server is None:
            model = load_variant(variant, config.answer.dtype)
            found = in_process(model, renderer, rows, parts, topics, config)
        else:
            found = by_server(server, rows, [len(prompt) for prompt, _ in parts], config)
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
        answered.sort(key=lambda row: (row["set"], row["id"]))
        write_file(file, answered, PREDICTIONS)
    log.info("%s: %d rows answered", variant, len(answered))
    project(config.runtime, f"answer@{variant}", {"rows": len(answered)}, [out])


if __name__ == "__main__":
    run(main)
