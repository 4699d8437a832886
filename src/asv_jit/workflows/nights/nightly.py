"""`asv-jit nightly`: fetch, install releases, count, plan, run, detect, confirm, bisect, publish, report; unattended.

A failed step is reported and the night continues. Whatever ends a night, the next one continues from there: plans are
made from the journals only, and these hold all that was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.history.events import Event
from asv_jit.asv_adapter.machine import ThisMachine, this_machine
from asv_jit.asv_adapter.mirror import fetched, insist_on_git, repository_without_network
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import AsvJitError, InterruptedRunError, LockedError, NoCounterError, StorageError, is_full
from asv_jit.git.branches import RemoteBranch
from asv_jit.git.repository import Repository
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.store.files import remove_parts
from asv_jit.store.findings.nights import NIGHTS, NOTICES, NightRecord
from asv_jit.store.lines import mend_all
from asv_jit.workflows import publish as publishing
from asv_jit.workflows.branches import fetch_results, named_branch, push_results, push_site
from asv_jit.workflows.events.regressions import find_events
from asv_jit.workflows.measuring.engine import Budget
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.selection import interpreters_here, interpreters_that_are_here
from asv_jit.workflows.measuring.session import measuring_locks
from asv_jit.workflows.nights.follow_up import bisect_events, confirm_candidates
from asv_jit.workflows.nights.measuring import NightMeasuring
from asv_jit.workflows.nights.night import Night, one_line
from asv_jit.workflows.nights.notify import fresh_events, notify
from asv_jit.workflows.nights.releases import install_releases
from asv_jit.workflows.reading.history import read_history
from asv_jit.workflows.run import insist_on_a_jit

STEPS = ("fetch", "pythons", "run", "confirm", "bisect", "publish", "notify")
_MEASURING_SHARE = 0.8  # of the budget; the rest is for confirming and bisecting, then for more measuring
_PATIENCE_S = 3600.0  # for a process that took the locks while the night had released them


class Options(Struct, frozen=True):
    """The user's options. `publish`: a folder or `branch:NAME`; `results`: `branch:NAME`."""

    budget_s: float | None = None
    publish: str | None = None
    results: str | None = None
    since: str | None = None
    machine: str | None = None
    steps: tuple[str, ...] = STEPS


def nightly(project: Project, options: Options, reporter: Reporter) -> Night:
    """Run a whole night.

    Raises LockedError (another process measures), NoInterpreterError, NoCounterError (if the night only counts),
    UsageError for a wrong configuration, StorageError for a full disk. All other failures are the night's problems.
    """
    return _Nightly(project, options, reporter).run()


def plan_only(project: Project, options: Options, reporter: Reporter) -> Night:
    """Return what a night would measure, from what is on this disk: nothing is fetched, installed or written."""
    return _Nightly(project, options, reporter).dry_run()


class _Nightly:
    """A running night. `run` lists its steps."""

    def __init__(self, project: Project, options: Options, reporter: Reporter) -> None:
        insist_on_git(project)
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
        self._times = project.settings.count != "instead"
        self._reporter = reporter
        self._measuring = NightMeasuring(
            project, self._machine, self._night, reporter, since=options.since, problem=self._problem
        )
        self._publish_s: float | None = None
        past = [one.publish_s for one in NIGHTS.read(folder).records if one.publish_s is not None]
        self._reserve_s = past[-1] if past and options.publish is not None else 0.0

    def run(self) -> Night:
        self._insist_on_branches()
        with measuring_locks(self._project.results_dir):
            self._tidy()
            self._fetch()
            self._notice_releases()
            self._choose_interpreters()
            self._find_counter()
            self._detect()
            self._measure(self._budget_for_measuring())
            if self._takes("confirm"):
                self._confirm()
        if self._takes("bisect"):
            self._bisect()  # which takes the locks itself
        with measuring_locks(self._project.results_dir, wait_s=_PATIENCE_S):
            self._measure_on()
            self._finish()
        return self._night

    def dry_run(self) -> Night:
        self._choose_interpreters()
        self._detect(remember=False)
        self._measuring.plan_only(self._budget_for_measuring())
        self._night.finished = True
        return self._night

    def _insist_on_branches(self) -> None:
        """Raise UsageError for a branch that cannot be pushed to, before the night begins rather than at its end."""
        for text in (self._options.results, self._options.publish):
            branch = named_branch(text or "")
            if branch is not None:
                RemoteBranch(self._project.folder, branch)

    def _takes(self, step: str) -> bool:
        return step in self._options.steps

    @contextmanager
    def _survived(self, what: str) -> Iterator[None]:
        """Turn an error that need not end the night into one of its problems."""
        try:
            yield
        except (InterruptedRunError, LockedError):
            raise
        except StorageError as error:
            if _is_full(error):
                raise  # no later result could be stored
            self._problem(f"{what}: {error}")
        except AsvJitError as error:
            self._problem(f"{what}: {error}")

    def _time_left_s(self) -> float:
        return max(0.0, self._budget.left_s - self._reserve_s)

    def _budget_for_measuring(self) -> Budget:
        return Budget(_seconds(self._time_left_s() * _MEASURING_SHARE))

    def _tidy(self) -> None:
        """Clean up after killed runs."""
        remove_parts(self._project.results_dir)
        folder = self._night.folder
        for warning in (*mend_all(folder), *NIGHTS.read(folder).problems, *NOTICES.read(folder).problems):
            self._reporter.warn(warning)

    def _fetch(self) -> None:
        if not self._takes("fetch"):
            return
        self._reporter.stage("fetching the repository")
        complaint = fetched(self._project)
        if complaint is not None:
            self._problem(f"the repository could not be fetched ({one_line(complaint)}); using the local repository")
        else:
            for gone in Repository(repository_without_network(self._project)).vanished(self._project.branches):
                self._problem(f"branch {gone} is no longer on the remote; using the state fetched last")
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
        chosen, missing = interpreters_that_are_here(self._project)
        for complaint in missing:
            self._problem(complaint)
        insist_on_a_jit(chosen)
        self._night.interpreters = tuple(sorted(chosen, key=lambda one: one.release, reverse=True))

    def _find_counter(self) -> None:
        """Find valgrind if the night counts. Raises NoCounterError only if it would measure nothing else."""
        if self._project.settings.count == "off" or not self._takes("run"):
            return
        try:
            self._measuring.counter = find_or_install().callgrind()
        except NoCounterError as error:
            if not self._times:
                raise
            self._problem(f"no instructions are counted, times are measured as usual: {error}")

    def _measure(self, budget: Budget) -> None:
        """Count, plan, execute the plan, and detect changes."""
        if self._takes("run"):
            with self._survived("nothing could be measured"):
                self._measuring.measure(budget)
            self._detect()

    def _measure_on(self) -> None:
        """Spend the time that confirming and bisecting left, while trials still run."""
        plans, tally = self._night.plans, self._night.tally
        while plans and (plans[-1].left or tally.left) and any(step.kind != "anchor" for step in plans[-1].steps):
            before = tally.trials
            self._measure(Budget(_seconds(self._time_left_s())))
            if tally.trials == before:
                break

    def _detect(self, *, remember: bool = True) -> None:
        self._reporter.stage("looking for regressions")
        with self._survived("regressions could not be searched"):
            history = read_history(self._project)
            self._night.events = find_events(self._project, history, remember=remember)

    def _confirm(self) -> None:
        candidates = self._candidates()
        if candidates:
            with self._survived("candidates could not be confirmed"):
                budget = Budget(_seconds(self._time_left_s()))
                settled = confirm_candidates(
                    self._project, self._machine, candidates, budget, self._reporter, trial_s=self._measuring.trial_s
                )
                self._night.confirmed += sum(one.state == "confirmed" for one in settled)
                self._night.refuted += sum(one.state == "refuted" for one in settled)
                self._detect()
        self._night.unsettled = len(self._candidates())

    def _mine(self) -> list[Event]:
        """Return this machine's events; if it only counts, only those with a change of instructions."""
        mine = [event for event in self._night.events if event.key.machine == self._machine.name]
        return mine if self._times else [event for event in mine if event.counted is not None]

    def _candidates(self) -> list[Event]:
        return [event for event in self._mine() if event.is_unsettled]

    def _bisect(self) -> None:
        with self._survived("a confirmed regression could not be bisected"):
            budget = Budget(_seconds(self._time_left_s()))
            self._night.bisected += bisect_events(self._project, self._mine(), budget, self._reporter)
            if self._night.bisected:
                self._detect()

    def _finish(self) -> None:
        """Notify, publish and record the night, in this order, so that a late failure loses least."""
        night = self._night
        night.fresh = fresh_events(night.folder, night.events)
        night.spent_s = self._budget.spent_s
        night.finished = True
        if self._takes("notify"):
            night.problems += notify(night, self._project.settings.notify)
        if self._takes("publish"):
            self._publish()
        night.spent_s = self._budget.spent_s
        NIGHTS.append(
            night.folder,
            NightRecord(
                night.started,
                night.budget_s,
                night.spent_s,
                night.tally.trials,
                self._measuring.install_s,
                self._publish_s,
                night.counted.trials if night.counted else 0,
                tuple(f"{move.case} at {move.commit[:8]}: {move}" for move in night.counted.moves)
                if night.counted
                else (),
            ),
        )
        branch = named_branch(self._options.results or "")
        if branch is not None:
            with self._survived("the results could not be pushed"):
                for problem in push_results(self._project, branch).problems:
                    self._problem(problem)

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

    def _problem(self, text: str) -> None:
        if text not in self._night.problems:
            self._night.problems.append(text)
            self._reporter.warn(text)


def _is_full(error: StorageError) -> bool:
    """Return True if the disk is full."""
    return isinstance(error.__cause__, OSError) and is_full(error.__cause__)


def _seconds(seconds: float) -> float | None:
    return None if math.isinf(seconds) else seconds
