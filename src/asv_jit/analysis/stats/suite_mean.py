"""The mean speedup of a suite, the spread of its cases, and the cases to raise an alert for.

A suite is a fixed set, not a sample of programs: its mean has an error only because each case was measured
with noise. How unlike each other the cases are is another matter, and is shown beside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.speedup import Times, check_share, log_ratios
from asv_jit.analysis.stats.wild import tempered
from asv_jit.analysis.verdict import EQUIVALENCE_ALPHA, Verdict, decide, quantile


class CaseMean(Struct, frozen=True):
    """One case's mean log ratio, its standard error (infinite for a single pair) and its number of pairs.

    `doubt`: how far the mean may be off for other reasons than chance, a bound (`cells.doubt`).
    """

    benchmark: str
    mean: float
    error: float
    pairs: int
    doubt: float = 0.0


class SuiteSpeedup(Struct, frozen=True):
    """The weighted geometric mean of a suite's speedups, and the spread of its cases.

    `low` and `high` bound the mean at level 1 - alpha for this set of cases (0 and infinity if some case has
    a single pair, whose noise is unknown). `spread` is the geometric standard deviation of the cases' own
    speedups, a factor >= 1 and each case counted once; `smallest` and `largest` are their extremes. `pairs` are those
    of all its cases together. `half_width` is that of the interval in logarithms, `narrow` that of the 90% interval.
    """

    ratio: float
    low: float
    high: float
    spread: float
    smallest: float
    largest: float
    cases: int
    pairs: int
    half_width: float = math.inf
    narrow: float = math.inf

    def verdict(self, equivalence: float) -> Verdict:
        """Return the verdict on the mean; differences within the share `equivalence` count as none."""
        mean = math.log(self.ratio) if 0.0 < self.ratio < math.inf else math.copysign(math.inf, self.ratio - 1.0)
        return decide(mean, self.half_width, self.narrow, equivalence)


def case_mean(benchmark: str, off: Times, on: Times, doubt: float = 0.0) -> CaseMean:
    """Return the mean of one case from its steady times (any common unit), paired by index.

    Raises ValueError without pairs, for arms of unequal length and for times that are not positive and finite.
    """
    try:
        logs = tempered(log_ratios(off, on))
    except ValueError as problem:
        raise ValueError(f"{benchmark}: {problem}") from problem
    if len(logs) == 0:
        raise ValueError(f"{benchmark}: a case without pairs has no place in the mean")
    error = float(np.std(logs, ddof=1)) / math.sqrt(len(logs)) if len(logs) > 1 else math.inf
    return CaseMean(benchmark, float(np.mean(logs)), error, len(logs), doubt)


def estimate(cases: Sequence[CaseMean], *, alpha: float) -> SuiteSpeedup | None:
    """Return the suite's mean ratio with its interval at level 1 - `alpha`; None without any case.

    Params are averaged within a benchmark, benchmarks within a group, then groups, all in logarithms, so that
    a benchmark with many params weighs no more than another. The mean is a sum of independent case means with
    fixed weights: its variance is exact, and its t interval takes the degrees of freedom of Welch and
    Satterthwaite (1946). The interval is wider by the weighted sum of the cases' doubts on each side. Raises ValueError
    for an `alpha` outside (0, 1).
    """
    check_share("alpha", alpha)
    if not cases:
        return None
    means = np.array([case.mean for case in cases])
    share = weights([case.benchmark for case in cases])
    mean, half, narrow = float(share @ means), math.inf, math.inf
    if all(case.pairs > 1 for case in cases):
        doubt = float(share @ np.array([case.doubt for case in cases]))
        half, narrow = (width + doubt for width in _half_widths(cases, share, (alpha, EQUIVALENCE_ALPHA)))
    with np.errstate(over="ignore", under="ignore"):
        ratio, low, high = (float(np.exp(value)) for value in (mean, mean - half, mean + half))
        spread, smallest, largest = (float(np.exp(f(means))) for f in (np.std, np.min, np.max))
    pairs = sum(case.pairs for case in cases)
    return SuiteSpeedup(ratio, low, high, spread, smallest, largest, len(cases), pairs, half, narrow)


def group_of(benchmark: str) -> str:
    """Return the group of a benchmark, which is its file."""
    return benchmark.split(".", 1)[0]


def weights(benchmarks: Sequence[str]) -> Floats:
    """Return the weight in the suite's mean of a case of each of `benchmarks`, same shape, summing to 1.

    A group weighs as much as any other, within it a benchmark as any other, within that a case as any other.
    """
    cases = Counter(benchmarks)
    groups = Counter(group_of(benchmark) for benchmark in cases)
    return np.array([1.0 / (len(groups) * groups[group_of(name)] * cases[name]) for name in benchmarks])


def alerts(p_values: Sequence[float] | Floats, *, q: float = 0.01) -> tuple[bool, ...]:
    """Return which cases to raise an alert for, so that on average a fraction `q` of alerts is false.

    The step-up procedure of Benjamini and Hochberg (1995) on two-sided p values of shape (cases,); with no
    difference anywhere, an alert of any kind has a probability of at most `q`. NaN (a case without a result)
    raises no alert and does not count as a test. Raises ValueError for p values outside [0, 1].
    """
    check_share("q", q)
    p = np.asarray(p_values, dtype=np.float64)
    tested = ~np.isnan(p)
    if p.ndim != 1 or np.any((p[tested] < 0.0) | (p[tested] > 1.0)):
        raise ValueError("p values must be a flat sequence within [0, 1], NaN for a case without a result")
    ordered = np.sort(p[tested])
    below = np.flatnonzero(ordered <= q * np.arange(1, len(ordered) + 1) / max(len(ordered), 1))
    if len(below) == 0:
        return (False,) * len(p)
    threshold = float(ordered[below[-1]])
    return tuple(bool(value <= threshold) for value in p)


def _half_widths(cases: Sequence[CaseMean], share: Floats, alphas: tuple[float, float]) -> tuple[float, float]:
    sizes = np.array([case.pairs for case in cases])
    parts = (share * np.array([case.error for case in cases])) ** 2
    variance = float(np.sum(parts))
    if variance == 0.0:
        return 0.0, 0.0
    # As shares of the whole: the squares of tiny variances would vanish.
    freedom = 1.0 / float(np.sum((parts / variance) ** 2 / (sizes - 1)))
    first, second = (quantile(freedom, alpha) * math.sqrt(variance) for alpha in alphas)
    return first, second
