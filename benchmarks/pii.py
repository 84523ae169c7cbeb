"""The scrubber beside two others, ko-pii and maskingtape, on the same texts in one run.

`python -m benchmarks.pii` prints, for the development set and for the held-out set of
tests/pii_heldout.py: recall by type and by tier, false positives, precision and F1, all by the
shared scorer. Then the speed of each on real and planted text together, and the seconds each
takes for strings that make a careless pattern quadratic. Speed is CPU time of one thread, the
fastest of ROUNDS, for UTF-8 bytes read.

ko-pii runs in its PARANOID mode, restricted to the labels that have a counterpart here;
maskingtape without names and birth dates, which are optional here too. It knows no plates and no
IP addresses: its recall of these two is 0 by design.
"""

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages.pii.scrubber import TYPES, scrub
from tests.pii_heldout import carriers, gold

PROJECT = Path(__file__).resolve().parents[1]
SEED = 20250101
ROUNDS = 3
CHARACTERS = 20_000
RECALL_OF_A_RIVAL = 0.7  # speed is compared with peers that find more than that on some set
OURS = "malssi"
KO_PII_LABELS = [
    "RRN",
    "FRN",
    "PASSPORT",
    "DRIVER_LICENSE",
    "PHONE",
    "FAX",
    "EMAIL",
    "ACCOUNT",
    "CARD",
    "BUSINESS_REG",
    "ADDRESS",
    "IP",
    "VEHICLE",
]

Scrub = Callable[[str], str]


def tools() -> dict[str, Scrub]:
    try:
        from ko_pii import (  # pyright: ignore[reportMissingImports]
            Anonymizer,
            ProcessingMode,
        )
        from maskingtape import Pipeline  # pyright: ignore[reportMissingImports]
        from maskingtape.anonymizers import (  # pyright: ignore[reportMissingImports]
            LabelAnonymizer,
        )
        from maskingtape.detectors import (  # pyright: ignore[reportMissingImports]
            default_detectors,
        )
    except ImportError as missing:
        sys.exit(
            f"benchmarks.pii: {missing.name} is not installed. Install what is compared with: "
            "pip install -c <(pip freeze --exclude malssi) '.[bench]'"
        )
    ko_pii = Anonymizer(
        mode=ProcessingMode.PARANOID, strategy="redact", include=KO_PII_LABELS
    ).process
    structured = [d for d in default_detectors() if d.kind not in ("name", "birth_date")]
    maskingtape = Pipeline(structured, LabelAnonymizer()).anonymize
    return {
        OURS: lambda text: scrub(text)[0],
        "ko-pii": lambda text: ko_pii(text).text,
        "maskingtape": lambda text: maskingtape(text).text,
    }


def load_scorer(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("pii_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measures(result: dict) -> dict[str, float]:
    """One column of the table. FP are percentages of the texts without personal data."""
    return {
        **{f"recall {type_}": result["types"][type_]["recall"] for type_ in TYPES},
        **{f"recall {tier}": result["tiers"][tier] for tier in ("std", "var", "hard")},
        "recall micro": result["recall"],
        "strict micro": result["strict"],
        "precision": result["precision"],
        "F1": result["f1"],
        "FP real %": 100 * result["fp"]["clean"]["rate"],
        "FP trap %": 100 * result["fp"]["trap"]["rate"],
    }


def print_table(title: str, columns: dict[str, dict[str, float]], digits: int) -> None:
    print(f"\n{title}")
    print(f"{'':16}" + "".join(f"{name:>13}" for name in columns))
    for row in next(iter(columns.values())):
        values = (column[row] for column in columns.values())
        print(f"{row:16}" + "".join(f"{value:13.{digits}f}" for value in values))


def fastest_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    times_s = []
    for _ in range(rounds):
        start_s = time.process_time()
        work()
        times_s.append(time.process_time() - start_s)
    return min(times_s)


def adversarial() -> dict[str, str]:
    """Strings of CHARACTERS characters, each the worst case of some pattern."""
    units = {
        "1": "1",
        "1-": "1-",
        "a.": "a.",
        "blanks": " ",
        "010-": "010-",
        "1.": "1.",
        "f:": "f:",
        "공일공-": "공일공-",
        "서울 강남구 강남대로 1분 ": "서울 강남구 강남대로 1분 ",
        "계좌 1234567890 ": "계좌 1234567890 ",
        "세종 나성동 1": "세종 나성동 1",
    }
    strings = {
        name: (unit * (CHARACTERS // len(unit) + 1))[:CHARACTERS] for name, unit in units.items()
    }
    strings["a."] = strings["a."][:-1] + "@"
    return strings


def main() -> None:
    shared = Path(os.environ.get("MALSSI_SHARED", PROJECT.parent / "shared"))
    if not (shared / "pii" / "score.py").is_file():
        sys.exit(
            f"benchmarks.pii: no scorer at {shared / 'pii' / 'score.py'}. "
            "Set MALSSI_SHARED to the folder that holds pii/ and data/."
        )
    scorer = load_scorer(shared / "pii" / "score.py")
    compared = tools()
    lines = (shared / "pii" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    sets = {
        "development": [json.loads(line) for line in lines if line],
        "held-out": gold(carriers(shared), SEED),
    }
    recalls: dict[str, float] = {}
    for title, records in sets.items():
        columns = {}
        for name, scrub_text in compared.items():
            masked = {r["id"]: scrub_text(r["text"]) for r in records}
            columns[name] = measures(scorer.score(records, masked)[0])
            recalls[name] = max(recalls.get(name, 0.0), columns[name]["recall micro"])
        spans = sum(not s.get("optional") for r in records for s in r["spans"])
        print_table(f"{title} set: {len(records)} texts, {spans} values", columns, digits=3)

    texts = [r["text"] for r in sets["held-out"] if r["kind"] != "trap"]
    size_mb = sum(len(text.encode()) for text in texts) / 1e6
    speeds = {
        name: size_mb / fastest_s(lambda s=scrub_text: [s(text) for text in texts])
        for name, scrub_text in compared.items()
    }
    print_table(
        f"speed on {len(texts)} texts, real and planted, {size_mb:.2f} MB",
        {name: {"MB/s": speed} for name, speed in speeds.items()},
        digits=2,
    )
    rivals = [n for n in compared if n != OURS and recalls[n] > RECALL_OF_A_RIVAL]
    for rival in sorted(rivals, key=lambda name: -speeds[name]):
        print(f"{OURS} is {speeds[OURS] / speeds[rival]:.1f} times as fast as {rival}")

    strings = adversarial()
    print_table(
        f"seconds for {CHARACTERS} characters of",
        {
            name: {
                row: fastest_s(lambda s=scrub_text, t=text: s(t), rounds=1)
                for row, text in strings.items()
            }
            for name, scrub_text in compared.items()
        },
        digits=3,
    )


if __name__ == "__main__":
    main()
