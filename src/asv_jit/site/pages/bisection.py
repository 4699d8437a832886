"""Bisections: every search for a culprit that came to its end, with what it found and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.metrics import METRICS, SERIES_METRIC
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Badge, Frame, Link
from asv_jit.store.findings.bisections import Bisection, Result
from asv_jit.store.findings.confirmations import Effects
from asv_jit.text import comparison_words, units
from asv_jit.text.event_words import form_of

_OUTCOMES = {
    "found": Badge("same", "✓", "found"),
    "not_reproducible": Badge("unclear", "?", "not reproducible", "the ends do not differ on this machine"),
    "undecided": Badge("unclear", "?", "undecided", "more measurements would not tell the candidates apart"),
    "unbuildable": Badge("failed", "✕", "not searched", "an end, or all between the ends, cannot be measured"),
}
_CANDIDATES_SHOWN = 20


class BisectionEntry(Struct, frozen=True):
    """One bisection and its result.

    `figures`: metric, before, after, change with its interval, verdict; `moved`: a count and what moved within it.
    """

    bisection: Bisection
    result: Result
    question: str
    outcome: Badge
    culprit: Link
    probability: str
    cause: str
    figures: tuple[tuple[str, str, str, str, str], ...]
    moved: tuple[tuple[str, str], ...]
    candidates: tuple[Link, ...]
    more_candidates: int
    skipped: tuple[tuple[str, str], ...]
    traces: tuple[str, ...]


class BisectionsPage(Struct, frozen=True):
    """`bisections.html`."""

    frame: Frame
    entries: tuple[BisectionEntry, ...]


def make(site: Publication) -> BisectionsPage:
    """Make the page, the newest bisection first."""
    entries = tuple(_entry(site, one, one.result) for one in site.content.bisections if one.result is not None)
    description = f"What made {site.content.project} slower or faster: {units.count(len(entries), 'bisection')}."
    return BisectionsPage(site.frame(site.bisections, description, title="Bisections"), entries)


def _entry(site: Publication, bisection: Bisection, result: Result) -> BisectionEntry:
    def points(names: Sequence[str]) -> tuple[Link, ...]:
        is_release = bisection.axis == "pythons"
        return tuple(Link(f"CPython {name}") if is_release else site.commits.link(name) for name in names)

    candidates = () if result.culprit else result.candidates
    moved = Attribution(result.cause, result.cause_probability, result.moved)  # type: ignore[arg-type]  # as stored
    return BisectionEntry(
        bisection,
        result,
        question=_question(bisection),
        outcome=_OUTCOMES[result.outcome],
        culprit=points([result.culprit])[0] if result.culprit else Link(""),
        probability="" if bisection.counted else f"{math.floor(result.probability * 1000) / 10:.1f}%",
        cause=comparison_words.attribution_words(moved) if result.effects else "",
        figures=tuple(_figures(effect) for effect in result.effects),
        moved=tuple(
            (METRICS[effect.metric].phrase, units.visible(comparison_words.moved_words(effect.moved)))
            for effect in result.effects
            if effect.moved
        ),
        candidates=points(candidates[:_CANDIDATES_SHOWN]),
        more_candidates=max(len(candidates) - _CANDIDATES_SHOWN, 0),
        skipped=tuple((skipped.point[:14], units.reason_line(skipped.reason)) for skipped in result.skipped),
        traces=tuple(units.visible(comparison_words.trace_words(change)) for change in result.traces),
    )


def _question(bisection: Bisection) -> str:
    """Return what was searched: `JIT on, from 1a2b3c4d to 5e6f7a8b on CPython 3.15.2+…, on the machine …`."""
    what, machine = METRICS[SERIES_METRIC[bisection.metric]].phrase, units.visible(bisection.machine)
    good, bad = bisection.good, bisection.bad
    if bisection.axis == "pythons":
        return f"{what}, from CPython {good} to {bad} at commit {bisection.commit[:8]}, on {machine}"
    return f"{what}, from {good[:8]} to {bad[:8]} on CPython {bisection.interpreter}, on {machine}"


def _figures(effect: Effects) -> tuple[str, str, str, str, str]:
    form = form_of(effect.metric, "seconds")
    change = f"{comparison_words.percent(effect.ratio)} ({comparison_words.percents(effect.low, effect.high)})"
    return METRICS[effect.metric].phrase, form(effect.before), form(effect.after), change, effect.verdict
