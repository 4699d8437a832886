"""Confirms or refutes candidates with fresh, interleaved blocks of the last good and the first bad side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from asv_jit.analysis.attribution import Axis
from asv_jit.analysis.beside import progress
from asv_jit.analysis.cells.summary import Limits
from asv_jit.analysis.comparison import CaseComparison, Effect, compare
from asv_jit.analysis.history.events import Event
from asv_jit.asv_adapter.machine import this_machine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.installations import Installation, UnbuildableError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Case
from asv_jit.store.findings.confirmations import CONFIRMATIONS, Confirmation, Effects, State
from asv_jit.text import units
from asv_jit.workflows.measuring.pairing import Pairing, case_named, discover_suite, modes_of
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.selection import interpreters_here
from asv_jit.workflows.measuring.session import Session, locked_session

FEWEST_BLOCKS = 15
_MOST_BLOCKS = 45
_SHARE_OF_SHIFT = 3.0  # precise enough: a third of the change to confirm
_FINEST = 0.001
_SHARE_OF_EQUIVALENCE = 0.75  # a 90% interval of that half-width lies within the equivalence, if little moved


def confirm_events(
    project: Project, events: Sequence[Event], reporter: Reporter, *, machine: str | None = None
) -> list[Confirmation]:
    """Settle events, one after another, under the measuring lock; each is stored as soon as it is settled.

    Events of other machines than this one are left out: only the machine that saw a change can see it again.
    Raises LockedError, StorageError.
    """
    here = this_machine(machine)
    mine = [event for event in events if event.key.machine == here.name]
    if not mine:
        return []
    with locked_session(project, here, reporter, purpose="confirm") as session:
        return [confirm(project, event, session, reporter) for event in mine]


def confirm(project: Project, event: Event, session: Session, reporter: Reporter) -> Confirmation:
    """Measure an event's parent against its suspect with at least 15 fresh blocks, judge, and store the judgement.

    `session` is one of purpose `confirm` whose locks are held. What cannot be measured any more (an interpreter that
    is gone, a commit that does not build) is `unclear`, with the reason. Raises StorageError.
    """
    found: CaseComparison | None = None
    reason = ""
    before, after = _sides_of(event)
    try:
        interpreters = {one.identity: one for one in interpreters_here(project)}
        a, b = (_installed(session, interpreters, *side) for side in (before, after))
        case = case_named(discover_suite(project, session, [b, a]).cases, str(event.key.case))
        if case.benchmark.version != event.key.version:
            raise UsageError(f"{event.key.case} was edited since: its old measurements no longer apply")
        if math.isnan(event.headline.ratio):
            raise UsageError(f"{event.key.case} has values that are not positive: fresh blocks are compared by ratio")
        sides = [one.commit[:8] if event.axis == "commits" else one.interpreter.identity for one in (a, b)]
        reporter.stage(f"confirming {event.key.case}: {' against '.join(sides)}")
        found = fresh_comparison(session, a, b, case, event.axis, abs(math.log(event.headline.ratio)), reporter)
    except (UnbuildableError, NoInterpreterError, UsageError) as error:
        reason = units.reason_line(str(error))
        reporter.warn(reason)
    effect = found.effect(event.headline.metric) if found is not None else None
    state, why = judge(effect, event.headline.ratio, project.settings.equivalence)
    attribution = found.attribution if found is not None else None
    side = 0 if event.axis == "pythons" else 1
    confirmation = Confirmation(
        event=event.identity,
        state=state,
        reason=reason or (found.complaint if found else "") or why,
        metric=event.headline.metric,
        case=event.key.case,
        version=event.key.version,
        axis=event.axis,
        commit=event.commit,
        interpreter=after[0],
        before=before[side],
        after=after[side],
        blocks=found.blocks if found is not None else 0,
        effects=stored_effects(found) if found is not None else (),
        cause=attribution.cause if attribution is not None else "unclear",
        moved=attribution.moved if attribution is not None else "unclear",
        probability=attribution.probability if attribution is not None else 1.0,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    CONFIRMATIONS.save(session.folder, confirmation)
    return confirmation


def fresh_comparison(
    session: Session, a: Installation, b: Installation, case: Case, axis: Axis, log_shift: float, reporter: Reporter
) -> CaseComparison:
    """Measure at least 15 blocks of all arms, at most 45, until each mode is known well enough.

    That is to a third of `log_shift`, and to what tells a mode that moved from one that is the same: the cause is
    only known where one of the two is shown.
    """
    settings = session.project.settings
    modes = modes_of(a.interpreter, b.interpreter)
    pairing = Pairing(session, a, b, case, modes)
    session.learn_efforts([case], a.interpreter.identity)
    enough = log_shift / _SHARE_OF_SHIFT, _SHARE_OF_EQUIVALENCE * settings.equivalence
    precision = max(_FINEST, min((share for share in enough if share > 0.0), default=_FINEST))
    while True:
        reporter.advance(f"{case.key}, fresh blocks of both sides", len(pairing.blocks), FEWEST_BLOCKS, None)
        pairing.measure()
        step = progress(pairing.blocks, modes, precision=precision, min_blocks=FEWEST_BLOCKS, max_blocks=_MOST_BLOCKS)
        if step != "measure":
            break
    limits = Limits(alpha=settings.alpha, equivalence=settings.equivalence)
    return compare(case.key, pairing.blocks, modes, limits, axis=axis)


def judge(effect: Effect | None, expected: float, equivalence: float) -> tuple[State, str]:
    """Judge a change by the factor `expected` (after / before) from fresh blocks; return the state and why.

    Confirmed if the interval excludes no change on the expected side. Refuted if it excludes it on the other side, or
    if it excludes half of the expected change (in logarithms); or if the verdict is `same` and the expected change
    is no larger than the `equivalence`, since then it is nothing to bother anyone with.
    """
    if effect is None:
        return "unclear", "it could not be measured"
    low, high = math.log(max(effect.low, 1e-300)), math.log(min(effect.high, 1e300))
    nearest, furthest = (low, high) if expected > 1.0 else (-high, -low)
    half = abs(math.log(expected)) / 2.0
    if nearest > 0.0:
        return "confirmed", "fresh blocks of both sides show it too"
    if furthest < 0.0:
        return "refuted", "fresh blocks of both sides show the opposite"
    if furthest < half:
        return "refuted", "fresh blocks of both sides exclude even half of it"
    if effect.verdict == "same" and 2.0 * half <= math.log1p(equivalence):
        return "refuted", "fresh blocks of both sides are the same within the equivalence"
    return "unclear", effect.reason or "the interval holds both no change and the change"


def _sides_of(event: Event) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Return both sides, each as (interpreter's identity, full commit, set of requirements)."""
    if event.axis == "pythons":
        before = event.before, event.commit, event.requirements
    else:
        before = event.before, event.parent, event.requirements_before
    return before, (event.after, event.commit, event.requirements)


def _installed(
    session: Session, interpreters: dict[str, Interpreter], identity: str, commit: str, requirements: str
) -> Installation:
    if identity not in interpreters:
        raise NoInterpreterError(f"CPython {identity} is no longer installed, and only the same build can confirm")
    interpreter = interpreters[identity]
    return session.install(interpreter, commit, session.requirements_named(requirements, interpreter))


def stored_effects(found: CaseComparison) -> tuple[Effects, ...]:
    """Return the effects of a comparison as they are stored."""
    return tuple(msgspec.convert(effect, Effects, from_attributes=True) for effect in found.effects)
