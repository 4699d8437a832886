"""Events as lines that a reader understands: what became slower, by how much, since when, why, and what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.history.detection import is_worse
from asv_jit.analysis.history.events import Change, Event
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.analysis.metrics import COUNTED, METRICS
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Badge, CaseName, Figure, Link
from asv_jit.text import units
from asv_jit.text.event_words import (
    bisect_command,
    change_words,
    form_of,
    headline_words,
    installed_words,
    moved_words,
    others_words,
    requirements_words,
)

_STATES = {
    "candidate": Badge("unclear", "?", "candidate", "found in the history, not confirmed yet"),
    "confirmed": Badge("failed", "!", "confirmed", "new measurements of both sides show it too"),
    "counted": Badge("failed", "!", "confirmed", "the counts of all hash seeds show it"),
    "refuted": Badge("same", "=", "refuted", "new measurements of both sides do not show it"),
    "fixed": Badge("faster", "✓", "fixed", "a later commit reversed it"),
    "accepted": Badge("same", "✓", "accepted", "somebody accepted it, with a reason"),
}
_BETWEEN = Badge(
    "same", "≠", "two versions", "a difference between two minor versions of Python, not counted as a regression"
)
_CAUSES = {
    "code": "the code: both modes moved alike",
    "jit": "the JIT: only the mode with it on moved",
    "interpreter": "the interpreter: only the mode with the JIT off moved",
    "mixed": "the code, and differently so with the JIT on",
    "release": "the Python release",
    "machine": "the machine: the anchor moved too",
    "requirements": "the requirements",
    "unclear": "not clear",
}
_MOST_SUSPECTS = 20


class ChangeLine(Struct, frozen=True):
    """One metric of an event: what moved, from where to where, and of how many figures each level is made."""

    metric: str
    change: str
    before: Figure
    after: Figure
    chance: str
    figures: str


class EventLine(Struct, frozen=True):
    """One event. `what` is a regression, an improvement or a difference (between two minor versions).

    `size` is what the column of changes is sorted by. `cause_known` is False if the cause only says that asv's own
    results, which have no modes, can tell none. `suspects` are the newest suspected commits with their subjects.
    """

    event: Event
    name: CaseName
    what: Badge
    state: Badge
    href: str
    line: str
    machine: str
    headline: ChangeLine
    others: tuple[ChangeLine, ...]
    size: str
    cause: str
    cause_known: bool
    probability: str
    suspects: tuple[tuple[Link, str], ...]
    more_suspects: str
    command: str
    bisection: Link


class EventLines:
    """Makes the lines of one publication's events."""

    def __init__(self, site: Publication) -> None:
        self._site = site
        self._suspects: dict[str, tuple[Link, str]] = {}
        self._units: Mapping[SeriesKey, str] = site.content.history.units

    def line(self, event: Event) -> EventLine:
        """Make the line of an event."""
        site, key = self._site, event.key
        unit = self._units.get(key, "seconds")
        newest = event.suspects[::-1][:_MOST_SUSPECTS] if len(event.suspects) > 1 else ()
        more = len(event.suspects) - len(newest) if newest else 0
        cause = event.attribution.cause
        has_bisection = event.bisection and site.bisections
        return EventLine(
            event,
            _name(event),
            _what(event),
            _BETWEEN if event.between_lines else _STATES[_state(event)],
            href=event_address(event),
            line=units.shown(f"{key.line}, branch {key.branch}" if key.branch else key.line, 120),
            machine=units.shown(key.machine, 80),
            headline=_change(event, event.headline, unit, headline_words(event, unit)),
            others=tuple(_change(event, change, unit, change_words(change, unit)) for change in event.metrics[1:]),
            size=f"{abs(math.log(event.headline.ratio)):.4f}" if event.headline.ratio > 0.0 else "",
            cause=_cause(event),
            cause_known=cause != "unclear" or bool(event.installed) or event.headline.metric != "plain",
            probability=_probability(event.attribution),
            suspects=tuple([self._suspect(digest) for digest in newest]),
            more_suspects=f"{more:,} more" if more else "",
            command=_command(event),
            bisection=Link("the bisection", f"{site.bisections}#{event.bisection}") if has_bisection else Link(""),
        )

    def _suspect(self, digest: str) -> tuple[Link, str]:
        """Return the commit and its subject; a thousand commits are suspects of tens of thousands of events."""
        suspect = self._suspects.get(digest)
        if suspect is None:
            suspect = self._suspects[digest] = self._site.commits.link(digest), self._site.commits.subject(digest)
        return suspect


def event_address(event: Event) -> str:
    """The case's page with its charts at the event's machine, line and commit, as `static/history.js` reads it."""
    key = event.key
    view = {
        "machine": key.machine,
        "branch": key.branch,
        "lines": key.line.replace("%", "%25").replace(";", "%3B"),
        "commit": event.commit[:8],
    }
    kept = urlencode({name: units.visible(text) for name, text in view.items() if text}, quote_via=quote)
    return f"case/{slug(key.case)}.html#{kept}"


def _name(event: Event) -> CaseName:
    name = CaseName.of(event.key.case)
    return replace(name, params=name.params + others_words(event)) if event.moved else name


def _what(event: Event) -> Badge:
    if event.between_lines:
        first = event.headline
        worse = is_worse(first.metric, first.before, first.after)
        return Badge("slower" if worse else "faster", "▼" if worse else "▲", "difference")
    return Badge("slower", "▼", "regression") if event.worse else Badge("faster", "▲", "improvement")


def _state(event: Event) -> str:
    return "counted" if event.counted and event.state == "confirmed" else event.state


def _cause(event: Event) -> str:
    if event.moved:
        return moved_words(event)
    words = _CAUSES[event.attribution.cause]
    if event.attribution.cause == "requirements":
        words = f"{words}: {requirements_words(event)}"
    elif event.headline.metric == "plain":  # there are no modes to compare
        words = words.partition(":")[0]
    return f"{words}; {installed_words(event)}" if event.installed else words


def _change(event: Event, change: Change, unit: str, words: str) -> ChangeLine:
    form, phrase = form_of(change.metric, unit), METRICS[change.metric].phrase
    return ChangeLine(
        metric=phrase if unit == "seconds" else phrase.replace("time", "value"),
        change=words,
        before=Figure(form(change.before), units.interval(form(change.before_low), form(change.before_high))),
        after=Figure(form(change.after), units.interval(form(change.after_low), form(change.after_high))),
        chance=_chance(change),
        figures=_figures(event, change),
    )


def _chance(change: Change) -> str:
    if change.metric in COUNTED:
        return "none, counts are exact"
    return f"{change.p_value:.1g}" if change.p_value >= 1e-12 else "below 1e-12"


def _figures(event: Event, change: Change) -> str:
    """`45 → 120 points`, of two releases `22 → 22 trials`; nothing where it is not known."""
    before, after = change.figures
    noun = "point" if event.axis == "commits" else "pair" if change.metric == "speedup" else "trial"
    noun = "hash seed" if change.metric in COUNTED else noun
    return f"{before:,} → {units.count(after, noun)}" if after else ""


def _probability(attribution: Attribution) -> str:
    """How sure the attribution is; nothing where it is not clear anyway."""
    if attribution.cause == "unclear" or math.isnan(attribution.probability):
        return ""
    return f"{min(attribution.probability, 0.99):.0%}" if attribution.probability < 0.995 else "over 99%"


def _command(event: Event) -> str:
    """The command that looks for the culprit; empty where nothing is left to find."""
    settled = not event.worse or event.bisection or event.between_lines or event.key.protocol == "asv"
    return "" if settled else bisect_command(event)
