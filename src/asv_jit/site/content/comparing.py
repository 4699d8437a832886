"""Two commits, or two releases, side by side: which figures differ by more than their noise.

A figure at one commit is a sample of what it would be if it were measured again. Two things say how much it varies:
its own interval, and how much the series usually differs from commit to commit. The larger one decides:

    threshold = max(sqrt(ha² + hb²), z · √2 · noise)      in logarithms of the ratio
    significance = |ln(after / before)| / threshold

with ha and hb the half-widths of the two intervals, noise the robust standard deviation of the series and z the
normal quantile of the intervals' level. The ratio's interval is ratio · exp(± threshold). What asv measured by
itself has intervals from within one process, which say nothing about the next process: only the noise counts.

`static/compare.js` computes the same for any pair that a reader chooses, from the data files, whose values are rounded.
Where that could tip a verdict, the rounded values count here, too: a site must not say two things of one comparison.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

import numpy as np
from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary, Level
from asv_jit.analysis.changes.strung import starts_of_runs
from asv_jit.analysis.history.series import CaseSeries, Metric
from asv_jit.model import CaseKey
from asv_jit.site.content import columns
from asv_jit.site.content.timetable import Placed, Timetable

COMPARED: tuple[Metric, ...] = ("off", "on", "speedup", "plain")
_CLOSE = 0.15  # of a bound: rounding moves a significance by some hundredths, see `columns.of_track`


class Side(Struct, frozen=True):
    """A figure with its interval; NaN where there is none."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Of the interval of the logarithm; NaN where it is not known."""
        if not 0.0 < self.low <= self.value <= self.high < math.inf:
            return math.nan
        return max(math.log(self.high / self.value), math.log(self.value / self.low))


class Behind(Struct, frozen=True):
    """What a figure was made of: how many blocks (none of what asv measured), and whether those are pairs.

    `build`: of a commit's figure the interpreter, as its place in `History.interpreters`.
    """

    blocks: int
    paired: bool
    build: int = -1


class Difference(Struct, frozen=True):
    """One figure before and after, and what is behind each.

    `threshold` is in logarithms, NaN where nothing tells how much the figure varies.

    `verdict`: `same` if the ratio's interval lies within 1 ± equivalence, else `better` or `worse` if it excludes 1,
    else `unclear`.
    """

    case: CaseKey
    line: str
    metric: Metric
    unit: str
    before: Side
    after: Side
    threshold: float
    verdict: str
    behind: tuple[Behind, Behind]

    @property
    def ratio(self) -> float:
        """after / before."""
        return self.after.value / self.before.value

    @property
    def significance(self) -> float:
        """How many thresholds the change is; NaN where there is none, infinite where what never varied has changed."""
        change = abs(math.log(self.ratio))
        if self.threshold == 0.0:
            return math.inf if change > 0.0 else 0.0
        return change / self.threshold


def quantile(alpha: float) -> float:
    """The normal quantile of an interval at level 1 - alpha."""
    return -NormalDist().inv_cdf(alpha / 2.0)


def noise_shares(placed: Placed) -> dict[Metric, float]:
    """Of each metric that is compared: its noise as a share of its level; NaN unknown."""
    tracks = placed.series.tracks
    return {metric: columns.noise_share(tracks[metric].values) for metric in COMPARED if metric in tracks}


def newest_commits(table: Timetable, machine: str) -> tuple[int, int] | None:
    """The last two commits that one line of `machine` was measured on, as places of the timetable; None without."""
    pairs = []
    for schedule in table.schedules:
        places = schedule.places[starts_of_runs(schedule.places)]
        if schedule.machine == machine and not schedule.branch and len(places) > 1:
            pairs.append((int(places[-2]), int(places[-1])))
    return max(pairs, key=lambda pair: (pair[1], pair[0]), default=None)


def between_commits(
    table: Timetable, machine: str, before: int, after: int, *, alpha: float, equivalence: float
) -> list[Difference]:
    """Every series of `machine` that has a figure at both places, the most significant first."""
    found: list[Difference] = []
    slots = [
        np.searchsorted(one.places, [before, before + 1, after, after + 1]) if one.machine == machine else None
        for one in table.schedules
    ]
    for case, members in table.series.items():
        for placed in members:
            wanted = slots[placed.schedule]
            if wanted is not None:
                # The last point in the slots of each commit, if there is one.
                first, behind, second, end = placed.slots.searchsorted(wanted).tolist()
                if first < behind and second < end:
                    line = table.schedules[placed.schedule].line
                    found += _of_series(case, placed, line, behind - 1, end - 1, alpha, equivalence)
    return _sorted(found)


def between_releases(
    cells: Mapping[CaseKey, tuple[CaseSummary, CaseSummary]], *, equivalence: float
) -> list[Difference]:
    """The current cells of two releases by case, as (before, after); the most significant first."""
    found = []
    for case, (before, after) in cells.items():
        unit = before.unit if before.unit == after.unit else "unit"
        behind = _behind(before), _behind(after)
        sides: tuple[tuple[Metric, Side | None, Side | None], ...] = (
            ("off", _side(before.off), _side(after.off)),
            ("on", _side(before.on), _side(after.on)),
            ("speedup", _gain(before), _gain(after)),
        )
        for metric, one, other in sides:
            if one is not None and other is not None and one.value > 0.0 and other.value > 0.0:
                found.append(_difference(case, "", metric, unit, one, other, math.nan, equivalence, behind))
    return _sorted(found)


def _of_series(
    case: CaseKey, placed: Placed, line: str, before: int, after: int, alpha: float, equivalence: float
) -> Iterator[Difference]:
    noise = noise_shares(placed)
    behind = _behind_point(placed.series, before), _behind_point(placed.series, after)
    for metric in COMPARED:
        track = placed.series.tracks.get(metric)
        if track is None:
            continue
        one, other = (
            Side(float(track.values[point]), float(track.low[point]), float(track.high[point]))
            for point in (before, after)
        )
        if one.value > 0.0 and other.value > 0.0:
            usual = quantile(alpha) * math.sqrt(2.0) * noise[metric]
            made = _difference(case, line, metric, placed.series.unit, one, other, usual, equivalence, behind)
            if _is_close(made, equivalence):
                one, other = _written(placed, metric, before), _written(placed, metric, after)
                usual = quantile(alpha) * math.sqrt(2.0) * float(f"{noise[metric]:.3g}")
                made = _difference(case, line, metric, placed.series.unit, one, other, usual, equivalence, behind)
            yield made


def _is_close(one: Difference, equivalence: float) -> bool:
    """Whether a rounding of the figures may change the verdict."""
    if math.isnan(one.threshold):
        return False
    reach = abs(math.log(one.ratio)) + one.threshold
    return abs(one.significance - 1.0) < _CLOSE or abs(reach / math.log1p(equivalence) - 1.0) < _CLOSE


def _written(placed: Placed, metric: Metric, point: int) -> Side:
    """A point as the data files have it."""
    column = columns.of_track(placed.series.tracks[metric], fine=placed.series.key.protocol != "asv")
    return Side(*((math.nan, math.nan, math.nan) if column is None else column.figure(point)))


def _behind_point(series: CaseSeries, point: int) -> Behind:
    blocks = 0 if series.blocks is None else int(series.blocks[point])
    return Behind(blocks, series.paired, int(series.interpreters[point]))


def _behind(case: CaseSummary) -> Behind:
    trials = case.off.trials if case.off is not None else 0
    return Behind(case.pairs or trials, case.pairs > 0)


def _difference(
    case: CaseKey,
    line: str,
    metric: Metric,
    unit: str,
    before: Side,
    after: Side,
    usual: float,
    equivalence: float,
    behind: tuple[Behind, Behind],
) -> Difference:
    own = math.hypot(before.half_width, after.half_width)
    threshold = max((one for one in (own, usual) if math.isfinite(one)), default=math.nan)
    change = math.log(after.value / before.value)
    return Difference(
        case, line, metric, unit, before, after, threshold, _verdict(metric, change, threshold, equivalence), behind
    )


def _verdict(metric: Metric, change: float, threshold: float, equivalence: float) -> str:
    if math.isnan(threshold):
        return "unclear"
    if math.log1p(-equivalence) < change - threshold and change + threshold < math.log1p(equivalence):
        return "same"
    if abs(change) <= threshold:
        return "unclear"
    return "better" if (change > 0.0) == (metric == "speedup") else "worse"


def _side(level: Level | None) -> Side | None:
    if level is None:
        return None
    return Side(level.value, *(math.nan if bound is None else bound for bound in (level.low, level.high)))


def _gain(case: CaseSummary) -> Side | None:
    found = case.speedup
    return Side(found.ratio, found.low, found.high) if found is not None and math.isfinite(found.ratio) else None


def _sorted(found: Sequence[Difference]) -> list[Difference]:
    def order(one: Difference) -> tuple[float, CaseKey, str, int]:
        weight = one.significance
        return 1.0 if math.isnan(weight) else -weight, one.case, one.line, COMPARED.index(one.metric)

    return sorted(found, key=order)
