"""Rows of cases: of trials at the newest commit that has the case, and of what asv measured by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import CaseSeries
from asv_jit.analysis.metrics import METRICS, Metric
from asv_jit.site.content.cells import MeasuredCell
from asv_jit.site.content.timetable import Placed, newest_of_each
from asv_jit.site.parts.charts.trends import Trends, interval_mark
from asv_jit.site.parts.publication import CommitBook, Publication
from asv_jit.site.parts.values import CaseName, Figure
from asv_jit.text import units

_NARROWEST, _WIDEST = 1.1, 8.0
_FEWEST = 6


class CaseRow(Struct, frozen=True):
    """One case on one release and machine, measured in trials. `age` says how old it is if it is not the newest."""

    name: CaseName
    cell: MeasuredCell
    release: str
    machine: str
    mark: Markup
    trend: Markup
    age: str


class PlainRow(Struct, frozen=True):
    """One case that asv measured by itself."""

    name: CaseName
    now: NowRow
    trend: Markup


def case_rows(site: Publication) -> list[CaseRow]:
    """Return a row for every current cell: releases newest first, then machines, then cases by name."""
    return _case_rows(site, site.current)


def top_rows(site: Publication, most: int) -> list[CaseRow]:
    """Return the most telling rows of the newest release with a JIT (or else of the newest), the strongest first."""
    lead = next((cell.release for cell in site.current if cell.release.has_jit), None)
    lead = lead or next((cell.release for cell in site.current), None)
    ranked = sorted((cell for cell in site.current if cell.release == lead), key=lambda cell: -_weight(cell.summary))
    telling = sum(_weight(cell.summary) > 0.0 for cell in ranked)
    return _case_rows(site, ranked[: min(max(telling, _FEWEST), most)])


def _case_rows(site: Publication, cells: Sequence[MeasuredCell]) -> list[CaseRow]:
    reach = reach_of(cell.summary for cell in site.current)
    return [
        CaseRow(
            CaseName.of(cell.summary.key.case, site.content.history.titles),
            cell,
            site.releases.name(cell.release.identity),
            units.shown(cell.machine.name, 80),
            interval_mark(cell.summary.speedup, reach),
            site.trends.mark(cell.machine, cell.summary),
            _age(cell.summary, site.commits) if cell.current.is_older(cell.summary) else "",
        )
        for cell in cells
    ]


def plain_rows(site: Publication) -> list[PlainRow]:
    """Return the newest figure of every series that asv measured by itself; the newest machine and line come first."""
    table = site.content.table
    machines = list(dict.fromkeys(schedule.machine for schedule in table.schedules))
    order = [
        (machines.index(schedule.machine), schedule.branch, -number) for number, schedule in enumerate(table.schedules)
    ]
    placed = [one for members in table.series.values() for one in members if one.series.key.protocol == "asv"]
    rows = [(order[one.schedule], row) for one in placed if (row := _plain_row(one.series, site)) is not None]
    return [row for _, row in sorted(rows, key=lambda ranked: (ranked[0], ranked[1].name))]


def top_plain_rows(site: Publication, most: int) -> list[PlainRow]:
    """Return the rows of asv's own series that changed most lately, the strongest change first.

    Those of the machine that measured the newest commit come before all others.
    """
    series = [series_ for series_ in site.content.history.series if series_.key.protocol == "asv"]
    leading = next((schedule.machine for schedule in site.content.table.schedules), "")
    series.sort(key=lambda series_: (series_.key.machine != leading, -_plain_weight(series_, site.trends), series_.key))
    return [row for series_ in series[:most] if (row := _plain_row(series_, site)) is not None]


def reach_of(cases: Iterable[CaseSummary]) -> tuple[float, float]:
    """The range of a common axis of speedups: it holds 1, and all of them that are not absurd."""
    ratios = [c.speedup.ratio for c in cases if c.speedup is not None and 0.0 < c.speedup.ratio < math.inf]
    low, high = min(ratios, default=1.0) / 1.06, max(ratios, default=1.0) * 1.06
    return max(min(low, 1.0 / _NARROWEST), 1.0 / _WIDEST), min(max(high, _NARROWEST), _WIDEST)


def _age(case: CaseSummary, commits: CommitBook) -> str:
    """`at a1b2c3d4, 2026-11-20`: shown where a newer commit was measured without this case."""
    date = commits.date(case.key.commit)
    return f"at {units.visible(case.key.commit[:8])}{', ' + date if date else ''}"


def _weight(case: CaseSummary) -> float:
    """How far the near end of the interval is from 1; failures before all."""
    if case.verdict == "failed":
        return 100.0
    speedup = case.speedup
    if speedup is None or case.verdict not in ("faster", "slower") or not 0.0 < speedup.low <= speedup.high < math.inf:
        return 0.0
    return min(abs(math.log(speedup.low)), abs(math.log(speedup.high)))


def _plain_weight(series: CaseSeries, trends: Trends) -> float:
    event = trends.changes.get((series.key.machine, series.key.line, series.key.case))
    return abs(math.log(event.headline.ratio)) if event is not None and event.headline.ratio > 0.0 else 0.0


def _plain_row(series: CaseSeries, site: Publication) -> PlainRow | None:
    key = series.key
    now = now_row(series, site.trends.changes.get((key.machine, key.line, key.case)), site)
    name = CaseName.of(key.case, site.content.history.titles)
    return None if now is None else PlainRow(name, now, site.trends.of_series(series, ("plain", "off", "on")))


_MANY_TIMES = 11.0  # from here on percents only grow longer
_METRICS: tuple[Metric, ...] = ("plain", "off", "on")


class NowRow(Struct, frozen=True):
    """The newest values of one line of one machine, each with its interval and what it is of (empty, or a mode).

    `change` is that of `event`, against the level before, and `kind` its style; `order` sorts by date.
    """

    line: str
    machine: str
    figures: tuple[tuple[str, Figure], ...]
    change: Figure
    kind: str
    event: Event | None
    commit: str
    date: str
    order: int


def now_rows(placed: Sequence[Placed], events: Sequence[Event], site: Publication) -> tuple[NowRow, ...]:
    """Return a row for each line that asv measured the case on, the newest first, of its newest series.

    `events` are the case's, newest first.
    """
    rows = []
    for newest in newest_of_each(one for one in placed if one.series.key.protocol == "asv").values():
        key = newest.series.key
        alike = (one for one in events if one.axis == "commits" and one.key == key and one.state != "refuted")
        rows.append(now_row(newest.series, next(alike, None), site))
    return tuple(row for row in rows if row is not None)


def now_row(series: CaseSeries, event: Event | None, site: Publication) -> NowRow | None:
    """Return the row of a series; None if it has no value. `event` is its newest change of level."""
    points = {metric: _last_point(series, metric) for metric in _METRICS if metric in series.tracks}
    last = max((point for point in points.values() if point is not None), default=None)
    if last is None:
        return None
    key, digest = series.key, site.content.history.commits[series.places[last]]
    change, kind = _change(event, site)
    return NowRow(
        line=units.shown(f"{key.line}, branch {key.branch}" if key.branch else key.line, 120),
        machine=units.shown(key.machine, 80),
        figures=tuple(
            (METRICS[metric].words, _figure(series, metric, point))
            for metric, point in points.items()
            if point is not None
        ),
        change=change,
        kind=kind,
        event=event,
        commit=units.visible(digest[:8]),
        date=site.commits.date(digest),
        order=site.commits.find(digest).date,
    )


def _change(event: Event | None, site: Publication) -> tuple[Figure, str]:
    """Return an event's change as a share of the level before, with the commit since which it is there; its style."""
    if event is None or not event.headline.ratio > 0.0:
        return Figure(units.DASH), "same"
    ratio = event.headline.ratio
    since = f"since {units.visible(event.commit[:8])}, {site.commits.date(event.commit)}"
    text = units.signed_percent(ratio, 1) if ratio < _MANY_TIMES else units.ratio(ratio)
    return Figure(text, since, f"{ratio:.4f}"), "slower" if event.worse else "faster"


def _last_point(series: CaseSeries, metric: Metric) -> int | None:
    """Return the last point that has a value; None without any."""
    values = series.tracks[metric].values
    return next((place for place in range(len(values) - 1, -1, -1) if not math.isnan(values[place])), None)


def _figure(series: CaseSeries, metric: Metric, place: int) -> Figure:
    """Return the value at a point with its interval."""
    track = series.tracks[metric]
    value, low, high = (float(column[place]) for column in (track.values, track.low, track.high))
    form = units.form(series.unit)
    return Figure(form(value), units.interval(form(low), form(high)), f"{value:.4g}")
