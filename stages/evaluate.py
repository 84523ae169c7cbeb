"""Measures what one model variant answered: `data/predictions/<variant>.parquet` in,
`metrics/evaluate/<variant>.json` and, row by row, `data/scores/<variant>.parquet` out.

No model is loaded here, so another metric needs no new answers. What each measure is stands in
`stages/measuring/measures.py`.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import groupby

import pyarrow as pa

from stages.formats.json_files import Json, write_json
from stages.formats.tables import Row, read_file, write_file
from stages.korean.composition import nfc
from stages.korean.lexicon import read_lexicon, read_phrases
from stages.korean.speech_level import speech_level
from stages.measuring.bertscore import bertscore
from stages.measuring.manner import manner
from stages.measuring.output import keeps_schema, personal_data
from stages.measuring.rouge import rouge
from stages.measuring.short_answers import exact_match, f1
from stages.measuring.sums import SUMMANDS, measures, topics_of
from stages.numerics.pins import pin_numerics
from stages.params.answer import Answer
from stages.params.compute import Compute
from stages.params.evaluate import Evaluate
from stages.params.reading import read_params
from stages.params.scrub import Scrub
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.outputs import publish
from stages.pipeline.program import item, run

log = logging.getLogger("evaluate")

LOGGED = ("bits_per_byte", "rougeL_syllable", "topic_accuracy", "speech_level_accuracy")


class Params(Sections):
    compute: Compute
    scrub: Scrub
    answer: Answer
    evaluate: Evaluate


OTHER_ROWS = 10  # with one alone, the figure swings by a point of ROUGE on 160 rows
SCORES = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "set", "source", "style", "topic", "topic_found")),
        *((name, pa.float64()) for name in SUMMANDS),
    ]
)


def judge(params: Params) -> Callable[[Row], Row]:
    """A function from an answered row to the same row with its summands, but for BERTScore. Beside
    them stand its `level`, if its style is asked for one, and the types of its personal data."""
    warnings, forbidden = read_lexicon(paths.WARNINGS), read_lexicon(paths.FORBIDDEN)
    slang, emoji = read_lexicon(paths.SLANG), read_lexicon(paths.EMOJI)
    ordinary = frozenset(word.lower() for word in read_phrases(paths.LATIN))
    optional = frozenset(params.scrub.optional)

    def judged(row: Row) -> Row:
        # Hangul may come in pieces (NFD), which no word list and no pattern has.
        said, wanted = (nfc(row[k]) for k in ("prediction", "reference"))
        levels = params.evaluate.speech_levels.get(row["style"])
        level = speech_level(said) if levels else None
        schema = params.evaluate.outputs.get(row["style"])
        personal = personal_data(said, row["question"], optional)
        likely = row["bits"] is not None
        ranked = row["topic"] is not None and row["topic_found"] is not None
        summands = {
            "rows": 1,
            "said": bool(said),
            "bits": row["bits"] if likely else 0,
            "bytes": len(row["reference"].encode()) if likely else 0,
            "answer_tokens": row["answer_tokens"] if likely else 0,
            **rouge(said, wanted),
            "exact_match": exact_match(said, wanted),
            "f1_char": f1(said, wanted),
            "topic_asked": ranked,
            "topic_right": ranked and row["topic"] == row["topic_found"],
            "level_asked": bool(levels),
            "level_right": bool(levels) and level in levels,
            **manner(said, ordinary),
            "warning": bool(warnings.search(said)),
            "slang": bool(slang.search(said)),
            "slang_reference": bool(slang.search(wanted)),
            "emoji": bool(emoji.search(said)),
            "emoji_reference": bool(emoji.search(wanted)),
            "chars": len(said),
            "chars_reference": len(wanted),
            "stopped": row["stopped"],
            "personal_data": bool(personal),
            "forbidden": bool(forbidden.search(said)),
            "schema_asked": schema is not None,
            "schema_kept": schema is not None and keeps_schema(said, schema),
            "bertscore": 0,
            "bertscore_asked": 0,
        }
        numbers = {name: float(value) for name, value in summands.items()}
        return row | numbers | {"level": level, "personal_types": personal}

    return judged


def by_chance(rows: Sequence[Row]) -> float | None:
    """ROUGE-L (syllable, of 100) of the answers against the references of OTHER_ROWS other rows of
    their source and style: what they score for their manner alone, whatever they say. None where no
    row has another one beside it."""
    ordered = sorted(rows, key=lambda row: (row["source"], row["style"], row["id"]))
    scores = []
    for _, rows_of_style in groupby(ordered, key=lambda row: (row["source"], row["style"])):
        group = list(rows_of_style)
        for shift in range(1, min(len(group), OTHER_ROWS + 1)):
            for row, other in zip(group, group[shift:] + group[:shift], strict=True):
                found = rouge(row["prediction"], other["reference"], ["rougeL"], ["syllable"])
                scores.append(found["rougeL_syllable"])
    return round(100 * sum(scores) / len(scores), 6) if scores else None


def summary(rows: Sequence[Row]) -> dict[str, float | None]:
    """Every measure of judged rows, those that are not functions of sums included."""
    distinct = len({row["prediction"] for row in rows}) / len(rows)
    return {
        **measures(rows),
        "rougeL_syllable_by_chance": by_chance(rows),
        "distinct_answer_share": round(distinct, 6),
    }


def parts(rows: Sequence[Row], key: str) -> dict[str, Row]:
    """The measures by the values of a column, rows without one left out."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row[key] is not None:
            groups[row[key]].append(row)
    return {name: {"rows": len(of), **summary(of)} for name, of in groups.items()}


def measured(rows: Sequence[Row], with_bertscore: bool) -> Json:
    """All that is said of one set of judged rows."""
    levels: dict[str, Counter] = defaultdict(Counter)
    confusion: dict[str, Counter] = {topic: Counter() for topic in topics_of(rows)}
    for row in rows:
        if row["level"] is not None:
            levels[row["style"]][row["level"]] += 1
        if row["topic_asked"]:
            confusion[row["topic"]][row["topic_found"]] += 1
    found = {
        "rows": len(rows),
        "measures": summary(rows),
        "by_source": parts(rows, "source"),
        "by_style": parts(rows, "style"),
        "by_topic": parts(rows, "topic"),
        "speech_levels": {style: dict(counts) for style, counts in levels.items()},
        "topics": {topic: dict(counts) for topic, counts in confusion.items()},
        "personal_data": dict(Counter(kind for row in rows for kind in row["personal_types"])),
    }
    if not with_bertscore:
        for of in (found["measures"], *(p for k in PARTS for p in found[k].values())):
            of.pop("bertscore_f1")
    return found


PARTS = ("by_source", "by_style", "by_topic")


def record(params: Params) -> dict[str, str]:
    """What the measures were computed with."""
    kiwi = f"kiwipiepy {version('kiwipiepy')}, model {version('kiwipiepy_model')}"
    scorer = f"rouge_score {version('rouge_score')}"
    encoder = params.evaluate.bertscore
    return {
        "rouge_eojeol": f"{scorer}; words between blanks, lower case, letters and digits alone",
        "rouge_syllable": f"{scorer}; the same without blanks, one character a token",
        "rouge_morph": f"{scorer}; forms of {kiwi}; no signs",
        "exact_match, f1_char": "as KorQuAD 1.0's evaluate-v1.0.py",
        "speech_level": kiwi,
        "decoding": f"greedy, at most {params.answer.max_new_tokens} tokens",
        "likelihood": f"transformers {version('transformers')}, torch {version('torch')}, "
        f"{params.answer.dtype}",
        **(
            {"bertscore": f"{encoder.path}, digest {encoder.digest}, layer {encoder.layer}, "
             f"transformers {version('transformers')}, no weights by rarity, not rescaled"}
            if encoder
            else {}
        ),
    }  # fmt: skip


def main() -> None:
    variant = item("variant")
    params = read_params(Params)
    outs = [
        paths.SCORES / f"{variant}.parquet",
        paths.METRICS / "evaluate" / f"{variant}.json",
    ]
    answered = read_file(paths.PREDICTIONS / f"{variant}.parquet")
    rows = list(map(judge(params), answered))
    if encoder := params.evaluate.bertscore:
        pin_numerics(params.compute)
        texts = [row["prediction"] for row in rows], [row["reference"] for row in rows]
        for row, score in zip(rows, bertscore(*texts, encoder), strict=True):
            row |= {"bertscore": score, "bertscore_asked": 1.0}
    metrics: Json = {"record": record(params)}
    metrics["sets"] = {
        name: measured(list(of), encoder is not None)
        for name, of in groupby(rows, key=lambda row: row["set"])
    }
    with publish(*outs) as (scores_file, metrics_file):
        write_file(scores_file, [{k: row[k] for k in SCORES.names} for row in rows], SCORES)
        write_json(metrics_file, metrics)
    for name, of in metrics["sets"].items():
        shown = {measure: of["measures"][measure] for measure in LOGGED}
        log.info("%s on %s, %d rows: %s", variant, name, of["rows"], shown)


if __name__ == "__main__":
    run(main)
