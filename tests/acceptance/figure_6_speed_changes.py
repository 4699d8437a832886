"""Figure 6, its first half: the time of `detector.detect` on 1,000 points, on one core."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from asv_jit.analysis.changes import detector
from tests.acceptance.rows import Row

POINTS = 1_000
BAR_S = 0.010


def typical_s(values: npt.NDArray[np.float64], repeats: int) -> tuple[float, float]:
    """Median and largest duration, after one call to warm up."""
    detector.detect(values)
    durations = []
    for _ in range(repeats):
        started = time.perf_counter()
        detector.detect(values)
        durations.append(time.perf_counter() - started)
    return float(np.median(durations)), max(durations)


def evidence(scale: float, seed: int) -> list[Row]:
    """One row a kind of series: no change, ten changes, a drift, heavy tails."""
    rng = np.random.default_rng(seed)
    place = np.arange(POINTS)
    kinds = {
        "no change": rng.normal(size=POINTS),
        "nine changes": rng.normal(size=POINTS) + 3.0 * (place // 100 % 2),
        "drift": rng.normal(size=POINTS) + 30.0 * place / POINTS,
        "t3 noise": rng.standard_t(3, size=POINTS),
    }
    repeats = max(round(100 * scale), 5)
    rows = []
    for name, noise in kinds.items():
        median_s, largest_s = typical_s(0.02 * np.exp(0.01 * noise), repeats)
        rows.append(
            Row(
                "6",
                f"detect on {POINTS} points, {name}",
                f"<= {1e3 * BAR_S:.0f} ms",
                f"{1e3 * median_s:.1f} ms",
                f"at most {1e3 * largest_s:.1f} ms",
                median_s <= BAR_S,
            )
        )
    return rows
