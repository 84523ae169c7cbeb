"""Mask personal data in JSON lines: `python -m stages.commands.mask < in.jsonl > out.jsonl`.

Each line is an object with a `text`; it comes out with its text masked and all other keys as they
were. With `--spans` it also gets `spans`, the places in the original text. Messages name the
line, never what it holds.
"""

import argparse
import json
import signal
import sys
from typing import Any, BinaryIO, NoReturn

from stages.formats.json_files import Json
from stages.pii.scrubber import NONE, OPTIONAL_TYPES, scrub
from stages.pipeline.os_errors import refusal


def filter_rows(
    lines: BinaryIO, out: BinaryIO, *, with_spans: bool, optional: frozenset[str] = NONE
) -> None:
    """Raises ValueError naming the line that is not a JSON object with a string `text`."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _read(line, number)
        row["text"], spans = scrub(row["text"], optional)
        if with_spans:
            row["spans"] = [
                {"type": s.type, "start": s.start, "end": s.end, "rule": s.rule} for s in spans
            ]
        out.write(_encode(row, number) + b"\n")


# The messages of the decoders may quote the line, so none is passed on ("from None").


class _Repeated(ValueError):
    """Only one of two values would be masked and kept."""


def _object(pairs: list[tuple[str, Any]]) -> Json:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise _Repeated
    return row


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity, which Python reads and JSON has not


def _read(line: bytes, number: int) -> Json:
    try:
        row = json.loads(
            line.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_number
        )
    except _Repeated:
        raise ValueError(
            f"standard input, line {number}: a key stands twice in one object. Keep one of them."
        ) from None
    except UnicodeDecodeError:
        raise ValueError(
            f"standard input, line {number}: not UTF-8. Convert the file, e.g. with iconv."
        ) from None
    except ValueError:
        raise ValueError(
            f"standard input, line {number}: not JSON. Give one object per line."
        ) from None
    except RecursionError:
        raise ValueError(
            f"standard input, line {number}: nested too deeply. Give one flat object per line."
        ) from None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError(
            f'standard input, line {number}: no string "text". '
            'Give one object {"id", "text"} per line.'
        )
    return row


def _encode(row: Json, number: int) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError(
            f"standard input, line {number}: nested too deeply. Give one flat object per line."
        ) from None
    except UnicodeEncodeError:
        raise ValueError(
            f"standard input, line {number}: half of a surrogate pair. Repair the text."
        ) from None
    except ValueError:
        raise ValueError(
            f"standard input, line {number}: a number beyond 1.8e308. Write it as text."
        ) from None


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m stages.commands.mask", description="Mask personal data in JSON lines."
    )
    parser.add_argument(
        "--spans", action="store_true", help="add the places of the values in the original text"
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        choices=sorted(OPTIONAL_TYPES),
        help="mask this type too; may be given several times",
    )
    args = parser.parse_args()
    optional = frozenset(args.also)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head -1` ends it, quietly
    try:
        filter_rows(sys.stdin.buffer, sys.stdout.buffer, with_spans=args.spans, optional=optional)
        sys.stdout.flush()
    except ValueError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.stdout = None  # else Python tries again to write what is left, and fails as it ends
        sys.exit(f"ERROR {refusal(error)}")


if __name__ == "__main__":
    main()
