"""Compare: any two commits or releases in the browser; the newest of each against the one before without scripts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.model import PROTOCOL, CaseKey
from asv_jit.site.content.comparing import Behind, Difference, Side, between_commits, between_releases, newest_commits
from asv_jit.site.content.result_index import History
from asv_jit.site.content.site_content import Release
from asv_jit.site.content.slugs import slug
from asv_jit.site.content.timetable import Timetable
from asv_jit.site.parts import figures
from asv_jit.site.parts.commits import CommitBook
from asv_jit.site.parts.publication import Drawn, Publication
from asv_jit.site.parts.values import Badge, Figure, Frame, Link
from asv_jit.text import units

MOST_ROWS = 150
NAMES = {"off": "JIT off", "on": "JIT on", "speedup": "speedup", "plain": "asv’s result"}
_BADGES = {
    "worse": Badge("slower", "▼", "worse"),
    "better": Badge("faster", "▲", "better"),
    "same": Badge("same", "=", "same"),
    "unclear": Badge("unclear", "?", "unclear"),
}
_LIMIT = 160
_WIDEST = 100.0
"""Wider thresholds come of two or three trials and say nothing."""
_MOST_LOG = 700.0  # what a float can hold
_Anchors: TypeAlias = Callable[[CaseKey, Behind, int], str]
"""Of a case, what is behind its figure, and the side (0 before, 1 after): the part of its page that holds the trials;
empty where that is not on the site, which has them of the newest commit only."""


class ComparedRow(Struct, frozen=True):
    """One figure before and after, and the trials behind each, with a link where the site has them."""

    owner: str
    name: str
    params: str
    href: str
    line: str
    metric: str
    before: Figure
    before_trials: Link
    after: Figure
    after_trials: Link
    change: Figure
    threshold: str
    significance: str
    badge: Badge


class Comparison(Struct, frozen=True):
    """Two sides and what differs between them; `more` says how many rows are not shown."""

    kind: str
    title: str
    before: Link
    after: Link
    before_note: str
    after_note: str
    counts: tuple[tuple[Badge, str], ...]
    rows: tuple[ComparedRow, ...]
    lines: bool
    more: str


class ComparePage(Struct, frozen=True):
    """`compare.html`."""

    frame: Frame
    comparisons: tuple[Comparison, ...]
    machine: str
    level: str
    equivalence: str


def make(site: Publication) -> Iterator[Drawn]:
    """The page, with the newest commits and the newest releases compared."""
    content = site.content
    limits = content.settings
    machine = content.every_machine[0].name
    table = site.table
    if table.schedules and all(one.machine != machine for one in table.schedules):
        machine = table.schedules[0].machine
    found = (_commits(site, table, machine), _releases(site))
    page = ComparePage(
        frame=site.frames.make(
            "compare", "Compare", f"Any two commits or Python releases of {content.project}, side by side.",
            path="compare.html",
        ),
        comparisons=tuple(one for one in found if one is not None),
        machine=units.shorten(units.visible(machine), _LIMIT),
        level=units.level(limits.alpha),
        equivalence=f"{limits.equivalence * 100:.6g}%",
    )  # fmt: skip
    yield Drawn("compare.html", "compare.html", page)


def _commits(site: Publication, table: Timetable, machine: str) -> Comparison | None:
    content, commits = site.content, CommitBook.of(site.content)
    pair = newest_commits(table, machine)
    if pair is None or content.history is None:
        return None
    limits = content.settings
    rows = between_commits(table, machine, *pair, alpha=limits.alpha, equivalence=limits.equivalence)
    hashes = [content.history.commits[table.commits[place]] for place in pair]
    notes = [f"{commits.date(digest)} {commits.subject(digest)}".strip() for digest in hashes]
    title = "The newest commit against the one before"
    anchors = {
        (case, cell.summary.key.commit, cell.summary.key.interpreter): cell.anchor
        for case, cells in site.cells.items()
        for cell in cells
        if cell.machine == machine and cell.summary.key.protocol == PROTOCOL
    }
    builds = content.history.interpreters

    def trials(case: CaseKey, behind: Behind, side: int) -> str:
        return anchors.get((case, hashes[side], builds[behind.build]), "")

    return _comparison("commits", title, commits.link(hashes[0]), commits.link(hashes[1]), notes, rows, trials)


def _releases(site: Publication) -> Comparison | None:
    """The two newest releases that the leading machine has measured, at each case's own newest commit."""
    content = site.content
    index = History.of(content)
    mine: dict[str, dict[CaseKey, CaseSummary]] = {}
    anchors: dict[str, str] = {}
    for case, cells in site.cells.items():
        for cell in cells:
            if cell.leading:
                mine.setdefault(cell.summary.key.interpreter, {})[case] = cell.summary
                anchors[cell.summary.key.interpreter] = cell.anchor
    known = [release for release in index.releases if release.identity in mine]
    pair = _newest_pair(known, mine)
    if pair is None:
        return None
    after, before = pair
    one, other = mine[before.identity], mine[after.identity]
    both = {case: (one[case], other[case]) for case in one if case in other}
    apart = sum(a.key.commit != b.key.commit for a, b in both.values())
    note = f"{units.count(apart, 'case')} not measured on one commit" if apart else ""
    rows = between_releases(both, equivalence=content.settings.equivalence)
    sides = [Link(f"Python {index.name(release)}") for release in (before, after)]
    title = "The newest Python release against the one before"
    ends = (anchors[before.identity], anchors[after.identity])
    return _comparison("releases", title, sides[0], sides[1], ["", note], rows, lambda case, behind, side: ends[side])


def _newest_pair(
    releases: Sequence[Release], mine: Mapping[str, Mapping[CaseKey, CaseSummary]]
) -> tuple[Release, Release] | None:
    """The newest release (after) and the next older one that shares a case with it (before)."""
    for place, after in enumerate(releases):
        for before in releases[place + 1 :]:
            if mine[after.identity].keys() & mine[before.identity].keys():
                return after, before
    return None


def _comparison(
    kind: str,
    title: str,
    before: Link,
    after: Link,
    notes: Sequence[str],
    found: Sequence[Difference],
    trials: _Anchors,
) -> Comparison:
    counts = Counter(one.verdict for one in found)
    sure = sum(one.verdict in ("worse", "better") for one in found)
    shown = found[: max(MOST_ROWS, min(sure, 4 * MOST_ROWS))]
    return Comparison(
        kind=kind,
        title=title,
        before=before,
        after=after,
        before_note=notes[0],
        after_note=notes[1],
        counts=tuple((_BADGES[name], f"{counts[name]:,}") for name in _BADGES if counts[name]),
        rows=tuple(_row(one, trials) for one in shown),
        lines=any(one.line for one in found),
        more=units.count(len(found) - len(shown), "less significant row") if len(found) > len(shown) else "",
    )


def _row(one: Difference, trials: _Anchors) -> ComparedRow:
    form = _form(one)
    href = f"case/{slug(one.case)}.html"
    behind = [_behind(found, href, trials(one.case, found, side)) for side, found in enumerate(one.behind)]
    ratio, wide = one.ratio, math.exp(min(one.threshold, _MOST_LOG)) if math.isfinite(one.threshold) else math.nan
    known = wide <= _WIDEST
    return ComparedRow(
        owner=units.shorten(units.visible(one.case.benchmark.rpartition(".")[0]), _LIMIT),
        name=units.shorten(units.visible(figures.name_in(one.case)), _LIMIT),
        params=figures.params_text(one.case, _LIMIT),
        href=href,
        line=units.shorten(units.visible(one.line), _LIMIT),
        metric=NAMES[one.metric],
        before=_figure(one.before, form, one.metric == "plain"),
        before_trials=behind[0],
        after=_figure(one.after, form, one.metric == "plain"),
        after_trials=behind[1],
        change=Figure(
            percent(ratio), f"{percent(ratio / wide)} to {percent(ratio * wide)}" if known else "", f"{ratio:.6g}"
        ),
        threshold=_threshold(wide),
        significance=_significance(one.significance),
        badge=_BADGES[one.verdict],
    )


def _behind(found: Behind, href: str, anchor: str) -> Link:
    """`9 pairs`, and where they are; nothing for what asv measured."""
    if not found.blocks:
        return Link("")
    return Link(
        units.count(found.blocks, "pair" if found.paired else "trial"), f"{href}#trials-{anchor}" if anchor else ""
    )


def percent(ratio: float) -> str:
    """A ratio as a change: `+3.2%`, `−12%`, `×2.5`."""
    if ratio >= 2.0:
        return f"×{ratio:.3g}"
    change = (ratio - 1.0) * 100.0
    text = f"{abs(change):.2f}" if abs(change) < 0.995 else f"{abs(change):.1f}"
    return f"{'−' if change < 0.0 else '+'}{text}%"


def _threshold(wide: float) -> str:
    if math.isnan(wide):
        return units.DASH
    return f"±{percent(wide).removeprefix('+')}" if wide <= _WIDEST else f"over ×{_WIDEST:g}"


def _significance(value: float) -> str:
    return units.DASH if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.2f}"


def _form(one: Difference) -> Callable[[float | None], str]:
    if one.metric == "speedup":
        return units.ratio
    return lambda value: units.quantity(value, one.unit)


def _figure(side: Side, form: Callable[[float | None], str], plain: bool) -> Figure:
    if plain or not math.isfinite(side.low + side.high):
        return Figure(form(side.value))
    if form is units.ratio:
        return Figure(form(side.value), units.ratio_interval(side.low, side.high))
    return Figure(form(side.value), units.interval(form(side.low), form(side.high)))
