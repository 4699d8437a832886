"""`asv-jit nightly`: fetch, notice new releases, plan, run, detect, confirm, bisect, publish, report; nobody watches.

Each step that fails says so in the report, and the night goes on with what there is. Whatever ends it, the next
night goes on from there: all that was measured is in the journal, and a plan is made from nothing else.
"""

from __future__ import annotations

import errno
import math
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from asv_jit import installations, locks
from asv_jit.analysis.events import Event
from asv_jit.analysis.planning import Plan, Step, plan
from asv_jit.analysis.series import History
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.machine import ThisMachine, this_machine
from asv_jit.asv_adapter.mirror import fetched, repository_without_network
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import AsvJitError, InterruptedRunError, LockedError, StorageError, UsageError
from asv_jit.model import Case
from asv_jit.repository import Commit, Repository
from asv_jit.store.files import remove_parts
from asv_jit.store.journal import mend_all
from asv_jit.store.nights import NightRecord, keep_night, nights
from asv_jit.workflows import publish as publishing
from asv_jit.workflows.branches import fetch_results, named_branch, push_results, push_site
from asv_jit.workflows.engine import Budget, Engine, Forget, until_precise, until_so_many
from asv_jit.workflows.follow_up import bisect_events, confirm_events
from asv_jit.workflows.history import read_history
from asv_jit.workflows.night import Night
from asv_jit.workflows.notify import fresh_events, notify
from asv_jit.workflows.pairing import discover_suite
from asv_jit.workflows.regressions import find_events
from asv_jit.workflows.releases import install_releases
from asv_jit.workflows.reporter import Reporter
from asv_jit.workflows.run import insist_on_a_jit
from asv_jit.workflows.selection import interpreters_here, interpreters_of
from asv_jit.workflows.session import Session
from asv_jit.workflows.situation import Ground, anchor_of, branches_of, measured_trials, situation_of

__all__ = ["STEPS", "Options", "nightly", "plan_only"]

STEPS = ("fetch", "pythons", "run", "confirm", "bisect", "publish", "notify")
_MEASURING_SHARE = 0.8  # of the budget; the rest is for confirming and bisecting, or for measuring on
_BRIDGE_BLOCKS = 15
_PATIENCE_S = 3600.0  # with whoever took the locks while the night let go of them


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. `publish`: a folder or `branch:NAME`; `results`: `branch:NAME`."""

    budget_s: float | None = None
    publish: str | None = None
    results: str | None = None
    since: str | None = None
    machine: str | None = None
    steps: tuple[str, ...] = STEPS


def nightly(project: Project, options: Options, reporter: Reporter) -> Night:
    """Do everything that a night does.

    Raises LockedError (somebody else measures), NoInterpreterError, UsageError for a wrong configuration, StorageError
    for a full disk; anything else that goes wrong is among the night's problems.
    """
    return _Nightly(project, options, reporter).run()


def plan_only(project: Project, options: Options, reporter: Reporter) -> Night:
    """What a night would measure, from what is on this disk: nothing is fetched, installed or written."""
    return _Nightly(project, options, reporter).dry_run()


class _Nightly:
    """One night under way. `run` is its table of contents."""

    def __init__(self, project: Project, options: Options, reporter: Reporter) -> None:
        self._project = project
        self._options = options
        self._budget = Budget(options.budget_s if options.budget_s is not None else project.settings.budget_s)
        self._machine: ThisMachine = this_machine(options.machine)
        folder = project.results_dir / self._machine.name
        self._night = Night(
            project=project.name,
            machine=self._machine.name,
            folder=folder,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            budget_s=_seconds(self._budget.left_s),
        )
        self._reporter = reporter
        self._install_s: list[float] = []
        self._publish_s: float | None = None
        past = [one.publish_s for one in nights(folder) if one.publish_s is not None]
        self._reserve_s = past[-1] if past and options.publish is not None else 0.0

    def run(self) -> Night:
        requirements = installations.requirements_of(self._project)
        with self._locks():
            self._tidy()
            self._fetch()
            self._notice_releases()
            self._choose_interpreters()
            if self._takes("run"):
                self._measure(requirements, self._budget_for_measuring())
            self._detect()
            if self._takes("confirm"):
                self._confirm()
        if self._takes("bisect"):
            self._bisect()  # which takes the locks itself
        with self._locks(_PATIENCE_S):
            if self._takes("run") and self._night.plans and self._night.plans[-1].left:
                self._measure(requirements, Budget(_seconds(self._time_left_s())))
                self._detect()
            self._finish()
        return self._night

    def dry_run(self) -> Night:
        self._choose_interpreters()
        described = suite.load(self._project)
        if described is None:
            self._night.notes.append("the suite is not known yet: the first night discovers it, and plans then")
        ground = self._ground(installations.requirements_of(self._project))
        self._detect(remember=False)
        branches = self._branches(Repository(repository_without_network(self._project)), ground)
        cases = described.cases if described is not None else ()
        self._night.plans.append(self._plan(ground, branches, cases, self._budget_for_measuring()))
        self._night.finished = True
        return self._night

    def _takes(self, step: str) -> bool:
        return step in self._options.steps

    @contextmanager
    def _locks(self, wait_s: float = 0.0) -> Iterator[None]:
        with (
            locks.held(locks.measuring_lock(), doing="measure", wait_s=wait_s),
            locks.held(locks.results_lock(self._project.results_dir), doing="write results", wait_s=wait_s),
        ):
            yield

    @contextmanager
    def _survived(self, what: str) -> Iterator[None]:
        """Make an error that the rest of the night can do without one of its problems."""
        try:
            yield
        except (InterruptedRunError, LockedError):
            raise
        except StorageError as error:
            if _is_full(error):
                raise  # nothing more could be kept
            self._problem(f"{what}: {error}")
        except AsvJitError as error:
            self._problem(f"{what}: {error}")

    def _time_left_s(self) -> float:
        return max(0.0, self._budget.left_s - self._reserve_s)

    def _budget_for_measuring(self) -> Budget:
        return Budget(_seconds(self._time_left_s() * _MEASURING_SHARE))

    def _tidy(self) -> None:
        """Finish what a killed run left half-done."""
        remove_parts(self._project.results_dir)
        for warning in mend_all(self._night.folder):
            self._reporter.warn(warning)

    def _fetch(self) -> None:
        if not self._takes("fetch"):
            return
        self._reporter.stage("fetching the repository")
        complaint = fetched(self._project)
        if complaint is not None:
            self._problem(f"the repository could not be fetched ({_line(complaint)}); going on with what is here")
        branch = named_branch(self._options.results or "")
        if branch is not None:
            with self._survived("the results branch could not be fetched"):
                for problem in fetch_results(self._project, branch).merged.problems:
                    self._problem(problem)

    def _notice_releases(self) -> None:
        if self._takes("pythons"):
            self._reporter.stage("looking for new releases of Python")
            installed, problems = install_releases(self._project.pythons, interpreters_here(self._project))
            self._night.installed = tuple(installed)
            for problem in problems:
                self._problem(problem)

    def _choose_interpreters(self) -> None:
        chosen = interpreters_of(self._project)
        insist_on_a_jit(chosen)
        self._night.interpreters = tuple(sorted(chosen, key=lambda one: one.release, reverse=True))

    def _note_machine(self, ground: Ground) -> None:
        """Say it when this is another machine than the one that measured last under this name."""
        last = max(ground.trials, key=lambda trial: trial.started, default=None)
        changed = self._machine.changes_since(last.machine, self._project.results_dir) if last is not None else ""
        if changed:
            self._night.notes.append(
                f"this machine changed ({changed}): its series start anew, and no change of level is reported across it"
            )

    def _measure(self, requirements: installations.Requirements, budget: Budget) -> None:
        """Plan, and carry the plan out."""
        with self._survived("nothing could be measured"):
            repository = Repository(repository_without_network(self._project))
            ground = self._ground(requirements)
            if not self._night.plans:
                self._note_machine(ground)
            branches = self._branches(repository, ground)
            with Session(self._project, self._machine, requirements, self._reporter) as session:
                engine = Engine(session, requirements, self._machine, self._reporter, budget=budget)
                engine.tally = self._night.tally
                self._install_s = engine.install_s
                described = self._describe(session, engine, branches)
                if described is None:
                    return
                made = self._plan(ground, branches, described.cases, budget)
                self._night.plans.append(made)
                del ground  # all trials there are: no small thing to keep for hours
                self._carry_out(made, engine, described, repository)
            installations.prune([])

    def _describe(self, session: Session, engine: Engine, branches: Sequence[Sequence[Commit]]) -> suite.Suite | None:
        """The suite of the working tree, as an installation of a tip sees it; else as it was the last time."""
        for commits in branches:
            for interpreter in self._night.interpreters:
                built, _ = engine.install([interpreter], commits[0])
                if built:
                    self._reporter.stage("discovering the suite")
                    described = discover_suite(self._project, session, built)
                    described.save(self._project)
                    return described
        remembered = suite.load(self._project)
        if remembered is None:
            self._problem("no tip can be installed, and the suite is not known from before: nothing can be measured")
        return remembered

    def _plan(
        self, ground: Ground, branches: Sequence[Sequence[Commit]], cases: Sequence[Case], budget: Budget
    ) -> Plan:
        tip = branches[0][0] if branches else None
        anchor, note = anchor_of(ground, tip)
        if note is not None and note not in self._night.notes:
            self._night.notes.append(note)
        if self._night.plans:
            anchor = None  # once a night
        history = self._history(ground) if ground.trials else None
        return plan(
            situation_of(
                ground,
                branches,
                cases,
                anchor=anchor,
                history=history,
                events=self._night.events,
                now_s=datetime.now(UTC).timestamp(),
                budget_s=budget.left_s,
                reach_back=self._options.since is not None,
            )
        )

    def _carry_out(self, made: Plan, engine: Engine, described: suite.Suite, repository: Repository) -> None:
        """The steps in their order, those of one kind and commit together, so that interpreters are interleaved."""
        cases = {case.key: case for case in described.cases}
        interpreters = {one.identity: one for one in interpreters_here(self._project)}
        for (kind, name, _), steps in groupby(made.steps, key=lambda step: (step.kind, step.commit, step.cases)):
            together = list(steps)
            commit = _resolved(repository, name)
            if commit is None:
                self._problem(f"commit {name[:8]} is not in the repository any more; it is not measured")
                continue
            identities = [identity for step in together for identity in step.interpreters]
            wanted = [interpreters[identity] for identity in identities if identity in interpreters]
            if engine.budget.left_s < sum(step.install_s for step in together):
                break
            self._reporter.stage(f"{kind}: {commit.short}, {together[0].reason}")
            built, broken = engine.install(wanted, commit)
            chosen = [cases[key] for key in together[0].cases]
            if kind in ("anchor", "bridge") and broken:
                self._problem(f"the {kind} cannot be measured: {_line(str(broken[0][1]))}")
                continue
            for interpreter, error in broken:
                engine.keep_broken(interpreter, commit, chosen, error, again=kind == "retry")
            try:
                self._measure_step(together[0], engine, built, chosen)
            finally:  # whatever ends it: what was measured goes into asv's files too
                engine.close(described, commit, wanted)

    def _measure_step(
        self, step: Step, engine: Engine, built: list[installations.Installation], cases: Sequence[Case]
    ) -> None:
        session = engine.session
        if step.kind == "anchor":
            with session.measuring_for("anchor"):
                engine.measure(built, cases, until_so_many(session, self._project.settings.pairs.min))
        elif step.kind == "bridge":
            engine.measure(built, cases, until_so_many(session, _BRIDGE_BLOCKS))
        else:
            forget: Forget = "failures" if step.kind == "retry" else "nothing"
            engine.measure(built, cases, until_precise(session), forget=forget)

    def _detect(self, *, remember: bool = True) -> None:
        self._reporter.stage("looking for regressions")
        with self._survived("regressions could not be looked for"):
            history = read_history(self._project)
            self._night.events = find_events(self._project, history, remember=remember)

    def _confirm(self) -> None:
        candidates = self._candidates()
        if candidates:
            with self._survived("candidates could not be confirmed"):
                budget = Budget(_seconds(self._time_left_s()))
                settled = confirm_events(self._project, self._machine, candidates, budget, self._reporter)
                self._night.confirmed += sum(one.state == "confirmed" for one in settled)
                self._night.refuted += sum(one.state == "refuted" for one in settled)
                self._detect()
        self._night.unsettled = len(self._candidates())

    def _candidates(self) -> list[Event]:
        mine = [event for event in self._night.events if event.key.machine == self._machine.name]
        return [event for event in mine if event.is_open and event.state == "candidate"]

    def _bisect(self) -> None:
        with self._survived("a confirmed regression could not be bisected"):
            mine = [event for event in self._night.events if event.key.machine == self._machine.name]
            budget = Budget(_seconds(self._time_left_s()))
            self._night.bisected += bisect_events(self._project, self._machine.name, mine, budget, self._reporter)
            if self._night.bisected:
                self._detect()

    def _finish(self) -> None:
        """Publish, write down the night, tell people: in this order, so that what they are sent can be looked at."""
        night = self._night
        night.fresh = fresh_events(night.folder, night.events)
        if self._takes("publish"):
            self._publish()
        night.spent_s = self._budget.spent_s
        night.finished = True
        if self._takes("notify"):
            night.problems += notify(night, self._project.settings.notify)
        install_s = statistics.median(self._install_s) if self._install_s else None
        record = NightRecord(
            night.started, night.budget_s, night.spent_s, night.tally.trials, install_s, self._publish_s
        )
        keep_night(night.folder, record)
        branch = named_branch(self._options.results or "")
        if branch is not None:
            with self._survived("the results could not be pushed"):
                push_results(self._project, branch)

    def _publish(self) -> None:
        target = self._options.publish
        if target is None:
            return
        clock = Budget()
        self._reporter.stage("publishing")
        branch = named_branch(target)
        folder = self._project.html_dir if branch is not None else Path(target).absolute()
        with self._survived("the site could not be published"):
            published = publishing.publish(replace(self._project, html_dir=folder))
            self._night.notes += published.problems
            if branch is not None:
                push_site(folder, branch, repository=self._project.folder)
            self._night.published = target if branch is not None else str(published.index)
        self._publish_s = clock.spent_s

    def _history(self, ground: Ground) -> History:
        return read_history(self._project, self._machine.name, trials={self._machine.name: ground.trials})

    def _ground(self, requirements: installations.Requirements) -> Ground:
        found = interpreters_here(self._project)
        trials = measured_trials(self._night.folder)
        return Ground(self._project, self._night.folder, found, self._night.interpreters, requirements, trials)

    def _branches(self, repository: Repository, ground: Ground) -> list[tuple[Commit, ...]]:
        branches, complaints = branches_of(self._project, repository, ground.trials, self._options.since)
        for complaint in complaints:
            self._problem(complaint)
        return branches

    def _problem(self, text: str) -> None:
        if text not in self._night.problems:
            self._night.problems.append(text)
            self._reporter.warn(text)


def _is_full(error: StorageError) -> bool:
    """Whether the disk is: then nothing that follows could be kept either."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _resolved(repository: Repository, commit: str) -> Commit | None:
    try:
        return repository.resolve(commit)
    except UsageError:
        return None


def _seconds(seconds: float) -> float | None:
    return None if math.isinf(seconds) else seconds


def _line(text: str) -> str:
    return " ".join(text.split())
