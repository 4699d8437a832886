"""A case's page: where it stands, how it got there, on which release, and every trial behind that."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.levels import Level
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.model import CaseKey
from asv_jit.site.content.cells import MeasuredCell
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.charts import cell_charts
from asv_jit.site.parts.charts.release_strip import ReleasePoint, release_strip
from asv_jit.site.parts.counts import CountSection, count_section, why_no_verdict
from asv_jit.site.parts.event_lines import EventLine, EventLines
from asv_jit.site.parts.figures import Alert
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.tables.history import HistoryTable, HistoryTables
from asv_jit.site.parts.tables.rows import NowRow, now_rows
from asv_jit.site.parts.values import Figure, Frame
from asv_jit.text import units
from asv_jit.text.case_names import case_text, params_text

_MOST_EVENTS = 6


class CellSection(Struct, frozen=True):
    """One release on one machine.

    `number` is the cell's place in the data file; `machine` is empty for the leading one, `where` names both for a
    screen reader; `headline` is the speedup, or the time if there can be none.
    """

    cell: MeasuredCell
    number: int
    release: str
    machine: str
    where: str
    headline: Figure
    facts: tuple[tuple[str, Figure, Figure], ...]
    notes: tuple[str, ...]
    warm_up: Markup


class CasePage(Struct, frozen=True):
    """`case/<slug>.html`. `title` is what the benchmark's author calls it; `now` is what asv measured by itself;
    `sections` hold every current cell; `counts` are its counted instructions, `no_verdict` says why they decide
    nothing; `strip_note` says if the releases were measured on different commits."""

    frame: Frame
    slug: str
    benchmark: str
    params: str
    title: str
    alerts: tuple[Alert, ...]
    now: tuple[NowRow, ...]
    sections: tuple[CellSection, ...]
    other_machines: bool
    counts: tuple[CountSection, ...]
    no_verdict: str
    strip: Markup
    strip_note: str
    events: tuple[EventLine, ...]
    earlier: tuple[EventLine, ...]
    tables: tuple[HistoryTable, ...]


class CasePages:
    """Makes the pages of all cases; they can be made in several processes."""

    def __init__(self, site: Publication) -> None:
        self._site = site
        self._lines = EventLines(site)
        self._tables = HistoryTables(site.content.table, site.commits)

    def page(self, case: CaseKey) -> CasePage:
        """Make the page of `case`."""
        site, history = self._site, self._site.content.history
        cells, events = site.cells.get(case, ()), site.events.get(case, ())
        placed = site.content.table.series.get(case, ())
        lines = tuple(self._lines.line(event) for event in events)
        strip, strip_note = self._strip(case, cells)
        title, alpha = case_text(case, 120), site.content.settings.alpha
        frame = site.frame(f"case/{slug(case)}.html", _description(title, cells, lines), title=title, root="../")
        return CasePage(
            frame=frame,
            slug=slug(case),
            benchmark=units.visible(case.benchmark),
            params=params_text(case, 20_000),
            title=units.shown(history.titles.get(case.benchmark, ""), 160),
            alerts=tuple(alert for cell in cells for alert in figures.alerts_of(cell)),
            now=now_rows(placed, events, site),
            sections=tuple(
                _section(cell, number, site.releases.name(cell.release.identity), alpha)
                for number, cell in enumerate(cells)
            ),
            other_machines=len({cell.machine.name for cell in cells}) > 1,
            counts=tuple(
                count_section(cell, site.releases.name(cell.count.key.interpreter))
                for cell in site.counts.get(case, ())
            ),
            no_verdict=why_no_verdict(site.disagreement),
            strip=strip,
            strip_note=strip_note,
            events=lines[:_MOST_EVENTS],
            earlier=lines[_MOST_EVENTS:],
            tables=(
                *self._tables.of(placed, title),
                *self._tables.of(site.content.table.counted.get(case, ()), f"instructions of {title}"),
            ),
        )

    def _strip(self, case: CaseKey, cells: Sequence[MeasuredCell]) -> tuple[Markup, str]:
        """Draw the leading machine's releases, old to new, of one protocol: times of two machines do not compare."""
        if not cells:
            return Markup(""), ""
        shown = [cell for cell in reversed(cells) if cell.machine is cells[0].machine]
        points = [
            ReleasePoint(
                self._site.releases.name(cell.release.identity), cell.summary.off, cell.summary.on, _gain(cell.summary)
            )
            for cell in shown
        ]
        label = f"{case_text(case, 80)} over {len(points)} Python releases, JIT off and on, and the speedup"
        hashes = {cell.summary.key.commit for cell in shown}
        note = "" if len(hashes) == 1 else "Not all of these were measured on one commit: see each release below."
        return release_strip(points, figures.format_of(shown[0].summary), label), note


def _gain(case: CaseSummary) -> Level | None:
    speedup = case.speedup
    if speedup is None or not 0.0 < speedup.ratio < math.inf:
        return None
    return Level(speedup.ratio, speedup.low, speedup.high, case.pairs)


def _description(name: str, cells: Sequence[MeasuredCell], events: Sequence[EventLine]) -> str:
    answers = [
        f"{units.ratio(cell.summary.speedup.ratio)} on {cell.release.version}"
        for cell in cells
        if cell.leading and cell.summary.speedup is not None and math.isfinite(cell.summary.speedup.ratio)
    ]
    still_open = sum(line.event.is_open for line in events)
    changes = f", {units.count(still_open, 'open regression')}" if still_open else ""
    if answers:
        return f"{name}: speedup by CPython's JIT {', '.join(answers)}{changes}."
    return f"{name}: commit by commit{changes}."


def _section(cell: MeasuredCell, number: int, release: str, alpha: float) -> CellSection:
    """Return the section of `cell`; `release` is the release's name; intervals are at level 1 - `alpha`."""
    case, host = cell.summary, units.shown(cell.machine.name, 120)
    has_speedup = cell.release.has_jit and case.speedup is not None
    return CellSection(
        cell,
        number,
        release,
        "" if cell.leading else host,
        f"Python {release}" if cell.leading else f"Python {release} on {host}",
        figures.speedup_of(case, cell.release) if has_speedup else figures.off_of(case),
        figures.facts_of(case, cell.trials, alpha),
        _notes(case),
        _warm_up(cell),
    )


def _warm_up(cell: MeasuredCell) -> Markup:
    case = cell.summary
    curves = [(m, c) for m in ("off", "on") if (c := cell_charts.warm_up_curve(cell.trials, m)) is not None]
    label = f"Time per call while {case_text(case.key.case, 80)} warms up, JIT off and on"
    return cell_charts.warm_up(curves, figures.break_even_s(case), label)


def _notes(case: CaseSummary) -> tuple[str, ...]:
    notes = []
    if case.pairs:
        notes.append(f"{units.count(case.pairs, 'pair')} of fresh processes, off and on in random order")
    elif case.off is not None:
        notes.append(f"{units.count(case.off.trials, 'trial')}, each a fresh process")
    if case.disturbed:
        notes.append(
            f"{units.count(case.disturbed, 'block')} disturbed by something else on the machine, kept and marked"
        )
    if case.repeated:
        notes.append(f"{units.count(case.repeated, 'repetition')} because of disturbance")
    if case.key.protocol.endswith("quick"):
        notes.append("a quick measurement: fewer and shorter trials than usual")
    if case.answers is not None and case.answers.answers == "agree":
        notes.append("both modes give the same answer")
    return tuple(notes)
