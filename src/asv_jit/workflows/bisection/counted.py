"""Counts the points of a bisection or check. Counts are exact, so one hash seed decides the side of a point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from asv_jit.analysis.attribution import Attribution, Axis
from asv_jit.analysis.counts.comparison import cause_of
from asv_jit.analysis.counts.summary import moved
from asv_jit.analysis.culprit.searcher import Unbuildable
from asv_jit.analysis.metrics import COUNTED_IN, BisectMetric
from asv_jit.errors import UsageError
from asv_jit.installations import Installation, UnbuildableError
from asv_jit.model import HASH_SEEDS, Case, Mode
from asv_jit.store.findings.confirmations import Effects, State
from asv_jit.workflows.bisection.search import MODES, Install
from asv_jit.workflows.compare_counts import ModeChange, mode_changes
from asv_jit.workflows.measuring.counting import Counting

_CHANGED = ("more", "fewer")


class CountMeasurer:
    """Counts points relative to the first one, the good end, in the metric's mode.

    A smaller change than `threshold`, a share, is none. Raises UsageError for a case that is not counted.
    """

    def __init__(
        self,
        counting: Counting,
        case: Case,
        metric: BisectMetric,
        points: Sequence[str],
        install: Install,
        threshold: float,
    ) -> None:
        if case.benchmark.kind != "time":
            raise UsageError(f"{case.key} cannot be counted: only `time_` benchmarks are")
        self._counting = counting
        self._case = case
        (self._mode,) = MODES[metric]
        self._points = points
        self._install = install
        self._threshold = threshold

    def __call__(self, point: int) -> tuple[float, str]:
        """The count of a point relative to the good end's, and no block. Raises Unbuildable, with the reason."""
        found = self.change(point).found
        change = found.changes[HASH_SEEDS[0]]
        if point == len(self._points) - 1 and found.verdict == "same" and abs(change) >= self._threshold:
            change = 0.0  # only this hash seed shows it
        if not 0.0 < 1.0 + change < math.inf:
            raise Unbuildable("it executes no instructions")
        return 1.0 + change, ""

    def blames_the_good_end(self, point: int) -> bool:
        """Return False: the good end is counted by itself, first."""
        return False

    def change(self, point: int) -> ModeChange:
        """Compare a point with the good end: with one hash seed, the bad end with all where that one changed.

        Raises Unbuildable, also where one of the two is not repeatable.
        """
        sides = self._installed(0), self._installed(point)
        is_bad_end = point == len(self._points) - 1
        found = self._compared(sides, HASH_SEEDS[:1], repeat=is_bad_end or point == 0)
        if is_bad_end and found.found.verdict in _CHANGED:
            found = self._compared(sides, HASH_SEEDS, repeat=False)
        if found.found.verdict == "not repeatable":
            raise Unbuildable(f"not repeatable: {found.found.reason}")
        return found

    def _compared(self, sides: Sequence[Installation], seeds: Sequence[int], *, repeat: bool) -> ModeChange:
        wanted = [
            one
            for side in (sides if sides[0] != sides[1] else sides[:1])
            for one in self._counting.missing(side, self._case, modes=(self._mode,), seeds=seeds, repeat=repeat)
        ]
        self._counting.count(wanted)
        changes, reasons, _ = mode_changes(self._counting, sides, self._case, self._threshold)
        for change in changes:
            if change.mode == self._mode:
                return change
        raise Unbuildable("; ".join(reasons))

    def _installed(self, point: int) -> Installation:
        try:
            installed = self._install(self._points[point])
        except UnbuildableError as error:
            raise Unbuildable(str(error)) from error
        if self._mode == "on" and not installed.interpreter.has_jit:
            raise Unbuildable(f"CPython {installed.interpreter.identity} has no JIT to count with")
        return installed


class CountedPair(Struct, frozen=True):
    """A culprit beside its parent, in all modes and with all hash seeds.

    `state`: whether the culprit changed the metric; `change`: by how much, a share; `effects`: of each mode.
    """

    state: State
    reason: str
    change: float
    effects: tuple[Effects, ...]
    attribution: Attribution


def counted_pair(
    counting: Counting, case: Case, metric: BisectMetric, sides: Sequence[Installation], axis: Axis, threshold: float
) -> CountedPair:
    """Count what is missing of parent and culprit; return both and what moved."""
    counting.count([one for side in sides for one in counting.missing(side, case)])
    changes, reasons, _ = mode_changes(counting, sides, case, threshold)
    by_mode = {change.mode: change for change in changes}
    attribution = _attribution(by_mode, sides, axis)
    effects = tuple(_effect(change) for change in changes)
    (mode,) = MODES[metric]
    if mode not in by_mode:
        return CountedPair("unclear", "; ".join(reasons), 0.0, effects, attribution)
    found = by_mode[mode].found
    change = found.change or 0.0
    if found.verdict in _CHANGED:
        seeds = f"all {len(found.changes)} hash seeds agree"
        return CountedPair("confirmed", "; ".join([seeds, *reasons]), change, effects, attribution)
    if found.verdict == "not repeatable":
        return CountedPair("unclear", f"not repeatable: {found.reason}", change, effects, attribution)
    return CountedPair("refuted", f"the hash seeds do not agree on {threshold:.1%}", change, effects, attribution)


def _attribution(changes: Mapping[Mode, ModeChange], sides: Sequence[Installation], axis: Axis) -> Attribution:
    """Return what moved: certain, because counts are exact, or unclear if a mode has no count."""
    off, on = changes.get("off"), changes.get("on")
    has_on = all(side.interpreter.has_jit for side in sides)
    unrepeatable = any(one.found.verdict == "not repeatable" for one in changes.values())
    if off is None or (on is None and has_on) or unrepeatable:
        return Attribution("unclear", 1.0, "unclear")
    cause, moved = cause_of(off.found.agreed, None if on is None else on.found.agreed)
    return Attribution("release" if axis == "pythons" else cause, 1.0, moved)


def _effect(one: ModeChange) -> Effects:
    ratios = [1.0 + change for change in one.found.changes.values()]
    return Effects(
        metric=COUNTED_IN[one.mode],
        before=one.before.per_call,
        after=one.after.per_call,
        ratio=1.0 + one.found.change if one.found.change is not None else one.after.per_call / one.before.per_call,
        low=min(ratios),
        high=max(ratios),
        verdict=one.found.verdict,
        moved=moved(one.before, one.after) if one.found.verdict != "same" else (),
    )
