"""The last points of a case's series, as tables and drawings that need no script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from asv_jit.analysis.series import CaseSeries, History, Metric, Track
from asv_jit.site import units
from asv_jit.site.commits import CommitBook
from asv_jit.site.line_charts import Line, line_chart
from asv_jit.site.pages import Figure
from asv_jit.site.timetable import Placed, Timetable

__all__ = ["LAST", "HistoryLine", "HistoryTable", "history_tables"]

LAST = 30
_HEADS: dict[Metric, str] = {"off": "JIT off", "on": "JIT on", "speedup": "Speedup", "plain": "asv’s result"}
_LIMIT = 120


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One point: the commit, its day, the build where the line has several, and a figure for each column."""

    commit: str
    date: str
    build: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class HistoryTable:
    """The last points on one line of one machine, newest first. `builds`: whether the build changes.

    `dated`: whether each line has its day; of what asv measured there are thousands of cases, and `between` is all.
    """

    title: str
    machine: str
    branch: str
    heads: tuple[str, ...]
    builds: bool
    dated: bool
    between: str
    lines: tuple[HistoryLine, ...]
    chart: Markup
    note: str


def history_tables(
    placed: Sequence[Placed], table: Timetable, history: History, commits: CommitBook, name: str
) -> tuple[HistoryTable, ...]:
    """A table for each line of each machine, the newest line first; of its newest series, since those never mix."""
    newest: dict[int, Placed] = {}
    for one in placed:
        known = newest.get(one.schedule)
        if known is None or int(one.slots[-1]) > int(known.slots[-1]):
            newest[one.schedule] = one
    several = len({one.machine for one in table.schedules}) > 1
    found = []
    for schedule in sorted(newest, key=lambda number: (table.schedules[number].machine, -number)):
        one = newest[schedule]
        parts = sum(other.schedule == schedule for other in placed)
        note = f"the newest of {parts} series: the benchmark, the machine or the protocol changed" if parts > 1 else ""
        found.append(_table(one.series, history, commits, name, several=several, note=note))
    return tuple(found)


def _table(
    series: CaseSeries, history: History, commits: CommitBook, name: str, *, several: bool, note: str
) -> HistoryTable:
    metrics = [metric for metric in _HEADS if metric in series.tracks]
    tracks = [series.tracks[metric] for metric in metrics]
    points = range(max(len(series.places) - LAST, 0), len(series.places))
    builds = [history.interpreters[series.interpreters[point]] for point in points]
    hashes = [history.commits[series.places[point]] for point in points]
    forms = [_form(metric, series.unit) for metric in metrics]
    lines = [
        HistoryLine(
            commit=units.visible(digest[:8]),
            date=commits.date(digest),
            build=units.shorten(units.visible(build), 40),
            figures=tuple(
                _figure(metric, track, point, form) for metric, track, form in zip(metrics, tracks, forms, strict=True)
            ),
        )
        for point, digest, build in zip(points, hashes, builds, strict=True)
    ]
    days = (lines[0].date, lines[-1].date) if lines else ()
    title = units.shorten(units.visible(series.key.line), _LIMIT)
    machine = units.shorten(units.visible(series.key.machine), _LIMIT) if several else ""
    drawn = [
        Line(metric, *(column[points.start :].tolist() for column in (track.values, track.low, track.high)))
        for metric, track in zip(metrics, tracks, strict=True)
        if metric not in ("speedup", "plain")
    ]
    label = f"{name} on {title}{' on ' + machine if machine else ''} over its last {len(lines)} commits"
    ends = (lines[0].commit, lines[-1].commit) if lines else ("", "")
    return HistoryTable(
        title=title,
        machine=machine,
        branch=units.shorten(units.visible(series.key.branch), _LIMIT),
        heads=tuple(_HEADS[metric] for metric in metrics),
        builds=len(set(builds)) > 1,
        dated="plain" not in metrics,
        between=" to ".join(dict.fromkeys(one for one in days if one)),
        lines=tuple(reversed(lines)),
        # Of what asv measured by itself there are thousands of cases: the table has to do without scripts.
        chart=line_chart(drawn, ends, label, _form("plain", series.unit)) if drawn else Markup(""),
        note=note,
    )


def _form(metric: Metric, unit: str) -> Callable[[float | None], str]:
    return units.ratio if metric == "speedup" else lambda value: units.quantity(value, unit)


def _figure(metric: Metric, track: Track, point: int, form: Callable[[float | None], str]) -> Figure:
    """A point's figure; of `plain` without the interval: asv's is from within one process."""
    value, low, high = (float(column[point]) for column in (track.values, track.low, track.high))
    if math.isnan(value):
        return Figure("no figure")
    if metric == "plain" or not math.isfinite(low + high):
        return Figure(form(value))
    between = units.ratio_interval(low, high) if form is units.ratio else units.interval(form(low), form(high))
    return Figure(form(value), between)
