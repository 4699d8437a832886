"""The last points of a case's series, as tables and drawings that need no script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.history.series import CaseSeries, Floats, History, Metric, Track
from asv_jit.site.content.timetable import Placed, Timetable, newest_of_each
from asv_jit.site.parts.charts.line_charts import Line, line_chart
from asv_jit.site.parts.commits import CommitBook
from asv_jit.site.parts.tables.point_rows import Cells, figure_cells, head_cells, point_rows, text_cells
from asv_jit.text import units
from asv_jit.text.event_words import form_of

_LAST = 30
_LAST_OF_ASV = 20
"""Of what asv measured by itself there are thousands of cases."""

_HEADS: Mapping[Metric, str] = {
    "off": "JIT off",
    "on": "JIT on",
    "speedup": "Speedup",
    "plain": "asv’s result",
    "instructions_off": "Instructions, JIT off",
    "instructions_on": "JIT on",
}
_DRAWN: Mapping[Metric, str] = {"off": "off", "on": "on", "instructions_off": "off", "instructions_on": "on"}
"""With the style of each line."""

_NO_FIGURE = "no figure"
_LIMIT = 120


class HistoryTable(Struct, frozen=True):
    """The last points on one line of one machine, newest first; `points` is how many.

    `heads`: what stands above the columns of `rows`. Of what asv measured there are thousands of cases: it has no
    column of days, and `between` is all that is said of them. `counted`: of instructions.
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
    counted: bool


class HistoryTables:
    """Makes the tables of one publication's cases."""

    def __init__(self, table: Timetable, commits: CommitBook) -> None:
        self._history = table.history
        self._several = len({one.machine for one in table.schedules}) > 1
        self._commits = commits

    def of(self, placed: Sequence[Placed], name: str) -> tuple[HistoryTable, ...]:
        """A table for each line of each machine, the newest first; of its newest series: those never mix."""
        history = self._history
        if history is None:
            return ()
        newest = newest_of_each(placed)
        found = []
        for schedule, one in newest.items():
            parts = sum(other.schedule == schedule for other in placed)
            note = f"the newest of {parts} series: the benchmark, the machine or the protocol changed"
            found.append(self._table(one.series, history, name, note if parts > 1 else ""))
        return tuple(found)

    def _table(self, series: CaseSeries, history: History, name: str, note: str) -> HistoryTable:
        metrics = [metric for metric in _HEADS if metric in series.tracks]
        last = _LAST_OF_ASV if metrics == ["plain"] else _LAST
        hashes = [history.commits[place] for place in series.places[-last:].tolist()]
        builds = [history.interpreters[place] for place in series.interpreters[-last:].tolist()]
        points = _points(hashes, builds, self._commits, plain="plain" in metrics)
        title = units.shorten(units.visible(series.key.line), _LIMIT)
        machine = units.shorten(units.visible(series.key.machine), _LIMIT) if self._several else ""
        columns = {_HEADS[metric]: _figures(metric, series.tracks[metric], series.unit, last) for metric in metrics}
        if series.blocks is not None:
            counted = text_cells(f"{blocks:,}" for blocks in series.blocks[-last:].tolist())
            columns["Pairs" if series.paired else "Trials"] = counted
        return HistoryTable(
            title=title,
            machine=machine,
            branch=units.shorten(units.visible(series.key.branch), _LIMIT),
            heads=(*points.heads, *columns),
            wide=points.wide,
            between=points.between,
            points=len(points.columns[0]),
            rows=point_rows([*points.columns, *columns.values()]),
            chart=_chart(series, points.ends, f"{name} on {title}{' on ' + machine if machine else ''}"),
            note=note,
            counted=series.is_counted,
        )


class _Points(Struct, frozen=True):
    """What a table says of its points besides their figures, oldest first: `columns` below `heads`, the hashes of the
    first and the last one, and between which days they lie."""

    heads: tuple[str, ...]
    columns: tuple[Cells, ...]
    ends: tuple[str, str]
    between: str
    wide: bool


def _points(hashes: Sequence[str], builds: Sequence[str], commits: CommitBook, *, plain: bool) -> _Points:
    short = [units.visible(digest[:8]) for digest in hashes]
    columns = {"Commit": head_cells(short)}
    if not plain:
        columns["Date"] = text_cells(commits.date(digest) for digest in hashes)
    if len(set(builds)) > 1:
        columns["Python"] = text_cells(units.shorten(units.visible(build), 40) for build in builds)
    return _Points(
        heads=tuple(columns),
        columns=tuple(columns.values()),
        ends=(short[0], short[-1]),
        between=" to ".join(dict.fromkeys(day for day in map(commits.date, (hashes[0], hashes[-1])) if day)),
        wide=not plain,
    )


def _chart(series: CaseSeries, ends: tuple[str, str], where: str) -> Markup:
    """The times in both modes. Of what asv measured by itself there are thousands of cases: the table has to do."""
    tracks = [(metric, series.tracks[metric]) for metric in _DRAWN if metric in series.tracks]
    if not tracks:
        return Markup("")
    drawn = [Line(_DRAWN[metric], *_last(_LAST, track.values, track.low, track.high)) for metric, track in tracks]
    label = f"{where} over its last {len(drawn[0].values)} commits"
    return line_chart(drawn, ends, label, units.instructions if series.is_counted else units.form(series.unit))


def _figures(metric: Metric, track: Track, unit: str, last: int) -> Cells:
    """Each of the last points' figure with its interval, which `plain` has none of."""
    form = form_of(metric, unit)
    if metric == "plain":
        (values,) = _last(last, track.values)
        return text_cells([form(value) if value == value else _NO_FIGURE for value in values])  # as math.isnan, in less
    between = units.ratio_interval if form is units.ratio else lambda a, b: units.interval(form(a), form(b))
    return figure_cells(
        (_NO_FIGURE, "") if math.isnan(value) else (form(value), between(a, b) if math.isfinite(a + b) else "")
        for value, a, b in zip(*_last(last, track.values, track.low, track.high), strict=True)
    )


def _last(count: int, *columns: Floats) -> list[list[float]]:
    return [column[-count:].tolist() for column in columns]
