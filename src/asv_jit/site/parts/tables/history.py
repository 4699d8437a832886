"""The last points of a case's series, as tables and drawings that need no script.

A large site has hundreds of thousands of rows. They are made here because a template's loop takes ten times as long,
and omit every tag that HTML allows to omit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NewType

from markupsafe import Markup, escape
from msgspec import Struct

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.history.series import CaseSeries, History, Track
from asv_jit.analysis.metrics import METRICS, Metric
from asv_jit.site.content.timetable import Placed, Timetable, newest_of_each
from asv_jit.site.parts.charts.svg import Scale, drawing, element, line, roomy, text, y_axis
from asv_jit.site.parts.publication import CommitBook
from asv_jit.text import units
from asv_jit.text.event_words import form_of

_LAST = 30
_LAST_OF_ASV = 20
"""asv's own results have thousands of cases."""

_SHOWN: tuple[Metric, ...] = ("off", "on", "speedup", "plain", "instructions_off", "instructions_on")
_DRAWN: Mapping[Metric, str] = {"off": "off", "on": "on", "instructions_off": "off", "instructions_on": "on"}
"""With the style of each line."""

Cells = NewType("Cells", list[str])
"""A column as HTML: one entry a point, every text in it escaped."""

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
        tables = []
        for schedule, newest in newest_of_each(placed).items():
            parts = sum(other.schedule == schedule for other in placed)
            note = f"the newest of {parts} series: the benchmark, the machine or the protocol changed"
            tables.append(self._table(newest.series, name, note if parts > 1 else ""))
        return tuple(tables)

    def _table(self, series: CaseSeries, name: str, note: str) -> HistoryTable:
        metrics = [metric for metric in _SHOWN if metric in series.tracks]
        plain = "plain" in metrics
        last = _LAST_OF_ASV if metrics == ["plain"] else _LAST
        hashes = [self._history.commits[place] for place in series.places[-last:].tolist()]
        builds = [self._history.interpreters[place] for place in series.interpreters[-last:].tolist()]
        short = [units.visible(digest[:8]) for digest in hashes]
        columns = {"Commit": _head_cells(short)}
        if not plain:
            columns["Date"] = _text_cells(map(self._commits.date, hashes))
        if len(set(builds)) > 1:
            columns["Python"] = _text_cells(units.shown(build, 40) for build in builds)
        for metric in metrics:
            columns[METRICS[metric].title] = _figures(metric, series.tracks[metric], series.unit, last)
        if series.blocks is not None:
            counted = _text_cells(f"{blocks:,}" for blocks in series.blocks[-last:].tolist())
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
            rows=_point_rows(list(columns.values())),
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
        return _text_cells([form(value) if value == value else _NO_FIGURE for value in values])  # fast math.isnan
    between = units.ratio_interval if form is units.ratio else lambda a, b: units.interval(form(a), form(b))
    return _figure_cells(
        (_NO_FIGURE, "") if math.isnan(value) else (form(value), between(a, b) if math.isfinite(a + b) else "")
        for value, a, b in zip(*_last(last, track.values, track.low, track.high), strict=True)
    )


def _last(count: int, *columns: Floats) -> list[list[float]]:
    return [column[-count:].tolist() for column in columns]


def _head_cells(texts: Iterable[str]) -> Cells:
    """The column that heads the rows."""
    return Cells([f"<tr><th>{escape(text)}" for text in texts])


def _text_cells(texts: Iterable[str]) -> Cells:
    """A column of texts."""
    return Cells(list(map(_cell, texts)))


def _figure_cells(figures: Iterable[tuple[str, str]]) -> Cells:
    """A column of texts with what stands below each of them in small, if anything."""
    return Cells([f"{_cell(text)}<small>{escape(below)}</small>" if below else _cell(text) for text, below in figures])


def _point_rows(columns: Sequence[Cells]) -> Markup:
    """A row for each point, the last one first; the columns from left to right."""
    rows = zip(*(reversed(column) for column in columns), strict=True)
    return Markup("".join(chain.from_iterable(rows)))  # noqa: S704 - every text in it went through escape


@lru_cache(maxsize=1 << 14)  # thousands of figures of three digits stand in a hundred thousand cells
def _cell(text: str) -> str:
    return f"<td>{escape(text)}"


_WIDTH, _HEIGHT = 420.0, 170.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 410.0, 10.0, 146.0


class Line(Struct, frozen=True):
    """One track; `kind` names its style (`off`, `on` or `plain`). NaN where a point has no value or no bound."""

    kind: str
    values: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def line_chart(lines: Sequence[Line], ends: tuple[str, str], label: str, form: Callable[[float], str]) -> Markup:
    """Draw `lines` over points of equal distance, which `ends` name; empty with fewer than two positive values."""
    values = [value for track in lines for value in track.values if 0.0 < value < math.inf]
    if len(values) < 2:
        return Markup("")
    near = [b for track in lines for b in (*track.low, *track.high) if min(values) / 1.5 <= b <= max(values) * 1.5]
    vertical = roomy(min([*values, *near]), max([*values, *near]), _BOTTOM, _TOP)
    count = max(len(track.values) for track in lines)
    places = [_LEFT + 6.0 + place * (_RIGHT - _LEFT - 12.0) / max(count - 1, 1) for place in range(count)]
    parts = y_axis(vertical, _LEFT, _RIGHT, form, 4)
    for track in lines:
        parts += _drawn(track, vertical, places)
    parts += [text(ends[0], _LEFT + 6.0, _HEIGHT - 6.0), text(ends[1], _RIGHT, _HEIGHT - 6.0, anchor="end")]
    return drawing(parts, label, _WIDTH, _HEIGHT)


def _drawn(track: Line, vertical: Scale, places: Sequence[float]) -> list[Markup]:
    points = list(zip(places, track.values, track.low, track.high, strict=False))
    spots = [(x, vertical.at(value)) for x, value, _, _ in points if 0.0 < value < math.inf]
    bounded = [(x, vertical.at(low), vertical.at(high)) for x, _, low, high in points if 0.0 < low <= high < math.inf]
    parts = []
    if len(bounded) > 1:
        outline = [(x, high) for x, _, high in bounded] + [(x, low) for x, low, _ in reversed(bounded)]
        parts.append(line(f"band {track.kind}", outline, closed=True))
    parts.append(line(f"line {track.kind}", spots))
    if spots:
        parts.append(element("circle", class_=f"point {track.kind}", cx=spots[-1][0], cy=spots[-1][1], r=3.2))
    return parts
