"""`python -m stages.commands.show ROWS` prints the first rows of the training split as they are
encoded, what is trained in colour."""

import argparse
from itertools import groupby, islice

from stages.chat.family import renderer_of, settings_of
from stages.chat.rendering import IGNORED, Renderer
from stages.commands.terminal import harmless
from stages.encode import fitted
from stages.formats.tables import read_table
from stages.params.encode import Encode
from stages.params.reading import read_params
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.program import run

COLOUR, PLAIN = "\x1b[30;42m", "\x1b[0m"


class Params(Sections):
    encode: Encode


def show(limits: Encode, renderer: Renderer, rows: int) -> None:
    for row in islice(read_table(paths.SPLITS / "train"), rows):
        encoded, _ = fitted(row["messages"], renderer, limits)
        print(f"--- {row['id']} ({row['source']}, {row['style']})")
        if encoded is None:
            print("refused: too long")
            continue
        pairs = zip(encoded.input_ids, encoded.labels, strict=True)
        for trained, stretch in groupby(pairs, key=lambda pair: pair[1] != IGNORED):
            text = harmless(renderer.shown([number for number, _ in stretch]))
            print(f"{COLOUR}{text}{PLAIN}" if trained else text, end="")
        trained_tokens = sum(label != IGNORED for label in encoded.labels)
        print(f"\n--- {len(encoded.labels)} tokens, {trained_tokens} trained")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    rows = parser.parse_args().rows
    limits = read_params(Params).encode
    show(limits, renderer_of(paths.BASE, settings_of(limits)), rows)


if __name__ == "__main__":
    run(main)
