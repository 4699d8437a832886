"""The pages as values: every text formatted, every chart drawn. Templates only place them."""

from __future__ import annotations

from msgspec import Struct


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

    `url` is the page's own address, or empty; `feed` leads to the feed of regressions and `asv` to asv's own site,
    where there are any.
    """

    title: str
    description: str
    site: str
    project: str
    root: str
    url: str
    generated: str
    machine: str
    nav: tuple[NavEntry, ...] = ()
    feed: str = ""
    asv: str = ""


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


class Alert(Struct, frozen=True):
    """A suspected bug of the JIT, with the command that measures the case again."""

    what: str
    case: str
    href: str
    release: str
    detail: str
    command: str


class Failure(Struct, frozen=True):
    """Trials that gave no figure, and the end of what one of them wrote to stderr."""

    case: str
    href: str
    release: str
    counts: str
    end: str
    stderr: str


class Compiled(Struct, frozen=True):
    """What the JIT made of one function."""

    function: str
    executors: str
    code: str
    micro_ops: str
    top: str
    harness: bool


class HotFunction(Struct, frozen=True):
    """A function in which the time goes, its share, and whether the JIT has a trace of it."""

    function: str
    share: str
    compiled: str


class CountRow(Struct, frozen=True):
    """A part of the process, or a function of one: its share of a steady call in each mode, with the instructions."""

    part: str
    name: str
    off: Figure
    on: Figure


class MethodPage(Struct, frozen=True):
    """`method.html`, with the settings that decide verdicts."""

    frame: Frame
    level: str
    alpha: str
    equivalence: str


class NotFoundPage(Struct, frozen=True):
    """`404.html`, which a host may show under any address."""

    frame: Frame
