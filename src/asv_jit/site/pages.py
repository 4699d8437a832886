"""The pages as values: every text formatted, every chart drawn. Templates only place them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Alert",
    "Badge",
    "Compiled",
    "Failure",
    "Figure",
    "Frame",
    "Link",
    "MethodPage",
    "NavEntry",
    "NotFoundPage",
]


@dataclass(frozen=True, slots=True)
class Link:
    """Text and where it leads; an empty `href` leads nowhere."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One page in the navigation; `current` where it is the page itself."""

    text: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds each page. `root` leads from the page to the site's folder; `here` names the current entry.

    `url` is the page's own address, or empty; `feed` leads to the feed of regressions and `asv` to asv's own site,
    where there are any.
    """

    title: str
    description: str
    site: str
    project: str
    root: str
    url: str
    here: str
    generated: str
    machine: str
    nav: tuple[NavEntry, ...] = ()
    feed: str = ""
    asv: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as text, what stands below it, and the value that a table is sorted by (empty sorts last)."""

    text: str
    detail: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A verdict: a symbol and a word, so that colour never carries it alone; `kind` names the style."""

    kind: str
    symbol: str
    word: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A suspected bug of the JIT, with the command that measures the case again."""

    what: str
    case: str
    href: str
    release: str
    detail: str
    command: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Trials that gave no figure, and the end of what one of them wrote to stderr."""

    case: str
    href: str
    release: str
    counts: str
    end: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the JIT made of one function."""

    function: str
    executors: str
    code: str
    micro_ops: str
    top: str
    harness: bool


@dataclass(frozen=True, slots=True)
class HotFunction:
    """A function in which the time goes, its share, and whether the JIT has a trace of it."""

    function: str
    share: str
    compiled: str


@dataclass(frozen=True, slots=True)
class MethodPage:
    """`method.html`, with the settings that decide verdicts."""

    frame: Frame
    level: str
    alpha: str
    equivalence: str


@dataclass(frozen=True, slots=True)
class NotFoundPage:
    """`404.html`, which a host may show under any address."""

    frame: Frame
