"""One publication, as the makers of its pages get it: the content, and the frames of its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from asv_jit.analysis.counts.current import Disagreement
from asv_jit.model import CaseKey
from asv_jit.site.content.counted import CountedCell, counted_cells, widest_of_all
from asv_jit.site.content.measured import MeasuredCell, measured_cells
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.timetable import Timetable
from asv_jit.site.parts.charts.trends import Trends
from asv_jit.site.parts.frame import Frames
from asv_jit.site.parts.values import Frame


class Page(Protocol):
    """What a template is given as `page`: finished texts, and the frame around them."""

    @property
    def frame(self) -> Frame:
        """The frame."""


class Drawn(Struct, frozen=True):
    """A page to be written: its file below the site's folder, its template, its value."""

    file: str
    template: str
    page: Page


class Publication(Struct, frozen=True):
    """What every maker of a page is given. It can be pickled, so that pages can be made in other processes.

    `cells` are the content's current cells by case, `counts` its current counts, `trends` the series behind rows;
    `disagreement` is the case whose count and time disagree most.
    """

    content: SiteContent
    frames: Frames
    cells: Mapping[CaseKey, tuple[MeasuredCell, ...]]
    counts: Mapping[CaseKey, tuple[CountedCell, ...]]
    disagreement: Disagreement | None
    trends: Trends

    @staticmethod
    def of(content: SiteContent, frames: Frames) -> Publication:
        """Place what several makers need."""
        counts, widest = counted_cells(content), widest_of_all(content)
        return Publication(content, frames, measured_cells(content), counts, widest, Trends.of(content))

    @property
    def table(self) -> Timetable:
        """The content's history, placed."""
        return self.content.table

    @property
    def cases(self) -> list[CaseKey]:
        """Every case that has a page, in order."""
        return sorted({*self.cells, *self.counts, *self.table.series})
