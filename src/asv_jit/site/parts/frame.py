"""What surrounds each page: title, description, navigation, and when it was made."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from msgspec import Struct

from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.parts.values import Frame, NavEntry
from asv_jit.text import units

NAVIGATION = (
    ("home", "Overview", "index.html"),
    ("cases", "Cases", "cases.html"),
    ("releases", "Releases", "releases.html"),
    ("regressions", "Regressions", "regressions.html"),
    ("compare", "Compare", "compare.html"),
    ("guide", "Guide", "guide.html"),
    ("machines", "Machines", "machines.html"),
    ("data", "Data", "data.html"),
    ("method", "Method", "method.html"),
)
"""Every page that the navigation may name: its key, its text, its file."""


class Frames(Struct, frozen=True):
    """Makes the frame of every page of one publication; `present` are the keys of the pages that it has."""

    site: str
    project: str
    url: str
    generated: str
    machine: str
    present: frozenset[str]
    feed: str = ""
    asv: str = ""

    @staticmethod
    def of(content: SiteContent, present: Collection[str] = (), *, feed: str = "", asv: str = "") -> Frames:
        """The frames of `content`; `feed` and `asv` are files of the site, or empty."""
        names = [machine.name for machine in content.machines]
        return Frames(
            site=units.visible(content.title),
            project=units.visible(content.project),
            url=content.url,
            generated=units.moment(content.generated_at),
            machine=units.shorten(units.visible(", ".join(names)), 200),
            present=frozenset(present),
            feed=feed,
            asv=asv,
        )

    def make(self, here: str, title: str, description: str, *, root: str = "", path: str = "") -> Frame:
        """The frame of one page: `here` is its key, `root` leads from it to the site's folder, `path` is its file."""
        return Frame(
            title=f"{units.visible(title)} – {self.site}" if title else self.site,
            description=units.visible(description),
            site=self.site,
            project=self.project,
            root=root,
            url=self.url.rstrip("/") + "/" + path if self.url else "",
            generated=self.generated,
            machine=self.machine,
            nav=_navigation(self.present, here, root),
            feed=root + self.feed if self.feed else "",
            asv=root + self.asv if self.asv else "",
        )


@lru_cache(maxsize=64)  # the pages of all cases have the same
def _navigation(present: frozenset[str], here: str, root: str) -> tuple[NavEntry, ...]:
    return tuple(NavEntry(text, root + href, key == here) for key, text, href in NAVIGATION if key in present)
