"""Plan what a nightly run measures, and in which order, within its time budget.

The kinds of steps, in the order in which they run; the anchor gets its share of the budget first:

    moved       cases whose count moved, at the commit where it did and at the counted one before
    anchor      a fixed commit and interpreter again, to separate drift of the machine from changes of the code
    newest      unmeasured cells at the branch tips, the newest commit first
    bridge      a new release and the one it replaces, interleaved on one commit
    suspect     the middle of the unmeasured commits of a candidate regression
    unfinished  cells that an earlier run began, the newest commit first
    retry       failed cells, after a pause that doubles with each failure
    gap         the middle of the widest unmeasured range, then of the next widest

A cell appears in one step only. Cells that do not fit the budget are counted in `left`.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, get_args

import numpy as np
from msgspec import Struct, field

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.counts.summary import Move
from asv_jit.analysis.history.bridges import ENOUGH_BLOCKS
from asv_jit.analysis.remaining import (
    DRAWS,
    PairRule,
    Range,
    Unfinished,
    draw_blocks_left,
    draw_usual,
    looks_of,
    range_of,
)
from asv_jit.model import CaseKey

StepKind = Literal["moved", "anchor", "newest", "bridge", "suspect", "unfinished", "retry", "gap"]
KINDS: tuple[StepKind, ...] = get_args(StepKind)
Point: TypeAlias = tuple[str, str]
"""A full commit and an interpreter."""

ANCHOR_SHARE = 0.25
"""The largest fraction of the budget that the anchor may take."""

_FIRST_PAUSE_S = 20 * 3600.0
"""Just under a day, so that a nightly run sees yesterday's failures again."""
_MOST_RETRIES = 6


class CellState(Struct, frozen=True):
    """The state of a cell: whether it needs more blocks, how many it has and the log ratios of its pairs, how often the
    case failed there, and when it last did (in seconds since 1970)."""

    state: Literal["done", "partial", "failed"]
    failures: int = 0
    failed_at_s: float = 0.0
    blocks: int = 0
    ratios: tuple[float, ...] = ()


class Suspect(Struct, frozen=True):
    """The case and interpreter of a candidate regression, and its unmeasured suspect commits, oldest first."""

    event: str
    interpreter: str
    case: CaseKey
    commits: tuple[str, ...]


class BridgeNeed(Struct, frozen=True):
    """A release that replaces the release `old` of the same line, and the cases not bridged yet."""

    old: str
    new: str
    commit: str
    cases: tuple[CaseKey, ...]


class Costs(Struct, frozen=True):
    """What the past says of how long measuring takes.

    `rule`: when a cell has enough pairs; `block_s`: seconds of a block of a case on an interpreter, with each set of
    requirements; `ratios`: log ratios of the pairs of cells measured last, by interpreter and case; `unpaired`: those
    that need `rule.min_pairs` blocks whatever their spread; `install_s`: seconds of a missing installation.
    """

    rule: PairRule
    block_s: Mapping[tuple[str, CaseKey], float] = field(default_factory=dict)
    default_block_s: float = 2.0
    ratios: Mapping[tuple[str, CaseKey], tuple[Floats, ...]] = field(default_factory=dict)
    unpaired: frozenset[tuple[str, CaseKey]] = frozenset()
    install_s: float = 30.0
    installed: frozenset[Point] = frozenset()


class _Estimator:
    """Draws the seconds that cells will take, as `run` does for its progress (see `remaining`)."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._rng = np.random.default_rng(0)
        self._usual = draw_usual([cells[-1] for cells in costs.ratios.values() if cells], self._rng)
        self._drawn: dict[tuple[str, CaseKey, int, tuple[float, ...]], Floats] = {}

    def seconds(self, interpreter: str, case: CaseKey, cell: CellState | None, blocks: int) -> Floats:
        """Draw the seconds of so many blocks, shape (DRAWS,); 0: of as many as the cell still needs."""
        block_s = self._costs.block_s.get((interpreter, case), self._costs.default_block_s)
        if blocks:
            return np.full(DRAWS, blocks * block_s)
        begun = cell or CellState("partial")
        key = interpreter, case, begun.blocks, begun.ratios
        if key not in self._drawn:
            self._drawn[key] = self._blocks(interpreter, case, begun)
        return self._drawn[key] * block_s

    def _blocks(self, interpreter: str, case: CaseKey, begun: CellState) -> Floats:
        rule = self._costs.rule
        known = self._costs.ratios.get((interpreter, case), ())
        usual = draw_usual(known, self._rng) if known else self._usual
        ratios = () if (interpreter, case) in self._costs.unpaired else (np.array(begun.ratios),)
        one = Unfinished(ratios, max(rule.min_pairs - begun.blocks, 1), 2, 1.0)
        first = 0 if begun.blocks else 1  # calibrates, and samples where the time goes
        return first + draw_blocks_left(one, looks_of(rule), usual, self._rng)


class Situation(Struct, frozen=True):
    """Everything a plan depends on.

    `branches`: each configured branch's commits, newest first, as far back as they are of interest; `interpreters`:
    those to measure now, newest first; `cells`: what is known, by commit, interpreter and case; `anchor`: None where
    there is none yet; `moves`: the counts that moved, the largest first; `now_s`: seconds since 1970; `budget_s`:
    infinite where there is no limit; `reach_back`: whether a branch's oldest commit here is an end to be measured, too.
    """

    branches: tuple[tuple[str, ...], ...]
    interpreters: tuple[str, ...]
    cases: tuple[CaseKey, ...]
    cells: Mapping[tuple[str, str, CaseKey], CellState]
    costs: Costs
    now_s: float
    budget_s: float = math.inf
    anchor: Point | None = None
    suspects: tuple[Suspect, ...] = ()
    bridges: tuple[BridgeNeed, ...] = ()
    moves: tuple[Move, ...] = ()
    reach_back: bool = False


class Step(Struct, frozen=True):
    """Cases to be measured at one commit, on one interpreter (a bridge: on two, the old one first), and why.

    `seconds`: the time that it will take; `install_s`: the part of it that goes into installations.
    """

    kind: StepKind
    commit: str
    interpreters: tuple[str, ...]
    cases: tuple[CaseKey, ...]
    reason: str
    seconds: Range
    install_s: float


class Left(Struct, frozen=True):
    """The cells of one kind that do not fit the budget, and the time that they would take."""

    kind: StepKind
    cells: int
    seconds: Range


class Plan(Struct, frozen=True):
    """Steps in their order, and the time of all; its middle is never above `budget_s`."""

    budget_s: float
    steps: tuple[Step, ...]
    left: tuple[Left, ...]
    seconds: Range


class _Wish(Struct, frozen=True):
    """A step before the budget limits it. `blocks` is the number per case; 0 means as many as the cell needs."""

    kind: StepKind
    commit: str
    interpreters: tuple[str, ...]
    cases: tuple[CaseKey, ...]
    reason: str
    blocks: int = 0


def plan(situation: Situation) -> Plan:
    """Return the plan; it depends on the situation only."""
    book = _Book(situation)
    for wishes in (_anchor, _moved, _newest, _bridges, _suspects, _unfinished, _retries, _gaps):
        for wish in wishes(situation):
            book.take(wish)
    return book.plan()


class _Book:
    """Tracks the remaining budget and accepts wishes that fit it, each cell once."""

    def __init__(self, situation: Situation) -> None:
        self._now = situation
        self._estimator = _Estimator(situation.costs)
        self._spent = np.zeros(DRAWS)
        self._steps: list[Step] = []
        self._left: dict[StepKind, tuple[int, Floats]] = {}
        self._taken: set[tuple[str, str, CaseKey]] = set()
        self._installed = set(situation.costs.installed)

    def take(self, wish: _Wish) -> None:
        """Add as many of a wish's cases, in their order, as fit the budget."""
        places = [(wish.commit, interpreter) for interpreter in wish.interpreters]
        install_s = self._now.costs.install_s * sum(place not in self._installed for place in places)
        chosen: list[CaseKey] = []
        takes = np.full(DRAWS, install_s)
        left, left_s = 0, np.zeros(DRAWS)
        for case in wish.cases:
            cell = wish.commit, wish.interpreters[-1], case
            if wish.kind not in ("anchor", "bridge"):
                if cell in self._taken:
                    continue
                self._taken.add(cell)  # also cells that do not fit, so that each is counted once
            seconds = self._seconds(wish, case)
            if self._fits(takes + seconds, wish.kind):
                chosen.append(case)
                takes = takes + seconds
            else:
                left, left_s = left + 1, left_s + seconds
        if left:
            cells, before_s = self._left.get(wish.kind, (0, np.zeros(DRAWS)))
            self._left[wish.kind] = cells + left, before_s + left_s + (0.0 if chosen else install_s)
        if chosen:
            self._installed.update(places)
            self._spent = self._spent + takes
            step = Step(
                wish.kind, wish.commit, wish.interpreters, tuple(chosen), wish.reason, range_of(takes), install_s
            )
            self._steps.append(step)

    def plan(self) -> Plan:
        """Return the accepted steps and the rest as a plan."""
        left = [Left(kind, self._left[kind][0], range_of(self._left[kind][1])) for kind in KINDS if kind in self._left]
        steps = sorted(self._steps, key=lambda step: step.kind != "moved")
        return Plan(self._now.budget_s, tuple(steps), tuple(left), range_of(self._spent))

    def _fits(self, seconds: Floats, kind: StepKind) -> bool:
        budget_s = self._now.budget_s
        if budget_s == math.inf:
            return True
        if kind == "anchor" and _middle(seconds) > ANCHOR_SHARE * budget_s:
            return False
        return _middle(self._spent + seconds) <= budget_s

    def _seconds(self, wish: _Wish, case: CaseKey) -> Floats:
        total = np.zeros(DRAWS)
        for interpreter in wish.interpreters:
            cell = self._now.cells.get((wish.commit, interpreter, case))
            total = total + self._estimator.seconds(interpreter, case, cell, wish.blocks)
        return total


def _middle(draws: Floats) -> float:
    """Return the upper median; much faster than `np.median`, and a plan looks at thousands of cells."""
    return float(np.partition(draws, DRAWS // 2)[DRAWS // 2])


def _anchor(now: Situation) -> Iterator[_Wish]:
    if now.anchor is not None:
        commit, interpreter = now.anchor
        reason = "the anchor tells the machine's changes from the code's"
        yield _Wish("anchor", commit, (interpreter,), now.cases, reason, now.costs.rule.min_pairs)


def _moved(now: Situation) -> Iterator[_Wish]:
    """Yield both sides of each commit where counts moved, so that the clock can compare them."""
    by_place: dict[tuple[str, str, str], list[Move]] = {}
    for move in now.moves:
        by_place.setdefault((move.commit, move.before, move.interpreter), []).append(move)
    for (commit, before, interpreter), moves in by_place.items():
        names = f"the count of {moves[0].case} moved" if len(moves) == 1 else f"{len(moves)} counts moved, most of all"
        named = "" if len(moves) == 1 else f" that of {moves[0].case}"
        what = f"{names}{named} ({moves[0]})"
        for side, reason in ((commit, f"{what} since {before[:8]}"), (before, f"{what} after it")):
            missing = set(_missing(now, side, interpreter))
            cases = tuple(move.case for move in moves if move.case in missing)
            if cases:
                yield _Wish("moved", side, (interpreter,), cases, reason)


def _newest(now: Situation) -> Iterator[_Wish]:
    """Yield the commits from each tip down to the newest measured one, included."""
    touched = {commit for commit, _, _ in now.cells}
    for commits in now.branches:
        known = [place for place, commit in enumerate(commits) if commit in touched]
        for place, commit in enumerate(commits[: known[0] + 1 if known else 1]):
            for interpreter in now.interpreters:
                cases = _missing(now, commit, interpreter)
                if cases:
                    reason = "the tip" if place == 0 else f"new, {_commits(place)} below the tip"
                    yield _Wish("newest", commit, (interpreter,), cases, reason)


def _bridges(now: Situation) -> Iterator[_Wish]:
    for need in now.bridges:
        reason = f"{need.new} replaces {need.old}: interleaved blocks of both carry the series across"
        yield _Wish("bridge", need.commit, (need.old, need.new), need.cases, reason, ENOUGH_BLOCKS)


def _suspects(now: Situation) -> Iterator[_Wish]:
    for suspect in now.suspects:
        if suspect.interpreter in now.interpreters and suspect.case in now.cases:
            unmeasured = [c for c in suspect.commits if (c, suspect.interpreter, suspect.case) not in now.cells]
            if unmeasured:
                reason = f"the middle of {_commits(len(unmeasured))} that event {suspect.event} leaves unmeasured"
                middle = unmeasured[len(unmeasured) // 2]
                yield _Wish("suspect", middle, (suspect.interpreter,), (suspect.case,), reason)


def _unfinished(now: Situation) -> Iterator[_Wish]:
    begun = {(commit, interpreter) for commit, interpreter, _ in now.cells}
    for commit, interpreter in _points(now):
        cases = _missing(now, commit, interpreter) if (commit, interpreter) in begun else ()
        if cases:
            yield _Wish("unfinished", commit, (interpreter,), cases, "begun in an earlier night")


def _retries(now: Situation) -> Iterator[_Wish]:
    for commit, interpreter in _points(now):
        due = tuple(case for case in now.cases if _is_due(now.cells.get((commit, interpreter, case)), now.now_s))
        if due:
            reason = "failed before, and the pause after it is over"
            yield _Wish("retry", commit, (interpreter,), due, reason, now.costs.rule.min_pairs)


def _is_due(cell: CellState | None, now_s: float) -> bool:
    if cell is None or cell.state != "failed" or cell.failures > _MOST_RETRIES:
        return False
    return now_s - cell.failed_at_s >= _FIRST_PAUSE_S * 2.0 ** max(cell.failures - 1, 0)


def _gaps(now: Situation) -> Iterator[_Wish]:
    """Bisect the gaps between measured commits of a branch, the widest gap first."""
    measured: dict[str, set[str]] = {}
    for commit, interpreter, _ in now.cells:
        measured.setdefault(interpreter, set()).add(commit)
    heap: list[tuple[int, int, int, int, int]] = []
    for branch, commits in enumerate(now.branches):
        for rank, interpreter in enumerate(now.interpreters):
            known = [place for place, commit in enumerate(commits) if commit in measured.get(interpreter, ())]
            if now.reach_back and commits:
                if len(commits) - 1 not in known:
                    reason = "the far end of what was asked for"
                    yield _Wish("gap", commits[-1], (interpreter,), now.cases, reason)
                known = sorted({0, *known, len(commits) - 1})
            for newer, older in itertools.pairwise(known):
                _push(heap, branch, rank, newer, older)
    while heap:
        width, branch, newer, rank, older = heapq.heappop(heap)
        middle = (newer + older) // 2
        reason = f"the middle of {_commits(-width)} that nobody measured"
        yield _Wish("gap", now.branches[branch][middle], (now.interpreters[rank],), now.cases, reason)
        _push(heap, branch, rank, newer, middle)
        _push(heap, branch, rank, middle, older)


def _push(heap: list[tuple[int, int, int, int, int]], branch: int, rank: int, newer: int, older: int) -> None:
    width = older - newer - 1
    if width > 0:  # the widest first, then the main branch, then the newest
        heapq.heappush(heap, (-width, branch, newer, rank, older))


def _missing(now: Situation, commit: str, interpreter: str) -> tuple[CaseKey, ...]:
    """Return the cases that are unmeasured or unfinished at a commit."""
    known = ((case, now.cells.get((commit, interpreter, case))) for case in now.cases)
    return tuple(case for case, cell in known if cell is None or cell.state == "partial")


def _points(now: Situation) -> Iterator[Point]:
    """Yield the commits of all branches, once each, newest first, the first branch first, on each interpreter."""
    commits = dict.fromkeys(commit for branch in now.branches for commit in branch)
    return itertools.product(commits, now.interpreters)


def _commits(count: int) -> str:
    return f"{count} commit" if count == 1 else f"{count} commits"
