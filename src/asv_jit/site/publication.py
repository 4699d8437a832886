"""One publication, as the makers of its pages get it: the content, and the frames of its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from asv_jit.site.content import SiteContent
from asv_jit.site.frame import Frames
from asv_jit.site.pages import Frame

__all__ = ["Drawn", "Page", "Publication"]


class Page(Protocol):
    """What a template is given as `page`: finished texts, and the frame around them."""

    @property
    def frame(self) -> Frame:
        """The frame."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page to be written: its file below the site's folder, its template, its value."""

    file: str
    template: str
    page: Page


@dataclass(frozen=True, slots=True)
class Publication:
    """What every maker of a page is given. It can be pickled, so that pages can be made in other processes."""

    content: SiteContent
    frames: Frames
