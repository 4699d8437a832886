"""Measures for a night: discovers the suite, counts, plans, and executes the plan."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from msgspec.structs import replace

from asv_jit import installations
from asv_jit.analysis.counts.summary import Move
from asv_jit.analysis.history.bridges import ENOUGH_BLOCKS
from asv_jit.analysis.planning import Plan, Step, plan
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.machine import ThisMachine
from asv_jit.asv_adapter.mirror import repository_without_network
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.repository import Commit, Repository
from asv_jit.model import Case
from asv_jit.text import units
from asv_jit.trials.counter import Counter
from asv_jit.workflows.measuring.counting import Counting
from asv_jit.workflows.measuring.engine import Budget, Engine, Forget, until_precise, until_so_many
from asv_jit.workflows.measuring.pairing import discover_suite
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.selection import interpreters_here
from asv_jit.workflows.measuring.session import Session
from asv_jit.workflows.nights.counting import CountingWork, count_new, counted_commits, new_commits
from asv_jit.workflows.nights.night import Night, one_line
from asv_jit.workflows.nights.situation import Ground, anchor_of, branches_of, measured_trials, situation_of
from asv_jit.workflows.reading.history import read_history

_COUNTING_SHARE = 0.5


@dataclass(slots=True)
class NightMeasuring:
    """Counts, plans and measures for one night, repeatedly while there is time.

    `problem` receives what did not work; `counter` is None if nothing is counted.
    """

    project: Project
    machine: ThisMachine
    night: Night
    reporter: Reporter
    since: str | None
    problem: Callable[[str], None]
    counter: Counter | None = None
    _installs: list[float] = field(default_factory=list, init=False)
    _spent_s: float = field(default=0.0, init=False)
    _described: suite.Suite | None = field(default=None, init=False)

    @property
    def _times(self) -> bool:
        return self.project.settings.count != "instead"

    @property
    def install_s(self) -> float | None:
        """Return the median seconds of a new installation this night; None without any."""
        return statistics.median(self._installs) if self._installs else None

    @property
    def trial_s(self) -> float | None:
        """Return the seconds of a trial this night, overhead included; None before the first."""
        trials = self.night.tally.trials
        return self._spent_s / trials if trials else None

    def plan_only(self, budget: Budget) -> None:
        """Add to the night what it would measure, as far as this disk knows."""
        described = suite.load(self.project)
        if described is None:
            self.night.notes.append("the suite is not known yet: the first night discovers it, and plans then")
        ground = self._ground()
        branches = self._branches(Repository(repository_without_network(self.project)), ground)
        cases = described.cases if described is not None else ()
        if self.project.settings.count != "off":
            work = self._counting_work(ground, branches, cases)
            commits = units.count(len({commit for new in work.new for commit in new}), "commit")
            self.night.notes.append(f"counts {units.count(len(work.cases), 'case')} at {commits} first, where missing")
        if self._times:
            self.night.plans.append(self._plan(ground, branches, cases, budget))

    def measure(self, budget: Budget) -> None:
        """Count once, then plan and execute the plan, in a new session. The caller holds the locks."""
        clock = Budget()
        repository = Repository(repository_without_network(self.project))
        ground = self._ground()
        if not self.night.plans:
            self._note_machine(ground)
        branches = self._branches(repository, ground)
        with Session(self.project, self.machine, self.reporter) as session:
            engine = Engine(session, self.machine, self.reporter, budget=budget)
            engine.tally, engine.install_s = self.night.tally, self._installs
            engine.tally.left = 0  # the previous plan's are planned again
            described = self._described = self._described or self._describe(session, engine, branches)
            if described is not None and self.counter is not None and self.night.counted is None:
                self._count(self._counting_work(ground, branches, described.cases), engine, self.counter, budget)
                clock = Budget()
            if described is not None and self._times:
                made = self._plan(ground, branches, described.cases, budget)
                self.night.plans.append(made)
                del ground  # holds every trial, too much to keep in memory for hours
                self._carry_out(made, engine, described, repository)
        self._drop_old_moves()
        installations.prune([])
        self._spent_s += clock.spent_s

    def _count(self, work: CountingWork, engine: Engine, counter: Counter, budget: Budget) -> None:
        """Count the new commits. If the night also times, at least half of the budget is left for that."""
        self.reporter.stage("counting instructions")
        counting = Counting(engine.session, counter, self.reporter)
        self.night.counted = count_new(work, engine, counting, budget.share(_COUNTING_SHARE if self._times else 1.0))
        if not self._times:  # otherwise timing reports it for each case
            for (identity, _, commit), broken in engine.broken.items():
                reason = one_line(str(broken.error))
                self.problem(f"{commit[:8]} cannot be installed on CPython {identity}, so it is not counted: {reason}")

    def _drop_old_moves(self) -> None:
        """Keep only the moves that this night found or times; others were reported before."""
        counted = self.night.counted
        if counted is not None:
            timed = self.night.timed_first
            kept = [
                m for m in counted.moves if m.commit in counted.commits or (m.commit, m.interpreter, m.case) in timed
            ]
            self.night.counted = replace(counted, moves=tuple(kept))

    def _counting_work(
        self, ground: Ground, branches: Sequence[Sequence[Commit]], cases: Sequence[Case]
    ) -> CountingWork:
        timed = {trial.commit for trial in ground.trials if trial.purpose == "run"}
        known = timed if self._times else counted_commits(self.night.folder)
        new = [new_commits(commits, known) for commits in branches]
        timeable = [case for case in cases if case.benchmark.kind == "time"]
        return CountingWork(branches, new, self.night.interpreters, timeable, self.project.settings.count_threshold)

    def _describe(self, session: Session, engine: Engine, branches: Sequence[Sequence[Commit]]) -> suite.Suite | None:
        """Discover the working tree's suite with an installation of a tip; without any, use the stored suite."""
        for commits in branches:
            for interpreter in self.night.interpreters:
                built, _ = engine.install([interpreter], commits[0])
                if built:
                    self.reporter.stage("discovering the suite")
                    described = discover_suite(self.project, session, built)
                    described.save(self.project)
                    return described
        remembered = suite.load(self.project)
        if remembered is None:
            self.problem("no tip can be installed, and the suite is not known from before: nothing can be measured")
        return remembered

    def _plan(
        self, ground: Ground, branches: Sequence[Sequence[Commit]], cases: Sequence[Case], budget: Budget
    ) -> Plan:
        tip = branches[0][0] if branches else None
        anchor, note = anchor_of(ground, tip)
        if note is not None and note not in self.night.notes:
            self.night.notes.append(note)
        trials = {self.machine.name: ground.trials}
        history = read_history(self.project, self.machine.name, trials=trials) if ground.trials else None
        if self.night.counted is not None:
            moves: Sequence[Move] = self.night.counted.moves
        elif self.project.settings.count != "off":
            moves = self._counting_work(ground, branches, cases).moves(self.night.folder)
        else:
            moves = ()
        return plan(
            situation_of(
                ground,
                branches,
                cases,
                anchor=anchor,
                history=history,
                events=self.night.events,
                moves=moves,
                now_s=datetime.now(UTC).timestamp(),
                budget_s=budget.left_s,
                reach_back=self.since is not None,
                install_s=self.install_s,
            )
        )

    def _carry_out(self, made: Plan, engine: Engine, described: suite.Suite, repository: Repository) -> None:
        """Execute the steps in order, those of one kind and commit together, so that interpreters are interleaved."""
        cases = {case.key: case for case in described.cases}
        interpreters = {one.identity: one for one in interpreters_here(self.project)}
        for (kind, name, _), steps in groupby(made.steps, key=lambda step: (step.kind, step.commit, step.cases)):
            together = list(steps)
            commit = _resolved(repository, name)
            if commit is None:
                self.problem(f"commit {name[:8]} is no longer in the repository; it is not measured")
                continue
            identities = [identity for step in together for identity in step.interpreters]
            wanted = [interpreters[identity] for identity in identities if identity in interpreters]
            if engine.budget.left_s <= sum(step.install_s for step in together):
                engine.tally.left += sum(len(step.cases) for step in together)
                continue  # a step that needs no installation may still fit
            self.reporter.stage(f"{kind}: {commit.short}, {together[0].reason}")
            built, broken = engine.install(wanted, commit)
            chosen = [cases[key] for key in together[0].cases]
            if kind in ("anchor", "bridge") and broken:
                self.problem(f"the {kind} cannot be measured: {one_line(str(broken[0].error))}")
                continue
            for one in broken:
                engine.keep_broken(one, commit, chosen, again=kind == "retry")
            try:
                self._measure_step(together[0], engine, built, chosen)
            finally:  # even if interrupted, write what was measured to asv's files
                measured = [case for one in engine.close(described, commit, wanted) for case in one.cases]
            keys = set(together[0].cases)
            self.night.unclear.update(
                {case.key: case.reason for case in measured if case.verdict == "unclear" and case.key.case in keys}
            )

    def _measure_step(
        self, step: Step, engine: Engine, built: list[installations.Installation], cases: Sequence[Case]
    ) -> None:
        session = engine.session
        if step.kind == "anchor":
            with session.measuring_for("anchor"):
                engine.measure(built, cases, until_so_many(session, self.project.settings.pairs.min))
        elif step.kind == "bridge":
            engine.measure(built, cases, until_so_many(session, ENOUGH_BLOCKS))
        else:
            forget: Forget = "failures" if step.kind == "retry" else "nothing"
            engine.measure(built, cases, until_precise(session), forget=forget)

    def _note_machine(self, ground: Ground) -> None:
        """Note if another machine measured last under this name."""
        last = max(ground.trials, key=lambda trial: trial.started, default=None)
        changed = self.machine.changes_since(last.machine, self.project.results_dir) if last is not None else ""
        if changed:
            self.night.notes.append(
                f"this machine changed ({changed}): its series start anew, and no change of level is reported across it"
            )

    def _ground(self) -> Ground:
        found = interpreters_here(self.project)
        trials = measured_trials(self.night.folder)
        sets = {one.identity: installations.requirement_sets(self.project, one) for one in found}
        return Ground(self.project, self.night.folder, found, self.night.interpreters, sets, trials)

    def _branches(self, repository: Repository, ground: Ground) -> list[tuple[Commit, ...]]:
        measured = {trial.commit for trial in ground.trials}
        if self.project.settings.count != "off":
            measured |= counted_commits(self.night.folder)
        branches, complaints = branches_of(self.project, repository, measured, self.since)
        for complaint in complaints:
            self.problem(complaint)
        return branches


def _resolved(repository: Repository, commit: str) -> Commit | None:
    try:
        return repository.resolve(commit)
    except UsageError:
        return None
