"""Gathers what a night's plan depends on: commits, interpreters, cells, costs, candidates, missing bridges."""

from __future__ import annotations

import re
import shlex
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from asv_jit import installations
from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.cells.cell import Cell, Progress, cells_of, progress
from asv_jit.analysis.counts.summary import Move
from asv_jit.analysis.history.bridges import ENOUGH_BLOCKS
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import History
from asv_jit.analysis.planning import BridgeNeed, CellState, Costs, Point, Situation, Suspect
from asv_jit.analysis.remaining import PairRule
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.git.repository import Commit, Repository
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.resolve import resolve
from asv_jit.model import PROTOCOL, Case, CaseKey, Trial, moment_s
from asv_jit.store.findings.nights import NIGHTS
from asv_jit.store.journal import TRIALS
from asv_jit.store.machines import known_interpreters
from asv_jit.workflows.measuring.outlook import USUAL_PACE
from asv_jit.workflows.reading.journals import release_order

_RECENT = 10
_RECENT_CELLS = 4
_DATE = re.compile(r"^\d{4}-\d{1,2}-\d{1,2}(?!\d)|^@\d+$|\b(ago|last|yesterday)\b")
_NO_SINCE = (
    "--since: expected a commit of this repository, or a date such as 2026-01-01 or '3 months ago', found {!r}; going "
    "back to the oldest commit that was measured"
)


class Ground(Struct, frozen=True):
    """The facts that a night plans from.

    `found`: all interpreters of this machine; `interpreters`: those to measure, newest first; `requirements`: the sets
    of requirements of each of `found`, by identity; `trials`: all trials in this machine's journals.
    """

    project: Project
    folder: Path
    found: Sequence[Interpreter]
    interpreters: Sequence[Interpreter]
    requirements: Mapping[str, tuple[installations.Requirements, ...]]
    trials: Sequence[Trial]


def measured_trials(folder: Path) -> list[Trial]:
    """Return all trials of a machine's journals. `read_history` reports what cannot be read."""
    return [trial for _, read in TRIALS.read_all(folder) for trial in read.records]


def branches_of(
    project: Project, repository: Repository, measured: Collection[str], since: str | None
) -> tuple[list[tuple[Commit, ...]], list[str]]:
    """Return each branch's commits, newest first, and a sentence for each missing branch or invalid `since`.

    They reach back to `since` (a commit or a date for git), else to the oldest commit of `measured`, else only to the
    tip.
    """
    branches, complaints = [], []
    for branch in project.branches:
        tip = repository.tip(branch)
        if tip is None:
            complaints.append(f"branch {branch or 'HEAD'} no longer exists; asv.conf.json names it under branches")
            continue
        reached = None if since is None else _since(repository, tip, since)
        if reached is not None:
            branches.append(reached)
            continue
        if since is not None:
            complaints.append(_NO_SINCE.format(since))
        commits = repository.commits(tip.hash)
        known = [place for place, commit in enumerate(commits) if commit.hash in measured]
        branches.append(tuple(commits[: known[-1] + 1] if known else commits[:1]))
    return branches, complaints


def situation_of(
    ground: Ground,
    branches: Sequence[Sequence[Commit]],
    cases: Sequence[Case],
    *,
    anchor: Point | None,
    history: History | None,
    events: Sequence[Event],
    moves: Sequence[Move] = (),
    now_s: float,
    budget_s: float,
    reach_back: bool = False,
    install_s: float | None = None,
) -> Situation:
    """Gather everything that a plan depends on.

    `now_s`: seconds since 1970; `install_s`: seconds of an installation this night, if there was one.
    """
    keys = tuple(case.key for case in cases)
    identities = tuple(one.identity for one in ground.interpreters)
    hashes = tuple(tuple(commit.hash for commit in commits) for commits in branches)
    sets = {one: [found.text for found in ground.requirements[one]] for one in identities}
    cells = cell_states(ground.project, ground.trials, cases, sets)
    bridges = _bridges(ground, hashes, keys, history)
    points = {(commit, identity) for commits in hashes for commit in commits for identity in identities}
    points |= {(need.commit, need.old) for need in bridges} | ({anchor} if anchor is not None else set())
    return Situation(
        branches=hashes,
        interpreters=identities,
        cases=keys,
        cells=cells,
        costs=_costs(ground, cases, points, install_s),
        now_s=now_s,
        budget_s=budget_s,
        anchor=anchor,
        suspects=_suspects(events),
        bridges=bridges,
        moves=tuple(moves),
        reach_back=reach_back,
    )


def cell_states(
    project: Project, trials: Iterable[Trial], cases: Sequence[Case], sets: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str, CaseKey], CellState]:
    """Return the state of each case at each commit on each interpreter; of several sets of requirements, the least.

    `sets`: the names of each interpreter's sets, by identity. Trials from before sets were recorded count for any of
    them, so that no night measures a whole history again.
    """
    versions = {case.key: case.benchmark.version for case in cases}
    mine = (t for t in trials if t.interpreter in sets and t.protocol == PROTOCOL)
    known: dict[tuple[str, str, CaseKey], dict[str, CellState]] = {}
    for key, cell in cells_of(mine).items():
        if versions.get(key.case) == key.version:
            known.setdefault((key.commit, key.interpreter, key.case), {})[key.requirements] = _state(project, cell)
    states = {}
    for place, by_set in known.items():
        found = [by_set.get(name) or by_set.get("") for name in sets[place[1]]]
        if any(found):
            states[place] = min((one or CellState("partial") for one in found), key=_how_far)
    return states


def _how_far(cell: CellState) -> int:
    return ("partial", "failed", "done").index(cell.state)


def anchor_of(ground: Ground, tip: Commit | None) -> tuple[Point | None, str | None]:
    """Return the commit and interpreter that each night measures again, and a note if they had to change.

    The settings decide, then what most sessions used before if its interpreter is still installed, else the tip on the
    newest interpreter with a JIT. So the anchor stays the same for years without being stored.
    """
    wanted = ground.project.settings.anchor
    here = {one.identity for one in ground.found}
    fitting: set[str] = here
    if wanted.python is not None:
        try:
            fitting = {one for one in here if _fits(wanted.python, one, ground.found)}
        except UsageError as error:
            return None, f"jit.anchor.python: {error}"
    before = _anchors_before(ground.trials)
    kept = [
        point
        for point in before
        if point[1] in fitting and (wanted.commit is None or point[0].startswith(wanted.commit))
    ]
    if kept:
        return kept[0], None
    with_jit = [one for one in ground.interpreters if one.has_jit and one.identity in fitting]
    chosen = next(iter(with_jit), None) or next((one for one in ground.found if one.identity in fitting), None)
    if chosen is None:
        return None, f"the anchor's interpreter {wanted.python} is not installed: changes of the machine stay unnoticed"
    note = None
    if before:
        note = f"the anchor is a new one: CPython {before[0][1]}, on which {before[0][0][:8]} was measured, is gone"
    commit = wanted.commit or (tip.hash if tip is not None else None)
    return (None if commit is None else (commit, chosen.identity)), note


def _fits(spec: str, identity: str, found: Sequence[Interpreter]) -> bool:
    only = [one for one in found if one.identity == identity]
    try:
        return resolve(spec, only).identity == identity
    except NoInterpreterError:
        return False


def _anchors_before(trials: Iterable[Trial]) -> list[Point]:
    """Return earlier anchors, those with the most sessions first, then the oldest."""
    sessions: dict[Point, set[str]] = {}
    for trial in trials:
        if trial.purpose == "anchor":
            sessions.setdefault((trial.commit, trial.interpreter), set()).add(trial.session)
    return sorted(sessions, key=lambda point: (-len(sessions[point]), min(sessions[point]), point))


def _since(repository: Repository, tip: Commit, since: str) -> tuple[Commit, ...] | None:
    """Return a branch back to a commit or a date; None if `since` is neither (git would take any word for a date)."""
    try:
        first = repository.resolve(since)
    except UsageError:
        if not _DATE.search(since):
            return None
        return tuple(repository.commits(f"{tip.hash} {shlex.quote(f'--since={since}')}")) or (tip,)
    newer = repository.commits(f"{first.hash}..{tip.hash}")
    return (*newer, first)


def _state(project: Project, cell: Cell) -> CellState:
    failed = [trial for block in cell.blocks if block.failed for trial in block.trials]
    step = _progress(project, cell)
    # A retry worked, or the benchmark skips itself.
    if step == "failed" and (
        _progress(project, Cell(cell.key, cell.good_blocks)) == "done" or all(t.outcome == "skipped" for t in failed)
    ):
        step = "done"
    at_s = max((moment_s(trial.started) for trial in failed), default=0.0)
    failures = len({trial.session for trial in failed})
    if step != "measure":
        return CellState(step, failures, at_s)
    return CellState("partial", failures, at_s, len(cell.blocks), tuple(cell.ratios))


def _progress(project: Project, cell: Cell) -> Progress:
    settings = project.settings
    pairs = settings.pairs
    return progress(
        cell, precision=settings.precision, min_pairs=pairs.min, max_pairs=pairs.max, equivalence=settings.equivalence
    )


def _costs(ground: Ground, cases: Sequence[Case], points: Iterable[Point], install_s: float | None) -> Costs:
    """Return what the latest blocks of each case on each interpreter took, and the latest installations."""
    settings = ground.project.settings
    seconds: dict[tuple[str, CaseKey], list[float]] = {}
    ratios: dict[tuple[str, CaseKey], list[Floats]] = {}
    trials = sorted((trial for trial in ground.trials if trial.protocol == PROTOCOL), key=lambda trial: trial.started)
    for key, cell in cells_of(trials, ("run", "anchor")).items():
        place = key.interpreter, key.case
        each = USUAL_PACE * max(len(ground.requirements.get(key.interpreter, ())), 1)
        took = [each * block.attempt * sum(trial.duration_s for trial in block.trials) for block in cell.blocks]
        seconds.setdefault(place, []).extend(took)
        if len(cell.ratios):
            ratios.setdefault(place, []).append(cell.ratios)
    block_s = {place: statistics.median(found[-_RECENT:]) for place, found in seconds.items()}
    past = [night.install_s for night in NIGHTS.read(ground.folder).records if night.install_s is not None]
    return Costs(
        rule=PairRule(settings.precision, settings.pairs.min, settings.pairs.max, settings.equivalence),
        block_s=block_s,
        default_block_s=statistics.median(block_s.values()) if block_s else 2 * (settings.trial_seconds + 0.5),
        ratios={place: tuple(found[-_RECENT_CELLS:]) for place, found in ratios.items()},
        unpaired=frozenset(
            (one.identity, case.key)
            for one in ground.found
            for case in cases
            if not one.has_jit or case.benchmark.kind != "time"
        ),
        install_s=install_s if install_s is not None else statistics.median(past[-_RECENT:]) if past else 30.0,
        installed=frozenset(point for point in points if _is_installed(ground, point)),
    )


def _is_installed(ground: Ground, point: Point) -> bool:
    interpreter = next(one for one in ground.found if one.identity == point[1])
    sets = ground.requirements[interpreter.identity]
    return all(installations.exists(ground.project, interpreter, one, point[0]) for one in sets)


def _suspects(events: Sequence[Event]) -> tuple[Suspect, ...]:
    return tuple(
        Suspect(event.identity, event.after, event.key.case, event.suspects)
        for event in events
        if event.is_open and event.axis == "commits" and event.state == "candidate" and len(event.suspects) > 1
    )


def _bridges(
    ground: Ground, branches: Sequence[Sequence[str]], cases: Sequence[CaseKey], history: History | None
) -> tuple[BridgeNeed, ...]:
    """Return, for each release that replaced another on its line, the cases without enough interleaved blocks."""
    if not branches or not branches[0] or history is None:
        return ()
    lines, _ = known_interpreters(ground.folder)
    here = {one.identity for one in ground.found}
    measured = {trial.interpreter for trial in ground.trials if trial.purpose == "run"}
    needs = []
    for new in ground.interpreters:
        older = [
            identity
            for identity in measured & here
            if identity in lines
            and lines[identity].line == new.line
            and release_order(identity) < release_order(new.identity)
        ]
        if older:
            old = max(older, key=release_order)
            missing = tuple(case for case in cases if case not in _bridged(history, old, new.identity))
            if missing:
                needs.append(BridgeNeed(old, new.identity, branches[0][0], missing))
    return tuple(needs)


def _bridged(history: History, old: str, new: str) -> set[CaseKey]:
    return {
        bridge.key.case
        for bridge in history.bridges
        if (bridge.before, bridge.after) == (old, new)
        and bridge.interleaved
        and all(min(len(before), len(after)) >= ENOUGH_BLOCKS for before, after in bridge.figures.values())
    }
