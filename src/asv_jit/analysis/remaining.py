"""Predict how many more pairs the adaptive rule will measure, as random draws given the pairs so far.

`speedup.next_step` stops by the spread of the pairs alone. Of a cell with n pairs and a sum of squares S about their
mean, the variance is drawn from S and a weak prior around the usual spread (inverse chi-squared, `_PRIOR_FREEDOM`).
The sum of squares at a later look of m pairs is then S plus that variance times chi-squared with m - n degrees of
freedom, and the rule, applied to it, says where a draw stops. The usual spread is itself uncertain, by the same factor
for all cells of a draw, so that a whole noisy machine is as possible as a single noisy case.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis import speedup
from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.stats.wild import tempered

Draws = npt.NDArray[np.int64]

DRAWS = 200
_PRIOR_SPREAD = 0.01
_PRIOR_FREEDOM = 4.0
_PRIOR_SQUARES = 3.357  # the median of chi-squared with that freedom: the median of the prior is the usual spread
_SPREAD_OF_USUAL = 0.7  # standard deviation of the logarithm of the usual spread, before any cell is known

_LOW, _HIGH = 0.1, 0.9


class PairRule(Struct, frozen=True):
    """When the loop over the pairs of a cell stops; fields as the arguments of `speedup.next_step`."""

    precision: float
    min_pairs: int
    max_pairs: int
    equivalence: float


class Looks(Struct, frozen=True):
    """At which sizes the rule looks, and at which sums of squares it stops: up to `precise`, and above `hopeless`."""

    sizes: Draws
    precise: Floats
    hopeless: Floats


@functools.cache
def looks_of(rule: PairRule) -> Looks:
    """Return the sizes and limits at which the rule stops."""
    sizes = [size for size in speedup.looks(rule.min_pairs, rule.max_pairs) if size > 1]
    return Looks(
        np.array(sizes, dtype=np.int64),
        np.array([speedup.largest_sum(size, rule.precision) for size in sizes]),
        np.array([speedup.hopeless_sum(size, rule.precision, rule.equivalence, rule.max_pairs) for size in sizes]),
    )


class Range(Struct, frozen=True):
    """An 80% prediction interval from `low` to `high`; `middle` is the median."""

    low: float
    middle: float
    high: float


def range_of(draws: Floats) -> Range:
    """Return the middle 80% of draws, and their median."""
    low, middle, high = (float(value) for value in np.quantile(draws, (_LOW, 0.5, _HIGH)))
    return Range(low, middle, high)


def draw_usual(known: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """Draw the typical standard deviation of a pair, shape (DRAWS,), given the log ratios of the cells so far."""
    spreads = [float(np.std(tempered(logs), ddof=1)) for logs in known if len(logs) > 2]
    logs = [math.log(_PRIOR_SPREAD), *(math.log(max(spread, 1e-6)) for spread in spreads)]
    return np.asarray(np.exp(np.median(logs) + _SPREAD_OF_USUAL / math.sqrt(len(logs)) * rng.standard_normal(DRAWS)))


def draw_pairs_left(logs: Floats, looks: Looks, usual: Floats, rng: np.random.Generator) -> Draws:
    """Draw how many more pairs follow those of `logs`, shape (DRAWS,), at least one each.

    `usual`: from `draw_usual`. The caller knows that the rule wants another pair.
    """
    pairs = len(logs)
    squares = float(np.var(tempered(logs)) * pairs) if pairs > 1 else 0.0
    freedom = max(pairs - 1, 0) + _PRIOR_FREEDOM
    variance = (squares + _PRIOR_SQUARES * usual**2) / rng.chisquare(freedom, DRAWS)
    sizes = looks.sizes[looks.sizes > max(pairs, 1)]
    if not len(sizes):
        return np.ones(DRAWS, dtype=np.int64)
    precise, hopeless = looks.precise[-len(sizes) :], looks.hopeless[-len(sizes) :]
    steps = np.diff(sizes, prepend=max(pairs, 1))
    sums = squares + variance[:, None] * np.cumsum(rng.chisquare(steps, (DRAWS, len(sizes))), axis=1)
    stops = (sums <= precise) | (sums > hopeless)
    stops[:, -1] = True
    return np.asarray(np.maximum(sizes[np.argmax(stops, axis=1)] - pairs, 1), dtype=np.int64)


class Unfinished(Struct, frozen=True):
    """A case that needs at least `least` more blocks, until its log `ratios` are precise; each of so many trials."""

    ratios: tuple[Floats, ...]
    least: int
    trials: int
    block_s: float


def draw_blocks_left(one: Unfinished, looks: Looks, usual: Floats, rng: np.random.Generator) -> Floats:
    """Draw how many more blocks a case needs, shape (DRAWS,). `usual`: from `draw_usual`.

    It ends when all its ratios are precise, and not before `least` blocks.
    """
    blocks = np.full(DRAWS, float(one.least))
    for logs in one.ratios:
        blocks = np.maximum(blocks, draw_pairs_left(logs, looks, usual, rng))
    return blocks


class Forecast(Struct, frozen=True):
    """The remaining trials, and their duration in seconds."""

    trials: Range
    seconds: Range


def forecast(unfinished: Sequence[Unfinished], rule: PairRule, *, known: Sequence[Floats] = (), seed: int) -> Forecast:
    """Forecast the rest of all `unfinished` cases under `rule`; `known` holds the log ratios of finished cases."""
    rng = np.random.default_rng(seed)
    usual = draw_usual([*known, *(logs for case in unfinished for logs in case.ratios)], rng)
    looks = looks_of(rule)
    trials, seconds = np.zeros(DRAWS), np.zeros(DRAWS)
    for case in unfinished:
        blocks = draw_blocks_left(case, looks, usual, rng)
        trials += blocks * case.trials
        seconds += blocks * case.block_s
    return Forecast(range_of(trials), range_of(seconds))
