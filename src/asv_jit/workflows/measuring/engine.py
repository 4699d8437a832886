"""Measures a list of cells within a budget, for `run` and `nightly`.

Each round measures a block of every unfinished cell in random order, so that a slow minute of the machine hits all
cells alike. Each journal is read once; new trials are added to it in memory.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct

from asv_jit import installations
from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.cells.cell import Cell, CellKey, Progress, cells_of, has_failed, progress
from asv_jit.analysis.cells.summary import SuiteSummary
from asv_jit.analysis.remaining import Forecast, PairRule, Unfinished, forecast
from asv_jit.asv_adapter import results, suite
from asv_jit.asv_adapter.machine import ThisMachine
from asv_jit.git.repository import Commit
from asv_jit.installations import Installation, Requirements, UnbuildableError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Benchmark, Case, Trial
from asv_jit.text import units
from asv_jit.trials.block import ALONE, PAIR, SAMPLE
from asv_jit.workflows.measuring.outlook import Outlook
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.session import Session
from asv_jit.workflows.reading.results import suites_of

Forget = Literal["nothing", "failures", "everything"]
"""Which earlier blocks of a cell to ignore: none, those that failed, or all."""

_GUESSED_TRIAL_S = 0.5  # for starting, importing and reading JIT evidence, on top of the iterations


class Budget:
    """A time budget in seconds; None is unlimited. Tests replace the monotonic clock."""

    def __init__(self, seconds: float | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._seconds = math.inf if seconds is None else seconds

    @property
    def spent_s(self) -> float:
        """Seconds since the budget was created."""
        return self._clock() - self._began

    @property
    def left_s(self) -> float:
        """Seconds left, at least 0; infinite without a limit."""
        return max(0.0, self._seconds - self.spent_s)

    def share(self, part: float) -> Budget:
        """Return a budget of `part` of the rest of this one."""
        rest_s = self.left_s * part
        return Budget(None if rest_s == math.inf else rest_s, clock=self._clock)


class Unbuildable(Struct, frozen=True):
    """An interpreter and a set of requirements on which a commit cannot be installed."""

    interpreter: Interpreter
    requirements: Requirements
    error: UnbuildableError


Interim: TypeAlias = Callable[[Callable[[], Sequence[SuiteSummary]], bool], None]
"""Called after each round with a callable that summarises the results so far, and whether measuring goes on."""
INTERIM_S = 60.0
"""When the first interim results are shown."""


class Rule(Struct, frozen=True):
    """Decides when a cell has enough blocks. `adaptive`: by its spread, within the limits of `pairs`; otherwise it gets
    `pairs.min_pairs` more."""

    step: Callable[[Cell | None], Progress]
    pairs: PairRule
    adaptive: bool


class Target(Struct, frozen=True):
    """A cell to measure, and the installation to measure it on."""

    installation: Installation
    case: Case
    key: CellKey


@dataclass(slots=True)
class Tally:
    """What was done. `trials`: how many ran; `present`, `measured`: the cells that were complete before and now;
    `failed`: cells without a result, with the first line of the reason; `left`: cells that the budget left
    incomplete."""

    trials: int = 0
    present: int = 0
    measured: int = 0
    left: int = 0
    failed: dict[CellKey, str] = field(default_factory=dict)


class Engine:
    """Installs and measures commits and writes asv's rows, in one session."""

    def __init__(
        self,
        session: Session,
        machine: ThisMachine,
        reporter: Reporter,
        *,
        budget: Budget | None = None,
        interim: Interim | None = None,
    ) -> None:
        self.session = session
        self._interim = interim
        self.budget = budget or Budget()
        self.tally = Tally()
        self.install_s: list[float] = []
        self._machine = machine
        self._reporter = reporter
        self._at_hand: dict[tuple[str, str], list[Trial]] = {}
        self.broken: dict[tuple[str, str, str], Unbuildable] = {}

    def install(
        self, interpreters: Sequence[Interpreter], commit: Commit
    ) -> tuple[list[Installation], list[Unbuildable]]:
        """Install a commit, once for each set of requirements; return the installations and the failures."""
        built, broken = [], []
        project = self.session.project
        for interpreter in interpreters:
            sets = installations.requirement_sets(project, interpreter)
            for requirements in sets:
                known = self.broken.get((interpreter.identity, requirements.text, commit.hash))
                if known is not None:
                    broken.append(known)
                    continue
                is_new = not installations.exists(project, interpreter, requirements, commit.hash)
                if is_new:
                    beside = f" with {requirements.text}" if len(sets) > 1 else ""
                    self._reporter.stage(f"installing {commit.short} on CPython {interpreter.identity}{beside}")
                clock = Budget()
                try:
                    built.append(self.session.install(interpreter, commit.hash, requirements))
                except UnbuildableError as error:
                    self._reporter.warn(str(error))
                    one = Unbuildable(interpreter, requirements, error)
                    self.broken[interpreter.identity, requirements.text, commit.hash] = one
                    broken.append(one)
                if is_new:
                    self.install_s.append(clock.spent_s)
        return built, broken

    def keep_broken(self, broken: Unbuildable, commit: Commit, cases: Sequence[Case], *, again: bool = False) -> None:
        """Record for each case that the commit cannot be installed, unless it is recorded and not `again`."""
        interpreter = broken.interpreter
        recorded = cells_of(self._known(commit.hash, interpreter.identity), (self.session.purpose,))
        for case in cases:
            key = self._key(commit.hash, interpreter.identity, broken.requirements.text, case)
            self.tally.failed[key] = units.reason_line(str(broken.error))
            if again or key not in recorded:
                self.session.keep_unbuildable(interpreter, broken.requirements, commit.hash, case, broken.error)

    def measure(
        self, built: Sequence[Installation], cases: Sequence[Case], rule: Rule, *, forget: Forget = "nothing"
    ) -> None:
        """Measure each of `cases` on each of `built` until `rule` ends it or the budget is spent."""
        trials: dict[CellKey, list[Trial]] = {}
        targets = []
        for installation in built:
            identity = installation.interpreter.identity
            self.session.learn_efforts(cases, identity)
            known = self._known(installation.commit, identity)
            for case in cases:
                key = self._key(installation.commit, identity, installation.requirements, case)
                mine = [t for t in known if t.purpose == self.session.purpose and CellKey.of(t) == key]
                trials[key] = _counted(mine, forget)
                targets.append(Target(installation, case, key))
        self._rounds(_Rounds(self.session, targets, trials, rule))

    def close(self, described: suite.Suite, commit: Commit, interpreters: Sequence[Interpreter]) -> list[SuiteSummary]:
        """Write asv's rows of a commit, summarise it, and drop its trials from memory."""
        summaries: list[SuiteSummary] = []
        for interpreter in interpreters:
            known = self._known(commit.hash, interpreter.identity)
            cells = self._current(described, known)
            if self.session.purpose == "run":  # quick results stay out of asv's rows
                for requirements in installations.requirement_sets(self.session.project, interpreter):
                    mine = {key: cell for key, cell in cells.items() if key.requirements == requirements.text}
                    self._write_rows(described, commit, interpreter, requirements, mine)
            summaries.extend(suites_of(self.session.project, cells))
            self._at_hand.pop((commit.hash, interpreter.identity), None)
        return summaries

    def _rounds(self, work: _Rounds) -> None:
        unfinished = work.unfinished()
        self.tally.present += len(work.targets) - len(unfinished)
        wanted = len(unfinished)
        before = self.session.trials
        outlook = Outlook(
            self._reporter,
            lambda: work.forecast(outlook.pace),
            spent_s=lambda: self.budget.spent_s,
            most_s=lambda: self.budget.left_s,
        )
        out_of_time = False
        began_s = self.budget.spent_s
        while unfinished and not out_of_time:
            if self._interim is not None and self.budget.spent_s >= began_s + INTERIM_S:
                self._interim(lambda: suites_of(self.session.project, work.cells()), True)
            self.session.rng.shuffle(unfinished)
            for position, target in enumerate(unfinished):
                if work.block_s(target) > self.budget.left_s:
                    out_of_time = True
                    continue  # a quicker case may still fit
                outlook.show(f"{target.key.case} on {target.key.interpreter}", position, len(unfinished))
                arms = PAIR if target.installation.interpreter.has_jit else ALONE
                first = not work.trials[target.key]
                done = self.session.measure(target.installation, target.case, arms, micro_ops=first)
                self._join(target, work, done)
                outlook.count(done, first=first)
            unfinished = work.unfinished()
        self.tally.left += len(unfinished)
        self.tally.measured += wanted - len(unfinished)
        for target in work.targets:
            if work.lacks_sample(target) and work.block_s(target) <= self.budget.left_s:
                self._join(target, work, [self.session.sample(target.installation, target.case)])
        self.tally.trials += self.session.trials - before
        self.tally.failed.update(work.failed())

    def _join(self, target: Target, work: _Rounds, done: Sequence[Trial]) -> None:
        work.trials[target.key].extend(done)
        self._known(target.key.commit, target.key.interpreter).extend(done)

    def _known(self, commit: str, interpreter: str) -> list[Trial]:
        """Return the trials of a commit on an interpreter: read once, then kept up to date."""
        if (commit, interpreter) not in self._at_hand:
            self._at_hand[commit, interpreter] = self.session.known_trials(interpreter, [commit])
        return self._at_hand[commit, interpreter]

    def _key(self, commit: str, interpreter: str, requirements: str, case: Case) -> CellKey:
        protocol = self.session.protocol
        return CellKey(commit, interpreter, case.key, case.benchmark.version, protocol, requirements)

    def _current(self, described: suite.Suite, known: Sequence[Trial]) -> dict[CellKey, Cell]:
        versions = {benchmark.name: benchmark.version for benchmark in described.benchmarks}
        return {
            key: cell
            for key, cell in cells_of(known, (self.session.purpose,)).items()
            if versions.get(key.case.benchmark) == key.version and key.protocol == self.session.protocol
        }

    def _write_rows(
        self,
        described: suite.Suite,
        commit: Commit,
        interpreter: Interpreter,
        requirements: Requirements,
        cells: dict[CellKey, Cell],
    ) -> None:
        names = {key.case.benchmark for key in cells}
        benchmarks: list[Benchmark] = [one for one in described.benchmarks if one.name in names]
        for mode, jit in (("off", "0"), ("on", "1")) if interpreter.has_jit else (("off", "0"),):
            mine = [t for cell in cells.values() for block in cell.blocks for t in block.trials if t.mode == mode]
            if mine:
                project = self.session.project
                results.write_rows(
                    project,
                    installations.asv_environment_of(project, interpreter, requirements, jit),
                    self._machine.described,
                    commit.hash,
                    commit.date,
                    benchmarks,
                    described.described,
                    mine,
                )


def until_precise(session: Session) -> Rule:
    """Measure until the cell reaches the precision of the settings."""
    settings = session.project.settings
    pairs = settings.pairs
    most = pairs.min if session.purpose == "quick" else pairs.max

    def rule(cell: Cell | None) -> Progress:
        return progress(
            cell, precision=settings.precision, min_pairs=pairs.min, max_pairs=most, equivalence=settings.equivalence
        )

    return Rule(rule, PairRule(settings.precision, pairs.min, most, settings.equivalence), adaptive=True)


def until_so_many(session: Session, blocks: int) -> Rule:
    """Measure this many good blocks in this session, whatever earlier sessions measured."""

    def rule(cell: Cell | None) -> Progress:
        mine = [] if cell is None else [b for b in cell.blocks if b.trials[0].session == session.identity]
        if has_failed(mine):
            return "failed"
        return "done" if sum(not block.failed for block in mine) >= blocks else "measure"

    return Rule(rule, PairRule(session.project.settings.precision, blocks, blocks, 0.0), adaptive=False)


class _Rounds:
    """The targets of one `measure` call and their trials."""

    def __init__(
        self, session: Session, targets: Sequence[Target], trials: dict[CellKey, list[Trial]], rule: Rule
    ) -> None:
        self.targets = targets
        self.trials = trials
        self._session = session
        self._rule = rule
        self._before = {target.key: self._blocks(target) for target in targets}

    def unfinished(self) -> list[Target]:
        return [target for target in self.targets if self._step(target) == "measure"]

    def cells(self) -> dict[CellKey, Cell]:
        """Return the cells measured so far."""
        found = {target.key: self._cell(target) for target in self.targets}
        return {key: cell for key, cell in found.items() if cell is not None}

    def failed(self) -> dict[CellKey, str]:
        bad = [target for target in self.targets if self._step(target) == "failed"]
        return {one.key: failure_words(self.trials[one.key]) for one in bad if not _was_skipped(self.trials[one.key])}

    def lacks_sample(self, target: Target) -> bool:
        if self._session.purpose not in ("run", "quick") or self._step(target) != "done":
            return False
        wanted = target.installation.interpreter.has_jit and target.case.benchmark.kind == "time"
        return wanted and not any(trial.arm == SAMPLE.name for trial in self.trials[target.key])

    def block_s(self, target: Target) -> float:
        """Return the duration of the next block in seconds: the longest so far, else a guess."""
        arms = 2 if target.installation.interpreter.has_jit else 1
        known = [trial.duration_s for trial in self.trials[target.key]]
        return arms * max(known, default=self._session.project.settings.trial_seconds + _GUESSED_TRIAL_S)

    def forecast(self, pace: float) -> Forecast:
        """Forecast the unfinished targets; a block takes `pace` times the durations of its trials."""
        unfinished, known = [], []
        for target in self.targets:
            cell = self._cell(target)
            ratios = np.empty(0) if cell is None else cell.ratios
            if self._step(target) == "measure":
                unfinished.append(self._unfinished(target, ratios, pace))
            else:
                known.append(ratios)
        return forecast(unfinished, self._rule.pairs, known=known, seed=0)

    def _unfinished(self, target: Target, ratios: Floats, pace: float) -> Unfinished:
        arms = 2 if target.installation.interpreter.has_jit else 1
        durations_s = [trial.duration_s for trial in self.trials[target.key]]
        trial_s = statistics.median(durations_s) if durations_s else self.block_s(target) / arms
        adaptive = self._rule.adaptive and arms == 2 and target.case.benchmark.kind == "time"
        blocks = self._blocks(target) - (0 if self._rule.adaptive else self._before[target.key])
        return Unfinished(
            ratios=(ratios,) if adaptive else (),
            least=max(self._rule.pairs.min_pairs - blocks, 1),
            trials=arms,
            block_s=pace * arms * trial_s,
        )

    def _blocks(self, target: Target) -> int:
        return len({trial.block for trial in self.trials[target.key]})

    def _cell(self, target: Target) -> Cell | None:
        return cells_of(self.trials[target.key], (self._session.purpose,)).get(target.key)

    def _step(self, target: Target) -> Progress:
        return self._rule.step(self._cell(target))


def _counted(trials: Sequence[Trial], forget: Forget) -> list[Trial]:
    if forget == "everything":
        return []
    failed = {trial.block for trial in trials if trial.outcome != "ok"} if forget == "failures" else set()
    return [trial for trial in trials if trial.block not in failed]


def _was_skipped(trials: Sequence[Trial]) -> bool:
    return all(trial.outcome == "skipped" for trial in trials)


def failure_words(trials: Sequence[Trial]) -> str:
    """Say how the last failed trial ended, in which modes trials failed, and the last line of stderr."""
    bad = [trial for trial in trials if trial.outcome != "ok"]
    modes = sorted({trial.mode for trial in bad})
    last = bad[-1]
    words = last.stderr.strip().splitlines()
    ending = f" by {last.signal}" if last.signal and last.outcome != "timeout" else ""
    return f"{last.outcome}{ending} in mode {' and '.join(modes)}" + (f": {words[-1]}" if words else "")
