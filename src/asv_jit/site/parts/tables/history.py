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
"""asv's own results have thousands of cases."""

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
    """The last points on one line of one machine, newest first; `points` is how many, `heads` stand above `rows`.

    asv's own results have thousands of cases: their tables have no column of days, but say `between` which they lie.
    `counted`: of instructions.
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
        self._history: History = table.history
        self._several = len({schedule.machine for schedule in table.schedules}) > 1
        self._commits = commits

    def of(self, placed: Sequence[Placed], name: str) -> tuple[HistoryTable, ...]:
        """Make a table for each line of each machine, the newest first, of its newest series: series never mix."""
        made = []
        for schedule, newest in newest_of_each(placed).items():
            parts = sum(other.schedule == schedule for other in placed)
            note = f"the newest of {parts} series: the benchmark, the machine or the protocol changed"
            made.append(self._table(newest.series, name, note if parts > 1 else ""))
        return tuple(made)

    def _table(self, series: CaseSeries, name: str, note: str) -> HistoryTable:
        metrics = [metric for metric in _HEADS if metric in series.tracks]
        plain = "plain" in metrics
        last = _LAST_OF_ASV if metrics == ["plain"] else _LAST
        hashes = [self._history.commits[place] for place in series.places[-last:].tolist()]
        builds = [self._history.interpreters[place] for place in series.interpreters[-last:].tolist()]
        short = [units.visible(digest[:8]) for digest in hashes]
        columns = {"Commit": head_cells(short)}
        if not plain:
            columns["Date"] = text_cells(map(self._commits.date, hashes))
        if len(set(builds)) > 1:
            columns["Python"] = text_cells(units.shown(build, 40) for build in builds)
        columns |= {_HEADS[metric]: _figures(metric, series.tracks[metric], series.unit, last) for metric in metrics}
        if series.blocks is not None:
            counted = text_cells(f"{blocks:,}" for blocks in series.blocks[-last:].tolist())
            columns["Pairs" if series.paired else "Trials"] = counted
        title = units.shown(series.key.line, _LIMIT)
        machine = units.shown(series.key.machine, _LIMIT) if self._several else ""
        where = f"{name} on {title}{' on ' + machine if machine else ''}"
        days = [self._commits.date(digest) for digest in (hashes[0], hashes[-1])]
        return HistoryTable(
            title=title,
            machine=machine,
            branch=units.shown(series.key.branch, _LIMIT),
            heads=tuple(columns),
            wide=not plain,
            between=" to ".join(dict.fromkeys(filter(None, days))),
            points=len(hashes),
            rows=point_rows(list(columns.values())),
            chart=_chart(series, (short[0], short[-1]), where),
            note=note,
            counted=series.is_counted,
        )


def _chart(series: CaseSeries, ends: tuple[str, str], where: str) -> Markup:
    """Draw the times in both modes; of asv's own results, which have thousands of cases, the table has to do."""
    tracks = [(metric, series.tracks[metric]) for metric in _DRAWN if metric in series.tracks]
    if not tracks:
        return Markup("")
    drawn = [Line(_DRAWN[metric], *_last(_LAST, track.values, track.low, track.high)) for metric, track in tracks]
    label = f"{where} over its last {len(drawn[0].values)} commits"
    return line_chart(drawn, ends, label, units.instructions if series.is_counted else units.form(series.unit))


def _figures(metric: Metric, track: Track, unit: str, last: int) -> Cells:
    """Return the last points' figures, each with its interval, which `plain` has none of."""
    form = form_of(metric, unit)
    if metric == "plain":
        (values,) = _last(last, track.values)
        return text_cells([form(value) if value == value else _NO_FIGURE for value in values])  # fast math.isnan
    between = units.ratio_interval if form is units.ratio else lambda a, b: units.interval(form(a), form(b))
    return figure_cells(
        (_NO_FIGURE, "") if math.isnan(value) else (form(value), between(a, b) if math.isfinite(a + b) else "")
        for value, a, b in zip(*_last(last, track.values, track.low, track.high), strict=True)
    )


def _last(count: int, *columns: Floats) -> list[list[float]]:
    return [column[-count:].tolist() for column in columns]
