"""How sure a figure is: a paired bootstrap over rows.

A set of rows is drawn again and again, as many as there are and with replacement; every variant is
measured on the same draws, so what is hard about a row is hard for both and does not blur their
difference. An interval is what lies between the 2.5th and the 97.5th of a hundred of the values
(percentile method; B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
"""

import numpy as np

LEVEL = 0.95
FEWEST_ROWS = 20  # of less no interval is made: one row alone would look certain


def resampled_sums(values: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """The sums of (rows, columns) over each resample, as (draws, columns).

    Rows are added one after the other and not by a matrix product, whose last bits depend on the
    processor.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    sums = np.empty((draws, values.shape[1]))
    for draw in range(draws):
        sums[draw] = values[random.integers(0, len(values), len(values))].sum(axis=0)
    return sums


def interval(values: np.ndarray) -> tuple[float, float] | None:
    """The interval of a figure's values over the resamples, those left out to which it does not
    apply; None where it applies to none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(finite, [tail, 100 - tail])
    return float(low), float(high)
