"""The Guide: when to turn the JIT on, each of the article's rules with what was measured of it here.

All that is said of an outcome follows from `analysis.guide`; what is written by hand is the claims and the commands.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from asv_jit.analysis import guide
from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.counts.summary import CaseCount
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup, group_of
from asv_jit.model import CaseKey
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.counts import jit_share
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Badge, Figure, Frame
from asv_jit.text import units
from asv_jit.text.case_names import params_text

_BADGES = {
    "holds": Badge("holds", "✓", "holds"),
    "does not hold": Badge("contradicted", "✕", "does not hold"),
    "depends": Badge("depends", "◐", "depends"),
    "unclear": Badge("unclear", "?", "not clear yet"),
    "not measured": Badge("none", "○", "not measured here"),
}
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
    """One case that tests a rule, or one group, with a figure and a verdict for each release."""

    name: str
    cells: tuple[tuple[Figure, Badge | None], ...]
    params: str = ""
    href: str = ""


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
    rows: tuple[GuideRow, ...]
    cases: str
    repeat: str
    checks: tuple[tuple[str, str], ...]


class GuidePage(Struct, frozen=True):
    """`guide.html`. `tested`: whether any rule has an answer; `groups` are those that no rule is about."""

    frame: Frame
    rules: tuple[GuideRule, ...]
    columns: tuple[str, ...]
    groups: tuple[GuideRow, ...]
    machine: str
    without_jit: str
    measured: bool
    tested: bool


class _Measured(Struct, frozen=True):
    """What the page is made from: the results of each release with pairs, newest first."""

    site: Publication
    currents: tuple[Current, ...]
    cases: Mapping[tuple[str, CaseKey], CaseSummary]
    counts: Mapping[tuple[str, CaseKey], CaseCount]

    def name(self, identity: str) -> str:
        """Return what the site calls a release."""
        return self.site.releases.name(identity)


def make(site: Publication) -> GuidePage:
    """Make the page from the results of the first machine that has any current ones."""
    machine = next((machine for machine in site.content.machines if machine.current), None)
    ordered = [
        current
        for release in site.releases.newest_first
        for where, current in site.measured(release)
        if where is machine and any(case.pairs for case in current.suite.cases)
    ]
    cases = {(current.interpreter, case.key.case): case for current in ordered for case in current.suite.cases}
    counts = {(one.key.interpreter, one.key.case): one for one in (machine.counts if machine is not None else ())}
    measured = _Measured(site, tuple(ordered), cases, counts)
    suites, limits = [current.suite for current in ordered], site.content.settings
    rules = tuple(_rule(guide.answer(rule, suites, limits), measured) for rule in guide.RULES)
    without = [release.identity for release in site.releases.newest_first if not release.has_jit]
    return GuidePage(
        frame=site.frame("guide.html", "When to turn CPython’s JIT on: each rule with the measurements behind it."),
        rules=rules,
        columns=tuple(measured.name(current.interpreter) for current in ordered),
        groups=tuple(_group(name, measured) for name in guide.untested_groups(suites)),
        machine=units.shown(machine.name, 80) if machine is not None else "",
        without_jit=", ".join(map(measured.name, without)),
        measured=bool(ordered),
        tested=any(rule.answers for rule in rules),
    )


def _rule(answered: guide.RuleAnswer, measured: _Measured) -> GuideRule:
    rule = answered.rule
    answers = [answer for answer in answered.releases if answer.answer != "not measured"]
    tested = [{answer.key: answer for answer in release.tested} for release in answers]
    keys = _most_telling(tested)
    against = [f"Python {measured.name(identity)}" for identity in answered.contradicted]
    glance = {answer.interpreter: _BADGES[answer.answer] for answer in answered.releases if answer.about}
    return GuideRule(
        anchor=f"rule-{rule.key.replace('.', '-')}",
        text=rule.text,
        glance=tuple(glance.get(current.interpreter) for current in measured.currents),
        answers=tuple(_answer(rule, answer, measured) for answer in answers),
        missing="" if answers else missing(rule, answered),
        contradiction=f"The measurements contradict this on {' and '.join(against)}." if against else "",
        what=what(rule),
        also="The first 10,000 requests of a process, as latency off ÷ latency on" if rule.also else "",
        rows=tuple(_row(rule, key, answers, tested, measured) for key in keys),
        cases=_cases_text(tested, keys),
        repeat=repeat(rule),
        checks=CHECKS[rule.key],
    )


def _answer(rule: guide.Rule, answered: guide.OnRelease, measured: _Measured) -> GuideAnswer:
    verdicts = Counter(tested.verdict for tested in answered.tested)
    parts = [f"{verdicts[verdict]:,} {word}" for verdict, word in _words(rule).items() if verdicts[verdict]]
    pairs = f"; {units.count(answered.mean.pairs, 'pair')}" if answered.mean is not None else ""
    mean, detail = mean_of(rule, answered.mean)
    counts = [measured.counts.get((answered.interpreter, tested.key)) for tested in answered.tested]
    return GuideAnswer(
        release=measured.name(answered.interpreter),
        badge=_BADGES[answered.answer] if answered.about else Badge("none", "", "not in the rule"),
        mean=mean,
        detail=detail,
        tally=f"of {units.count(len(answered.tested), 'case')} {', '.join(parts)}{pairs}",
        aside=f"against Python {measured.name(answered.other)}" if answered.other else "",
        also=tuple(
            (f"percentile {units.visible(params)}", f"{units.ratio(whole.ratio)} ({between(whole)})")
            for params, whole in answered.also
        ),
        work=_work(count for count in counts if count is not None and rule.metric == "time"),
    )


def _work(counts: Iterable[CaseCount]) -> str:
    share = jit_share(counts)
    return f"{share} of its work in code made by the JIT" if share else ""


def _words(rule: guide.Rule) -> Mapping[str, str]:
    """Return the words for each verdict on what the rule is about."""
    return WORDS["releases" if rule.against else rule.metric]


def _most_telling(tested: Sequence[Mapping[CaseKey, guide.Tested]]) -> list[CaseKey]:
    """Return the cases in order of name; of very many only those that differ most."""
    reach: dict[CaseKey, float] = {}
    for release in tested:
        for key, one in release.items():
            distance = abs(math.log(one.ratio)) if 0.0 < one.ratio < math.inf else 0.0
            reach[key] = max(reach.get(key, 0.0), distance)
    return sorted(sorted(reach, key=lambda key: (-reach[key], key))[:_MOST_ROWS])


def _cases_text(tested: Sequence[Mapping[CaseKey, guide.Tested]], shown: Sequence[CaseKey]) -> str:
    """Return `The 3 cases that test it`, or how many of them are shown."""
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
    cells = tuple(
        _cell(rule, of_release.get(key), measured.cases.get((one.interpreter, key)))
        for one, of_release in zip(answers, tested, strict=True)
    )
    return GuideRow(units.shown(key.benchmark, 120), cells, params_text(key, 80), f"case/{slug(key)}.html")


def _cell(rule: guide.Rule, tested: guide.Tested | None, case: CaseSummary | None) -> tuple[Figure, Badge | None]:
    if tested is None:
        return Figure(units.DASH), None
    if rule.metric == "memory" and case is not None:
        figure = figures.memory_change_of(case)
    else:
        figure = Figure(units.ratio(tested.ratio), units.ratio_interval(tested.low, tested.high))
    pairs = figures.pairs_text(case) if case is not None else ""
    badge = figures.badge(tested.verdict, _words(rule).get(tested.verdict, tested.verdict))
    return Figure(figure.text, ", ".join(filter(None, (figure.detail, pairs)))), badge


def _group(group: str, measured: _Measured) -> GuideRow:
    cells: list[tuple[Figure, Badge | None]] = []
    for current in measured.currents:
        mean = next((one.mean for one in current.groups if one.group == group), None)
        if mean is None:
            cells.append((Figure(units.DASH), None))
            continue
        verdict = mean.verdict(measured.site.content.settings.equivalence)
        counted = [
            count
            for (name, key), count in measured.counts.items()
            if name == current.interpreter and group_of(key.benchmark) == group
        ]
        detail = ", ".join(filter(None, (between(mean), units.count(mean.pairs, "pair"), _work(counted))))
        cells.append((Figure(units.ratio(mean.ratio), detail), figures.badge(verdict, WORDS["time"][verdict])))
    return GuideRow(units.shown(group, 80), tuple(cells))


# What a ratio off / on says, by what it is a ratio of.
WORDS: Mapping[str, Mapping[str, str]] = {
    "time": {"faster": "faster", "same": "the same", "slower": "slower", "unclear": "unclear"},
    "memory": {"faster": "need less", "same": "the same", "slower": "need more", "unclear": "unclear"},
    "releases": {"faster": "gain more", "same": "the same", "slower": "gain less", "unclear": "unclear"},
}
_PROGRAM = "your_program.py"
_LEAST_RATIO = 0.09  # off / on: below it percents only grow longer
CHECKS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cpu": (("A whole program, as it is:", f"asv-jit try {_PROGRAM}"),),
    "service": (
        ("Put a loop of requests into benchmarks/service.py of a suite of your own:", "asv-jit init"),
        ("and measure it after warm-up:", "asv-jit run --group service"),
    ),
    "io": (("A whole program, with an input that makes it wait as in real use:", f"asv-jit try {_PROGRAM}"),),
    "extension": (("A whole program; “hot” lists its slowest functions:", f"asv-jit try {_PROGRAM}"),),
    "startup": (("A command-line tool, start-up included:", "asv-jit try -m your_tool --help"),),
    "memory": (("A whole program; “peak memory” shows how much the JIT adds:", f"asv-jit try {_PROGRAM}"),),
    "dijkstra": (("A program of your own on that release:", f"asv-jit try --python 3.14 {_PROGRAM}"),),
    "3.15": (("A program of your own on both:", f"asv-jit try --python 3.14 --python 3.15 {_PROGRAM}"),),
}


def mean_of(rule: guide.Rule, whole: SuiteSpeedup | None) -> tuple[str, str]:
    """The mean and its 95% interval; of memory, what mode on needs more."""
    if whole is None:
        return "", ""
    if rule.metric == "memory":
        return _more(whole.ratio), units.interval(_more(whole.high), _more(whole.low))
    return units.ratio(whole.ratio), between(whole)


def between(whole: SuiteSpeedup) -> str:
    """A mean's interval."""
    return units.ratio_interval(whole.low, whole.high)


def _more(ratio: float) -> str:
    """`+1.3%` of memory for a ratio off / on of 0.987."""
    if ratio <= 0.0 or math.isinf(ratio):
        return units.DASH
    if ratio < _LEAST_RATIO:
        return units.ratio(1.0 / ratio)
    return units.signed_percent(1.0 / ratio, 1 if abs(1.0 / ratio - 1.0) < 0.0995 else 0)


def what(rule: guide.Rule) -> str:
    """What the figures of a rule are."""
    if rule.against:
        return f"the speedup by the JIT ÷ that on {rule.against}"
    if rule.metric == "memory":
        return "peak memory with the JIT on, against off"
    return "time with the JIT off ÷ time with it on"


def missing(rule: guide.Rule, found: guide.RuleAnswer) -> str:
    """Why there is no answer at all."""
    if rule.against and found.releases:
        return f"Not measured here: the rule needs results of both {rule.against} and {' or '.join(rule.minors)}."
    if rule.against:
        return f"Not measured here: there are no pairs of trials on {' or '.join(rule.minors)}."
    group, _, rest = _place(rule)
    if rest:
        return f"Not measured here: there is no benchmark {group}.{rest.removesuffix('.')} with pairs of trials."
    return f"Not measured here: no benchmark in a file called {group}.py has pairs of trials."


def _place(rule: guide.Rule) -> tuple[str, str, str]:
    """Where a rule's benchmarks are: the file, a dot, and the class if it is about one."""
    return rule.cases.removeprefix("^").replace("\\", "").partition(".")


def repeat(rule: guide.Rule) -> str:
    """The command that measures what tests the rule."""
    if rule.against:
        return f"asv-jit run HEAD --python {rule.against} --python {rule.minors[0]}"
    group, _, rest = _place(rule)
    return f"asv-jit run HEAD --bench '{rule.cases}'" if rest else f"asv-jit run HEAD --group {group}"
