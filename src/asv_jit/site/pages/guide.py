"""The Guide: when to turn the JIT on, each of the article's rules with what was measured of it here.

All that is said of an outcome follows from `analysis.guide`; what is written by hand is the claims and the commands.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from asv_jit.analysis import guide
from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.summary import CaseSummary, Limits, SuiteSummary, group_of
from asv_jit.analysis.counts.summary import CaseCount
from asv_jit.model import CaseKey
from asv_jit.site.content.release_index import ReleaseIndex
from asv_jit.site.content.site_content import Machine, Release
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.count_section import shares_text
from asv_jit.site.parts.guide_words import CHECKS, WORDS, between, mean_of, missing, repeat, what
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Badge, Figure, Frame
from asv_jit.text import units

_BADGES = {
    "holds": Badge("holds", "✓", "holds"),
    "does not hold": Badge("contradicted", "✕", "does not hold"),
    "depends": Badge("depends", "◐", "depends"),
    "unclear": Badge("unclear", "?", "not clear yet"),
    "not measured": Badge("none", "○", "not measured here"),
}
_SYMBOLS = {"faster": "▲", "slower": "▼", "same": "=", "unclear": "?"}
_MOST_ROWS = 200


class GuideAnswer(Struct, frozen=True):
    """A rule's answer on one release, in words with the figures that they follow from; `work` explains a speedup."""

    release: str
    badge: Badge
    mean: str
    detail: str
    tally: str
    aside: str
    also: tuple[tuple[str, str], ...]
    work: str


class GuideRow(Struct, frozen=True):
    """One case that tests a rule, with a figure and a verdict for each release."""

    name: str
    params: str
    href: str
    cells: tuple[tuple[Figure, Badge | None], ...]


class GuideRule(Struct, frozen=True):
    """One rule; `missing` says why there is no answer, `contradiction` where the article is contradicted."""

    anchor: str
    text: str
    glance: tuple[Badge | None, ...]
    answers: tuple[GuideAnswer, ...]
    missing: str
    contradiction: str
    what: str
    also: str
    columns: tuple[str, ...]
    rows: tuple[GuideRow, ...]
    cases: str
    repeat: str
    checks: tuple[tuple[str, str], ...]


class GuideGroup(Struct, frozen=True):
    """A group of this project's own that no rule is about, with its mean on each release."""

    name: str
    cells: tuple[tuple[Figure, Badge | None], ...]


class GuidePage(Struct, frozen=True):
    """`guide.html`. `measured`: whether there are any pairs; `tested`: whether they answer any of the rules."""

    frame: Frame
    rules: tuple[GuideRule, ...]
    columns: tuple[str, ...]
    groups: tuple[GuideGroup, ...]
    machine: str
    without_jit: str
    measured: bool
    tested: bool
    level: str
    equivalence: str


class _Measured(Struct, frozen=True):
    """What the page is made from: the releases with pairs, newest first, and each one's cases now."""

    releases: tuple[Release, ...]
    names: tuple[str, ...]
    currents: tuple[Current, ...]
    limits: Limits
    cases: Mapping[tuple[str, CaseKey], CaseSummary]
    counts: Mapping[tuple[str, CaseKey], CaseCount]

    @property
    def identities(self) -> tuple[str, ...]:
        """The releases' identities."""
        return tuple(release.identity for release in self.releases)

    @property
    def suites(self) -> tuple[SuiteSummary, ...]:
        """Each release's cases."""
        return tuple(current.suite for current in self.currents)

    def name(self, identity: str) -> str:
        """A release as the site calls it."""
        known = {release.identity: name for release, name in zip(self.releases, self.names, strict=True)}
        return known.get(identity, identity)


def make(site: Publication) -> GuidePage:
    """The rules against the leading machine's results: those of the first machine that measured pairs."""
    content = site.content
    machine = next((one for one in content.machines if one.current), None)
    index = ReleaseIndex.of(content)
    measured = _measured(machine, index, content.settings)
    paired = {release.identity for release in measured.releases}
    without = [index.name(release) for release in index.releases if not release.has_jit]
    rules = tuple(_rule(guide.answer(rule, measured.suites, measured.limits), measured) for rule in guide.RULES)
    return GuidePage(
        frame=site.frames.make(
            "guide", "Guide", "When to turn CPython’s JIT on: each rule with the measurements behind it.",
            path="guide.html",
        ),
        rules=rules,
        columns=measured.names,
        groups=_groups(measured),
        machine=units.shorten(units.visible(machine.name), 80) if machine is not None else "",
        without_jit=", ".join(without),
        measured=bool(paired),
        tested=any(rule.answers for rule in rules),
        level=units.level(content.settings.alpha),
        equivalence=f"{content.settings.equivalence * 100:.6g}%",
    )  # fmt: skip


def _measured(machine: Machine | None, index: ReleaseIndex, limits: Limits) -> _Measured:
    by_release = {current.interpreter: current for current in machine.current} if machine is not None else {}
    releases = tuple(
        release
        for release in index.releases
        if release.identity in by_release and any(case.pairs for case in by_release[release.identity].suite.cases)
    )
    currents = tuple(by_release[release.identity] for release in releases)
    return _Measured(
        releases,
        tuple(index.name(release) for release in releases),
        currents,
        limits,
        {(current.interpreter, case.key.case): case for current in currents for case in current.suite.cases},
        {(one.key.interpreter, one.key.case): one for one in (machine.counts if machine is not None else ())},
    )


def _rule(found: guide.RuleAnswer, measured: _Measured) -> GuideRule:
    rule = found.rule
    answers = [one for one in found.releases if one.answer != "not measured"]
    tested = [{one.key: one for one in release.tested} for release in answers]
    keys = _most_telling(tested)
    against = [f"Python {measured.name(identity)}" for identity in found.contradicted]
    return GuideRule(
        anchor=f"rule-{rule.key.replace('.', '-')}",
        text=rule.text,
        glance=tuple(_glance(identity, found.releases) for identity in measured.identities),
        answers=tuple(_answer(rule, one, measured) for one in answers),
        missing="" if answers else missing(rule, found),
        contradiction=f"The measurements contradict this on {' and '.join(against)}." if against else "",
        what=what(rule),
        also="The first 10,000 requests of a process, as latency off ÷ latency on" if rule.also else "",
        columns=tuple(measured.name(one.interpreter) for one in answers),
        rows=tuple(_row(rule, key, answers, tested, measured) for key in keys),
        cases=_cases_text(tested, keys),
        repeat=repeat(rule),
        checks=CHECKS[rule.key],
    )


def _answer(rule: guide.Rule, one: guide.OnRelease, measured: _Measured) -> GuideAnswer:
    counts = Counter(tested.verdict for tested in one.tested)
    words = WORDS["releases" if rule.against else rule.metric]
    parts = [f"{counts[verdict]:,} {word}" for verdict, word in words.items() if counts[verdict]]
    mean, detail = mean_of(rule, one.mean)
    return GuideAnswer(
        release=measured.name(one.interpreter),
        badge=_BADGES[one.answer] if one.about else Badge("none", "", "not in the rule"),
        mean=mean,
        detail=detail,
        tally=f"of {units.count(len(one.tested), 'case')} {', '.join(parts)}"
        + (f"; {units.count(one.mean.pairs, 'pair')}" if one.mean is not None else ""),
        aside=f"against Python {measured.name(one.other)}" if one.other else "",
        also=tuple(
            (f"percentile {units.visible(params)}", f"{units.ratio(whole.ratio)} ({between(whole)})")
            for params, whole in one.also
        ),
        work=shares_text(
            count
            for tested in one.tested
            if rule.metric == "time" and (count := measured.counts.get((one.interpreter, tested.key))) is not None
        ),
    )


def _glance(identity: str, answers: Sequence[guide.OnRelease]) -> Badge | None:
    """The answer on one release for the table above; None where the rule says nothing of it."""
    return next((_BADGES[one.answer] for one in answers if one.interpreter == identity and one.about), None)


def _most_telling(tested: Sequence[Mapping[CaseKey, guide.Tested]]) -> list[CaseKey]:
    """The cases in order of name; of very many only those that differ most."""
    reach: dict[CaseKey, float] = {}
    for release in tested:
        for key, one in release.items():
            distance = abs(math.log(one.ratio)) if 0.0 < one.ratio < math.inf else 0.0
            reach[key] = max(reach.get(key, 0.0), distance)
    return sorted(sorted(reach, key=lambda key: (-reach[key], key))[:_MOST_ROWS])


def _cases_text(tested: Sequence[Mapping[CaseKey, guide.Tested]], shown: Sequence[CaseKey]) -> str:
    """`3 cases that test it`, or how many of them are shown."""
    count = len({key for release in tested for key in release})
    if count == len(shown):
        return f"The {units.count(count, 'case')} that test it" if count != 1 else "The case that tests it"
    return f"Of the {units.count(count, 'case')} that test it, the {len(shown):,} that differ most"


def _row(
    rule: guide.Rule,
    key: CaseKey,
    answers: Sequence[guide.OnRelease],
    tested: Sequence[Mapping[CaseKey, guide.Tested]],
    measured: _Measured,
) -> GuideRow:
    cells = [
        _cell(rule, of_release.get(key), measured.cases.get((one.interpreter, key)))
        for one, of_release in zip(answers, tested, strict=True)
    ]
    name = units.shorten(units.visible(key.benchmark), 120)
    return GuideRow(name, figures.params_text(key, 80), f"case/{slug(key)}.html", tuple(cells))


def _cell(rule: guide.Rule, tested: guide.Tested | None, case: CaseSummary | None) -> tuple[Figure, Badge | None]:
    if tested is None:
        return Figure(units.DASH), None
    words = WORDS["releases" if rule.against else rule.metric]
    badge = Badge(tested.verdict, _SYMBOLS.get(tested.verdict, "?"), words.get(tested.verdict, tested.verdict))
    if rule.metric == "memory" and case is not None:
        found = figures.memory_change_of(case)
    else:
        found = Figure(units.ratio(tested.ratio), units.ratio_interval(tested.low, tested.high))
    pairs = figures.pairs_text(case) if case is not None else ""
    return Figure(found.text, ", ".join(filter(None, (found.detail, pairs)))), badge


def _groups(measured: _Measured) -> tuple[GuideGroup, ...]:
    found = []
    for group in guide.untested_groups(measured.suites):
        cells: list[tuple[Figure, Badge | None]] = []
        for current in measured.currents:
            mean = next((one.mean for one in current.groups if one.group == group), None)
            if mean is None:
                cells.append((Figure(units.DASH), None))
                continue
            verdict = mean.verdict(measured.limits.equivalence)
            badge = Badge(verdict, _SYMBOLS[verdict], WORDS["time"][verdict])
            pairs = units.count(mean.pairs, "pair")
            counted = [
                one
                for (name, key), one in measured.counts.items()
                if name == current.interpreter and group_of(key.benchmark) == group
            ]
            detail = ", ".join(filter(None, (between(mean), pairs, shares_text(counted))))
            cells.append((Figure(units.ratio(mean.ratio), detail), badge))
        found.append(GuideGroup(units.shorten(units.visible(group), 80), tuple(cells)))
    return tuple(found)
