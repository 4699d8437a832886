"""The article's claims about when a JIT pays, each with the benchmarks that test it, and what was measured of it.

Nothing here says how a claim comes out. A rule names its benchmarks by the file that they are in, so that a project
whose own files are called alike (`service.py`) has its own programs answer the rule; where nothing matches, the
answer is `not measured`.

How an answer comes about, on one interpreter. Every case has a ratio off / on, of its time or of its peak memory:
above 1 the JIT helps. A case *supports* the claim or *contradicts* it if its verdict says so, and is *open* if the
verdict is unclear. The mean over the cases is that of a suite (params within benchmarks within groups, in
logarithms, a 95% interval), with the verdict of `verdict.decide`.

    claim               a verdict or a mean supports it if    contradicts it if
    gains               faster                                same or slower
    does not gain       same or slower                        faster
    costs               slower                                same or faster
    does more           faster                                same or slower (of the ratio of the two speedups)

    holds               the mean supports the claim, and at most a quarter of the clear cases contradict it
    does not hold       the mean contradicts it, and at most a quarter of the clear cases support it
    depends             neither, and there are cases of both kinds
    unclear             anything else, and wherever fewer than half of the cases are clear
    not measured        no case has two pairs
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary, Limits, SuiteSummary
from asv_jit.analysis.speedup import toll
from asv_jit.analysis.stats.suite_mean import CaseMean, SuiteSpeedup, estimate, group_of
from asv_jit.analysis.verdict import EQUIVALENCE_ALPHA, decide, quantile
from asv_jit.model import CaseKey, minor_of, version_of

Claim: TypeAlias = Literal["gains", "does not gain", "costs", "does more"]
Metric: TypeAlias = Literal["time", "memory"]
Answer: TypeAlias = Literal["holds", "does not hold", "depends", "unclear", "not measured"]
Side: TypeAlias = Literal["supports", "contradicts", "open"]

_SUITE_ALPHA = 0.05
_MOST_AGAINST = 0.25  # of the clear cases may say the opposite before an answer becomes "depends"
_FEWEST_CLEAR = 0.5  # of all cases

_SUPPORTING = MappingProxyType(
    {"gains": ("faster",), "does not gain": ("same", "slower"), "costs": ("slower",), "does more": ("faster",)}
)


class Rule(Struct, frozen=True):
    """One claim. `cases` is a pattern for the names of the benchmarks that test it; `also` one for tracked values
    that are shown beside the answer without deciding it. `minors` are the Python releases that it covers (all if
    empty), `against` the release that they are compared with.
    """

    key: str
    text: str
    claim: Claim
    cases: str
    metric: Metric = "time"
    minors: tuple[str, ...] = ()
    against: str = ""
    also: str = ""


class Tested(Struct, frozen=True):
    """One case that tests a rule: its ratio off / on (or of two speedups), with an interval at the cases' level."""

    key: CaseKey
    ratio: float
    low: float
    high: float
    verdict: str
    side: Side


class OnRelease(Struct, frozen=True):
    """A rule's answer on one interpreter. `about`: whether the rule says anything of this release.

    `other` is the interpreter that it was compared with, or empty. `also` holds (parameters, mean ratio off / on).
    """

    interpreter: str
    about: bool
    answer: Answer
    mean: SuiteSpeedup | None
    tested: tuple[Tested, ...]
    other: str = ""
    also: tuple[tuple[str, SuiteSpeedup], ...] = ()

    def count(self, side: Side) -> int:
        """Return how many cases are on a side."""
        return sum(one.side == side for one in self.tested)


class RuleAnswer(Struct, frozen=True):
    """The answers to a rule, in the order of the suites."""

    rule: Rule
    releases: tuple[OnRelease, ...]

    @property
    def measured(self) -> bool:
        """Return True if any interpreter has a measured answer."""
        return any(one.answer != "not measured" for one in self.releases)

    @property
    def contradicted(self) -> tuple[str, ...]:
        """Return the interpreters that the rule covers and on which it does not hold."""
        return tuple(one.interpreter for one in self.releases if one.about and one.answer == "does not hold")


RULES = (
    Rule("cpu", "Programs that spend their time in Python code gain.", "gains", r"^cpu\."),
    Rule(
        "service",
        "Services that run for long gain once they are warm.",
        "gains",
        r"^service\.",
        also=r"^service\..*\.track_first_",
    ),
    Rule("io", "Programs that wait for files, databases or the network do not gain.", "does not gain", r"^io_bound\."),
    Rule("extension", "Programs whose work is done by C code do not gain.", "does not gain", r"^extension\."),
    Rule("startup", "Scripts that end within a second do not gain.", "does not gain", r"^startup\."),
    Rule("memory", "Where memory is scarce, the JIT costs: it needs some of its own.", "costs", r"^memory\.", "memory"),
    Rule(
        "dijkstra",
        "Dijkstra's algorithm does not gain on 3.14: work on heaps and tuples dominates it.",
        "does not gain",
        r"^cpu\.Dijkstra\.",
        minors=("3.14",),
    ),
    Rule("3.15", "3.15 does more than 3.14.", "does more", r".", minors=("3.15",), against="3.14"),
)


def answer(rule: Rule, suites: Sequence[SuiteSummary], limits: Limits) -> RuleAnswer:
    """Answer a rule from the suites, one per interpreter; suites without pairs are skipped."""
    paired = [suite for suite in suites if any(case.pairs for case in suite.cases)]
    if not rule.against:
        return RuleAnswer(rule, tuple(_on_release(rule, suite, limits) for suite in paired))
    older = [suite for suite in paired if minor_of(suite.interpreter) == rule.against]
    before = max(older, key=lambda suite: _release(suite.interpreter), default=None)
    after = [suite for suite in paired if minor_of(suite.interpreter) in rule.minors]
    return RuleAnswer(rule, tuple(_against(rule, suite, before, limits) for suite in after))


def untested_groups(suites: Sequence[SuiteSummary]) -> tuple[str, ...]:
    """Return the groups with pairs of times that no rule tests, sorted by name."""
    patterns = [re.compile(rule.cases) for rule in RULES if not rule.against]
    groups = {
        group_of(case.key.case.benchmark)
        for suite in suites
        for case in suite.cases
        if case.speedup is not None and not any(pattern.search(case.key.case.benchmark) for pattern in patterns)
    }
    return tuple(sorted(groups))


def _on_release(rule: Rule, suite: SuiteSummary, limits: Limits) -> OnRelease:
    chosen = [case for case in suite.cases if re.search(rule.cases, case.key.case.benchmark)]
    mean_of = _of_time if rule.metric == "time" else _of_memory
    found = [(case.key.case, mean) for case in chosen if (mean := mean_of(case, limits)) is not None]
    return _decide(rule, suite.interpreter, found, limits, also=_also(rule, suite))


def _against(rule: Rule, suite: SuiteSummary, before: SuiteSummary | None, limits: Limits) -> OnRelease:
    """Return the ratio of the speedups of two releases, over the cases that both have."""
    if before is None:
        return OnRelease(suite.interpreter, True, "not measured", None, ())
    old, new = (
        {case.key.case: mean[0] for case in one.cases if (mean := _of_time(case, limits)) is not None}
        for one in (before, suite)
    )
    found = []
    for key in (key for key in new if key in old):
        a, b = old[key], new[key]
        error, pairs = math.hypot(a.error, b.error), min(a.pairs, b.pairs)
        gain = CaseMean(b.benchmark, b.mean - a.mean, error, pairs, a.doubt + b.doubt)
        found.append((key, (gain, _verdict(gain, limits))))
    return _decide(rule, suite.interpreter, found, limits, other=before.interpreter)


def _decide(
    rule: Rule,
    interpreter: str,
    found: Sequence[tuple[CaseKey, tuple[CaseMean, str]]],
    limits: Limits,
    *,
    other: str = "",
    also: tuple[tuple[str, SuiteSpeedup], ...] = (),
) -> OnRelease:
    tested = tuple(_tested(rule, key, mean, verdict, limits) for key, (mean, verdict) in found)
    means = [mean for _, (mean, _) in found]
    whole = estimate(means, alpha=_SUITE_ALPHA)
    about = not rule.minors or minor_of(interpreter) in rule.minors
    if whole is None:
        return OnRelease(interpreter, about, "not measured", None, (), other, also)
    side = _side(rule, whole.verdict(limits.equivalence))
    return OnRelease(interpreter, about, _answer(side, tested), whole, tested, other, also)


def _answer(mean: Side, tested: Sequence[Tested]) -> Answer:
    supporting = sum(one.side == "supports" for one in tested)
    contradicting = sum(one.side == "contradicts" for one in tested)
    clear = supporting + contradicting
    if clear < _FEWEST_CLEAR * len(tested):
        return "unclear"
    if mean == "supports" and contradicting <= _MOST_AGAINST * clear:
        return "holds"
    if mean == "contradicts" and supporting <= _MOST_AGAINST * clear:
        return "does not hold"
    return "depends" if supporting and contradicting else "unclear"


def _tested(rule: Rule, key: CaseKey, mean: CaseMean, verdict: str, limits: Limits) -> Tested:
    half = _half_width(mean, limits.alpha)
    ratio, low, high = (_exp(value) for value in (mean.mean, mean.mean - half, mean.mean + half))
    return Tested(key, ratio, low, high, verdict, _side(rule, verdict))


def _side(rule: Rule, verdict: str) -> Side:
    if verdict not in ("faster", "same", "slower"):
        return "open"
    return "supports" if verdict in _SUPPORTING[rule.claim] else "contradicts"


def _of_time(case: CaseSummary, limits: Limits) -> tuple[CaseMean, str] | None:
    found = case.speedup
    if found is None or found.pairs < 2 or not math.isfinite(found.error):
        return None
    return CaseMean(case.key.case.benchmark, math.log(found.ratio), found.error, found.pairs, found.doubt), case.verdict


def _of_memory(case: CaseSummary, limits: Limits) -> tuple[CaseMean, str] | None:
    """Return the ratio of the peaks, off / on; its error follows from that of the difference."""
    found = case.memory
    if found is None or found.pairs < 2 or not math.isfinite(found.error_bytes):
        return None
    on_bytes = found.off_bytes + found.difference_bytes
    if on_bytes <= 0.0:
        return None
    ratio, error = found.off_bytes / on_bytes, found.error_bytes / on_bytes
    mean = CaseMean(case.key.case.benchmark, math.log(ratio), error, found.pairs)
    return mean, _verdict(mean, limits)


def _verdict(mean: CaseMean, limits: Limits) -> str:
    """Return the verdict of one case, as `speedup.estimate` does."""
    half, narrow = (_half_width(mean, alpha) for alpha in (limits.alpha, EQUIVALENCE_ALPHA))
    return decide(mean.mean, half, narrow, limits.equivalence)


def _half_width(mean: CaseMean, alpha: float) -> float:
    return toll(mean.pairs) * quantile(mean.pairs - 1, alpha) * mean.error + mean.doubt


def _also(rule: Rule, suite: SuiteSummary) -> tuple[tuple[str, SuiteSpeedup], ...]:
    """Return the mean ratio of the tracked values shown with a rule, one per combination of parameters."""
    if not rule.also:
        return ()
    grouped: dict[tuple[str, ...], list[CaseMean]] = {}
    for case in suite.cases:
        found = case.tracked
        if found is not None and found.pairs > 1 and re.search(rule.also, case.key.case.benchmark):
            mean = CaseMean(case.key.case.benchmark, math.log(found.ratio), found.error, found.pairs)
            grouped.setdefault(case.key.case.params, []).append(mean)
    wholes = ((", ".join(params), estimate(means, alpha=_SUITE_ALPHA)) for params, means in sorted(grouped.items()))
    return tuple((params, whole) for params, whole in wholes if whole is not None)


def _exp(value: float) -> float:
    """Return the exponential, infinite on overflow, which two outlying pairs can cause."""
    return math.exp(value) if value < 700.0 else math.inf


def _release(identity: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version_of(identity).split("."))
