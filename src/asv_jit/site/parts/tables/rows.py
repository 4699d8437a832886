"""Rows of cases: one for each case, release and machine, at the newest commit that has it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.summary import CaseSummary, group_of
from asv_jit.analysis.history.series import CaseSeries, History, Metric
from asv_jit.model import CaseKey
from asv_jit.site.content.measured import cell_anchor
from asv_jit.site.content.release_index import ReleaseIndex
from asv_jit.site.content.site_content import Machine, Release, SiteContent
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.charts.marks import interval_mark
from asv_jit.site.parts.charts.trends import Trends
from asv_jit.site.parts.commits import CommitBook
from asv_jit.site.parts.tables.now import change_since, figure_at, last_point
from asv_jit.site.parts.values import Badge, Figure
from asv_jit.text import units

_NARROWEST, _WIDEST = 1.1, 8.0
_LIMIT = 160
_PARAMS_LIMIT = 90
_FEWEST = 6


class CaseRow(Struct, frozen=True):
    """One case on one release and machine, measured in trials. `age` says how old it is where it is not the newest.

    `trials` is the part of its page with the trials behind it, `pairs` how many.
    """

    owner: str
    name: str
    params: str
    title: str
    href: str
    group: str
    release: str
    machine: str
    badge: Badge
    off: Figure
    on: Figure
    speedup: Figure
    mark: Markup
    trend: Markup
    memory: Figure
    break_even: Figure
    pairs: str
    trials: str
    age: str


class PlainRow(Struct, frozen=True):
    """One case that asv measured by itself. `change` is against the level before its newest change point."""

    owner: str
    name: str
    params: str
    title: str
    href: str
    group: str
    line: str
    machine: str
    time: Figure
    on: Figure
    change: Figure
    kind: str
    trend: Markup
    commit: str
    date: str
    order: str


def case_rows(content: SiteContent, trends: Trends) -> list[CaseRow]:
    """Every current cell: releases newest first, then machines, then cases by name."""
    maker = _Rows(content, trends)
    return [maker.row(cell) for cell in maker.cells]


def top_rows(content: SiteContent, trends: Trends, most: int) -> list[CaseRow]:
    """Of the newest release with a JIT (without any, of the newest) the rows that say most, the strongest first."""
    maker = _Rows(content, trends)
    lead = next((cell.release for cell in maker.cells if cell.release.has_jit), None)
    lead = lead or next((cell.release for cell in maker.cells), None)
    mine = [cell for cell in maker.cells if cell.release == lead]
    ranked = sorted(mine, key=lambda cell: -_weight(cell.case))
    telling = sum(_weight(cell.case) > 0.0 for cell in ranked)
    return [maker.row(cell) for cell in ranked[: min(max(telling, _FEWEST), most)]]


class _Cell(Struct, frozen=True):
    leading: bool
    release: Release
    machine: Machine
    current: Current
    case: CaseSummary


class _Rows:
    """Makes rows of cells; what all rows share is found once."""

    def __init__(self, content: SiteContent, trends: Trends) -> None:
        index = ReleaseIndex.of(content)
        self._trends = trends
        self._commits = CommitBook.of(content)
        self._names = {release.identity: index.name(release) for release in index.releases}
        self.cells = [
            _Cell(place == 0, release, machine, current, case)
            for release in index.releases
            for place, machine in enumerate(content.machines)
            for current in machine.current
            if current.interpreter == release.identity
            for case in current.suite.cases
        ]
        self._reach = reach_of(cell.case for cell in self.cells)

    def row(self, cell: _Cell) -> CaseRow:
        """The row of one cell."""
        case, release = cell.case, cell.release
        found = case.speedup
        known = found is not None and math.isfinite(found.ratio)
        return CaseRow(
            **_names(case.key.case, self._trends.history),
            release=self._names[release.identity],
            machine=units.shorten(units.visible(cell.machine.name), 80),
            badge=figures.badge_of(case),
            off=figures.level_of(case.off, figures.format_of(case)),
            on=figures.level_of(case.on, figures.format_of(case)) if release.has_jit else Figure("no JIT"),
            speedup=figures.speedup_of(case, release),
            mark=interval_mark(found.ratio, found.low, found.high, self._reach)
            if known and found is not None
            else Markup(""),
            trend=self._trends.mark(cell.machine, case),
            memory=figures.memory_change_of(case),
            break_even=figures.break_even_of(case),
            pairs=figures.pairs_text(case),
            trials=f"trials-{cell_anchor(cell.machine.name, release.identity, leading=cell.leading)}",
            age=_age(case, self._commits) if cell.current.is_older(case) else "",
        )


def plain_rows(content: SiteContent, trends: Trends) -> list[PlainRow]:
    """The newest figure of every series that asv measured by itself; the newest machine and line come first."""
    commits, schedules = CommitBook.of(content), content.table.schedules
    machines = list(dict.fromkeys(one.machine for one in schedules))
    order = [(machines.index(one.machine), one.branch, -number) for number, one in enumerate(schedules)]
    placed = [one for members in content.table.series.values() for one in members if one.series.key.protocol == "asv"]
    found = [(order[one.schedule], _plain_row(one.series, trends, commits)) for one in placed]
    rows = [(place, row) for place, row in found if row is not None]
    rows.sort(key=lambda one: (one[0], one[1].owner, one[1].name, one[1].params))
    return [row for _, row in rows]


def top_plain_rows(content: SiteContent, trends: Trends, most: int) -> list[PlainRow]:
    """Of the series that asv measured by itself those that changed most lately, the strongest change first.

    Those of the machine that measured the newest commit come before all others.
    """
    if content.history is None:
        return []
    mine = [one for one in content.history.series if one.key.protocol == "asv"]
    leading = next((one.machine for one in content.table.schedules), "")
    mine.sort(key=lambda one: (one.key.machine != leading, -_plain_weight(one, trends), one.key))
    commits = CommitBook.of(content)
    return [row for one in mine[:most] if (row := _plain_row(one, trends, commits)) is not None]


def reach_of(cases: Iterable[CaseSummary]) -> tuple[float, float]:
    """The range of a common axis of speedups: it holds 1, and all of them that are not absurd."""
    ratios = [c.speedup.ratio for c in cases if c.speedup is not None and 0.0 < c.speedup.ratio < math.inf]
    low, high = min(ratios, default=1.0) / 1.06, max(ratios, default=1.0) * 1.06
    return max(min(low, 1.0 / _NARROWEST), 1.0 / _WIDEST), min(max(high, _NARROWEST), _WIDEST)


def _names(key: CaseKey, history: History | None) -> dict[str, str]:
    return {
        "owner": units.shorten(units.visible(key.benchmark.rpartition(".")[0]), _LIMIT),
        "name": units.shorten(units.visible(figures.name_in(key)), _LIMIT),
        "params": figures.params_text(key, _PARAMS_LIMIT),
        "title": figures.title_of(key, history),
        "href": f"case/{slug(key)}.html",
        "group": units.shorten(units.visible(group_of(key.benchmark)), 60),
    }


def _age(case: CaseSummary, commits: CommitBook) -> str:
    """`at a1b2c3d4, 2026-11-20`: shown where a newer commit was measured without this case."""
    date = commits.date(case.key.commit)
    return f"at {units.visible(case.key.commit[:8])}{', ' + date if date else ''}"


def _weight(case: CaseSummary) -> float:
    """How far the near end of the interval is from 1; failures before all."""
    if case.verdict == "failed":
        return 100.0
    found = case.speedup
    if found is None or case.verdict not in ("faster", "slower") or not 0.0 < found.low <= found.high < math.inf:
        return 0.0
    return min(abs(math.log(found.low)), abs(math.log(found.high)))


def _plain_weight(series: CaseSeries, trends: Trends) -> float:
    event = trends.changes.get((series.key.machine, series.key.line, series.key.case))
    return abs(math.log(event.headline.ratio)) if event is not None and event.headline.ratio > 0.0 else 0.0


def _plain_row(series: CaseSeries, trends: Trends, commits: CommitBook) -> PlainRow | None:
    metrics: tuple[Metric, ...] = ("plain", "off", "on")
    metric = next((one for one in metrics if one in series.tracks), None)
    last = last_point(series, metric) if metric is not None else None
    if metric is None or last is None or trends.history is None:
        return None
    digest = trends.history.commits[series.places[last]]
    event = trends.changes.get((series.key.machine, series.key.line, series.key.case))
    change, kind = change_since(event, commits)
    names = _names(series.key.case, trends.history)
    line = series.key.line + (f", branch {series.key.branch}" if series.key.branch else "")
    return PlainRow(
        **names,
        line=units.shorten(units.visible(line), 120),
        machine=units.shorten(units.visible(series.key.machine), 80),
        time=figure_at(series, metric, last),
        on=figure_at(series, "on", last) if metric == "off" and "on" in series.tracks else Figure(units.DASH),
        change=change,
        kind=kind,
        trend=trends.of_series(series, (metric,)),
        commit=units.visible(digest[:8]),
        date=commits.date(digest),
        order=str(commits.find(digest).date),
    )
