"""Compare: any two commits or releases in the browser; the newest release against the one before without scripts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.model import CaseKey
from asv_jit.site.content.comparing import Behind, Difference, Side, between_releases
from asv_jit.site.content.release_index import ReleaseIndex
from asv_jit.site.content.site_content import Release
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.publication import Drawn, Publication
from asv_jit.site.parts.values import Badge, Figure, Frame, Link
from asv_jit.text import units

_MOST_ROWS = 150
_NAMES = {"off": "JIT off", "on": "JIT on", "speedup": "speedup"}
_BADGES = {
    "worse": Badge("slower", "▼", "worse"),
    "better": Badge("faster", "▲", "better"),
    "same": Badge("same", "=", "same"),
    "unclear": Badge("unclear", "?", "unclear"),
}
_LIMIT = 160
_WIDEST = 100.0
"""Wider thresholds come of two or three trials and say nothing."""
_DOUBLE = 2.0
_MOST_LOG = 700.0  # what a float can hold


class ComparedRow(Struct, frozen=True):
    """One figure before and after, with links to the trials behind each."""

    owner: str
    name: str
    params: str
    href: str
    metric: str
    before: Figure
    before_trials: Link
    after: Figure
    after_trials: Link
    change: Figure
    threshold: str
    significance: str
    badge: Badge


class ComparedReleases(Struct, frozen=True):
    """Two releases and what differs between them; `more` says how many rows are not shown."""

    before: str
    after: str
    note: str
    counts: tuple[tuple[Badge, str], ...]
    rows: tuple[ComparedRow, ...]
    more: str


class ComparePage(Struct, frozen=True):
    """`compare.html`."""

    frame: Frame
    releases: ComparedReleases | None
    level: str
    equivalence: str


def make(site: Publication) -> Iterator[Drawn]:
    """The page, with the newest releases compared."""
    content = site.content
    limits = content.settings
    page = ComparePage(
        frame=site.frames.make(
            "compare", "Compare", f"Any two commits or Python releases of {content.project}, side by side.",
            path="compare.html",
        ),
        releases=_releases(site),
        level=units.level(limits.alpha),
        equivalence=f"{limits.equivalence * 100:.6g}%",
    )  # fmt: skip
    yield Drawn("compare.html", "compare.html", page)


def _releases(site: Publication) -> ComparedReleases | None:
    """The two newest releases that the leading machine has measured, at each case's own newest commit."""
    index = ReleaseIndex.of(site.content)
    mine: dict[str, dict[CaseKey, CaseSummary]] = {}
    anchors: dict[str, str] = {}
    for case, cells in site.cells.items():
        for cell in cells:
            if cell.leading:
                mine.setdefault(cell.summary.key.interpreter, {})[case] = cell.summary
                anchors[cell.summary.key.interpreter] = cell.anchor
    pair = _newest_pair([release for release in index.releases if release.identity in mine], mine)
    if pair is None:
        return None
    after, before = pair
    one, other = mine[before.identity], mine[after.identity]
    both = {case: (one[case], other[case]) for case in one if case in other}
    apart = sum(a.key.commit != b.key.commit for a, b in both.values())
    found = between_releases(both, site.content.settings)
    counts = Counter(one.verdict for one in found)
    shown = found[: max(_MOST_ROWS, min(counts["worse"] + counts["better"], 4 * _MOST_ROWS))]
    return ComparedReleases(
        before=f"Python {index.name(before)}",
        after=f"Python {index.name(after)}",
        note=f"{units.count(apart, 'case')} not measured on one commit" if apart else "",
        counts=tuple((_BADGES[name], f"{counts[name]:,}") for name in _BADGES if counts[name]),
        rows=tuple(_row(one, anchors[before.identity], anchors[after.identity]) for one in shown),
        more=units.count(len(found) - len(shown), "less significant row") if len(found) > len(shown) else "",
    )


def _newest_pair(
    releases: Sequence[Release], mine: Mapping[str, Mapping[CaseKey, CaseSummary]]
) -> tuple[Release, Release] | None:
    """The newest release (after) and the next older one that shares a case with it (before)."""
    for place, after in enumerate(releases):
        for before in releases[place + 1 :]:
            if mine[after.identity].keys() & mine[before.identity].keys():
                return after, before
    return None


def _row(one: Difference, *anchors: str) -> ComparedRow:
    form = units.ratio if one.metric == "speedup" else lambda value: units.quantity(value, one.unit)
    href = f"case/{slug(one.case)}.html"
    before, after = (_behind(found, f"{href}#trials-{at}") for found, at in zip(one.behind, anchors, strict=True))
    ratio, wide = one.ratio, math.exp(min(one.threshold, _MOST_LOG)) if math.isfinite(one.threshold) else math.nan
    known = wide <= _WIDEST
    return ComparedRow(
        owner=units.shorten(units.visible(one.case.benchmark.rpartition(".")[0]), _LIMIT),
        name=units.shorten(units.visible(figures.name_in(one.case)), _LIMIT),
        params=figures.params_text(one.case, _LIMIT),
        href=href,
        metric=_NAMES[one.metric],
        before=_figure(one.before, form),
        before_trials=before,
        after=_figure(one.after, form),
        after_trials=after,
        change=Figure(percent(ratio), percents(ratio / wide, ratio * wide) if known else "", f"{ratio:.6g}"),
        threshold=_threshold(wide),
        significance=_significance(one.significance),
        badge=_BADGES[one.verdict],
    )


def _behind(found: Behind, href: str) -> Link:
    """`9 pairs`, and where they are."""
    return Link(units.count(found.blocks, "pair" if found.paired else "trial"), href) if found.blocks else Link("")


def percent(ratio: float) -> str:
    """A ratio as a change: `+3.2%`, `−12%`, `×2.5`."""
    if ratio >= _DOUBLE:
        return f"×{ratio:.3g}"
    change = (ratio - 1.0) * 100.0
    text = f"{abs(change):.2f}" if abs(change) < 0.995 else f"{abs(change):.1f}"
    return f"{'−' if change < 0.0 else '+'}{text}%"


def percents(low: float, high: float) -> str:
    """An interval of ratios in one unit: `+1.2% to +3.2%`, `×1.86 to ×2.12`."""
    return f"×{low:.3g} to ×{high:.3g}" if high >= _DOUBLE else f"{percent(low)} to {percent(high)}"


def _threshold(wide: float) -> str:
    if math.isnan(wide):
        return units.DASH
    return f"±{percent(wide).removeprefix('+')}" if wide <= _WIDEST else f"over ×{_WIDEST:g}"


def _significance(value: float) -> str:
    return units.DASH if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.2f}"


def _figure(side: Side, form: Callable[[float | None], str]) -> Figure:
    if not math.isfinite(side.low + side.high):
        return Figure(form(side.value))
    if form is units.ratio:
        return Figure(form(side.value), units.ratio_interval(side.low, side.high))
    return Figure(form(side.value), units.interval(form(side.low), form(side.high)))
