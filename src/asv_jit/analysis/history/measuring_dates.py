"""Find changes of level that follow the date of measuring, not the commits: the machine or its harness changed.

Each point has a commit and a date of measuring. If old commits were measured after newer ones, two explanations of a
change differ: by the date, all points measured later are at the new level; by the commits, all later commits are. The
points for which the two differ decide. If dates and commits have the same order, or opposite orders, no point differs,
and this module finds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.arrays import Flags, Floats, Places
from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.history.detection import Found
from asv_jit.analysis.history.events import Event, identity_of
from asv_jit.analysis.history.grouping import Scene, is_event_worse
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.analysis.metrics import Metric

_TIMES: tuple[Metric, ...] = ("off", "on", "plain")
_SLACK = 1
"""Points by which a change may lie outside its interval."""

_FEWEST_POINTS = 3
_FEWEST_CASES = 3
_MAJORITY = 4
"""A date needs this many points of a case for each point that the commits explain better, and as many cases."""

_ERRORS = 3.0
"""Standard errors by which two estimates of one shift may differ."""

_FEWEST_OF_ALL = 0.1
"""The smallest share of its cases that a change of the machine moves."""


class DatedChange(Struct, frozen=True):
    """A case's change of level in the order of measuring, all times in seconds since 1970.

    `last_s`, `first_s`: the interval in which it happened; `at_s`: when the first point of the new level was measured;
    `since_s`, `until_s`: the first and last date of the points at either level. `points_for`, `points_against`: the
    number of points that the date, or the commits, explain better. `found`: the change, by places in the order of
    measuring.
    """

    last_s: int
    first_s: int
    at_s: int
    since_s: int
    until_s: int
    points_for: int
    points_against: int
    found: Found

    @property
    def is_by_date(self) -> bool:
        """Return True if the points prove that the level follows the date."""
        return self.points_for >= max(_FEWEST_POINTS, _MAJORITY * self.points_against)

    @property
    def is_by_commit(self) -> bool:
        """Return True if the commits explain the points better."""
        return self.points_against > self.points_for


class Dated(Struct, frozen=True):
    """A change of a stretch, which is in the order of measuring, as `by_date` gives it.

    `key`: that of its series; `part`: its place among the stretches of the series.
    """

    key: SeriesKey
    part: int
    stretch: Stretch
    change: DatedChange


def by_date(stretch: Stretch) -> Stretch:
    """Return a stretch's times in the order of measuring; empty if that is the commits' order or its reverse.

    It has one metric, mode `off` or asv's own results, and only points with a known date.
    """
    metric = next((one for one in _TIMES if one in stretch.values), None)
    if metric is None or stretch.measured is None:
        return replace(stretch, values={})
    values = stretch.values[metric]
    known = np.flatnonzero((stretch.measured > 0) & (values > 0.0))
    order = known[np.argsort(stretch.measured[known], kind="stable")]
    steps = np.diff(stretch.places[order])
    if not (steps > 0).any() or not (steps < 0).any():
        return replace(stretch, values={})
    nothing = np.zeros(len(order), dtype=np.int32)
    return Stretch(
        stretch.places[order],
        stretch.interpreters[order],
        {metric: values[order]},
        nothing,
        {metric: ()},
        None,
        measured=stretch.measured[order],
    )


def dated_changes(dated: Stretch, found: Sequence[Found]) -> list[DatedChange]:
    """Weigh the date against the commits for each change that was `found` in a stretch of `by_date`."""
    if not found:
        return []
    assert dated.measured is not None  # else there are no values
    (values,) = dated.values.values()
    bounds = [0, *(one.index for one in found), len(values)]
    changes = []
    for number, one in enumerate(found):
        first, end = bounds[number], bounds[number + 2]
        part = slice(first, end)
        sure = np.ones(end - first, dtype=np.bool_)
        sure[one.earliest - first : one.latest - first] = False
        votes = _votes(np.log(values[part]), dated.places[part], one.index - first, sure)
        around = max(one.earliest - 1 - _SLACK, first), min(one.latest + _SLACK, end - 1)
        dates = dated.measured[[*around, one.index, first, end - 1]]
        last_s, first_s, at_s, since_s, until_s = (int(date) for date in dates)
        changes.append(DatedChange(last_s, first_s, at_s, since_s, until_s, *votes, one))
    return changes


def machine_shifts(changes: Iterable[Dated], cases: int) -> list[tuple[Dated, ...]]:
    """Find the dates at which many cases of one machine changed together, and return the changes of each date.

    `changes`: those of all its stretches; `cases`: the number of cases that it measured. At least a tenth of all cases,
    and at least three, must follow the date, and four for each case that follows the commits. Undecided cases that
    changed at the date are included.
    """
    left = list(changes)
    shifts: list[tuple[Dated, ...]] = []
    fewest = max(_FEWEST_CASES, _FEWEST_OF_ALL * cases)
    while True:
        proven = [one.change for one in left if one.change.is_by_date]
        if len(proven) < fewest:
            return shifts
        starts, dates = np.sort([one.last_s for one in proven]), np.sort([one.first_s for one in proven])
        crowd = np.searchsorted(starts, dates) - np.searchsorted(dates, dates)  # possible changes at each date
        date = int(dates[np.argmax(crowd)])
        together = [one for one in left if one.change.last_s < date <= one.change.first_s]
        left = [one for one in left if not one.change.last_s < date <= one.change.first_s]
        proven_cases = {one.key.case for one in together if one.change.is_by_date}
        others = {one.key.case for one in together if one.change.is_by_commit}
        if len(proven_cases) >= max(fewest, _MAJORITY * len(others)):
            shifts.append(tuple(one for one in together if not one.change.is_by_commit))


def machine_event(shift: Sequence[Dated], scene: Scene) -> Event:
    """Return one event for all changes of a shift, with the figures of a case that moved in the common direction."""
    typical = math.copysign(1.0, float(np.median([math.log(one.change.found.change.ratio) for one in shift])))
    alike = [one for one in shift if typical * math.log(one.change.found.change.ratio) > 0.0]
    told = min(alike, key=lambda one: (not one.change.is_by_date, one.key))
    stretch, change, metrics = told.stretch, told.change, (told.change.found.change,)
    before, after = np.split(stretch.places, [change.found.index])
    parent, later = int(before.max()), after[after > before.max()]
    worse = is_event_worse(metrics)
    commit = scene.commits[int(later.min()) if len(later) else int(after[0])]
    interpreter = scene.interpreters[int(stretch.interpreters[change.found.index])]
    return Event(
        identity=identity_of(told.key, "commits", commit, worse=worse),
        key=told.key,
        axis="commits",
        worse=worse,
        metrics=metrics,
        commit=commit,
        parent=scene.commits[parent],
        suspects=(),
        before=interpreter,
        after=interpreter,
        attribution=Attribution("machine", math.nan, "none"),
        state="candidate",
        moved=tuple(sorted({one.key.case for one in shift})),
        measured_s=change.at_s,
    )


def levelled(stretch: Stretch, changes: Sequence[DatedChange]) -> Stretch:
    """Return a stretch with all times at the level of the machine after the last of `changes`, which are its own."""
    if not changes:
        return stretch
    assert stretch.measured is not None  # it has dated changes
    values = dict(stretch.values)
    for metric in _TIMES:
        if metric in values:
            logs = np.log(values[metric])
            ordered = sorted(changes, key=lambda change: change.at_s, reverse=True)
            for one, previous in zip(ordered, [*ordered[1:], None], strict=True):
                later = stretch.measured >= one.at_s
                known = np.isfinite(logs) & (stretch.measured >= (previous.at_s if previous else 0))
                near = (stretch.measured >= one.since_s) & (stretch.measured <= one.until_s)
                logs[~later] += _shift(logs[known], later[known], near[known])
            values[metric] = np.exp(logs)
    return replace(stretch, values=values)


def _shift(logs: Floats, later: Flags, near: Flags) -> float:
    """Return by how much the later points lie above the earlier ones; all are in the order of the commits.

    It is the difference of the medians of the points `near` the date. If neighbouring commits measured before and after
    it differ by another amount, the code changed as well, and the median of their differences is the machine's part.
    """
    turns = np.diff(later.astype(np.int8))
    local = (np.diff(logs) * turns)[turns != 0]
    if not (near & later).any() or not (near & ~later).any() or len(local) == 0:
        return 0.0
    overall = float(np.median(logs[near & later]) - np.median(logs[near & ~later]))
    middle = float(np.median(local))
    error = 2.0 * float(np.median(np.abs(local - middle))) / math.sqrt(len(local))
    return overall if abs(overall - middle) <= _ERRORS * error else middle


def _votes(logs: Floats, places: Places, split: int, sure: Flags) -> tuple[int, int]:
    """Count the points that only the date explains, and those that only the commits explain.

    `logs`: logarithms of times in the order of measuring. By the date, the points from `split` on are at the new level;
    by the commits, `places`, those between any two commits are: the code changed, and perhaps changed back. `sure`:
    the points to count. All have shape (points,).
    """
    before, after = np.median(logs[:split]), np.median(logs[split:])
    logs = np.clip(logs, min(before, after), max(before, after))  # so that one outlier does not outweigh many points
    is_new = np.abs(logs - after) < np.abs(logs - before)
    order = np.argsort(places, kind="stable")
    by_commit = np.empty(len(logs), dtype=np.bool_)
    by_commit[order] = _in_one_piece(((logs - before) ** 2 - (logs - after) ** 2)[order])
    differ = sure & (by_commit != (np.arange(len(logs)) >= split))
    agrees = is_new == by_commit
    return int(np.sum(differ & ~agrees)), int(np.sum(differ & agrees))


def _in_one_piece(gains: Floats) -> Flags:
    """Return the points of the new level by least squares; they, or those of the old level, are contiguous commits.

    `gains`: how much better the new level fits each point than the old one.
    """
    inside = _best_piece(gains)
    outside = ~_best_piece(-gains)
    return inside if gains[inside].sum() >= gains[outside].sum() else outside


def _best_piece(gains: Floats) -> Flags:
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    stop = int(np.argmax(sums - np.minimum.accumulate(sums)))
    start = int(np.argmin(sums[: stop + 1]))
    chosen = np.zeros(len(gains), dtype=np.bool_)
    chosen[start:stop] = True
    return chosen
