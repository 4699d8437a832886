"""Counts for a night: every case of the new commits before anything is timed, and reports what moved.

A commit's cases are counted with one hash seed, and those that moved with the others too, at both commits. Commits go
from old to new, so that a night that is killed continues where it stopped.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from asv_jit.analysis.counts.summary import CaseCount, Move, case_counts, moves_between
from asv_jit.git.repository import Commit
from asv_jit.installations import Installation
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import HASH_SEEDS, Case, CountedTrial
from asv_jit.store.journal import COUNTS
from asv_jit.system import processes
from asv_jit.workflows.measuring.counting import Counting, Wanted
from asv_jit.workflows.measuring.engine import Budget, Engine
from asv_jit.workflows.nights.night import Counted

_GUESSED_TRIAL_S = 10.0


class CountingWork(Struct, frozen=True):
    """What to count: the plan's `branches`, and the `new` commits of each, newest first."""

    branches: Sequence[Sequence[Commit]]
    new: Sequence[Sequence[Commit]]
    interpreters: Sequence[Interpreter]
    cases: Sequence[Case]
    threshold: float

    def moves(self, folder: Path) -> list[Move]:
        """Return what moved at the new commits, from the journals."""
        found: dict[tuple[str, ...], Move] = {}
        for commits, new in zip(self.branches, self.new, strict=True):
            for one in self.interpreters:
                for commit in new:
                    for move in moves_at(folder, commits, commit, one.identity, self.threshold):
                        found.setdefault((move.commit, move.interpreter, str(move.case)), move)
        return sorted(found.values(), key=lambda move: -move.size)


def new_commits(commits: Sequence[Commit], known: Iterable[str]) -> Sequence[Commit]:
    """Return a branch's commits, newest first, down to the newest one in `known` (included); without any, the tip."""
    names = set(known)
    places = [place for place, commit in enumerate(commits) if commit.hash in names]
    return commits[: places[0] + 1 if places else 1]


def counted_commits(folder: Path) -> set[str]:
    """Return the commits that have a journal of counts."""
    return {path.name.partition("-")[0] for path in (folder / COUNTS.folder).glob("*.jsonl")}


def moves_at(folder: Path, commits: Sequence[Commit], commit: Commit, interpreter: str, threshold: float) -> list[Move]:
    """Return what moved at `commit` since the newest counted one before it among `commits`, newest first."""
    after = _counts(folder, commit, interpreter)
    if not after:
        return []
    for older in commits[commits.index(commit) + 1 :]:
        before = _counts(folder, older, interpreter)
        if before:
            return moves_between(before, after, threshold=threshold)
    return []


def count_new(work: CountingWork, engine: Engine, counting: Counting, budget: Budget) -> Counted:
    """Count what is missing at the newest commits that fit the budget; return what moved. Raises StorageError."""
    folder = engine.session.folder
    trials: list[CountedTrial] = []
    left = 0
    for commits, new in zip(work.branches, work.new, strict=True):
        fitting = new[: _fitting(work, len(new), folder, budget)]
        for commit in reversed(new):
            if commit not in fitting or budget.left_s <= 0:
                left += len(work.cases) * len(work.interpreters)
                continue
            built, _ = engine.install(work.interpreters, commit)
            missing = [
                one
                for place in built
                for case in work.cases
                for one in counting.missing(place, case, seeds=HASH_SEEDS[:1], repeat=True)
            ]
            done = counting.count(missing, budget)
            trials += done
            ended = {(trial.interpreter, trial.key) for trial in done}
            left += len({(one.installation.interpreter.identity, one.case.key) for one in missing} - ended)
            trials += _count_moved(work, engine, counting, commits, commit, built, budget)
    moves = work.moves(folder)
    return Counted(
        trials=len(trials),
        cases=len({trial.key for trial in trials}),
        commits=tuple(sorted({trial.commit for trial in trials})),
        left=left,
        moves=tuple(moves),
        failed=tuple(one for one in case_counts(trials) if one.failed),
    )


def _fitting(work: CountingWork, commits: int, folder: Path, budget: Budget) -> int:
    """Return how many of `commits` commits probably fit the budget, at least one."""
    known = [trial.duration_s for _, read in COUNTS.read_all(folder) for trial in read.records]
    trial_s = statistics.median(known) if known else _GUESSED_TRIAL_S
    modes = sum(2 if one.has_jit else 1 for one in work.interpreters)
    commit_s = trial_s * modes * len(work.cases) / processes.cores()
    return max(1, int(min(budget.left_s / max(commit_s, 1e-3), commits)))


def _count_moved(
    work: CountingWork,
    engine: Engine,
    counting: Counting,
    commits: Sequence[Commit],
    commit: Commit,
    built: Sequence[Installation],
    budget: Budget,
) -> list[CountedTrial]:
    """Count with the other seeds, at both commits, what moved with the first seed."""
    cases = {case.key: case for case in work.cases}
    by_hash = {one.hash: one for one in commits}
    wanted: list[Wanted] = []
    for interpreter in work.interpreters:
        moves = moves_at(engine.session.folder, commits, commit, interpreter.identity, work.threshold)
        moved = [cases[move.case] for move in moves if move.case in cases and move.seeds < len(HASH_SEEDS)]
        if moved and budget.left_s > 0:
            earlier, _ = engine.install([interpreter], by_hash[moves[0].before])
            here = [one for one in built if one.interpreter.identity == interpreter.identity]
            wanted += [one for place in (*here, *earlier) for case in moved for one in counting.missing(place, case)]
    return counting.count(wanted, budget)


def _counts(folder: Path, commit: Commit, interpreter: str) -> list[CaseCount]:
    """Return the cases that have a count."""
    read = COUNTS.read(COUNTS.path(folder, commit.hash, interpreter))
    return [one for one in case_counts(read.records) if one.off is not None or one.on is not None]
