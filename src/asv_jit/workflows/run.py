"""`asv-jit run`: measures the missing cells of a range of commits, both modes interleaved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from asv_jit import installations
from asv_jit.analysis.cells.cell import CellKey
from asv_jit.analysis.cells.summary import SuiteSummary
from asv_jit.analysis.counts.summary import CaseCount, case_counts
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.machine import this_machine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError
from asv_jit.git.repository import Commit, Repository
from asv_jit.installations import Installation
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import Case, CaseKey
from asv_jit.settings import Count
from asv_jit.store.files import remove_parts
from asv_jit.workflows.measuring.counting import Counting
from asv_jit.workflows.measuring.engine import Engine, Forget, Interim, Tally, Unbuildable, until_precise
from asv_jit.workflows.measuring.pairing import discover_suite, repository_folder
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.selection import commits_of, interpreters_of
from asv_jit.workflows.measuring.session import locked_session


class Options(Struct, frozen=True):
    """The user's choices; empty ones default to asv.conf.json."""

    range_words: str | None = None
    bench: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    quick: bool = False
    retry_failed: bool = False
    again: bool = False
    count: bool = False
    machine: str | None = None

    @property
    def forget(self) -> Forget:
        """The earlier blocks to ignore."""
        return "everything" if self.again else "failures" if self.retry_failed else "nothing"


@dataclass(slots=True)
class Outcome:
    """What a run did. `suites`, `counts`: all results of its commits on its interpreters, earlier ones included."""

    machine: str
    commits: tuple[Commit, ...]
    interpreters: tuple[Interpreter, ...]
    protocol: str
    tally: Tally
    suites: list[SuiteSummary] = field(default_factory=list)
    counts: list[CaseCount] = field(default_factory=list)
    counted: int = 0

    def as_json(self) -> dict[str, object]:
        """Return what was measured and what failed, for scripts."""
        return {
            "machine": self.machine,
            "commits": [commit.hash for commit in self.commits],
            "interpreters": [one.identity for one in self.interpreters],
            "protocol": self.protocol,
            "trials": self.tally.trials,
            "cells_measured": self.tally.measured,
            "cells_present": self.tally.present,
            "counted_trials": self.counted,
            "failed": [
                {"case": str(key.case), "commit": key.commit, "interpreter": key.interpreter, "reason": reason}
                for key, reason in sorted(self.tally.failed.items(), key=str)
            ],
        }


def run(project: Project, options: Options, reporter: Reporter, *, interim: Interim | None = None) -> Outcome:
    """Measure what is missing. An interrupted run loses nothing; the next one continues from its results.

    `options.count` or the settings make it count instructions, before timing or instead; a quick run only times.
    `interim` receives results from the first minute on.

    Raises NoInterpreterError, NoCounterError, LockedError, StorageError.
    """
    how: Count = "instead" if options.count else "off" if options.quick else project.settings.count
    suite.refuse_unknown(project, options.bench, options.groups)
    repository = Repository(repository_folder(project))
    counter = None if how == "off" else find_or_install().callgrind()
    interpreters = interpreters_of(project, options.pythons)
    insist_on_a_jit(interpreters)
    commits = commits_of(project, repository, options.range_words, reporter.warn)
    machine = this_machine(options.machine)
    with locked_session(project, machine, reporter, purpose="quick" if options.quick else "run") as session:
        remove_parts(project.results_dir)
        engine = Engine(session, machine, reporter, interim=interim)
        outcome = Outcome(machine.name, tuple(commits), tuple(interpreters), session.protocol, engine.tally)
        described: suite.Suite | None = None
        for place, commit in enumerate(commits, start=1):
            if len(commits) > 1:
                reporter.stage(f"commit {place} of {len(commits)}: {commit.short}")
            built, broken = engine.install(interpreters, commit)
            if described is None and built:
                reporter.stage("discovering the suite")
                described = discover_suite(project, session, built)
                described.save(project)
            if described is None:
                described = suite.load(project)
            if described is None:
                engine.tally.failed.update(_without_suite(commit, broken, session.protocol))
                continue
            cases = suite.select(described.cases, options.bench, options.groups)
            for one in broken:
                engine.keep_broken(one, commit, cases)
            if counter is not None:
                _count(Counting(session, counter, reporter), built, cases, outcome, forget=options.forget)
            if how == "instead":
                continue
            try:
                engine.measure(built, cases, until_precise(session), forget=options.forget)
            finally:  # an interrupted run writes asv's files, too
                outcome.suites.extend(engine.close(described, commit, interpreters))
                if interim is not None:
                    interim(lambda: outcome.suites, False)
        installations.prune([])
        return outcome


def _count(
    counting: Counting, built: Sequence[Installation], cases: Sequence[Case], outcome: Outcome, *, forget: Forget
) -> None:
    """Count the missing cases of a commit, and add its counts to the outcome."""
    targets = [(installation, case) for installation in built for case in cases]
    wanted = [
        one
        for installation, case in targets
        for one in counting.missing(installation, case, repeat=True, forget=forget)
    ]
    outcome.counted += len(counting.count(wanted))
    known = (trial for installation, case in targets for trial in counting.known(installation, case))
    outcome.counts.extend(case_counts(known))


def insist_on_a_jit(interpreters: Sequence[Interpreter]) -> None:
    """Raise NoInterpreterError if none of them has a JIT."""
    if any(interpreter.has_jit for interpreter in interpreters):
        return
    found = ", ".join(f"{one.identity} ({one.executable})" for one in interpreters)
    raise NoInterpreterError(
        f"expected at least one CPython with the JIT, found only {found}; "
        "install one with `asv-jit pythons install 3.15`, see all with `asv-jit pythons list`"
    )


def _without_suite(commit: Commit, broken: Sequence[Unbuildable], protocol: str) -> dict[CellKey, str]:
    whole = CaseKey("<the whole suite>")
    return {
        CellKey(commit.hash, one.interpreter.identity, whole, "", protocol, one.requirements.text): str(one.error)
        for one in broken
    }
