"""Which boundaries of a segmented series are real: tests of two neighbouring levels, weakest first.

A boundary must beat three explanations: no change at all, a change smaller than matters, and a smooth drift
(a straight line, then a cubic, through both of its segments). Noise may be autocorrelated, spiky and of
changing size. Strengths are in standard deviations of a Gaussian; what they mean after the search for the
strongest boundary is for `changes.py`, which calibrates them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history import robust
from asv_jit.analysis.history.segmentation import Fit, segment

__all__ = ["SHORTEST", "Clean", "Series", "Stage", "candidates", "clean", "eliminate", "fit", "mean_gain", "summed"]

Floats = npt.NDArray[np.float64]

SHORTEST = 3
"""Points that a level must have: one or two strange ones are spikes."""

_MEDIAN_WINDOW = 11
_REACH = 3.5
_PENALTY = 2.5
"""Cost of a boundary, times log n: about what the elimination asks for a lone one, but a short level between
two boundaries, of which there are many more by chance, must pay for both."""

_LINE_LEAD = 4.0
_CUBIC_LEAD = 2.0
"""How much more of the squared error a step must explain than a line or a cubic does, in units of the noise's
variance, to be taken for a step without asking what it adds to them. By simulation: larger leads cost power
for late small steps, smaller ones report drifts."""

_COMMON_DRIFT = 2.0
_LEAD_GROWTH = 1.5
"""Drifts of a percent or two are common and larger ones are not: a step of less than so many least effects must lead
the line by more, as this power of what it lacks. By simulation (the world that drifts of tests/acceptance): half of the
false alarms, for 2 to 7 in a hundred steps of 1.2 to 1.5% amid few points; larger steps are found as before."""

_LEAST_FOR_CUBIC = 30
"""Points that both levels must have together: what bends within fewer is no slow drift."""

_AUTOCORRELATION_GRACE = 0.5
"""Subtracted, times 1/sqrt(n), from the estimated autocorrelation: its error would cost white series power."""

_LEAST_NOISE = 0.01
"""Floor of the variance in units of the estimated one: quantised metrics can leave no residuals at all."""


class Clean(Struct, frozen=True):
    """A series of n points without outliers, and its noise.

    `weights` are inverse variances by the local scale; `noise` is the variance of a point times its weight,
    from differences, which neither changes of level nor drift disturb; `rho` is the noise's autocorrelation.
    """

    values: Floats
    scale: Floats
    weights: Floats
    noise: float
    rho: float


class Series(Struct, frozen=True):
    """A clean series and its prefix sums, shape (6, n + 1), from 0: those of `_Sums`, in its order."""

    values: Floats
    scale: Floats
    weights: Floats
    noise: float
    rho: float
    sums: Floats

    def inflation(self, count: int) -> float:
        """By how much autocorrelation inflates the variance of the mean of `count` points."""
        return _inflation(self.rho, count)

    def sums_at(self, places: Sequence[int]) -> dict[int, _Sums]:
        """The prefix sums up to each place."""
        return {place: _Sums(*sums) for place, sums in zip(places, self.sums[:, places].T.tolist(), strict=True)}


class _Sums(Struct, frozen=True):
    """Up to one place: of weights, and of weighted values and positions and their products."""

    w: float
    wy: float
    wyy: float
    wx: float
    wxx: float
    wxy: float


class Stage(Struct, frozen=True):
    """A moment of the elimination: n + 2 bounds (0 and the length included), strengths of the inner ones."""

    bounds: list[int]
    strengths: list[float]
    noise: float


class _Evidence(Struct, frozen=True):
    """What a step explains of the squared error: at all, beyond a line, and how far it leads the line."""

    step: float
    beyond_line: float
    lead: float
    size: float
    deflation: float


def clean(values: Floats, least_scale: float) -> Clean:
    """Limit outliers, drop spikes, estimate noise; `values`: shape (n,), finite, n >= 2 * SHORTEST."""
    n = len(values)
    scale = np.maximum(robust.local_scale(values), least_scale)
    cleaned = _without_outliers(values, scale)
    cleaned -= robust.median(cleaned)
    rho = max(0.0, robust.autocorrelation(cleaned / scale) - _AUTOCORRELATION_GRACE / math.sqrt(n))
    squares = np.square(scale)
    steps = np.square(np.diff(cleaned)) * 2.0 / (squares[1:] + squares[:-1])
    return Clean(cleaned, scale, 1.0 / squares, noise=float(np.mean(steps)) / 2.0 / (1.0 - rho), rho=rho)


def summed(cleaned: Clean) -> Series:
    """What tests of boundaries need besides."""
    values, weights, n = cleaned.values, cleaned.weights, len(cleaned.values)
    x = np.arange(n) - (n - 1) / 2.0
    wy, wx = weights * values, weights * x
    sums = np.zeros((6, n + 1))
    np.cumsum([weights, wy, wy * values, wx, wx * x, wx * values], axis=1, out=sums[:, 1:])
    return Series(values, cleaned.scale, weights, cleaned.noise, cleaned.rho, sums)


def _inflation(rho: float, count: int) -> float:
    return (1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - rho**count) / (count * (1.0 - rho) ** 2)


def _without_outliers(values: Floats, scale: Floats) -> Floats:
    """Values beyond reach of the running median: limited if they stand together, else replaced by it."""
    median = robust.running_median(values, _MEDIAN_WINDOW)
    limited = robust.winsorise(values, median, _REACH * scale)
    beyond = values - limited
    together = _in_runs(beyond > 0.0) | _in_runs(beyond < 0.0)
    return np.where(together | (beyond == 0.0), limited, median)


def _in_runs(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of the `flags` stand in a run of at least `SHORTEST`; shape kept."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False)).reshape(-1, 2)
    runs = np.zeros(len(flags), dtype=np.bool_)
    for first, end in edges[edges[:, 1] - edges[:, 0] >= SHORTEST].tolist():
        runs[first:end] = True
    return runs


def fit(cleaned: Clean) -> Fit:
    """What `candidates` fits: levels at a low penalty."""
    n = len(cleaned.values)
    penalty = _PENALTY * math.log(n) * cleaned.noise * _inflation(cleaned.rho, n)
    return Fit(cleaned.values, cleaned.weights, penalty)


def candidates(cleaned: Clean) -> list[int]:
    """Starts of levels worth a test: the exact penalised segmentation."""
    wanted = fit(cleaned)
    return segment(wanted.values, wanted.weights, penalty=wanted.penalty, shortest=SHORTEST)


def eliminate(series: Series, starts: list[int], *, least: float, critical: float) -> Iterator[Stage]:
    """Backward elimination: every stage from all `starts` down to one, each without the last one's weakest.

    A change of level smaller than `least` (in the unit of the values) has no strength. Cubics, which are
    dear, are fitted only once all boundaries reach `critical` without.
    """
    bounds = [0, *starts, len(series.values)]
    sums = series.sums_at(bounds)
    evidence = [_weigh(series, sums, *bounds[i : i + 3]) for i in range(len(starts))]
    cubics: dict[tuple[int, int, int], tuple[float, float]] = {}
    while evidence:
        noise, freedom = _residual_noise(series, sums, bounds)
        strengths = [
            0.0 if abs(e.size) < least else _gaussian(_against_line(e, noise, least) / noise, freedom) for e in evidence
        ]
        if min(strengths) >= max(critical, 1e-9):
            for i, item in enumerate(evidence):
                around = bounds[i], bounds[i + 1], bounds[i + 2]
                if around not in cubics:
                    cubics[around] = _weigh_cubic(series, *around, item)
                lead, beyond = cubics[around]
                if lead <= _CUBIC_LEAD * noise:
                    strengths[i] = min(strengths[i], _gaussian(beyond / noise, freedom))
        yield Stage(list(bounds), strengths, noise)
        weakest = min(range(len(strengths)), key=strengths.__getitem__)
        del bounds[weakest + 1], evidence[weakest]
        _settle(series, bounds, weakest)
        sums |= series.sums_at(bounds[weakest : weakest + 2])
        for i in range(max(weakest - 2, 0), min(weakest + 2, len(evidence))):
            evidence[i] = _weigh(series, sums, *bounds[i : i + 3])


def _settle(series: Series, bounds: list[int], at: int) -> None:
    """Move the bounds on either side of the removed one, `bounds[at]` and the next, to their best places.

    They stood where they were best beside the one that is gone: of two that shared a change between them the one left
    would else be too weak to stay.
    """
    for inner in (at, at + 1):
        if 0 < inner < len(bounds) - 1:
            places, gain = mean_gain(series, bounds[inner - 1], bounds[inner + 1])
            bounds[inner] = int(places[gain.argmax()])


def _weigh(series: Series, sums: Mapping[int, _Sums], a: int, b: int, c: int) -> _Evidence:
    """The step at `b` between the points a..b and b..c, alone and beside a line through both."""
    first, middle, last = sums[a], sums[b], sums[c]
    w1, w2 = middle.w - first.w, last.w - middle.w
    y1, y2 = middle.wy - first.wy, last.wy - middle.wy
    x1, x2 = middle.wx - first.wx, last.wx - middle.wx
    size = y2 / w2 - y1 / w1
    spread = w1 * w2 / (w1 + w2)
    x_mean = (x1 + x2) / (w1 + w2)
    x_spread = last.wxx - first.wxx - (x1 + x2) * x_mean
    step = size * math.sqrt(spread)
    line = (last.wxy - first.wxy - (y1 + y2) * x_mean) / math.sqrt(x_spread)
    alike = (x2 / w2 - x1 / w1) * math.sqrt(spread / x_spread)
    rest = step - alike * line
    beyond = rest * rest / (1.0 - alike * alike) if rest * step > 0.0 else 0.0
    deflation = 1.0 / ((series.inflation(b - a) / w1 + series.inflation(c - b) / w2) * spread)
    return _Evidence(
        step * step * deflation, beyond * deflation, (step * step - line * line) * deflation, size, deflation
    )


def _against_line(e: _Evidence, noise: float, least: float) -> float:
    size, common = abs(e.size), _COMMON_DRIFT * least
    wanted = _LINE_LEAD if size >= common else _LINE_LEAD * (common / size) ** _LEAD_GROWTH
    return e.step if e.lead > wanted * noise else min(e.step, e.beyond_line)


def _weigh_cubic(s: Series, a: int, b: int, c: int, e: _Evidence) -> tuple[float, float]:
    """How far the step at `b` leads a cubic through the points a..c, and what it explains beyond it."""
    if c - a < _LEAST_FOR_CUBIC:
        return math.inf, e.step
    root = np.sqrt(s.weights[a:c])
    x = np.linspace(-1.0, 1.0, c - a)
    basis, _ = np.linalg.qr(root[:, None] * np.stack([np.ones_like(x), x, x * x, x * x * x], axis=1))
    y = root * s.values[a:c]
    step = root * (np.arange(a, c) >= b)
    step -= basis @ (basis.T @ step)
    onto_step = float(step @ y)
    explained = float(np.sum(np.square(basis[:, 1:].T @ y))) * e.deflation
    beyond = onto_step**2 / float(step @ step) * e.deflation if onto_step * e.size > 0.0 else 0.0
    return e.step - explained, beyond


def _residual_noise(series: Series, sums: Mapping[int, _Sums], bounds: list[int]) -> tuple[float, int]:
    """Variance (times weight) about the levels and its degrees of freedom; drift within levels not counted."""
    ends = pairwise([sums[bound] for bound in bounds])
    squares = sum(b.wyy - a.wyy - (b.wy - a.wy) ** 2 / (b.w - a.w) for a, b in ends)
    freedom = len(series.values) - len(bounds) + 1
    return max(min(squares / freedom, series.noise), _LEAST_NOISE), freedom


def _gaussian(squared_t: float, freedom: int) -> float:
    """The Gaussian deviate as improbable as a Student one (Wallace 1959), exact to a percent, in any tail."""
    f = 8 * freedom
    return (f + 1) / (f + 3) * math.sqrt(freedom * math.log1p(squared_t / freedom))


def mean_gain(s: Series, a: int, c: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """All places for one boundary within the points a..c, and the squared error (times weight) each explains."""
    at = np.arange(a + SHORTEST, c - SHORTEST + 1)
    mass, sums = s.sums[0, a : c + 1], s.sums[1, a : c + 1]
    left, left_sum = mass[at - a] - mass[0], sums[at - a] - sums[0]
    right, right_sum = mass[-1] - mass[at - a], sums[-1] - sums[at - a]
    return at, np.square(right_sum / right - left_sum / left) * left * right / (left + right)
