"""Figure 2: how often a real change is found with a fixed number of pairs (equivalence 0, alpha 0.002).

Changes go both ways by turns (off / on = 1.05, or 1 / 1.05) and count only in the right direction. The exact
power from the noncentral t distribution stands beside the simulation.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from asv_jit.analysis import speedup
from tests.acceptance.rows import Row

LOOPS = 200_000
CHECKED_LOOPS = 100
ALPHA, BAR = 0.002, 0.90
SETTINGS = (
    (0.014, 0.05, 6),
    (0.014, 0.02, 15),
    (0.014, 0.01, 44),
    (0.007, 0.05, 5),
    (0.007, 0.02, 7),
    (0.007, 0.01, 15),
)


def found(noise: float, change: float, pairs: int, loops: int, rng: np.random.Generator) -> int:
    """In how many of `loops` comparisons the verdict was right; some are run through `estimate` itself."""
    truth = np.where(np.arange(loops) % 2 == 0, 1.0, -1.0) * np.log1p(change)
    logs = truth[:, None] + rng.standard_normal((loops, pairs)) * noise
    errors = logs.std(axis=1, ddof=1) / np.sqrt(pairs) * speedup.toll(pairs)
    right = logs.mean(axis=1) * np.sign(truth) > stats.t.ppf(1 - ALPHA / 2, pairs - 1) * errors
    for row in range(min(CHECKED_LOOPS, loops)):
        verdict = speedup.estimate(np.exp(logs[row]), np.ones(pairs), alpha=ALPHA, equivalence=0.0).verdict
        assert (verdict == ("faster" if truth[row] > 0 else "slower")) == right[row]
    return int(right.sum())


def exact(noise: float, change: float, pairs: int) -> float:
    """The power by the noncentral t distribution."""
    bound = stats.t.ppf(1 - ALPHA / 2, pairs - 1) * speedup.toll(pairs)
    return float(stats.nct.sf(bound, pairs - 1, np.log1p(change) * np.sqrt(pairs) / noise))


def evidence(scale: float, seed: int) -> list[Row]:
    """The rows of figure 2 from `scale` times 200,000 comparisons each."""
    loops = max(int(LOOPS * scale), 100)
    rows = []
    for setting, child in zip(SETTINGS, np.random.SeedSequence(seed).spawn(len(SETTINGS)), strict=True):
        noise, change, pairs = setting
        hits = found(noise, change, pairs, loops, np.random.default_rng(child))
        bounds = stats.binomtest(hits, loops).proportion_ci(0.95, method="wilson")
        rows.append(
            Row(
                figure="2",
                what=f"a {change:.0%} change found with {pairs} pairs at pair noise {noise:.1%}"
                f" (exact: {exact(*setting):.2%})",
                bar=f">= {BAR:.0%}",
                result=f"{hits / loops:.2%}",
                interval=f"{bounds.low:.2%} to {bounds.high:.2%}",
                passed=hits / loops >= BAR,
            )
        )
    return rows


if __name__ == "__main__":
    for line in evidence(1.0, seed=1):
        print(line)
