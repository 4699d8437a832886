"""A measuring session: installs, calibrates and runs blocks, and stores each trial before the next starts.

Every command that measures loops over `Session.measure` (a case on one installation) or `Session.measure_beside` (on
two, interleaved).
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from msgspec.structs import asdict, replace

from asv_jit.asv_adapter.machine import ThisMachine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.installations import Installation, Requirements, UnbuildableError, install, requirement_sets
from asv_jit.interpreters.identity import Interpreter
from asv_jit.machine_checks import default_cpu
from asv_jit.model import ARMS, PROTOCOL, QUICK_PROTOCOL, Benchmark, Case, Mode, Purpose, Trial
from asv_jit.store.journal import TRIALS
from asv_jit.store.lines import mend_all
from asv_jit.store.machines import KnownPackages, keep_interpreter, keep_packages
from asv_jit.system import locks
from asv_jit.trials.block import (
    ALONE,
    SAMPLE,
    Arm,
    Effort,
    NoEffort,
    Stand,
    beside,
    calibrate,
    make_cache,
    run_sample,
    run_stands,
    run_without_effort,
)
from asv_jit.trials.launch import Place
from asv_jit.trials.record import Context
from asv_jit.workflows.measuring.reporter import Reporter

QUICK_SHARE = 0.2  # of a trial's usual length, for --quick
_ATTEMPTS = 2  # a disturbed block is repeated once, unless most blocks are disturbed: then a repeat gains nothing
_FEW_BLOCKS = 10  # repeat in any case up to here


@contextmanager
def measuring_locks(results_dir: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the locks for measuring and for writing results. Raises LockedError if another process has one."""
    with (
        locks.held(locks.measuring_lock(), doing="measure", wait_s=wait_s),
        locks.held(locks.results_lock(results_dir), doing="write results", wait_s=wait_s),
    ):
        yield


@contextmanager
def locked_session(
    project: Project, machine: ThisMachine, reporter: Reporter, *, purpose: Purpose
) -> Iterator[Session]:
    """Yield a session under these locks. Raises LockedError, UsageError, StorageError."""
    with measuring_locks(project.results_dir), Session(project, machine, reporter, purpose=purpose) as session:
        yield session


class Session:
    """The state that the trials of one run share. A context manager that removes its temporary folder."""

    def __init__(self, project: Project, machine: ThisMachine, reporter: Reporter, *, purpose: Purpose = "run") -> None:
        self.project = project
        self.purpose = purpose
        self.protocol = QUICK_PROTOCOL if purpose == "quick" else PROTOCOL
        self.identity = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self.rng = random.Random(self.identity)
        self.cpu = _core(project.settings.cpu)
        for warning in mend_all(project.results_dir / machine.name):
            reporter.warn(warning)
        self.folder = machine.save(project.results_dir)
        self._machine = machine
        self._reporter = reporter
        self._efforts: dict[tuple[str, Case], Effort] = {}
        self._caches: dict[tuple[str, str], tuple[Path | None, str | None]] = {}
        self._learned: set[str] = set()
        self.trials = 0  # that ran and were stored, disturbed ones included
        self._blocks = 0
        self._disturbed = 0
        self._said_busy = False
        self._said_unused: set[str] = set()
        self._said_first = False

    def __enter__(self) -> Session:
        self._scratch = Path(tempfile.mkdtemp(prefix="asv-jit-session-"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)

    def install(self, interpreter: Interpreter, commit: str, requirements: Requirements | None = None) -> Installation:
        """Install a commit, by default with the matrix's first set of requirements. Raises UnbuildableError."""
        keep_interpreter(self.folder, interpreter)
        made = install(self.project, interpreter, requirements or self.requirements_named("", interpreter), commit)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        keep_packages(self.folder, KnownPackages(made.identity, now, made.packages()))
        return made

    def requirements_named(self, text: str, interpreter: Interpreter) -> Requirements:
        """Return the set named `text`, even if the matrix lacks it; without a name, the matrix's first.

        Warns once if the matrix has others. Raises UsageError for an empty matrix.
        """
        sets = requirement_sets(self.project, interpreter)
        if text:
            return next((one for one in sets if one.text == text), Requirements.of_text(text))
        if len(sets) > 1 and not self._said_first:
            self._said_first = True
            self._reporter.warn(
                f"the matrix has {len(sets)} sets of requirements; measuring with the first one, {sets[0].text}"
            )
        return sets[0]

    @contextmanager
    def measuring_for(self, purpose: Purpose) -> Iterator[None]:
        """Give trials another purpose, such as `anchor`, within a `with` block."""
        before, self.purpose = self.purpose, purpose
        try:
            yield
        finally:
            self.purpose = before

    def place(self, installation: Installation) -> Place:
        """Return where the installation's trials run."""
        return Place(installation.python, self.project.benchmark_dir, installation.variables, self.cpu)

    def known_trials(self, interpreter: str, commits: Sequence[str] | None = None) -> list[Trial]:
        """Read the trials of an interpreter, of all commits or the given ones; problems become warnings."""
        paths = (
            sorted((self.folder / TRIALS.folder).glob(f"*-{interpreter}.jsonl"))
            if commits is None
            else [TRIALS.path(self.folder, commit, interpreter) for commit in commits]
        )
        trials: list[Trial] = []
        for path in paths:
            read = TRIALS.read(path)
            trials.extend(read.records)
            for problem in read.problems:
                self._reporter.warn(problem)
        return trials

    def warn(self, text: str) -> None:
        """Pass a warning to the reporter."""
        self._reporter.warn(text)

    def learn_efforts(self, cases: Sequence[Case], interpreter: str) -> None:
        """Take inner loops and iterations from earlier trials, so that one series is measured with one effort.

        Reads the whole history once a session. Warns once of attributes of asv that are not used.
        """
        self._say_unused([case.benchmark for case in cases])
        if interpreter in self._learned:
            return
        self._learned.add(interpreter)
        by_name = {(str(case.key), case.benchmark.version): case for case in cases}
        for trial in self.known_trials(interpreter):
            case = by_name.get((str(trial.key), trial.benchmark_version))
            # The second side of a comparison ran with the effort of the first, perhaps of another interpreter.
            timed = trial.outcome == "ok" and trial.arm != SAMPLE.name and not trial.arm.startswith("b-")
            if case is None or not timed or trial.protocol != self.protocol:
                continue
            if trial.steady_kind is not None or case.benchmark.kind != "time":  # else only first calls were measured
                self._efforts[interpreter, case] = Effort(trial.inner_loops, trial.iterations)

    def _say_unused(self, benchmarks: Sequence[Benchmark]) -> None:
        by_attributes: dict[tuple[str, ...], set[str]] = {}
        for benchmark in benchmarks:
            if benchmark.unused_attributes and benchmark.name not in self._said_unused:
                by_attributes.setdefault(benchmark.unused_attributes, set()).add(benchmark.name)
        for attributes, names in by_attributes.items():
            self._said_unused |= names
            first, *others = sorted(names)
            whose = f"{first} and {len(others)} more" if others else first
            self._reporter.warn(
                f"{', '.join(attributes)} of {whose}: not used; asv-jit itself finds how many processes and iterations "
                "are enough, and where the warm-up ends"
            )

    def effort(self, installation: Installation, case: Case, first: Mode = "off") -> Effort | NoEffort:
        """Return the length of this case's trials on this interpreter; calibrates if unknown, in mode `first` first."""
        key = installation.interpreter.identity, case
        if key in self._efforts:
            return self._efforts[key]
        cache, _ = self._cache(installation, case)
        settings = self.project.settings
        share = QUICK_SHARE if self.purpose == "quick" else 1.0
        found = calibrate(
            self.place(installation),
            case,
            ARMS if installation.interpreter.has_jit else ("off",),
            first=first,
            trial_s=settings.trial_seconds * share,
            max_iterations=settings.max_iterations,
            cache=cache,
        )
        if isinstance(found, Effort):
            self._efforts[key] = found
        return found

    def measure(self, installation: Installation, case: Case, arms: Sequence[Arm], *, micro_ops: bool) -> list[Trial]:
        """Run one block, once more if it was disturbed; return the trials of the last attempt."""
        failed = self._failed([(installation, ALONE[0])], case)
        return failed or self._measure([(installation, arm) for arm in arms], case, micro_ops=micro_ops)

    def measure_beside(
        self, a: Installation, b: Installation, case: Case, modes: Sequence[Mode], *, micro_ops: bool
    ) -> list[Trial]:
        """Run one block on two installations, interleaved, with the arms `a-off`, `a-on`, `b-off`, `b-on` of `modes`.

        Each side's trials go to the journal of its commit; both sides use the effort of the baseline `a`.
        """
        arms = [(a, arm) for arm in beside("a", modes)] + [(b, arm) for arm in beside("b", modes)]
        return self._failed(arms, case) or self._measure(arms, case, micro_ops=micro_ops)

    def _measure(self, arms: Sequence[tuple[Installation, Arm]], case: Case, *, micro_ops: bool) -> list[Trial]:
        effort = self.effort(arms[0][0], case, arms[0][1].mode)
        block = self._next_block()
        if isinstance(effort, NoEffort):
            stands = [self._stand(installation, arm, case, block, 1) for installation, arm in arms]
            return run_without_effort(stands, effort, self.keep)
        for attempt in range(1, _ATTEMPTS + 1):
            stands = [self._stand(installation, arm, case, block, attempt) for installation, arm in arms]
            trials = run_stands(stands, case, effort, self.rng, self.keep, micro_ops=micro_ops)
            if not any(trial.disturbed for trial in trials):
                break
            self._disturbed += attempt == 1
            if self._blocks > _FEW_BLOCKS and 2 * self._disturbed > self._blocks:
                self._say_busy()
                break
        return trials

    def _stand(self, installation: Installation, arm: Arm, case: Case, block: str, attempt: int) -> Stand:
        cache, _ = self._cache(installation, case)
        return Stand(arm, self.place(installation), self._context_of(installation, block, attempt), cache)

    def _next_block(self) -> str:
        self._blocks += 1
        return f"{self.identity}.{self._blocks:05d}"

    def _say_busy(self) -> None:
        if not self._said_busy:
            self._said_busy = True
            self._reporter.warn(
                "most trials were disturbed by other programs on their core, so repeats are off; run `asv-jit doctor`"
            )

    def sample(self, installation: Installation, case: Case) -> Trial:
        """Run a sampled trial that shows where a case spends its time with the JIT on."""
        cache, _ = self._cache(installation, case)
        context = self._context_of(installation, self._next_block(), 1)
        effort = self.effort(installation, case)
        if isinstance(effort, NoEffort):  # calibration failed now, but trials worked before: sample the fewest calls
            effort = Effort(1, effort.task.min_iterations)
        return run_sample(self.place(installation), case, effort, context, self.keep, cache=cache)

    def counting_of(self, installation: Installation, case: Case) -> tuple[Context, Path | None, str | None]:
        """Return the context of a counted trial, the folder of `setup_cache`, and the reason if that failed."""
        cache, complaint = self._cache(installation, case)
        return self._context_of(installation, self._next_block(), 1), cache, complaint

    def keep(self, trial: Trial) -> None:
        """Append a trial to its journal, synced."""
        self.trials += trial.outcome != "unbuildable"
        warning = TRIALS.append(self.folder, trial)
        if warning is not None:
            self._reporter.warn(warning)

    def keep_unbuildable(
        self, interpreter: Interpreter, requirements: Requirements, commit: str, case: Case, error: UnbuildableError
    ) -> None:
        """Record that a case could not be measured because its commit cannot be installed."""
        context = self._context(
            self._next_block(), 1, commit=commit, interpreter=interpreter.identity, requirements=requirements.text
        )
        self.keep(unbuildable_trial(context, case, str(error)))

    def _cache(self, installation: Installation, case: Case) -> tuple[Path | None, str | None]:
        """Return the folder of the case's `setup_cache`, run once per installation, or the reason of its failure."""
        name = case.benchmark.setup_cache_key
        if name is None:
            return None, None
        key = installation.identity, name
        if key not in self._caches:
            folder = self._scratch / f"cache-{len(self._caches)}"
            complaint = make_cache(self.place(installation), case, folder)
            self._caches[key] = (None, complaint) if complaint is not None else (folder, None)
        return self._caches[key]

    def _failed(self, arms: Sequence[tuple[Installation, Arm]], case: Case) -> list[Trial]:
        """Record a failed trial if `setup_cache` failed; return it, else nothing."""
        for installation, arm in arms:
            _, complaint = self._cache(installation, case)
            if complaint is not None:
                trial = unbuildable_trial(self._context_of(installation, self._next_block(), 1), case, complaint)
                failed = replace(trial, outcome="failed", arm=arm.name, mode=arm.mode)
                self.keep(failed)
                return [failed]
        return []

    def _context_of(self, installation: Installation, block: str, attempt: int) -> Context:
        return self._context(
            block,
            attempt,
            commit=installation.commit,
            interpreter=installation.interpreter.identity,
            installation=installation.identity,
            requirements=installation.requirements,
        )

    def _context(self, block: str, attempt: int, **names: str) -> Context:
        return Context(
            session=self.identity,
            block=block,
            attempt=attempt,
            purpose=self.purpose,
            machine=self._machine.fingerprint,
            protocol=self.protocol,
            cpu=self.cpu,
            **names,
        )


def unbuildable_trial(context: Context, case: Case, complaint: str) -> Trial:
    """Return the trial of a case for which no process was started."""
    return Trial(
        trial=f"{context.block}.{context.attempt}-{ALONE[0].name}",
        **asdict(context),
        arm=ALONE[0].name,
        benchmark=case.key.benchmark,
        benchmark_version=case.benchmark.version,
        params=case.key.params,
        mode="off",
        jit_enabled=None,
        hash_seed=0,
        inner_loops=1,
        iterations=1,
        outcome="unbuildable",
        exit=None,
        signal=None,
        stderr=complaint[-4000:],
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        duration_s=0.0,
    )


def _core(wanted: int | None) -> int | None:
    """Return the core to pin trials to: the configured one, else the last allowed one; None except on Linux."""
    if wanted is None or sys.platform != "linux":
        return default_cpu()
    allowed = os.sched_getaffinity(0)
    if wanted not in allowed:
        raise UsageError(
            f"jit.cpu: expected one of the cores that this process may use {sorted(allowed)}, found {wanted}"
        )
    return wanted
