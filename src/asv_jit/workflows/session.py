"""One session of measuring: installs, calibrates and runs blocks, and keeps every trial before the next starts.

`run`, and whatever else measures, is a loop over `Session.measure`.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from msgspec.structs import replace

from asv_jit.asv_adapter.machine import ThisMachine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.installations import Installation, Requirements, UnbuildableError, install
from asv_jit.interpreters.identity import Interpreter
from asv_jit.machine_checks import default_cpu
from asv_jit.model import PROTOCOL, QUICK_PROTOCOL, Case, Purpose, Trial
from asv_jit.store.journal import Journal, journal_path, read_journal
from asv_jit.store.raw import append_raw, raw_path
from asv_jit.trials.block import ALONE, SAMPLE, Arm, Effort, calibrate, make_cache, run_block, run_sample
from asv_jit.trials.launch import Place
from asv_jit.trials.record import Context
from asv_jit.workflows.reporter import Reporter

__all__ = ["QUICK_SHARE", "Session", "unbuildable_trial"]

QUICK_SHARE = 0.2  # of a trial's usual length, for --quick
_ATTEMPTS = 2  # a disturbed block is repeated once, while most blocks are not: on a machine that is always busy
_FEW_BLOCKS = 10  # repeating only takes time and selects nothing better


class Session:
    """Everything that trials of one run share. A context manager: leaves no temporary folder behind."""

    def __init__(
        self,
        project: Project,
        machine: ThisMachine,
        requirements: Requirements,
        reporter: Reporter,
        *,
        purpose: Purpose = "run",
    ) -> None:
        self.project = project
        self.purpose = purpose
        self.protocol = QUICK_PROTOCOL if purpose == "quick" else PROTOCOL
        self.identity = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self.rng = random.Random(self.identity)
        self.cpu = _core(project.settings.cpu)
        self.folder = machine.save(project.results_dir)
        self._machine = machine
        self._requirements = requirements
        self._reporter = reporter
        self._journals: dict[tuple[str, str], Journal] = {}
        self._efforts: dict[tuple[str, Case], Effort] = {}
        self._caches: dict[tuple[str, str], tuple[Path | None, str | None]] = {}
        self._learned: set[str] = set()
        self._blocks = 0
        self._disturbed = 0
        self._said_busy = False

    def __enter__(self) -> Session:
        self._scratch = Path(tempfile.mkdtemp(prefix="asv-jit-session-"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)

    def install(self, interpreter: Interpreter, commit: str) -> Installation:
        """The installation of a commit. Raises UnbuildableError."""
        return install(self.project, interpreter, self._requirements, commit)

    def place(self, installation: Installation) -> Place:
        """Where its trials run."""
        return Place(installation.python, self.project.benchmark_dir, installation.variables, self.cpu)

    def known_trials(self, interpreter: str, commits: Sequence[str] | None = None) -> list[Trial]:
        """What the journal has of an interpreter, all commits or the given ones; problems become warnings."""
        names = (
            sorted((self.folder / "trials").glob(f"*-{interpreter}.jsonl"))
            if commits is None
            else [journal_path(self.folder, commit, interpreter) for commit in commits]
        )
        trials: list[Trial] = []
        for path in names:
            if path.is_file():
                content = read_journal(path)
                trials.extend(content.trials)
                for problem in content.problems:
                    self._reporter.warn(problem)
        return trials

    def learn_efforts(self, cases: Sequence[Case], interpreter: str) -> None:
        """Take inner loops and iterations from earlier trials: one series is measured with one effort.

        The whole history is read for it, so once a session is enough: what comes later is known already.
        """
        if interpreter in self._learned:
            return
        self._learned.add(interpreter)
        by_name = {(str(case.key), case.benchmark.version): case for case in cases}
        for trial in self.known_trials(interpreter):
            case = by_name.get((str(trial.key), trial.benchmark_version))
            timed = trial.outcome == "ok" and trial.arm != SAMPLE.name
            if case is not None and timed and trial.protocol == self.protocol:
                self._efforts[interpreter, case] = Effort(trial.inner_loops, trial.iterations)

    def effort(self, installation: Installation, case: Case) -> Effort:
        """How long this case's trials are on this interpreter; calibrates where the journal does not know."""
        key = installation.interpreter.identity, case
        if key not in self._efforts:
            cache, _ = self._cache(installation, case)
            settings = self.project.settings
            share = QUICK_SHARE if self.purpose == "quick" else 1.0
            self._efforts[key], _ = calibrate(
                self.place(installation),
                case,
                trial_s=settings.trial_seconds * share,
                max_iterations=settings.max_iterations,
                cache=cache,
            )
        return self._efforts[key]

    def measure(self, installation: Installation, case: Case, arms: Sequence[Arm], *, micro_ops: bool) -> list[Trial]:
        """Run one block, again if something disturbed it; the trials of the attempt that counts."""
        effort = self.effort(installation, case)
        cache, complaint = self._cache(installation, case)
        self._blocks += 1
        block = f"{self.identity}.{self._blocks:05d}"
        if complaint is not None:
            trial = self._failed(installation, case, block, complaint)
            self.keep(trial, ())
            return [trial]
        for attempt in range(1, _ATTEMPTS + 1):
            context = self._context(installation, block, attempt)
            place = self.place(installation)
            trials = run_block(
                place, case, effort, arms, context, self.rng, self.keep, cache=cache, micro_ops=micro_ops
            )
            if not any(trial.disturbed for trial in trials):
                break
            self._disturbed += attempt == 1
            if self._blocks > _FEW_BLOCKS and 2 * self._disturbed > self._blocks:
                self._say_busy()
                break
        return trials

    def _say_busy(self) -> None:
        if not self._said_busy:
            self._said_busy = True
            self._reporter.warn(
                "most trials share their core with something else, so disturbed ones are not repeated any more; "
                "`asv-jit doctor` says what may be done"
            )

    def sample(self, installation: Installation, case: Case) -> Trial:
        """See where the time of a case goes with the JIT on."""
        cache, _ = self._cache(installation, case)
        self._blocks += 1
        context = self._context(installation, f"{self.identity}.{self._blocks:05d}", 1)
        effort = self.effort(installation, case)
        return run_sample(self.place(installation), case, effort, context, self.keep, cache=cache)

    def keep(self, trial: Trial, durations_ns: Sequence[int]) -> None:
        """Append a trial to its journal, synced, then its iterations to the raw file."""
        key = trial.commit, trial.interpreter
        if key not in self._journals:
            journal = Journal(journal_path(self.folder, *key))
            if journal.warning is not None:
                self._reporter.warn(journal.warning)
            self._journals[key] = journal
        self._journals[key].append(trial)
        if durations_ns:
            append_raw(raw_path(self.folder, self.identity), trial.trial, trial.inner_loops, durations_ns)

    def keep_unbuildable(self, interpreter: Interpreter, commit: str, case: Case, error: UnbuildableError) -> None:
        """Record that a case could not be measured because its commit cannot be installed."""
        self._blocks += 1
        context = self._context(None, f"{self.identity}.{self._blocks:05d}", 1, interpreter.identity, commit)
        self.keep(unbuildable_trial(context, case, str(error)), ())

    def _cache(self, installation: Installation, case: Case) -> tuple[Path | None, str | None]:
        """What the case's `setup_cache` left, made once per installation; or the complaint of its failure."""
        name = case.benchmark.setup_cache_key
        if name is None:
            return None, None
        key = installation.identity, name
        if key not in self._caches:
            folder = self._scratch / f"cache-{len(self._caches)}"
            complaint = make_cache(self.place(installation), case, folder)
            self._caches[key] = (None, complaint) if complaint is not None else (folder, None)
        return self._caches[key]

    def _failed(self, installation: Installation, case: Case, block: str, complaint: str) -> Trial:
        context = self._context(installation, block, 1)
        return replace(unbuildable_trial(context, case, complaint), outcome="failed")

    def _context(
        self,
        installation: Installation | None,
        block: str,
        attempt: int,
        interpreter: str = "",
        commit: str = "",
    ) -> Context:
        return Context(
            session=self.identity,
            block=block,
            attempt=attempt,
            purpose=self.purpose,
            commit=installation.commit if installation else commit,
            interpreter=installation.interpreter.identity if installation else interpreter,
            installation=installation.identity if installation else "",
            machine=self._machine.fingerprint,
            protocol=self.protocol,
            cpu=self.cpu,
        )


def unbuildable_trial(context: Context, case: Case, complaint: str) -> Trial:
    """The line of a case that no process was started for."""
    return Trial(
        trial=f"{context.block}.{context.attempt}-{ALONE[0].name}",
        session=context.session,
        block=context.block,
        arm=ALONE[0].name,
        purpose=context.purpose,
        attempt=context.attempt,
        commit=context.commit,
        interpreter=context.interpreter,
        installation=context.installation,
        benchmark=case.key.benchmark,
        benchmark_version=case.benchmark.version,
        params=case.key.params,
        machine=context.machine,
        protocol=context.protocol,
        mode="off",
        jit_enabled=None,
        hash_seed=0,
        cpu=context.cpu,
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
    """The core to pin trials to: the configured one, else the last that this process may use; None off Linux."""
    if wanted is None or sys.platform != "linux":
        return default_cpu()
    allowed = os.sched_getaffinity(0)
    if wanted not in allowed:
        raise UsageError(
            f"jit.cpu: expected one of the cores that this process may use {sorted(allowed)}, found {wanted}"
        )
    return wanted
