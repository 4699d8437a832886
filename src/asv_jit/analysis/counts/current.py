"""The current counts: the newest per case, the split of the work, and the disagreement of counts and times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.counts.summary import CaseCount, ModeCount
from asv_jit.model import COUNT_PROTOCOL, CaseKey, Part


class WorkShares(Struct, frozen=True):
    """The work of several cases on one interpreter, as shares of its instructions, each case counting alike.

    `loop_off`: in the interpreter's loop with the JIT off, which is what a JIT can replace; `jit_on`: in code made by
    the JIT with it on.
    """

    loop_off: float
    jit_on: float
    cases: int


class Disagreement(Struct, frozen=True):
    """A case whose `counts`, instructions off / on, and `times`, time off / on, are both known."""

    case: CaseKey
    interpreter: str
    counts: float
    times: float

    @property
    def factor(self) -> float:
        """Return the larger ratio over the smaller, at least 1."""
        return max(self.counts / self.times, self.times / self.counts)


def current_counts(counts: Iterable[CaseCount], places: Mapping[str, int]) -> tuple[CaseCount, ...]:
    """Return the newest count of each case and interpreter; `places` gives each commit's age (0 is the newest).

    At one commit one with figures goes before one without, then one of this protocol, then the last counter's.
    """
    newest: dict[tuple[CaseKey, str], CaseCount] = {}

    def rank(one: CaseCount) -> tuple[int, bool, bool]:
        place = places.get(one.key.commit, len(places))
        return place, one.off is None and one.on is None, one.key.protocol != COUNT_PROTOCOL

    for one in sorted(counts, key=lambda one: one.key, reverse=True):
        name = one.key.case, one.key.interpreter
        if name not in newest or rank(one) < rank(newest[name]):
            newest[name] = one
    return tuple(newest[name] for name in sorted(newest))


def work_shares(counts: Iterable[CaseCount]) -> WorkShares | None:
    """Return the mean shares over the cases counted in both modes on one interpreter; None without any."""
    loops, made = [], []
    for one in counts:
        loop, jit = share(one.off, "loop"), share(one.on, "jit")
        if loop is not None and jit is not None:
            loops.append(loop)
            made.append(jit)
    return WorkShares(math.fsum(loops) / len(loops), math.fsum(made) / len(made), len(loops)) if loops else None


def count_ratio(one: CaseCount) -> float | None:
    """Return instructions per call, off / on; None unless both modes have them."""
    if one.off is None or one.on is None or min(one.off.per_call, one.on.per_call) <= 0.0:
        return None
    return one.off.per_call / one.on.per_call


def widest_disagreement(counts: Iterable[CaseCount], cases: Iterable[CaseSummary]) -> Disagreement | None:
    """Return the case whose count and time disagree most on one machine; None if no case has both.

    A time that is not clear yet is no witness against a count.
    """
    times = {
        (case.key.case, case.key.interpreter): case.speedup.ratio
        for case in cases
        if case.speedup is not None and case.verdict in ("faster", "slower", "same") and case.speedup.ratio > 0.0
    }
    found = [
        Disagreement(one.key.case, one.key.interpreter, ratio, times[one.key.case, one.key.interpreter])
        for one in counts
        if (one.key.case, one.key.interpreter) in times and (ratio := count_ratio(one)) is not None
    ]
    return max(found, key=lambda one: one.factor, default=None)


def share(count: ModeCount | None, part: Part) -> float | None:
    """Return the fraction of a steady call's instructions spent in a part; None without a count."""
    if count is None or count.split.total <= 0:
        return None
    instructions: int = getattr(count.split, part)
    return instructions / count.split.total
