"""`asv-jit run`: measures the missing cells of a range of commits, both modes interleaved, and keeps each trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asv_jit import installations, locks
from asv_jit.analysis.cells import Cell, CellKey, cells_of, progress
from asv_jit.analysis.summary import SuiteSummary
from asv_jit.asv_adapter import results, suite
from asv_jit.asv_adapter.machine import ThisMachine, this_machine
from asv_jit.asv_adapter.mirror import mirror_of
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError
from asv_jit.installations import Installation, Requirements, UnbuildableError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import QUICK_PROTOCOL, Benchmark, Case, CaseKey, Trial
from asv_jit.repository import Commit, Repository
from asv_jit.trials.block import ALONE, PAIR, SAMPLE
from asv_jit.trials.launch import environment_of
from asv_jit.workflows.reporter import Reporter
from asv_jit.workflows.results import read_results
from asv_jit.workflows.selection import commits_of, interpreters_of
from asv_jit.workflows.session import Session

__all__ = ["Options", "Outcome", "run", "summaries"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for; empty means: what asv.conf.json says."""

    range_words: str | None = None
    bench: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    quick: bool = False
    retry_failed: bool = False
    again: bool = False
    machine: str | None = None


@dataclass(slots=True)
class Outcome:
    """What a run did. `failed` names the cells without a result, with the reason's first line."""

    machine: str
    folder: Path
    commits: tuple[Commit, ...]
    interpreters: tuple[Interpreter, ...]
    protocol: str
    trials: int = 0
    present: int = 0
    measured: int = 0
    failed: dict[CellKey, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """For --json."""
        return {
            "machine": self.machine,
            "commits": [commit.hash for commit in self.commits],
            "interpreters": [one.identity for one in self.interpreters],
            "protocol": self.protocol,
            "trials": self.trials,
            "cells_measured": self.measured,
            "cells_present": self.present,
            "failed": [
                {"case": str(key.case), "commit": key.commit, "interpreter": key.interpreter, "reason": reason}
                for key, reason in sorted(self.failed.items(), key=str)
            ],
        }


@dataclass(frozen=True, slots=True)
class _Target:
    """A cell to be measured and where."""

    installation: Installation
    case: Case
    key: CellKey


def run(project: Project, options: Options, reporter: Reporter) -> Outcome:
    """Measure what is missing. Results of a run that is interrupted stay, and the next run goes on from them.

    Raises NoInterpreterError, LockedError, StorageError.
    """
    repository = Repository(_repository_folder(project))
    interpreters = interpreters_of(project, options.pythons)
    _insist_on_a_jit(interpreters)
    commits = commits_of(project, repository, options.range_words)
    requirements = installations.requirements_of(project)
    machine = this_machine(options.machine)
    with (
        locks.held(locks.measuring_lock(), doing="measure"),
        locks.held(locks.results_lock(project.results_dir), doing="write results"),
        Session(project, machine, requirements, reporter, purpose="quick" if options.quick else "run") as session,
    ):
        outcome = Outcome(machine.name, session.folder, tuple(commits), tuple(interpreters), session.protocol)
        described: suite.Suite | None = None
        for commit in commits:
            built, broken = _install_all(session, interpreters, commit, reporter)
            if described is None and built:
                reporter.stage("discovering the suite")
                described = _discover(project, session, built[0])
            if described is None:
                described = suite.load(project)
            if described is None:
                outcome.failed.update(_without_suite(commit, broken, session.protocol))
                continue
            cases = suite.select(described.cases, options.bench)
            for interpreter, error in broken:
                _keep_broken(session, interpreter, commit, cases, error, outcome)
            try:
                _measure_commit(session, commit, built, cases, options, outcome, reporter)
            finally:  # whatever ends it: what was measured goes into asv's files too
                _write_rows(project, session, requirements, machine, commit, interpreters, described, cases)
        installations.prune([])
        return outcome


def summaries(project: Project, outcome: Outcome) -> tuple[SuiteSummary, ...]:
    """What is known now of the run's commits on its interpreters."""
    found = read_results(
        project,
        outcome.folder,
        commits={commit.hash for commit in outcome.commits},
        quick=outcome.protocol == QUICK_PROTOCOL,
    )
    wanted = {one.identity for one in outcome.interpreters}
    return tuple(suite for suite in found.suites if suite.interpreter in wanted)


def _insist_on_a_jit(interpreters: Sequence[Interpreter]) -> None:
    if any(interpreter.has_jit for interpreter in interpreters):
        return
    found = ", ".join(f"{one.identity} ({one.executable})" for one in interpreters)
    raise NoInterpreterError(
        f"expected at least one CPython with the JIT, found only {found}; "
        "install one with `asv-jit pythons install 3.15`, see all with `asv-jit pythons list`"
    )


def _repository_folder(project: Project) -> Path:
    """The folder of the repository: asv's own mirror where `repo` is an address."""
    local = project.folder / project.repo
    if local.is_dir():
        return local
    return mirror_of(project)


def _install_all(
    session: Session, interpreters: Sequence[Interpreter], commit: Commit, reporter: Reporter
) -> tuple[list[Installation], list[tuple[Interpreter, UnbuildableError]]]:
    built, broken = [], []
    for interpreter in interpreters:
        reporter.stage(f"installing {commit.short} on CPython {interpreter.identity}")
        try:
            built.append(session.install(interpreter, commit.hash))
        except UnbuildableError as error:
            reporter.warn(str(error))
            broken.append((interpreter, error))
    return built, broken


def _discover(project: Project, session: Session, installation: Installation) -> suite.Suite:
    described = suite.discover(
        project, installation.python, environment_of(session.place(installation), "off", hash_seed=0)
    )
    described.save(project)
    return described


def _keep_broken(
    session: Session,
    interpreter: Interpreter,
    commit: Commit,
    cases: Sequence[Case],
    error: UnbuildableError,
    outcome: Outcome,
) -> None:
    """Record once per case that the commit cannot be installed."""
    recorded = cells_of(session.known_trials(interpreter.identity, [commit.hash]), (session.purpose,))
    for case in cases:
        key = CellKey(commit.hash, interpreter.identity, case.key, case.benchmark.version, session.protocol)
        outcome.failed[key] = str(error).splitlines()[0]
        if key not in recorded:
            session.keep_unbuildable(interpreter, commit.hash, case, error)


def _without_suite(
    commit: Commit, broken: Sequence[tuple[Interpreter, UnbuildableError]], protocol: str
) -> dict[CellKey, str]:
    return {
        CellKey(commit.hash, interpreter.identity, CaseKey("<the whole suite>"), "", protocol): str(error)
        for interpreter, error in broken
    }


def _measure_commit(
    session: Session,
    commit: Commit,
    built: Sequence[Installation],
    cases: Sequence[Case],
    options: Options,
    outcome: Outcome,
    reporter: Reporter,
) -> None:
    """Rounds over all unfinished cells in random order, a block each, until none is left.

    Rounds, so that a slow minute of the machine hits every cell alike, and none all by itself.
    """
    trials: dict[CellKey, list[Trial]] = {}
    targets = []
    for installation in built:
        identity = installation.interpreter.identity
        session.learn_efforts(cases, identity)
        known = session.known_trials(identity, [commit.hash])
        for case in cases:
            key = CellKey(commit.hash, identity, case.key, case.benchmark.version, session.protocol)
            mine = [t for t in known if t.purpose == session.purpose and CellKey.of(t) == key]
            trials[key] = [] if options.again else _without_failures(mine) if options.retry_failed else mine
            targets.append(_Target(installation, case, key))
    open_targets = [target for target in targets if _step(session, target, trials) == "measure"]
    outcome.present += len(targets) - len(open_targets)
    outcome.measured += len(open_targets)
    counter = _Counter(session, reporter, trials)
    while open_targets:
        session.rng.shuffle(open_targets)
        for position, target in enumerate(open_targets):
            counter.show(target, open_targets, position)
            arms = PAIR if target.installation.interpreter.has_jit else ALONE
            done = session.measure(target.installation, target.case, arms, micro_ops=not trials[target.key])
            trials[target.key].extend(done)
            counter.count(done)
        open_targets = [target for target in open_targets if _step(session, target, trials) == "measure"]
    for target in targets:
        if _lacks_sample(target, trials) and _step(session, target, trials) == "done":
            counter.count([session.sample(target.installation, target.case)])
    outcome.trials += counter.trials
    for target in targets:
        if _step(session, target, trials) == "failed" and not _was_skipped(trials[target.key]):
            outcome.failed[target.key] = _reason(trials[target.key])


def _was_skipped(trials: Sequence[Trial]) -> bool:
    return all(trial.outcome == "skipped" for trial in trials)


def _lacks_sample(target: _Target, trials: dict[CellKey, list[Trial]]) -> bool:
    wanted = target.installation.interpreter.has_jit and target.case.benchmark.kind == "time"
    return wanted and not any(trial.arm == SAMPLE.name for trial in trials[target.key])


class _Counter:
    """Counts trials and guesses, from how long each cell's trials took so far, how long the rest will take."""

    def __init__(self, session: Session, reporter: Reporter, trials: dict[CellKey, list[Trial]]) -> None:
        self._reporter = reporter
        self._known = trials
        self._least = session.project.settings.pairs.min
        self.trials = 0
        self._spent_s = 0.0

    def count(self, trials: Sequence[Trial]) -> None:
        self.trials += len(trials)
        self._spent_s += sum(trial.duration_s for trial in trials)

    def show(self, target: _Target, open_targets: Sequence[_Target], position: int) -> None:
        left = sum(self._trials_left(one, index < position) for index, one in enumerate(open_targets))
        left_s = left * self._spent_s / self.trials if self.trials else None
        text = f"{target.key.case} on {target.key.interpreter}"
        self._reporter.advance(text, self.trials, self.trials + left, left_s)

    def _trials_left(self, target: _Target, measured_this_round: bool) -> int:
        arms = 2 if target.installation.interpreter.has_jit else 1
        blocks = len({trial.block for trial in self._known[target.key]})
        return arms * max(self._least - blocks, 0 if measured_this_round else 1)


def _step(session: Session, target: _Target, trials: dict[CellKey, list[Trial]]) -> str:
    settings = session.project.settings
    pairs = settings.pairs
    most = pairs.min if session.purpose == "quick" else pairs.max
    cell = cells_of(trials[target.key], (session.purpose,)).get(target.key)
    return progress(cell, precision=settings.precision, min_pairs=pairs.min, max_pairs=most)


def _without_failures(trials: Sequence[Trial]) -> list[Trial]:
    failed = {trial.block for trial in trials if trial.outcome != "ok"}
    return [trial for trial in trials if trial.block not in failed]


def _reason(trials: Sequence[Trial]) -> str:
    bad = [trial for trial in trials if trial.outcome != "ok"]
    modes = sorted({trial.mode for trial in bad})
    last = bad[-1]
    words = last.stderr.strip().splitlines()
    ending = f" by {last.signal}" if last.signal else ""
    return f"{last.outcome}{ending} in mode {' and '.join(modes)}" + (f": {words[-1]}" if words else "")


def _write_rows(
    project: Project,
    session: Session,
    requirements: Requirements,
    machine: ThisMachine,
    commit: Commit,
    interpreters: Sequence[Interpreter],
    described: suite.Suite,
    cases: Sequence[Case],
) -> None:
    """Make asv's rows of this commit from the journal. Quick results stay out of them."""
    if session.purpose == "quick":
        return
    benchmarks = list({case.benchmark.name: case.benchmark for case in cases}.values())
    for interpreter in interpreters:
        cells = cells_of(session.known_trials(interpreter.identity, [commit.hash]))
        current = [cell for key, cell in cells.items() if _is_current(cell, benchmarks)]
        for mode, jit in (("off", "0"), ("on", "1")) if interpreter.has_jit else (("off", "0"),):
            mine = [t for cell in current for block in cell.blocks for t in block.trials if t.mode == mode]
            if mine:
                results.write_rows(
                    project,
                    installations.environment_of(project, interpreter, requirements, jit),
                    machine.described,
                    commit.hash,
                    commit.date,
                    benchmarks,
                    described.described,
                    mine,
                )


def _is_current(cell: Cell, benchmarks: Sequence[Benchmark]) -> bool:
    return any(one.name == cell.key.case.benchmark and one.version == cell.key.version for one in benchmarks)
