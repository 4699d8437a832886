"""Figure 1: one binary, the same code in both arms, through the whole adaptive loop.

Pairs are measured until `next_step` stops, then `estimate` speaks. Noise is that of the log ratio of a pair,
as a standard deviation (t3 noise is scaled to it). Loops are simulated as arrays; the first of them are also
run through the real functions, which must agree pair for pair. The alarms are counted at equivalence 0, where
nothing is hidden behind `same`.

The loop takes pairs for independent: a run measures one pair of every case before the next of any, so that two pairs
of a case are minutes apart. The rows with AR(0.3) noise show what it would cost if they were not, and have no bar: no
interval from at most 45 pairs can tell such noise. It carries 0.3 of itself into the next pair. In 100,000 loops each,
the alarms at alpha 0.002 were 0.33% (noise of 0.7%) and 0.64% (1.4%), intervals at 95% covered 92% and 88%, and 1.5%
and 2.7% of the suites alerted; with the equivalence of 0.02 the alarms were 0.003% and 0.43%.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import signal, stats

from asv_jit.analysis import speedup
from asv_jit.analysis.stats import suite_mean, wild
from tests.acceptance.rows import Row

LOOPS = 1_000_000
CHUNK = 20_000
MIN_PAIRS, MAX_PAIRS = 5, 45
ALPHA, EQUIVALENCE, PRECISION = 0.002, 0.02, 0.01
SUITE_CASES = 20
CHECKED_LOOPS = 50
CARRIED = 0.3  # of a pair's noise into the next pair's, where noise is autocorrelated

Floats = npt.NDArray[np.float64]
Noise = Literal["Gaussian", "t3", "shared host", "AR(0.3)"]


@dataclass(frozen=True, slots=True)
class Loops:
    """What came out of simulated loops, one element each: pairs, mean log ratio, standard error times toll."""

    pairs: npt.NDArray[np.int64]
    means: Floats
    errors: Floats

    def half_widths(self, alpha: float) -> Floats:
        """Of the intervals of the log speedup at level 1 - alpha."""
        return np.asarray(stats.t.ppf(1 - alpha / 2, self.pairs - 1) * self.errors)

    def p_values(self) -> Floats:
        """Two-sided, against no difference."""
        return np.asarray(2 * stats.t.sf(np.abs(self.means) / self.errors, self.pairs - 1))

    def misses(self, alpha: float, truth: float = 0.0) -> npt.NDArray[np.bool_]:
        """Where the interval at level 1 - alpha excludes the truth."""
        return np.asarray(np.abs(self.means - truth) > self.half_widths(alpha))

    def same(self) -> npt.NDArray[np.bool_]:
        """Where the verdict is `same`."""
        return np.asarray(np.abs(self.means) + self.half_widths(0.1) <= np.log1p(EQUIVALENCE))


def draw(rng: np.random.Generator, noise: Noise, deviation: float, shape: tuple[int, int]) -> Floats:
    """Noise of pairs with that standard deviation; on a shared host one arm of a fifth is slowed by half as well."""
    if noise == "Gaussian":
        return np.asarray(rng.standard_normal(shape) * deviation)
    if noise == "shared host":
        quiet = rng.standard_normal(shape) * deviation
        return np.asarray(quiet + rng.choice([-0.45, 0.0, 0.45], shape, p=[0.1, 0.8, 0.1]))
    if noise == "AR(0.3)":
        fresh = rng.standard_normal(shape) * deviation
        fresh[:, 1:] *= np.sqrt(1 - CARRIED**2)
        return np.asarray(signal.lfilter([1.0], [1.0, -CARRIED], fresh, axis=1))
    return np.asarray(rng.standard_t(3, shape) * (deviation / np.sqrt(3.0)))


def through_the_loop(logs: Floats) -> Loops:
    """The adaptive loop over rows of log ratios of shape (loops, MAX_PAIRS)."""
    pairs = np.full(len(logs), MAX_PAIRS)
    means, errors = np.empty(len(logs)), np.empty(len(logs))
    going = np.arange(len(logs))
    for size in speedup.looks(MIN_PAIRS, MAX_PAIRS):
        seen = logs[going, :size].copy()
        for row in np.flatnonzero(wild.has_wild(seen)):
            seen[row] = wild.tempered(seen[row])
        error = seen.std(axis=1, ddof=1) / np.sqrt(size) * speedup.toll(size)
        hopeless = speedup.hopeless_sum(size, PRECISION, EQUIVALENCE, MAX_PAIRS)
        stops = (stats.t.ppf(0.975, size - 1) * error <= PRECISION) | (size == MAX_PAIRS)
        stops |= seen.var(axis=1) * size > hopeless
        stopped = going[stops]
        pairs[stopped], means[stopped], errors[stopped] = size, seen[stops].mean(axis=1), error[stops]
        going = going[~stops]
    return Loops(pairs, means, errors)


def real_loop(logs: Floats) -> tuple[speedup.Speedup, speedup.Speedup]:
    """The same for one row by the functions themselves: at the equivalence, and at none."""
    off, on = np.exp(logs), np.ones(len(logs))
    pairs = 0
    while speedup.next_step(off[:pairs], on[:pairs], precision=PRECISION) == "measure":
        pairs += 1
    return (
        speedup.estimate(off[:pairs], on[:pairs], alpha=ALPHA, equivalence=EQUIVALENCE),
        speedup.estimate(off[:pairs], on[:pairs], alpha=ALPHA, equivalence=0.0),
    )


def check_against_the_real_loop(logs: Floats, loops: Loops) -> None:
    """Raise AssertionError unless the arrays say the same as the functions."""
    same, missed = loops.same(), loops.misses(ALPHA)
    for row, values in enumerate(logs):
        with_equivalence, without = real_loop(values)
        assert without.pairs == loops.pairs[row]
        assert np.isclose(np.log(without.ratio), loops.means[row], rtol=1e-6, atol=1e-12)
        assert np.isclose(without.half_width, loops.half_widths(ALPHA)[row], rtol=1e-6)
        assert (with_equivalence.verdict == "same") == same[row]
        assert (without.verdict in ("faster", "slower")) == missed[row]


def simulate(noise: Noise, deviation: float, loops: int, seed: np.random.SeedSequence) -> Loops:
    """Loops of an A/A comparison."""
    parts = []
    sizes = [min(CHUNK, loops - start) for start in range(0, loops, CHUNK)]
    for size, child in zip(sizes, seed.spawn(len(sizes)), strict=True):
        logs = draw(np.random.default_rng(child), noise, deviation, (size, MAX_PAIRS))
        parts.append(through_the_loop(logs))
        if len(parts) == 1:
            check_against_the_real_loop(logs[:CHECKED_LOOPS], through_the_loop(logs[:CHECKED_LOOPS]))
    return Loops(
        np.concatenate([part.pairs for part in parts]),
        np.concatenate([part.means for part in parts]),
        np.concatenate([part.errors for part in parts]),
    )


def evidence(scale: float, seed: int) -> list[Row]:
    """The rows of figure 1 from `scale` times a million loops for each noise."""
    loops = max(int(LOOPS * scale), SUITE_CASES)
    settings: list[tuple[Noise, float]] = [(n, d) for n in get_args(Noise) for d in (0.007, 0.014)]
    rows = []
    for (noise, deviation), child in zip(settings, np.random.SeedSequence(seed).spawn(len(settings)), strict=True):
        found = _rows(f"pair noise {deviation:.1%} {noise}", simulate(noise, deviation, loops, child))
        rows += [replace(row, bar="shown", passed=True) for row in found] if noise == "AR(0.3)" else found
    noisy: list[tuple[Noise, float]] = [(n, d) for n in ("Gaussian", "t3") for d in (0.08, 0.1, 0.12, 0.2)]
    for (noise, deviation), child in zip(noisy, np.random.SeedSequence(seed + 1).spawn(len(noisy)), strict=True):
        found = _rows(f"too noisy, {deviation:.0%} {noise}", simulate(noise, deviation, loops, child))
        rows += [row for row in found if ": same," not in row.what]
    return rows


def _rows(setting: str, loops: Loops) -> list[Row]:
    covered = {alpha: ~loops.misses(alpha) for alpha in (0.002, 0.05)}
    p_values = loops.p_values()[: len(loops.pairs) // SUITE_CASES * SUITE_CASES].reshape(-1, SUITE_CASES)
    alarmed = np.array([any(suite_mean.alerts(p)) for p in p_values])
    what = f"A/A through the loop, {setting}"
    return [
        _at_most(f"{what}: faster or slower at alpha 0.002, equivalence 0", loops.misses(ALPHA), 0.002, 3),
        _at_most(f"{what}: faster or slower, equivalence 0.02", loops.misses(ALPHA) & ~loops.same(), 0.002, 3),
        _at_least(f"{what}: same, equivalence 0.02", loops.same(), 0.95, 2),
        _at_least(f"{what}: intervals at 99.8% cover", covered[0.002], 0.998, 3),
        _at_least(f"{what}: intervals at 95% cover", covered[0.05], 0.95, 2),
        _at_most(f"{what}: suites of {SUITE_CASES} cases with any alert", alarmed, 0.01, 2),
    ]


def _at_most(what: str, hits: npt.NDArray[np.bool_], bar: float, digits: int) -> Row:
    share, interval = _share(hits, digits)
    return Row("1", what, f"<= {bar:.1%}", f"{share:.{digits}%}", interval, bool(share <= bar))


def _at_least(what: str, hits: npt.NDArray[np.bool_], bar: float, digits: int) -> Row:
    share, interval = _share(hits, digits)
    return Row("1", what, f">= {bar:.1%}", f"{share:.{digits}%}", interval, bool(share >= bar))


def _share(hits: npt.NDArray[np.bool_], digits: int) -> tuple[float, str]:
    """A proportion and its Wilson interval at 95%, as text."""
    bounds = stats.binomtest(int(hits.sum()), len(hits)).proportion_ci(0.95, method="wilson")
    return float(hits.mean()), f"{bounds.low:.{digits}%} to {bounds.high:.{digits}%}"


if __name__ == "__main__":
    for found in evidence(1.0, seed=1):
        print(found)
