"""Scale the points of a line's patch releases to one level, so that a release never looks like a change of a commit.

A series is split into stretches. Within a stretch every release is bridged to the next one by commits that were
measured with both, and the points of older releases are scaled to the level of the newest. The error of each bridge is
kept, because a change of level that coincides with it is known no better. A stretch ends where there is no bridge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import scipy
from msgspec import Struct

from asv_jit.analysis.arrays import Floats, Places
from asv_jit.analysis.history.series import Bridge, CaseSeries
from asv_jit.analysis.metrics import Metric
from asv_jit.analysis.stats.robust import noise_of_neighbours
from asv_jit.analysis.verdict import quantile

_CERTAIN = 1e9


class ReleaseShift(Struct, frozen=True):
    """The effect of a release on a metric: shift of its logarithm, standard error and degrees of freedom."""

    shift: float
    error: float
    freedom: float

    def wide_error(self, alpha: float) -> float:
        """Return the error of a Gaussian with the same interval at level 1 - `alpha`: larger for few blocks."""
        return self.error * quantile(self.freedom, alpha) / -float(scipy.special.ndtri(alpha / 2.0))

    @property
    def p_value(self) -> float:
        """Return the two-sided p value by Student's t."""
        if self.error == 0.0:
            return 1.0 if self.shift == 0.0 else 0.0
        return 2.0 * float(scipy.special.stdtr(self.freedom, -abs(self.shift) / self.error))


class Stretch(Struct, frozen=True):
    """One point for each commit, shape (points,), all metrics at the level of the newest release of the stretch.

    `places` and `interpreters` are as in the series. `releases`: the release of each point, counted from the oldest
    of the stretch; `steps`: for each metric the effect of each later release, by which the values were scaled.
    """

    places: Places
    interpreters: Places
    values: Mapping[Metric, Floats]
    releases: Places
    steps: Mapping[Metric, tuple[ReleaseShift, ...]]
    sessions: Places | None
    requirements: Places | None = None
    measured: Places | None = None

    def bridged(self, metric: Metric, before: slice, after: slice, alpha: float) -> float:
        """Return the standard error (of the logarithm) that bridges add to the difference of two groups of points.

        A bridge counts by how much more of one group than of the other lies before it. The error is that of a Gaussian
        as wide at level 1 - `alpha` as the t distributions of the bridges.
        """
        steps = self.steps[metric]
        if not steps:
            return 0.0
        known = ~np.isnan(self.values[metric])
        first, second = (self.releases[part][known[part]] for part in (before, after))
        shares = [float(np.mean(first <= release) - np.mean(second <= release)) for release in range(len(steps))]
        return math.hypot(*(share * step.wide_error(alpha) for share, step in zip(shares, steps, strict=True)))


def stretches(series: CaseSeries, interpreters: Sequence[str], bridges: Sequence[Bridge]) -> list[Stretch]:
    """Return the stretches of a series, from the newest releases to the oldest.

    `interpreters`: `History.interpreters`; `bridges`: those of the case within the series' line.
    """
    if (series.interpreters == series.interpreters[:1]).all():  # most series, and there are thousands
        return [_of_one_release(series)] if len(series.places) else []
    releases = np.unique(series.interpreters).tolist()
    known = {(bridge.before, bridge.after): bridge for bridge in bridges}
    groups: list[list[int]] = []
    for release in releases:
        bridged = bool(groups) and (interpreters[groups[-1][-1]], interpreters[release]) in known
        if bridged:
            groups[-1].append(release)
        else:
            groups.append([release])
    return [_stretch(series, group, interpreters, known) for group in reversed(groups)]


def _of_one_release(series: CaseSeries) -> Stretch:
    values = {metric: track.values for metric, track in series.tracks.items()}
    releases = np.zeros(len(series.places), dtype=np.int32)
    steps: Mapping[Metric, tuple[ReleaseShift, ...]] = dict.fromkeys(values, ())
    where = series.places, series.interpreters
    return Stretch(*where, values, releases, steps, series.sessions, series.requirements, series.measured)


def bridge_shift(bridge: Bridge, metric: Metric, between: float = 0.0) -> ReleaseShift | None:
    """Return the effect of the later release on a metric; None if the bridge lacks the metric.

    `between`: the standard deviation of the logarithm between sessions, which counts if the two releases were not
    measured in the same ones. The degrees of freedom are those of Welch and Satterthwaite.
    """
    sides = metric_figures(bridge, metric)
    if sides is None:
        return None
    before, after = (np.log(side[~np.isnan(side)]) for side in sides)
    if min(len(before), len(after)) < 2:
        return None
    parts = [float(np.var(side, ddof=1)) / len(side) for side in (before, after)]
    variance = math.fsum(parts)
    squares = math.fsum(part**2 / (len(side) - 1) for part, side in zip(parts, (before, after), strict=True))
    freedom = variance**2 / squares if squares > 0.0 else _CERTAIN
    apart = 0.0 if bridge.interleaved else 2.0 * between**2
    return ReleaseShift(float(np.mean(after) - np.mean(before)), math.sqrt(variance + apart), freedom)


def metric_figures(bridge: Bridge, metric: Metric) -> tuple[Floats, Floats] | None:
    """Return a bridge's figures of a metric before and after; for the speedup, ratios within blocks."""
    if metric == "speedup":
        off, on = bridge.figures.get("off"), bridge.figures.get("on")
        if off is None or on is None or any(len(a) != len(b) for a, b in zip(off, on, strict=True)):
            return None
        return off[0] / on[0], off[1] / on[1]
    return bridge.figures.get(metric)


def _stretch(
    series: CaseSeries, releases: Sequence[int], interpreters: Sequence[str], known: Mapping[tuple[str, str], Bridge]
) -> Stretch:
    chosen = _newest_of_each_commit(series, releases)
    mine = np.searchsorted(releases, series.interpreters[chosen]).astype(np.int32)
    values: dict[Metric, Floats] = {}
    taken: dict[Metric, tuple[ReleaseShift, ...]] = {}
    for metric, track in series.tracks.items():
        column = track.values[chosen]
        noise = noise_of(column) if len(releases) > 1 else 0.0
        steps: list[ReleaseShift] = []
        for before, after in pairwise(releases):
            step = bridge_shift(known[interpreters[before], interpreters[after]], metric, noise)
            if step is None:  # the bridge lacks this metric: older points cannot be compared
                column = np.where(mine <= len(steps), np.nan, column)
            steps.append(step or ReleaseShift(0.0, 0.0, _CERTAIN))
        moves = np.append(np.cumsum([step.shift for step in steps][::-1])[::-1], 0.0)
        values[metric] = column * np.exp(moves[mine]) if steps else column
        taken[metric] = tuple(steps)
    sessions, sets, measured = (
        None if one is None else one[chosen] for one in (series.sessions, series.requirements, series.measured)
    )
    return Stretch(series.places[chosen], series.interpreters[chosen], values, mine, taken, sessions, sets, measured)


def _newest_of_each_commit(series: CaseSeries, releases: Sequence[int]) -> Places:
    """Return the last point of each commit, as points are ordered by commit, then by release."""
    points = np.flatnonzero(np.isin(series.interpreters, releases))
    places = series.places[points]
    chosen: Places = points[np.append(places[1:] != places[:-1], True)].astype(np.int32)
    return chosen


def noise_of(values: Floats) -> float:
    """Return the standard deviation of the logarithm between neighbouring points; 0 if unknown."""
    known = values[~np.isnan(values)]
    if len(known) < 3 or np.any(known <= 0.0):
        return 0.0
    return noise_of_neighbours(np.log(known))
