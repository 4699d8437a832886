"""Compare a case before and after a change: time with the JIT off, with it on, and the speedup by the JIT.

All of it comes from blocks in which both sides were interleaved (`analysis.beside`), so that every ratio is paired.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from asv_jit.analysis import reasons, speedup
from asv_jit.analysis.attribution import Attribution, Axis, attribute
from asv_jit.analysis.beside import Side, good_blocks, is_timed, side_of, tempered_sides, values
from asv_jit.analysis.cells import correctness, evidence
from asv_jit.analysis.cells.cell import Block
from asv_jit.analysis.cells.doubt import doubt
from asv_jit.analysis.cells.evidence import TraceChange
from asv_jit.analysis.cells.levels import middle
from asv_jit.analysis.cells.summary import Limits
from asv_jit.analysis.metrics import COMPARED, JUDGED, METRICS, Metric
from asv_jit.analysis.stats import suite_mean
from asv_jit.model import CaseKey, Mode, Trial

Verdict: TypeAlias = Literal["same", "faster", "slower", "better", "worse", "unclear"]
Answers: TypeAlias = Literal["agree", "changed", "no check"]


class Effect(Struct, frozen=True):
    """The change of one metric: `before` and `after` are levels in its unit, `ratio` is after / before.

    `low` and `high` bound the ratio at level 1 - alpha. The verdict of times is `same`, `faster`, `slower` or
    `unclear`; of anything else `same`, `better`, `worse` or `unclear`; `reason` says why it is unclear, or despite what
    the verdict holds.
    """

    metric: Metric
    before: float
    after: float
    ratio: float
    low: float
    high: float
    p_value: float
    verdict: Verdict
    reason: str = ""

    @property
    def worse_by(self) -> float:
        """How much worse, as a fraction: 0.03 is 3% more time or memory, or 3% less speedup; negative if better."""
        return _inverse(self.ratio) - 1.0 if METRICS[self.metric].higher_is_better else self.ratio - 1.0


class CaseComparison(Struct, frozen=True):
    """One case on both sides. `before` and `after` name the interpreters; `effects` are those that could be had.

    `timed`: whether `off` and `on` are times in seconds per call. `answers`: whether both sides compute the same.
    `wrong_answers` and `only_on` are the sides on which a JIT bug is suspected. `fails_on`: the sides on which it
    gives no figure, and `complaint` the last words there. `traces`: what the JIT compiled differently.
    """

    case: CaseKey
    before: str
    after: str
    timed: bool
    blocks: int
    disturbed: int
    effects: tuple[Effect, ...]
    attribution: Attribution
    answers: Answers
    wrong_answers: tuple[Side, ...]
    only_on: tuple[Side, ...]
    fails_on: tuple[Side, ...]
    complaint: str
    traces: tuple[TraceChange, ...]

    def effect(self, metric: Metric) -> Effect | None:
        """Return the effect on one metric; None if it was not measured."""
        return next((effect for effect in self.effects if effect.metric == metric), None)


class Worsening(Struct, frozen=True):
    """A case that is significantly worse, in `metric` by the fraction `by`, or that fails now (both None).

    Of what is undecided `by` is how much worse it may be.
    """

    case: CaseKey
    interpreter: str
    metric: Metric | None = None
    by: float | None = None


def compare(
    case: CaseKey, blocks: Sequence[Block], modes: Sequence[Mode], limits: Limits, *, axis: Axis
) -> CaseComparison:
    """Compare both sides of one case."""
    good = good_blocks(blocks)
    every = [trial for block in blocks for trial in block.trials]
    a, b = side_of(every, "a"), side_of(every, "b")
    sides: tuple[tuple[Side, list[Trial]], ...] = (("a", a), ("b", b))
    return CaseComparison(
        case=case,
        before=next((trial.interpreter for trial in a), ""),
        after=next((trial.interpreter for trial in b), ""),
        timed=is_timed(good),
        blocks=len(good),
        disturbed=sum(block.disturbed for block in good),
        effects=tuple(effect for metric in COMPARED if (effect := effect_on(metric, good, limits)) is not None),
        attribution=_attribution(good, modes, limits, axis),
        answers=_answers(good),
        wrong_answers=tuple(side for side, trials in sides if _answers_wrongly(trials)),
        only_on=tuple(side for side, trials in sides if correctness.only_on(trials)),
        fails_on=() if good else tuple(side for side, trials in sides if _fails(trials)),
        complaint="" if good else _complaint(every),
        traces=_traces(good),
    )


def effect_on(metric: Metric, blocks: Sequence[Block], limits: Limits) -> Effect | None:
    """Return the change of one metric over good blocks; None if a block lacks it."""
    a, b = values(blocks, "a", metric), values(blocks, "b", metric)
    before, after = (middle(side) if side is not None else None for side in (a, b))
    if a is None or b is None or before is None or after is None:
        return None
    row = METRICS[metric]
    if row.kind in ("ratio", "seconds") and not is_timed(blocks):
        return None
    sides = (b, a) if row.higher_is_better else (a, b)
    unsteady = _unsteady(blocks, metric)
    bound = _doubt(blocks, metric) if unsteady else 0.0
    found = speedup.estimate(*sides, alpha=limits.alpha, equivalence=limits.equivalence, doubt=bound)
    ratio, low, high = found.ratio, found.low, found.high
    if not row.higher_is_better:
        ratio, low, high = _inverse(ratio), _inverse(high), _inverse(low)
    verdict, reason = _verdict(found.verdict, metric, len(blocks), unsteady)
    return Effect(metric, before, after, ratio, low, high, found.p_value, verdict, reason)


def worsenings(cases: Sequence[CaseComparison], *, fail_on: float) -> tuple[Worsening, ...]:
    """Return what became worse by at least the fraction `fail_on`, corrected for the number of cases.

    A metric counts if its own interval excludes no change and it is among the alerts of the whole suite (Benjamini and
    Hochberg at 1% over `JUDGED` of all cases). A case that gives figures on A and none on B has got worse, too.
    """
    failing = [Worsening(case.case, case.after) for case in cases if case.fails_on == ("b",)]
    worse = [
        Worsening(case.case, case.after, effect.metric, effect.worse_by)
        for case, effect, is_worse in _judged(cases, fail_on)
        if is_worse
    ]
    return tuple(failing + worse)


def undecided(cases: Sequence[CaseComparison], *, fail_on: float, equivalence: float = 0.0) -> tuple[Worsening, ...]:
    """Return what may have become worse by at least the fraction `fail_on`, and is not among the `worsenings`.

    Its interval reaches so far. What is the same within the `equivalence` is decided, if that is not above `fail_on`.
    """
    return tuple(
        Worsening(case.case, case.after, effect.metric, effect.high - 1.0)
        for case, effect, is_worse in _judged(cases, fail_on)
        if not is_worse and effect.high - 1.0 >= fail_on and (effect.verdict != "same" or equivalence > fail_on)
    )


def _judged(cases: Sequence[CaseComparison], fail_on: float) -> list[tuple[CaseComparison, Effect, bool]]:
    """Return the effects that a change is blamed for, and whether each is certainly worse by `fail_on`."""
    tested = [(case, effect) for case in cases for effect in case.effects if effect.metric in JUDGED]
    flags = suite_mean.alerts([effect.p_value for _, effect in tested]) if tested else ()
    return [
        (case, effect, flag and effect.low > 1.0 and effect.worse_by >= fail_on)
        for (case, effect), flag in zip(tested, flags, strict=True)
    ]


def means(cases: Sequence[CaseComparison], blocks: Sequence[Sequence[Block]]) -> dict[Metric, suite_mean.SuiteSpeedup]:
    """The geometric mean over the cases of before / after, in each mode; above 1 the suite became faster.

    `blocks` are those of `cases`, in their order; cases with fewer than two good blocks are left out.
    """
    found: dict[Metric, suite_mean.SuiteSpeedup] = {}
    for metric in (metric for metric, row in METRICS.items() if row.is_time):
        case_means = [m for case, own in zip(cases, blocks, strict=True) if (m := _case_mean(case, own, metric))]
        mean = suite_mean.estimate(case_means, alpha=0.05)
        if mean is not None:
            found[metric] = mean
    return found


def _case_mean(case: CaseComparison, blocks: Sequence[Block], metric: Metric) -> suite_mean.CaseMean | None:
    good = good_blocks(blocks)
    a, b = values(good, "a", metric), values(good, "b", metric)
    if a is None or b is None or len(a) < 2 or not case.timed:
        return None
    bound = _doubt(good, metric) if _unsteady(good, metric) else 0.0
    return suite_mean.case_mean(case.case.benchmark, a, b, bound)


def _verdict(found: str, metric: Metric, blocks: int, unsteady: str) -> tuple[Verdict, str]:
    if found == "unclear":
        return "unclear", unsteady or reasons.too_imprecise(blocks, "blocks")
    remark = reasons.withstood(unsteady)
    if found == "same":
        return "same", remark
    if METRICS[metric].is_time:
        return ("faster" if found == "faster" else "slower"), remark
    return ("better" if found == "faster" else "worse"), remark


def _doubt(blocks: Sequence[Block], metric: Metric) -> float:
    """Return how far unsettled trials may have moved the mean."""
    arms = {
        f"{side}-{mode}": side_sign * mode_sign
        for side, side_sign in (("a", 1), ("b", -1))
        for mode, mode_sign in zip(METRICS[metric].modes, (1, -1), strict=False)
    }
    return doubt(blocks, arms)


def _unsteady(blocks: Sequence[Block], metric: Metric) -> str:
    row = METRICS[metric]
    modes = row.modes if row.kind in ("value", "ratio") else ()
    sides = (("a", "before the change"), ("b", "after the change"))
    return reasons.not_steady(
        (f"{when} {reasons.with_the_jit(mode)}", [block.trial(f"{side}-{mode}") for block in blocks])
        for side, when in sides
        for mode in modes
    )


def _attribution(blocks: Sequence[Block], modes: Sequence[Mode], limits: Limits, axis: Axis) -> Attribution:
    off = values(blocks, "a", "off"), values(blocks, "b", "off")
    on = values(blocks, "a", "on"), values(blocks, "b", "on")
    if off[0] is None or off[1] is None or not is_timed(blocks) or limits.equivalence <= 0.0:
        return Attribution("unclear", 1.0, "unclear")
    return attribute(
        tempered_sides(off[0], off[1]),
        tempered_sides(on[0], on[1]) if on[0] is not None and on[1] is not None and "on" in modes else None,
        None,
        axis=axis,
        equivalence=limits.equivalence,
        alpha=limits.alpha,
        interleaved=True,
    )


def _answers(blocks: Sequence[Block]) -> Answers:
    """`changed` needs each block to differ between the sides, and each side to repeat its answer where it ran twice."""
    pairs = [(_digests(block, "a"), _digests(block, "b")) for block in blocks]
    if not pairs or any(None in a | b or not a or not b for a, b in pairs):
        return "no check"
    if all(len(a | b) == 1 for a, b in pairs):
        return "agree"
    return "changed" if all(len(a) == len(b) == 1 and a != b for a, b in pairs) else "no check"


def _digests(block: Block, side: Side) -> set[str | None]:
    return {trial.digest for trial in side_of(block.trials, side)}


def _answers_wrongly(trials: Sequence[Trial]) -> bool:
    return any(check.answers == "digest differs" for check in correctness.check_answers(trials))


def _fails(trials: Sequence[Trial]) -> bool:
    """A case that asks to be skipped does not fail."""
    return any(trial.outcome not in ("ok", "skipped") for trial in trials)


def _traces(blocks: Sequence[Block]) -> tuple[TraceChange, ...]:
    """Compare the traces of the first block that has them: later blocks lack the names of micro-operations."""
    for block in blocks:
        a, b = block.trial("a-on"), block.trial("b-on")
        if a is not None and b is not None and a.evidence is not None and b.evidence is not None:
            return evidence.changes(a.evidence, b.evidence)
    return ()


def _complaint(trials: Sequence[Trial]) -> str:
    last = next((trial for trial in reversed(trials) if trial.outcome != "ok"), None)
    if last is None:
        return ""
    words = last.stderr.strip().splitlines()
    ending = f" by {last.signal}" if last.signal else ""
    return f"{last.outcome}{ending} ({last.arm})" + (f": {words[-1]}" if words else "")


def _inverse(ratio: float) -> float:
    if ratio == 0.0:
        return math.inf
    return 0.0 if math.isinf(ratio) else 1.0 / ratio
