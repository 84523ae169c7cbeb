"""Intervals of paired figures: known cases, and what they are for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import contrast
from stages.formats.tables import write_file
from stages.measuring.measures import FORMULAS
from stages.measuring.sums import SUMMANDS
from stages.pipeline.errors import DataError
from stages.resampling.bootstrap import interval, resampled_sums

ROWS = 60


def rows(**columns: Any) -> list[dict[str, Any]]:
    """Scores of ROWS rows; a column is one value for all or one for each."""
    return [
        {"id": f"{i:03d}", "set": "test", "source": "news", "style": "a", "topic": None, "topic_found": None}
        | dict.fromkeys(SUMMANDS, 0.0)
        | {"rows": 1.0, "said": 1.0}
        | {name: float(v[i]) if hasattr(v, "__len__") else float(v) for name, v in columns.items()}
        for i in range(ROWS)
    ]  # fmt: skip


def of(base: list, merged: list, mxfp4: list | None = None) -> dict[str, Any]:
    variants = {"base": base, "adapter": merged, "merged-bf16": merged, "mxfp4": mxfp4 or merged}
    return contrast.contrasted(variants, draws=400, seed=7)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=ROWS)


def test_a_difference_that_is_the_same_in_every_row_is_sure_however_much_rows_differ():
    """Paired: what is hard for both is in no difference."""
    hard = 50 + 20 * noise(1)
    found = of(rows(bits=hard + 1, bytes=10), rows(bits=hard, bytes=10))
    change = found["against_base"]["merged-bf16"]["bits_per_byte"]
    assert change == {"difference": -0.1, "low": -0.1, "high": -0.1, "beyond_noise": True}
    own = found["variants"]["base"]["bits_per_byte"]
    assert own["high"] - own["low"] > 0.5, "while the figure itself is uncertain"


def test_a_difference_by_chance_is_within_noise():
    one, other = rows(bits=50 + noise(1), bytes=10), rows(bits=50 + noise(2), bytes=10)
    change = of(one, other)["against_base"]["merged-bf16"]["bits_per_byte"]
    assert change["difference"] != 0 and not change["beyond_noise"]
    assert change["low"] < 0 < change["high"]


def test_equal_variants_do_not_differ():
    same = rows(bits=50 + noise(1), bytes=10)
    for changes in of(same, same)["against_base"].values():
        assert changes["bits_per_byte"] == {
            "difference": 0.0, "low": 0.0, "high": 0.0, "beyond_noise": False,
        }  # fmt: skip


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation():
    """1.96 standard errors, within a tenth."""
    values = 30 + 4 * noise(3)
    found = of(rows(rougeL_morph=values / 100), rows())["variants"]["base"]["rougeL_morph"]
    error = 1.96 * values.std() / np.sqrt(ROWS)
    assert found["value"] == pytest.approx(values.mean(), abs=1e-5)
    assert found["high"] - found["value"] == pytest.approx(error, rel=0.15)
    assert found["value"] - found["low"] == pytest.approx(error, rel=0.15)


def test_intervals_cover_the_truth_as_often_as_they_say():
    """Of 200 samples from a known population, about 95 of 100 intervals hold its mean."""
    random, hits = np.random.default_rng(5), 0
    for trial in range(200):
        sample = random.exponential(1.0, size=(80, 1))
        low, high = interval(resampled_sums(sample, 300, trial)[:, 0] / 80) or (0, 0)
        hits += low <= 1.0 <= high
    assert 0.88 <= hits / 200 <= 0.98


def test_what_an_export_keeps_of_the_gain():
    bits = 100 + noise(1)
    kept = of(
        rows(bits=bits, bytes=10), rows(bits=bits - 10, bytes=10), rows(bits=bits - 9, bytes=10)
    )["gain_kept"]["mxfp4"]
    assert (kept["value"], kept["low"], kept["high"]) == pytest.approx((0.9, 0.9, 0.9))
    nothing = of(rows(bits=bits, bytes=10), rows(bits=bits + 1, bytes=10))["gain_kept"]["mxfp4"]
    assert nothing["value"] == 0.0, "no gain, nothing kept"
    assert of(rows(), rows())["gain_kept"]["mxfp4"] is None, "no likelihoods, no figure"


def test_of_few_rows_no_interval_is_made():
    """One row alone would look certain."""
    few = rows(bits=50, bytes=10)[:19], rows(bits=40, bytes=10)[:19]
    found = of(*few)
    assert found["against_base"]["mxfp4"]["bits_per_byte"] is None
    assert found["gain_kept"]["mxfp4"] is None
    enough = of(rows(bits=50, bytes=10)[:20], rows(bits=40, bytes=10)[:20])
    assert enough["against_base"]["mxfp4"]["bits_per_byte"]["beyond_noise"]
    assert set(enough["against_merged"]["mxfp4"]) == set(FORMULAS)


def test_what_does_not_apply_is_null_in_every_table():
    found = of(rows(), rows())
    tables = [*found["variants"].values(), *found["against_base"].values()]
    assert all(table["speech_level_accuracy"] is None for table in tables)
    assert all(set(table) == set(FORMULAS) for table in tables)


def test_macro_f1_has_an_interval():
    base, tuned = rows(topic_asked=1), rows(topic_asked=1)
    for i, (one, other) in enumerate(zip(base, tuned, strict=True)):
        topic = "경제" if i % 2 else "사회"
        one |= {"topic": topic, "topic_found": "경제"}
        other |= {"topic": topic, "topic_found": topic}
    change = of(base, tuned)["against_base"]["merged-bf16"]["topic_macro_f1"]
    assert change["difference"] == pytest.approx(1 - (2 * 30 / 90 + 0) / 2, abs=1e-6)
    assert 0.5 < change["low"] < change["difference"] < change["high"] < 0.8


@pytest.fixture
def scored(tmp_path, monkeypatch):
    """The scores of four equal variants, in a folder of their own."""
    from stages.evaluate import SCORES

    monkeypatch.chdir(tmp_path)

    def write(variant: str, of_variant: list) -> None:
        write_file(Path(f"data/scores/{variant}.parquet"), of_variant, SCORES)

    for variant in contrast.VARIANTS:
        write(variant, rows(bits=1, bytes=1))
    return write


def test_variants_that_answered_other_rows_are_not_compared(scored):
    assert set(contrast.scores()) == {"test"}
    scored("mxfp4", rows(bits=1, bytes=1)[:-1])
    with pytest.raises(DataError, match=r"mxfp4\.parquet: is of other rows"):
        contrast.scores()


def test_each_set_is_contrasted_alone(scored):
    for variant in contrast.VARIANTS:
        other = [row | {"set": "korquad", "f1_char": 0.5} for row in rows(bits=1, bytes=1)]
        scored(variant, other + rows(bits=1, bytes=1))
    found = {
        name: contrast.contrasted(of_set, 100, 1) for name, of_set in contrast.scores().items()
    }
    assert found["korquad"]["variants"]["base"]["f1_char"]["value"] == 50.0
    assert found["test"]["variants"]["base"]["f1_char"]["value"] == 0.0
