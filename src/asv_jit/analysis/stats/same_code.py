"""The rate of false alerts of a suite, from real A/A runs and from resampling their pairs.

In a block of the same code a coin decides which trial is the first one, so the sign of a pair's log ratio is random,
whatever the noise. Every pattern of signs was equally likely, and other patterns on the same pairs show how often such
noise raises an alert (a randomisation test: Fisher 1935). That keeps what simulations have to guess: heavy tails,
drift, pairs that resemble their neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis import speedup
from asv_jit.analysis.stats import suite_mean
from asv_jit.analysis.stats.noise import alarm_interval
from asv_jit.analysis.verdict import Verdict

Floats = npt.NDArray[np.float64]


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
            times[:size],
            ones[:size],
            precision=rules.precision,
            min_pairs=rules.min_pairs,
            max_pairs=rules.max_pairs,
        )
        if step == "stop":
            break
    return _judge(logs[:size], rules)


def _pair_noise(runs: Sequence[SuiteRun]) -> float:
    logs = [speedup.log_ratios(first, second) for run in runs for first, second in run.cases.values()]
    free = sum(max(len(pairs) - 1, 0) for pairs in logs)
    squares = sum(float(np.var(pairs)) * len(pairs) for pairs in logs if len(pairs) > 1)
    return float(np.sqrt(squares / free)) if free else float("nan")
