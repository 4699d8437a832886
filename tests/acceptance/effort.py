"""What adaptive effort saves against a fixed number of pairs at equal precision.

Precise means: the half-width of the 95% interval of the log speedup is within 1%. The fixed number is the
smallest that leaves as large a share of the cases precise as the adaptive loop does (of 95%, where the loop
does better than that), never above the same maximum of 45. At one known noise a fixed number can be matched
to it, so little can be saved; nobody knows the noise of each case of a suite, where one number must serve all.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from tests.acceptance.figure_1_same_code import MAX_PAIRS, MIN_PAIRS, PRECISION, Loops, simulate
from tests.acceptance.rows import Row

LOOPS = 40_000
NOISES = (0.003, 0.005, 0.007, 0.01, 0.014, 0.02, 0.03)
ENOUGH = 0.95


def precise_share(pairs: int, noises: tuple[float, ...]) -> float:
    """Share of cases, spread evenly over the noises, that `pairs` pairs measure precisely (exact, Gaussian)."""
    bound = PRECISION * np.sqrt(pairs) / stats.t.ppf(0.975, pairs - 1) / np.array(noises)
    return float(np.mean(stats.chi2.cdf((pairs - 1) * bound**2, pairs - 1)))


def fixed_pairs(share: float, noises: tuple[float, ...]) -> int:
    """The smallest fixed number of pairs that leaves such a share of the cases precise."""
    sizes = range(MIN_PAIRS, MAX_PAIRS)
    return next((size for size in sizes if precise_share(size, noises) >= share), MAX_PAIRS)


def evidence(scale: float, seed: int) -> list[Row]:
    """A row for each noise, for information, and one for a suite of all of them, which has the bar."""
    loops = max(int(LOOPS * scale), 200)
    children = np.random.SeedSequence(seed).spawn(len(NOISES))
    simulated = [simulate("Gaussian", noise, loops, child) for noise, child in zip(NOISES, children, strict=True)]
    rows = [
        _row(f"pair noise {noise:.1%}", [found], (noise,), bar=False)
        for noise, found in zip(NOISES, simulated, strict=True)
    ]
    mixture = f"a suite of cases with noises from {NOISES[0]:.1%} to {NOISES[-1]:.1%}"
    return [*rows, _row(mixture, simulated, NOISES, bar=True)]


def _row(what: str, simulated: list[Loops], noises: tuple[float, ...], *, bar: bool) -> Row:
    pairs = np.concatenate([loops.pairs for loops in simulated])
    precise = np.concatenate([loops.half_widths(0.05) for loops in simulated]) <= PRECISION
    fixed = fixed_pairs(min(float(precise.mean()), ENOUGH), noises)
    mean, error = float(pairs.mean()), float(pairs.std(ddof=1) / np.sqrt(len(pairs)))
    low, median, high = np.quantile(pairs, [0.1, 0.5, 0.9])
    return Row(
        figure="effort",
        what=f"{what}: {precise.mean():.1%} precise, a fixed number would be {fixed};"
        f" median {median:.0f} pairs, 80% from {low:.0f} to {high:.0f}",
        bar=f"<= {0.75 * fixed:.1f} pairs (three quarters of the fixed number)" if bar else "none",
        result=f"{mean:.1f} pairs ({mean / fixed - 1.0:+.0%})",
        interval=f"{mean - 1.96 * error:.1f} to {mean + 1.96 * error:.1f}",
        passed=mean <= 0.75 * fixed or not bar,
    )


if __name__ == "__main__":
    for line in evidence(1.0, seed=1):
        print(line)
