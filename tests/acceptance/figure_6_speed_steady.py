"""Figure 6: the time that `steady.classify` takes for 3,000 iterations, on one core, the worst of several kinds.

The time is the best of a few repetitions of each series, in processor time: what else the machine does is not its
fault. numpy uses one thread for everything that is called here.
"""

from __future__ import annotations

import time

import numpy as np

from asv_jit.analysis import steady
from tests.acceptance.figure_5_steady import Floats
from tests.acceptance.rows import Row

ITERATIONS = 3_000
BAR_S = 0.050
REPETITIONS = 10


def series(seed: int) -> dict[str, Floats]:
    """Durations of the shapes that could be slow: nothing to prune, much to prune, much to clean."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(ITERATIONS)
    places = np.arange(ITERATIONS)
    return {
        "flat": 1.0 + 0.01 * noise,
        "compiled once": 1.0 + 0.3 * (places < 700) + 0.01 * noise,
        "a change every 10": 1.0 + 0.3 * (places // 10 % 2) + 0.01 * noise,
        "300 random levels": np.repeat(rng.uniform(1.0, 2.0, 300), 10) + 0.01 * noise,
        "random walk": np.exp(0.02 * np.cumsum(noise)),
        "spikes, compiled once": (1.0 + 0.3 * (places < 700) + 0.01 * noise) * np.where(places % 17 == 16, 2.0, 1.0),
        "wild noise": np.exp(rng.standard_t(2, ITERATIONS) * 0.2),
        "quantised": np.round(1.0 + 0.05 * (places < 700) + 0.01 * noise, 2),
    }


def evidence(scale: float, seed: int) -> list[Row]:
    """One row: the slowest series; `scale` below 1 takes fewer repetitions."""
    repetitions = max(2, round(REPETITIONS * scale))
    took = {name: min(_timed(values) for _ in range(repetitions)) for name, values in series(seed).items()}
    worst = max(took, key=lambda name: took[name])
    return [
        Row(
            figure="6",
            what=f"steady.classify, {ITERATIONS:,} iterations, slowest of {len(took)} series ({worst})",
            bar=f"<= {BAR_S * 1e3:.0f} ms",
            result=f"{took[worst] * 1e3:.1f} ms",
            interval=f"{min(took.values()) * 1e3:.1f} to {took[worst] * 1e3:.1f} ms over the series",
            passed=took[worst] <= BAR_S,
        )
    ]


def _timed(values: Floats) -> float:
    begin = time.process_time()
    steady.classify(values)
    return time.process_time() - begin


if __name__ == "__main__":
    for line in evidence(1.0, seed=1):
        print(line)
