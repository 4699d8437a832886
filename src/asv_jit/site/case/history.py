"""The last points of a case's series, as tables and drawings that need no script."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.history.series import CaseSeries, History, Metric, Track
from asv_jit.site import units
from asv_jit.site.case.point_rows import point_rows
from asv_jit.site.commits import CommitBook
from asv_jit.site.data.timetable import Placed, Timetable
from asv_jit.site.line_charts import Line, line_chart

__all__ = ["LAST", "HistoryTable", "history_tables"]

LAST = 30
_HEADS: dict[Metric, str] = {"off": "JIT off", "on": "JIT on", "speedup": "Speedup", "plain": "asv’s result"}
_LIMIT = 120


class HistoryTable(Struct, frozen=True):
    """The last points on one line of one machine, newest first; `points` is how many.

    `heads`: what stands above the columns of `rows`. Of what asv measured there are thousands of cases: it has no
    column of days, and `between` is all that is said of them.
    """

    title: str
    machine: str
    branch: str
    heads: tuple[str, ...]
    wide: bool
    between: str
    points: int
    rows: Markup
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
    first = max(len(series.places) - LAST, 0)
    hashes = [history.commits[place] for place in series.places[first:].tolist()]
    builds = [history.interpreters[place] for place in series.interpreters[first:].tolist()]
    short = [units.visible(digest[:8]) for digest in hashes]
    plain = "plain" in metrics
    days = [commits.date(digest) for digest in (hashes[:1] + hashes[-1:] if plain else hashes)]
    words = {"Commit": short}
    if not plain:
        words["Date"] = days
    if len(set(builds)) > 1:
        words["Python"] = [units.shorten(units.visible(build), 40) for build in builds]
    title = units.shorten(units.visible(series.key.line), _LIMIT)
    machine = units.shorten(units.visible(series.key.machine), _LIMIT) if several else ""
    drawn = [
        Line(metric, *(column[first:].tolist() for column in (track.values, track.low, track.high)))
        for metric, track in ((metric, series.tracks[metric]) for metric in metrics)
        if metric in ("off", "on")
    ]
    behind = "Pairs" if series.paired else "Trials"
    counted = [] if series.blocks is None else [[(f"{blocks:,}", "") for blocks in series.blocks[first:].tolist()]]
    label = f"{name} on {title}{' on ' + machine if machine else ''} over its last {len(short)} commits"
    return HistoryTable(
        title=title,
        machine=machine,
        branch=units.shorten(units.visible(series.key.branch), _LIMIT),
        heads=(*words, *(_HEADS[metric] for metric in metrics), *([behind] if counted else [])),
        wide=not plain,
        between=" to ".join(dict.fromkeys(day for day in (days[:1] + days[-1:]) if day)),
        points=len(short),
        rows=point_rows(
            list(words.values()),
            [*(list(_figures(metric, series.tracks[metric], first, series.unit)) for metric in metrics), *counted],
        ),
        # Of what asv measured by itself there are thousands of cases: the table has to do without scripts.
        chart=line_chart(drawn, (short[0], short[-1]), label, _form("plain", series.unit)) if drawn else Markup(""),
        note=note,
    )


def _form(metric: Metric, unit: str) -> Callable[[float | None], str]:
    return units.ratio if metric == "speedup" else lambda value: units.quantity(value, unit)


def _figures(metric: Metric, track: Track, first: int, unit: str) -> Iterator[tuple[str, str]]:
    """Each point's figure from `first` on, with its interval; of `plain` without: asv's is from within one process."""
    form = _form(metric, unit)
    three = (column[first:].tolist() for column in (track.values, track.low, track.high))
    for value, low, high in zip(*three, strict=True):
        if math.isnan(value):
            yield "no figure", ""
        elif metric == "plain" or not math.isfinite(low + high):
            yield form(value), ""
        elif metric == "speedup":
            yield form(value), units.ratio_interval(low, high)
        else:
            yield form(value), units.interval(form(low), form(high))
