"""The noise of a machine, from pairs of trials of the same code, and the changes that it can detect.

In an A/A pair both trials run the same code in the same mode, so the log ratio of their times is noise alone.
Its standard deviation over pairs is the pair noise, the one figure on which the number of pairs depends.

How often a suite raises a false alert comes from real A/A runs and from their pairs with other signs. In a block of the
same code a coin decides which trial is the first one, so the sign of a pair's log ratio is random, whatever the noise:
every pattern of signs was equally likely (a randomisation test: Fisher 1935). That keeps what simulations have to
guess: heavy tails, drift, pairs that resemble their neighbours.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import numpy.typing as npt
import scipy
from msgspec import Struct

from asv_jit.analysis import speedup
from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.speedup import Times, check_share, log_ratios, toll
from asv_jit.analysis.stats import suite_mean
from asv_jit.analysis.verdict import Verdict

CHANGES = (0.05, 0.02, 0.01)
MOST_PAIRS = 2_000
_LEVEL = 0.95


class PairNoise(Struct, frozen=True):
    """The standard deviation of the log ratio of a pair (about a share: 0.01 is 1%) and its interval at 95%.

    With fewer than two pairs nothing is known: `value` is NaN, `low` 0 and `high` infinite.
    """

    value: float
    low: float
    high: float
    pairs: int


class Needed(Struct, frozen=True):
    """The number of pairs that detects a `change` (a fraction); `pairs` is None if `MOST_PAIRS` is too few."""

    change: float
    pairs: int | None


def pair_noise(first: Times, second: Times) -> PairNoise:
    """Return the pair noise of A/A pairs: times of both arms in any common unit, shape (pairs,), paired by index.

    The interval is the chi-square interval of a standard deviation, which is right for Gaussian noise and too
    narrow for noise with heavy tails. Raises ValueError for unequal lengths or times that are not positive.
    """
    logs = log_ratios(first, second)
    free = len(logs) - 1
    if free < 1:
        return PairNoise(math.nan, 0.0, math.inf, len(logs))
    value = float(np.std(logs, ddof=1))
    tail = (1.0 - _LEVEL) / 2.0
    # chdtri takes the upper tail: the large quantile gives the low end.
    low = value * math.sqrt(free / float(scipy.special.chdtri(free, tail)))
    high = value * math.sqrt(free / float(scipy.special.chdtri(free, 1.0 - tail)))
    return PairNoise(value, low, high, len(logs))


def power(noise: float, change: float, pairs: npt.NDArray[np.int64], *, alpha: float = 0.002) -> Floats:
    """Return the probability of detecting a change for each number of `pairs` (at least 2), same shape.

    `noise` is the pair noise, `change` the share by which one arm is slower; both positive. A change is detected if
    the two-sided paired t test of `speedup.estimate` at `alpha`, widened by `speedup.toll`, is significant in the right
    direction. Its statistic has a noncentral t distribution with log(1 + change) / noise * sqrt(pairs) as its
    noncentrality (Cohen 1988, chapter 2).
    """
    free = pairs - 1.0
    tolls = np.array([toll(int(number)) for number in pairs])
    bounds = -scipy.special.stdtrit(free, alpha / 2.0) * tolls
    return np.asarray(1.0 - scipy.special.nctdtr(free, math.log1p(change) / noise * np.sqrt(pairs), bounds))


def needed_pairs(
    noise: float, changes: Sequence[float] = CHANGES, *, target: float = 0.9, alpha: float = 0.002
) -> tuple[Needed, ...]:
    """Return the fewest pairs that detect each of `changes` with a probability of at least `target`.

    Arguments as for `power`. Raises ValueError for a noise that is negative or not finite, changes that are not
    positive, and levels outside (0, 1).
    """
    check_share("target", target)
    check_share("alpha", alpha)
    if not (math.isfinite(noise) and noise >= 0.0):
        raise ValueError(f"the pair noise must be zero or a positive share such as 0.01, not {noise}")
    if not all(change > 0.0 for change in changes):
        raise ValueError(f"changes must be positive shares such as 0.01, not {tuple(changes)}")
    return tuple(Needed(change, _smallest(noise, change, target, alpha)) for change in changes)


def _smallest(noise: float, change: float, target: float, alpha: float) -> int | None:
    # A noise below a hundredth of the change needs the fewest pairs, and would cost the distribution its digits.
    noise = max(noise, math.log1p(change) / 100.0)
    for start, end in ((2, 66), (66, MOST_PAIRS + 1)):  # most answers are small
        enough = np.flatnonzero(power(noise, change, np.arange(start, end), alpha=alpha) >= target)
        if len(enough):
            return start + int(enough[0])
    return None


def alarm_interval(alarms: int, runs: int) -> tuple[float, float]:
    """Return the 95% interval of the false alarm rate, `alarms` in `runs` A/A runs (Clopper and Pearson 1934).

    Raises ValueError unless 0 <= alarms <= runs and there is a run.
    """
    if not 0 <= alarms <= runs or runs < 1:
        raise ValueError(f"expected 0 <= alarms <= runs and at least one run, found {alarms} of {runs}")
    tail = (1.0 - _LEVEL) / 2.0
    low = 0.0 if alarms == 0 else float(scipy.special.betaincinv(alarms, runs - alarms + 1, tail))
    high = 1.0 if alarms == runs else float(scipy.special.betaincinv(alarms + 1, runs - alarms, 1.0 - tail))
    return low, high


class Rules(Struct, frozen=True):
    """The settings that a comparison is stopped and judged by; see `speedup`."""

    precision: float
    min_pairs: int
    max_pairs: int
    alpha: float
    equivalence: float


class SuiteRun(Struct, frozen=True):
    """A whole A/A run: the steady times of both arms of each case, paired by index, in the order measured."""

    cases: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]

    @property
    def pairs(self) -> int:
        """Return the number of pairs of all cases."""
        return sum(len(first) for first, _ in self.cases.values())


class SameCodeRates(Struct, frozen=True):
    """The outcome of whole A/A runs.

    `runs` and `alerted`: measured runs, and those in which any case raised an alert (Benjamini-Hochberg at 1%);
    `low`, `high` bound that rate at 95%. `verdicts`: how many comparisons ended with each verdict.
    `pair_noise`: pooled over cases and runs (a share). `resampled`: so many runs with other signs, of which
    `resampled_alerted` raised an alert.
    """

    runs: int
    alerted: int
    low: float
    high: float
    verdicts: Mapping[str, int]
    pairs: int
    pair_noise: float
    resampled: int
    resampled_alerted: int


def rates(runs: Sequence[SuiteRun], rules: Rules, *, resamples: int = 2_000, seed: int = 0) -> SameCodeRates:
    """Return the rate of false alerts over `runs` (at least one), and over `resamples` runs with random signs.

    A resampled run takes, for each case, the measured pairs from a random place on (around the end to the
    start), so many as the adaptive rule asks for. Raises ValueError for no runs.
    """
    if not runs:
        raise ValueError("expected at least one run, found none")
    alerted, verdicts = 0, Counter[str]()
    for run in runs:
        estimates = [_judge(speedup.log_ratios(first, second), rules) for first, second in run.cases.values()]
        alerted += _alerts(estimates)
        verdicts.update(estimate.verdict for estimate in estimates)
    low, high = alarm_interval(alerted, len(runs))
    pools = _pools(runs)
    rng = np.random.default_rng(seed)
    again = sum(_alerts([_resampled(pool, rules, rng) for pool in pools]) for _ in range(resamples))
    return SameCodeRates(
        runs=len(runs),
        alerted=alerted,
        low=low,
        high=high,
        verdicts={verdict: verdicts[verdict] for verdict in get_args(Verdict) if verdict in verdicts},
        pairs=sum(run.pairs for run in runs),
        pair_noise=_pair_noise(runs),
        resampled=resamples,
        resampled_alerted=again,
    )


def _judge(logs: Floats, rules: Rules) -> speedup.Speedup:
    return speedup.estimate(np.exp(logs), np.ones(len(logs)), alpha=rules.alpha, equivalence=rules.equivalence)


def _alerts(estimates: Sequence[speedup.Speedup]) -> bool:
    return any(suite_mean.alerts([estimate.p_value for estimate in estimates]))


def _pools(runs: Sequence[SuiteRun]) -> list[Floats]:
    """Return the log ratios of each case over all runs, in the order measured; the mean is noise and stays."""
    names = sorted({name for run in runs for name in run.cases})
    found = ([speedup.log_ratios(*run.cases[name]) for run in runs if name in run.cases] for name in names)
    return [np.concatenate(logs) for logs in found]


def _resampled(pool: Floats, rules: Rules, rng: np.random.Generator) -> speedup.Speedup:
    order = (int(rng.integers(len(pool))) + np.arange(rules.max_pairs)) % len(pool)
    logs = pool[order] * rng.choice((-1.0, 1.0), size=rules.max_pairs)
    times, ones = np.exp(logs), np.ones(rules.max_pairs)
    for size in speedup.looks(rules.min_pairs, rules.max_pairs):
        step = speedup.next_step(
            times[:size], ones[:size], precision=rules.precision, min_pairs=rules.min_pairs, max_pairs=rules.max_pairs
        )
        if step == "stop":
            break
    return _judge(logs[:size], rules)


def _pair_noise(runs: Sequence[SuiteRun]) -> float:
    logs = [speedup.log_ratios(first, second) for run in runs for first, second in run.cases.values()]
    free = sum(max(len(pairs) - 1, 0) for pairs in logs)
    squares = sum(float(np.var(pairs)) * len(pairs) for pairs in logs if len(pairs) > 1)
    return float(np.sqrt(squares / free)) if free else float("nan")
