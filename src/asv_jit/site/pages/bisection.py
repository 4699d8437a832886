"""Bisections: every search for a culprit that came to its end, with what it found and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct

from asv_jit.analysis.attribution import Attribution
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.parts.publication import Drawn, Publication
from asv_jit.site.parts.values import Badge, Frame, Link
from asv_jit.store.findings.bisections import Bisection, Result
from asv_jit.store.findings.confirmations import Effects
from asv_jit.text import comparison_words, units
from asv_jit.text.event_words import form_of
from asv_jit.text.folders import without_folders

FILE = "bisections.html"
_OUTCOMES = {
    "found": Badge("same", "✓", "found"),
    "not_reproducible": Badge("unclear", "?", "not reproducible", "the ends do not differ on this machine"),
    "undecided": Badge("unclear", "?", "undecided", "more measurements would not tell the candidates apart"),
    "unbuildable": Badge("failed", "✕", "nothing buildable", "an end, or all between the ends, cannot be measured"),
}
_CANDIDATES_SHOWN = 20
_REASON_LIMIT = 300


class BisectionEntry(Struct, frozen=True):
    """One bisection as finished text; `anchor` is its identity, and what other pages link to.

    `figures`: name, before, after, change with its interval, verdict. `skipped`: a point and why.
    """

    anchor: str
    case: str
    question: str
    outcome: Badge
    culprit: Link
    subject: str
    author: str
    probability: str
    confirmation: str
    cause: str
    figures: tuple[tuple[str, str, str, str, str], ...]
    candidates: tuple[Link, ...]
    more_candidates: str
    skipped: tuple[tuple[str, str], ...]
    diff_stat: str
    traces: tuple[str, ...]
    spent: str


class BisectionsPage(Struct, frozen=True):
    """`bisections.html`."""

    frame: Frame
    entries: tuple[BisectionEntry, ...]


def make(site: Publication) -> Iterator[Drawn]:
    """The page, the newest bisection first; none where nothing was bisected."""
    content = site.content
    entries = tuple(_entry(content, one, one.result) for one in content.bisections if one.result is not None)
    if not entries:
        return
    description = f"What made {content.project} slower or faster: {units.count(len(entries), 'bisection')}."
    frame = site.frames.make("bisections", "Bisections", description, path=FILE)
    yield Drawn(FILE, "bisection.html", BisectionsPage(frame, entries))


def _entry(content: SiteContent, one: Bisection, result: Result) -> BisectionEntry:
    on_releases = one.axis == "pythons"
    shown = result.candidates[:_CANDIDATES_SHOWN]
    more = len(result.candidates) - len(shown)
    moved = Attribution(result.cause, result.cause_probability, result.moved)  # type: ignore[arg-type]  # as stored
    return BisectionEntry(
        anchor=one.identity,
        case=units.visible(str(one.case)),
        question=_question(one),
        outcome=_OUTCOMES[result.outcome],
        culprit=_point(content, result.culprit, on_releases) if result.culprit else Link(""),
        subject=units.shorten(units.visible(result.subject), 200),
        author=units.shorten(units.visible(result.author), 100),
        probability=f"{math.floor(result.probability * 1000) / 10:.1f}%" if result.culprit else "",
        confirmation=_confirmation(result),
        cause=comparison_words.attribution_words(moved) if result.effects else "",
        figures=tuple(_figures(effect) for effect in result.effects),
        candidates=tuple(_point(content, point, on_releases) for point in shown) if result.culprit is None else (),
        more_candidates=units.count(more, "more") if more > 0 and result.culprit is None else "",
        skipped=tuple((skipped.point[:14], _last_line(skipped.reason)) for skipped in result.skipped),
        diff_stat=units.visible(result.diff_stat),
        traces=tuple(units.visible(comparison_words.trace_words(change)) for change in result.traces),
        spent=f"{units.count(result.measurements, 'measurement')} of {units.count(result.builds, 'point')}, "
        f"{units.moment(one.updated)}",
    )


def _question(one: Bisection) -> str:
    """What was searched: `JIT on, from 1a2b3c4d to 5e6f7a8b on CPython 3.15.2+…, on the machine …`."""
    metric = {"peak_memory": "peak memory", "warmup": "warm-up", "speedup": "speedup"}.get(one.metric)
    what = metric or f"JIT {one.metric}"
    if one.axis == "pythons":
        return (
            f"{what}, from CPython {one.good} to {one.bad} at commit {one.commit[:8]}, on {units.visible(one.machine)}"
        )
    machine = units.visible(one.machine)
    return f"{what}, from {one.good[:8]} to {one.bad[:8]} on CPython {one.interpreter}, on {machine}"


def _point(content: SiteContent, point: str, is_release: bool) -> Link:
    if is_release:
        return Link(f"CPython {point}")
    prefix = content.show_commit_url
    web = prefix.startswith(("https://", "http://"))  # never a script: the address comes from a configuration
    return Link(point[:8], prefix + point if web else "")


def _confirmation(result: Result) -> str:
    if not result.confirmation:
        return ""
    by = units.count(result.blocks, "fresh block")
    return f"{result.confirmation.capitalize()} by {by}: {units.visible(result.reason)}"


def _figures(effect: Effects) -> tuple[str, str, str, str, str]:
    form = form_of(effect.metric, "seconds")
    change = f"{comparison_words.percent(effect.ratio)} ({comparison_words.percents(effect.low, effect.high)})"
    return comparison_words.METRIC_NAMES[effect.metric], form(effect.before), form(effect.after), change, effect.verdict


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return units.shorten(units.visible(without_folders(lines[-1])), _REASON_LIMIT) if lines else ""
