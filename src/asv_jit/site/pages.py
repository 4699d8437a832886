"""The pages as values: every text formatted, every chart drawn. Templates only place them."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

__all__ = [
    "Alert",
    "Badge",
    "CasePage",
    "CaseRelease",
    "Compiled",
    "Failure",
    "Figure",
    "Frame",
    "HistoryRow",
    "HomePage",
    "Link",
    "MethodPage",
    "NavEntry",
    "NotFoundPage",
    "Page",
    "ReleaseCard",
    "Row",
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
class Row:
    """One case on one release."""

    benchmark: str
    params: str
    owner: str
    href: str
    release: str
    identity: str
    off: Figure
    on: Figure
    speedup: Figure
    bar: Markup
    spark: Markup
    badge: Badge
    memory: Figure
    memory_change: Figure
    break_even: Figure


@dataclass(frozen=True, slots=True)
class ReleaseCard:
    """The answer for one release; `ratio` reads `no JIT` where there is none."""

    name: str
    identity: str
    jit: str
    has_jit: bool
    ratio: str
    words: str
    interval: str
    spread: str
    verdicts: tuple[tuple[Badge, str], ...]
    strip: Markup
    measured: str
    commit: Link
    subject: str


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
class HistoryRow:
    """One commit in the table of a series."""

    commit: Link
    date: str
    subject: str
    off: Figure
    on: Figure
    speedup: Figure
    badge: Badge


@dataclass(frozen=True, slots=True)
class CaseRelease:
    """All that is known of a case on one release, at the newest commit that has it."""

    anchor: str
    row: Row
    jit: str
    has_jit: bool
    timed: bool
    reason: str
    measured: str
    commit: Link
    subject: str
    facts: tuple[tuple[str, Figure, Figure], ...]
    notes: tuple[str, ...]
    warm_up: Markup
    series: Markup
    history: tuple[HistoryRow, ...]
    compiled: tuple[Compiled, ...]
    compiled_note: str
    hot: tuple[HotFunction, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class HomePage:
    """`index.html`."""

    frame: Frame
    alerts: tuple[Alert, ...]
    cards: tuple[ReleaseCard, ...]
    rows: tuple[Row, ...]
    releases: tuple[str, ...]
    verdicts: tuple[str, ...]
    cases: str
    level: str
    failures: tuple[Failure, ...]
    problems: tuple[str, ...]
    fresh: str
    machine: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CasePage:
    """`case/<slug>.html`."""

    frame: Frame
    path: str
    benchmark: str
    params: str
    alerts: tuple[Alert, ...]
    releases: tuple[CaseRelease, ...]
    level: str


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


Page = HomePage | CasePage | MethodPage | NotFoundPage
