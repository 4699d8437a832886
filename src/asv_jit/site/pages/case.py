"""A case's page: where it stands, how it got there, on which release, and every trial behind that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.levels import Level
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.history.events import Event
from asv_jit.model import CaseKey, version_of
from asv_jit.site.content.measured import MeasuredCell
from asv_jit.site.content.release_index import ReleaseIndex
from asv_jit.site.content.site_content import Release
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.cell_section import CellSection, cell_section
from asv_jit.site.parts.charts.release_strip import ReleasePoint, release_strip
from asv_jit.site.parts.commits import CommitBook
from asv_jit.site.parts.count_section import CountSection, count_section, why_no_verdict
from asv_jit.site.parts.event_lines import EventLine, EventLines
from asv_jit.site.parts.publication import Drawn, Publication
from asv_jit.site.parts.tables.history import HistoryTable, HistoryTables
from asv_jit.site.parts.tables.now import NowRow, now_rows
from asv_jit.site.parts.values import Alert, Frame
from asv_jit.text import units

_ROOT = "../"
_TITLE_LIMIT = 120
_MOST_EVENTS = 6


class CasePage(Struct, frozen=True):
    """`case/<slug>.html`. `sections` hold every current cell, `other_machines` says whether they are of several;
    `strip_note` says where the releases were measured on different commits. `title` is what the benchmark's author
    calls it; `now` is what asv measured by itself; `counts` are its counted instructions, `no_verdict` says why they
    decide nothing."""

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
    earlier_count: str
    tables: tuple[HistoryTable, ...]
    level: str


class CasePages:
    """Makes the pages of all cases; they can be made in several processes."""

    def __init__(self, site: Publication) -> None:
        content = site.content
        self._site = site
        self._commits = CommitBook.of(content)
        self._index = ReleaseIndex.of(content)
        self._releases: Mapping[str, Release] = {release.identity: release for release in self._index.releases}
        self._lines = EventLines(content, "bisections.html" if "bisections" in site.frames.present else "")
        self._tables = HistoryTables(site.table, self._commits)
        self._events: dict[CaseKey, list[Event]] = {}
        for event in content.events:
            self._events.setdefault(event.key.case, []).append(event)

    def drawn(self, case: CaseKey) -> Drawn:
        """The page of `case`, to be written."""
        return Drawn(f"case/{slug(case)}.html", "case.html", self.page(case))

    def page(self, case: CaseKey) -> CasePage:
        """The page of `case`."""
        name = units.visible(str(case))
        cells = self._site.cells.get(case, ())
        of_case = self._events.get(case, ())
        events = tuple(self._lines.line(event) for event in of_case)
        strip, strip_note = self._strip(case, cells)
        path = f"case/{slug(case)}.html"
        title = units.shorten(name, _TITLE_LIMIT)
        return CasePage(
            frame=self._site.frames.make("", title, _description(title, cells, events), root=_ROOT, path=path),
            slug=slug(case),
            benchmark=units.visible(case.benchmark),
            params=figures.params_text(case, 20_000),
            title=figures.title_of(case, self._site.content.history),
            alerts=tuple(a for cell in cells for a in figures.alerts_of(cell.summary, self._release(cell), "")),
            now=now_rows(self._site.table.series.get(case, ()), of_case, self._site.content.history, self._commits),
            sections=tuple(
                cell_section(
                    cell, number, release, self._index.name(release), self._commits, self._site.content.settings.alpha
                )
                for number, (cell, release) in enumerate((cell, self._release(cell)) for cell in cells)
            ),
            other_machines=len({cell.machine for cell in cells}) > 1,
            counts=tuple(
                count_section(cell, self._name(cell.count.key.interpreter), self._commits)
                for cell in self._site.counts.get(case, ())
            ),
            no_verdict=why_no_verdict(self._site.disagreement),
            strip=strip,
            strip_note=strip_note,
            events=events[:_MOST_EVENTS],
            earlier=events[_MOST_EVENTS:],
            earlier_count=units.count(len(events[_MOST_EVENTS:]), "earlier change"),
            tables=self._tables.of(self._site.table.series.get(case, ()), title),
            level=units.level(self._site.content.settings.alpha),
        )

    def _release(self, cell: MeasuredCell) -> Release:
        identity = cell.summary.key.interpreter
        return self._releases.get(identity) or Release(identity, "with a JIT" if cell.summary.pairs else "none")

    def _name(self, identity: str) -> str:
        """What the site calls an interpreter, which may have been used for counting only."""
        release = self._releases.get(identity)
        return self._index.name(release) if release is not None else version_of(identity)

    def _strip(self, case: CaseKey, cells: Sequence[MeasuredCell]) -> tuple[Markup, str]:
        """The leading machine's releases, old to new, of one protocol: times of two machines do not compare."""
        mine = [cell for cell in reversed(cells) if cell.machine == cells[0].machine]
        points = [
            ReleasePoint(self._index.name(self._release(cell)), cell.summary.off, cell.summary.on, _gain(cell.summary))
            for cell in mine
        ]
        if not mine:
            return Markup(""), ""
        form = figures.format_of(mine[0].summary)
        label = f"{figures.case_text(case, 80)} over {len(points)} Python releases, JIT off and on, and the speedup"
        hashes = {cell.summary.key.commit for cell in mine}
        note = "" if len(hashes) == 1 else "Not all of these were measured on one commit: see each release below."
        return release_strip(points, form, label), note


def _gain(case: CaseSummary) -> Level | None:
    found = case.speedup
    if found is None or not 0.0 < found.ratio < math.inf:
        return None
    return Level(found.ratio, found.low, found.high, case.pairs)


def _description(name: str, cells: Sequence[MeasuredCell], events: Sequence[EventLine]) -> str:
    answers = [
        f"{units.ratio(cell.summary.speedup.ratio)} on {cell.summary.key.interpreter.partition('+')[0]}"
        for cell in cells
        if cell.leading and cell.summary.speedup is not None and math.isfinite(cell.summary.speedup.ratio)
    ]
    still_open = sum(event.is_open for event in events)
    found = f", {units.count(still_open, 'open regression')}" if still_open else ""
    if answers:
        return f"{name}: speedup by CPython's JIT {', '.join(answers)}{found}."
    return f"{name}: commit by commit{found}."
