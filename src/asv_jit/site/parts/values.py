"""Values that several templates place."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from asv_jit.analysis.stats.suite_mean import group_of
from asv_jit.model import CaseKey
from asv_jit.site.content.slugs import slug
from asv_jit.text import units
from asv_jit.text.case_names import own_name, owner_name, params_text


class Link(Struct, frozen=True):
    """Text and where it leads; an empty `href` leads nowhere."""

    text: str
    href: str = ""


class NavEntry(Struct, frozen=True):
    """One page in the navigation; `current` where it is the page itself."""

    text: str
    href: str
    current: bool


class Frame(Struct, frozen=True):
    """What surrounds each page. `root` leads from the page to the site's folder.

    `url` is the page's own address, or empty; `feed` is the feed of regressions and `asv` asv's own site, or empty.
    """

    title: str
    description: str
    site: str
    project: str
    root: str
    url: str
    generated: str
    machine: str
    nav: tuple[NavEntry, ...]
    feed: str
    asv: str


class Figure(Struct, frozen=True):
    """A number as text, what stands below it, and the value that a table is sorted by (empty sorts last)."""

    text: str
    detail: str = ""
    order: str = ""


class Badge(Struct, frozen=True):
    """A verdict: a symbol and a word, so that colour never carries it alone; `kind` names the style."""

    kind: str
    symbol: str
    word: str
    why: str = ""


class CaseName(Struct, frozen=True, order=True):
    """A case in a table: `owner` is the file and class, `title` what its author calls it, `href` its page."""

    owner: str
    name: str
    params: str
    title: str
    href: str
    group: str

    @staticmethod
    def of(key: CaseKey, titles: Mapping[str, str] | None = None) -> CaseName:
        """Return the name of `key`; `titles` is what authors call their benchmarks, if they are to be shown."""
        return CaseName(
            owner_name(key),
            own_name(key),
            params_text(key, 120),
            units.shown((titles or {}).get(key.benchmark, ""), 160),
            f"case/{slug(key)}.html",
            units.shown(group_of(key.benchmark), 60),
        )
