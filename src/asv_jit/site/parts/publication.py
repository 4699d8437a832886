"""One publication, as the makers of its pages get it: the content, what several pages need, and their frames."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.counts.summary import Disagreement
from asv_jit.analysis.history.events import Event
from asv_jit.git.repository import Commit
from asv_jit.model import CaseKey
from asv_jit.site.content.cells import (
    CountedCell,
    MeasuredCell,
    Releases,
    cells_by_case,
    counts_by_case,
    measured_cells,
    widest_of_all,
)
from asv_jit.site.content.site_content import Machine, Release, SiteContent
from asv_jit.site.parts.charts.trends import Trends
from asv_jit.site.parts.values import Frame, Link, NavEntry
from asv_jit.text import units
from asv_jit.text.units import day

FEED = "feed.xml"
_NAVIGATION = {
    "index.html": "Overview",
    "cases.html": "Cases",
    "releases.html": "Releases",
    "regressions.html": "Regressions",
    "compare.html": "Compare",
    "guide.html": "Guide",
    "machines.html": "Machines",
    "data.html": "Data",
    "method.html": "Method",
}


class Page(Protocol):
    """What a template gets as `page`."""

    @property
    def frame(self) -> Frame:
        """The frame."""


class Publication(Struct, frozen=True):
    """What every maker of a page gets, and every template as `site`. It can be pickled for other processes.

    `asv` is the first page of asv's own site, or empty. `current` holds the current cells, `cells` the same by case,
    `counts` the current counts, `trends` the series behind rows; `disagreement` is the case whose count and time
    disagree most; `bisections` is the page of bisections, or empty.
    """

    content: SiteContent
    asv: str
    releases: Releases
    commits: CommitBook
    current: tuple[MeasuredCell, ...]
    cells: Mapping[CaseKey, tuple[MeasuredCell, ...]]
    counts: Mapping[CaseKey, tuple[CountedCell, ...]]
    events: Mapping[CaseKey, Sequence[Event]]
    disagreement: Disagreement | None
    trends: Trends
    bisections: str

    @staticmethod
    def of(content: SiteContent, *, asv: str = "") -> Publication:
        """Find what several makers need."""
        releases = Releases.of(content)
        current = measured_cells(content, releases)
        events: dict[CaseKey, list[Event]] = {}
        for event in content.events:
            events.setdefault(event.key.case, []).append(event)
        return Publication(
            content,
            asv,
            releases,
            CommitBook.of(content),
            current,
            cells_by_case(content, current),
            counts_by_case(content),
            events,
            widest_of_all(content),
            Trends.of(content),
            "bisections.html" if any(found.result is not None for found in content.bisections) else "",
        )

    @property
    def cases(self) -> list[CaseKey]:
        """Return every case that has a page, in order."""
        return sorted({*self.cells, *self.counts, *self.content.table.series})

    def machine_choices(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the choices of a filter for machines; none if there is one machine only.

        The machine that measured the newest commit comes first.
        """
        newest = dict.fromkeys(units.shown(one.machine, 80) for one in self.content.table.schedules)
        ordered = dict.fromkeys((*(name for name in newest if name in names), *sorted(names)))
        return tuple(ordered) if len(ordered) > 1 else ()

    @property
    def level(self) -> str:
        """Return the level of a single case's intervals, `99.8%`."""
        return units.level(self.content.settings.alpha)

    @property
    def equivalence(self) -> str:
        """Return the difference up to which a case is `same`, `2%`."""
        return f"{self.content.settings.equivalence * 100:.6g}%"

    def measured(self, release: Release) -> list[tuple[Machine, Current]]:
        """Return each machine that measured `release` with its current results, the leading machine first."""
        return [
            (machine, current)
            for machine in self.content.machines
            for current in machine.current
            if current.interpreter == release.identity
        ]

    def frame(self, file: str, description: str, *, title: str | None = None, root: str = "") -> Frame:
        """Return the frame of `file`; its title is the navigation's by default, `root` leads to the site's folder."""
        content = self.content
        site = units.visible(content.title)
        title = _NAVIGATION[file] if title is None else units.visible(title)
        return Frame(
            title=f"{title} – {site}" if title else site,
            description=units.visible(description),
            site=site,
            project=units.visible(content.project),
            root=root,
            url=f"{content.url.rstrip('/')}/{'' if file == 'index.html' else file}" if content.url else "",
            generated=units.moment(content.generated_at),
            machine=units.shown(", ".join(machine.name for machine in content.machines), 200),
            nav=_navigation(file if file in _NAVIGATION else "", root),
            feed=root + FEED,
            asv=root + self.asv if self.asv else "",
        )


@lru_cache(maxsize=64)  # the pages of all cases have the same
def _navigation(here: str, root: str) -> tuple[NavEntry, ...]:
    return tuple(NavEntry(text, root + file, file == here) for file, text in _NAVIGATION.items())


_SHORT = 8
_SUBJECT_LIMIT = 100


class CommitBook(Struct, frozen=True):
    """Commits by the first eight characters of their hashes. `prefix` is what a hash is appended to, or empty."""

    commits: Mapping[str, Commit]
    prefix: str

    @staticmethod
    def of(content: SiteContent) -> CommitBook:
        """The commits that the content tells of."""
        # Never a script: the address comes from a configuration.
        web = content.show_commit_url.startswith(("https://", "http://"))
        dates = dict(zip(content.history.commits, content.history.dates.tolist(), strict=True))
        known = {digest[:_SHORT]: Commit(digest, date, "", "") for digest, date in dates.items()}
        known |= {commit.hash[:_SHORT]: commit for commit in content.commits}
        return CommitBook(known, content.show_commit_url if web else "")

    def find(self, digest: str) -> Commit:
        """The commit; with empty texts where nothing is known of it."""
        return self.commits.get(digest[:_SHORT]) or Commit(digest, 0, "", "")

    def link(self, digest: str) -> Link:
        """Its short hash, leading to the project's own page of it where there is one."""
        return Link(units.visible(digest[:_SHORT]), self.prefix + digest if self.prefix else "")

    def subject(self, digest: str) -> str:
        """The first line of its message, cut to what a table can bear."""
        return units.shown(self.find(digest).subject, _SUBJECT_LIMIT)

    def date(self, digest: str) -> str:
        """The day it was committed, or empty."""
        return day(self.find(digest).date)
