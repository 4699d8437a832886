"""Makes the calibration table of `asv_jit.analysis.changes`: `python -m tests.acceptance.calibrate_changes`.

The recipe: for each length, many series of Gaussian noise without a change go through the whole detector; the
table holds the strength that the strongest boundary reaches in 1 of 1,000 of them (that in 1 of 100 is printed
beside it: the penalty hides the weak ones, so it says little for long series). Noise that is
not Gaussian is the acceptance's business (figure 3), not the table's.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from asv_jit.analysis.changes import boundaries
from asv_jit.analysis.changes.cleaning import clean

LENGTHS = (6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)


def strongest(values: npt.NDArray[np.float64]) -> float:
    """Return the strength of the strongest change: `detect` reports something where it reaches its critical value."""
    cleaned = clean(values, 1e-12)
    bounds, most = [0, *boundaries.candidates([cleaned])[0], len(values)], 0.0
    while len(bounds) > 2:
        (stage,) = boundaries.stages([cleaned], [bounds], least=[0.0], critical=[0.0])
        most = max(most, min(stage.strengths))
        bounds = boundaries.without_weakest(cleaned, stage)
    return most


def quantiles(length: int, count: int, seed: int) -> tuple[float, float]:
    """Strengths exceeded with probability 0.01 and 0.001 by `count` series of `length` points."""
    rng = np.random.default_rng([seed, length])
    strengths = [strongest(values) for values in rng.normal(size=(count, length))]
    return float(np.quantile(strengths, 0.99)), float(np.quantile(strengths, 0.999))


def main(count: int) -> None:
    """Print one line a length; `count` series each."""
    for length in LENGTHS:
        one_percent, one_per_mille = quantiles(length, count, seed=1)
        print(f"{length:5d} {one_percent:.2f} {one_per_mille:.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12_000)
