"""The scrubber on the held-out set of tests/pii_heldout.py (S1-15, S1-16), and on any order of it."""

import importlib.util
import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from stages.pii.scrubber import TYPES, scrub
from tests.pii_heldout import carriers, gold

# Values and carriers differ, templates are the same. Rules were mended on the first two seeds, and
# what the last two find was never looked at.
SEEDS = (20250101, 7, 99, 555)
# The better recall of ko-pii 1.22.15 and maskingtape 0.4.0 on the first seed, by benchmarks/pii.py.
BEST_PEER = {
    "RRN": 0.907,
    "FRN": 0.853,
    "PASSPORT": 0.680,
    "DRIVER": 0.654,
    "PHONE": 0.821,
    "LANDLINE": 0.792,
    "EMAIL": 0.840,
    "ACCOUNT": 0.747,
    "CARD": 0.741,
    "BRN": 0.706,
    "ADDRESS": 0.856,
    "IP": 0.833,
    "PLATE": 0.658,
}
UNIQUE_IDENTIFIERS = ("RRN", "FRN", "DRIVER", "PASSPORT")


@pytest.fixture(scope="module", params=SEEDS)
def records(shared: Path, request: pytest.FixtureRequest) -> list[dict]:
    return gold(carriers(shared), request.param)


@pytest.fixture(scope="module")
def result(records: list[dict], shared: Path) -> dict:
    spec = importlib.util.spec_from_file_location("pii_score", shared / "pii" / "score.py")
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    return scorer.score(records, {r["id"]: scrub(r["text"])[0] for r in records})[0]


def test_the_set_is_as_large_and_varied_as_it_says(records):
    kinds = Counter(r["kind"] for r in records)
    assert len(records) >= 3_000
    assert kinds["clean"] >= 1_200
    assert kinds["trap"] >= 500
    assert len({r["source"] for r in records if r["kind"] == "trap"}) >= 25
    values = Counter(s["type"] for r in records for s in r["spans"] if not s.get("optional"))
    assert set(values) == set(TYPES)
    assert min(values.values()) >= 100
    assert not any(r["spans"] for r in records if r["kind"] != "planted")


def test_the_same_seed_draws_the_same_set(shared):
    real = carriers(shared)
    first = gold(real, 3)
    assert json.dumps(gold(real, 3)) == json.dumps(first)
    assert [r["text"] for r in gold(real, 4)] != [r["text"] for r in first]


def test_s1_15_recall_by_type_and_by_tier(result):
    recalls = {type_: result["types"][type_]["recall"] for type_ in TYPES}
    assert result["recall"] >= 0.95
    assert result["strict"] >= 0.94
    assert min(recalls.values()) >= 0.90, recalls
    assert all(recalls[type_] >= BEST_PEER[type_] for type_ in TYPES), recalls
    assert result["tiers"]["std"] >= 0.99
    assert result["tiers"]["var"] >= 0.97
    assert result["tiers"]["hard"] >= 0.75


def test_s1_15_unique_identifiers_are_masked_in_every_usual_spelling(records):
    """Personal Information Protection Act, article 24: no consent covers these four."""
    left = []
    for record in records:
        masked = scrub(record["text"])[0]
        for span in record["spans"]:
            if span["type"] in UNIQUE_IDENTIFIERS and span["tier"] != "hard":
                left += [(span["type"], span["form"])] if span["value"] in masked else []
    assert left == []


def test_b5_what_holds_no_personal_data_stays(result):
    assert result["fp"]["clean"]["rate"] <= 0.001, result["fp_by_source"]
    assert result["fp"]["trap"]["rate"] <= 0.02, result["fp_by_source"]
    assert result["precision"] >= 0.99
    assert result["f1"] >= 0.97


def test_a_text_is_masked_alike_in_any_company(records):
    texts = [r["text"] for r in records]
    forward = [scrub(text) for text in texts]
    backward = [scrub(text) for text in reversed(texts)]
    assert forward == backward[::-1]


def test_hangul_in_pieces_is_masked_alike(records):
    """macOS writes NFD."""
    for record in records:
        pieces = unicodedata.normalize("NFD", record["text"])
        whole = unicodedata.normalize("NFC", record["text"])
        masked = unicodedata.normalize("NFC", scrub(pieces)[0])
        assert masked == unicodedata.normalize("NFC", scrub(whole)[0])


def test_scrubbing_the_set_twice_changes_nothing_more(records):
    once = [scrub(r["text"])[0] for r in records]
    assert [scrub(text) for text in once] == [(text, []) for text in once]
