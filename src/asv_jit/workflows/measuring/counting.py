"""Counts cases, for `run --count`, `compare --count`, `bisect --count` and the nights.

Counted trials do not disturb one another, so one runs on each core. They do disturb timed ones:
the caller holds the measuring lock, and times nothing meanwhile.
"""

from __future__ import annotations

import time
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from asv_jit.installations import Installation
from asv_jit.model import ARMS, COUNT_PROTOCOL, HASH_SEEDS, Case, CaseKey, CountedTrial, Mode
from asv_jit.store.journal import COUNTS, RawProfile, append_profile
from asv_jit.system import processes
from asv_jit.trials import counted
from asv_jit.trials.counter import Counter
from asv_jit.trials.record import Context
from asv_jit.workflows.measuring.engine import Budget, Forget
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.session import Session


class Wanted(Struct, frozen=True):
    """A counted trial to run: a case on an installation, in a mode, with a hash seed."""

    installation: Installation
    case: Case
    mode: Mode
    hash_seed: int


_Key: TypeAlias = tuple[str, CaseKey, str]
"""Interpreter, case and benchmark version; trials with the same key use the same number of calls per iteration."""


class Counting:
    """Counts into the journals of a session. `counter` decides which series the counts belong to."""

    def __init__(self, session: Session, counter: Counter, reporter: Reporter) -> None:
        self._session = session
        self._counter = counter
        self._reporter = reporter
        self._loops: dict[_Key, int] = {}
        self._repeated: set[_Key] = set()
        self._learned: set[str] = set()

    def known(self, installation: Installation, case: Case) -> list[CountedTrial]:
        """The trials of a case that the journal has of this installation's commit, by this counter."""
        identity, folder = installation.interpreter.identity, self._session.folder
        read = COUNTS.read(COUNTS.path(folder, installation.commit, identity))
        for problem in read.problems:
            self._reporter.warn(problem)
        return [
            trial
            for trial in read.records
            if _key_of(trial) == _key(installation, case)
            and (trial.counter, trial.protocol) == (self._counter.identity, COUNT_PROTOCOL)
            and trial.requirements == installation.requirements
        ]

    def missing(
        self,
        installation: Installation,
        case: Case,
        *,
        modes: Sequence[Mode] = ARMS,
        seeds: Sequence[int] = HASH_SEEDS,
        repeat: bool = False,
        forget: Forget = "nothing",
    ) -> list[Wanted]:
        """Return the trials that a case lacks, one for each mode and seed; none if it is not a timed benchmark.

        A mode that failed or was skipped has its answer. `repeat`: the first seed is run twice, unless that was done
        before for this version of the benchmark on this interpreter, to see whether the count is repeatable. `forget`:
        which earlier trials do not count.
        """
        if case.benchmark.kind != "time":
            return []
        self._learn(installation.interpreter.identity)
        known = [] if forget == "everything" else self.known(installation, case)
        if forget == "failures":
            known = [trial for trial in known if trial.outcome == "ok"]
        twice = repeat and _key(installation, case) not in self._repeated
        wanted = []
        for mode in (mode for mode in modes if mode == "off" or installation.interpreter.has_jit):
            here = [trial for trial in known if trial.mode == mode]
            if all(trial.outcome == "ok" for trial in here):
                for seed in seeds:
                    runs = 2 if twice and seed == seeds[0] else 1
                    there = sum(trial.hash_seed == seed for trial in here)
                    wanted += [Wanted(installation, case, mode, seed)] * (runs - there)
        return wanted

    def count(self, wanted: Sequence[Wanted], budget: Budget | None = None) -> list[CountedTrial]:
        """Run the trials, one on each core at a time, store each as it ends, and return them.

        Without time left in `budget` no further trial starts.
        """
        for identity in {one.installation.interpreter.identity for one in wanted}:
            self._learn(identity)
        # The first trial of a case finds the calls per iteration; its other trials on this interpreter reuse them.
        finding: dict[_Key, Wanted] = {}
        rest = []
        for one in wanted:
            key = _key(one.installation, one.case)
            if key in self._loops or key in finding:
                rest.append(one)
            else:
                finding[key] = one
        trials: list[CountedTrial] = []
        began = time.monotonic()
        for batch in (list(finding.values()), rest):
            for one, trial in self._run(batch, budget or Budget()):
                trials.append(trial)
                if trial.outcome == "ok":
                    self._loops.setdefault(_key_of(trial), trial.inner_loops)
                left_s = (time.monotonic() - began) / len(trials) * (len(wanted) - len(trials))
                self._reporter.advance(f"counting {one.case.key}", len(trials), len(wanted), (left_s, left_s))
        self._repeated |= _run_twice([trial for trial in trials if trial.outcome == "ok"])
        return trials

    def _run(self, wanted: Sequence[Wanted], budget: Budget) -> Iterator[tuple[Wanted, CountedTrial]]:
        jobs: list[tuple[Wanted, Callable[[], counted.Counted]]] = []
        for one in wanted:
            context, cache, complaint = self._session.counting_of(one.installation, one.case)
            if complaint is not None:
                trial = counted.unstarted(self._counter.identity, one.case, context, complaint)
                self._keep(counted.Counted(trial, ()))
                yield one, trial
            else:
                jobs.append((one, self._job(one, context, cache)))
        pool = ThreadPoolExecutor(processes.cores())
        try:
            running = {pool.submit(job): one for one, job in jobs}
            while running:
                if budget.left_s <= 0:
                    running = {future: one for future, one in running.items() if not future.cancel()}
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    result = future.result()
                    self._keep(result)
                    yield running.pop(future), result.trial
        finally:  # after an interrupt, too; running children end with our process group
            pool.shutdown(wait=False, cancel_futures=True)

    def _job(self, one: Wanted, context: Context, cache: Path | None) -> Callable[[], counted.Counted]:
        place = self._session.place(one.installation)
        loops = self._loops.get(_key(one.installation, one.case), counted.FIND_LOOPS)

        def job() -> counted.Counted:
            return counted.count(
                self._counter,
                place,
                one.case,
                one.mode,
                context,
                hash_seed=one.hash_seed,
                inner_loops=loops,
                cache=cache,
            )

        return job

    def _keep(self, result: counted.Counted) -> None:
        """Append a trial to its journal, synced, then its profile."""
        trial, folder = result.trial, self._session.folder
        COUNTS.append(folder, trial)
        if result.costs:
            append_profile(folder, self._session.identity, RawProfile(trial.trial, result.costs))

    def _learn(self, interpreter: str) -> None:
        """Learn from earlier trials the calls of an iteration, so that a series has one number, and what ran twice."""
        if interpreter in self._learned:
            return
        self._learned.add(interpreter)
        for path, read in COUNTS.read_all(self._session.folder):
            if not path.name.endswith(f"-{interpreter}.jsonl"):
                continue
            good = [trial for trial in read.records if trial.outcome == "ok" and trial.protocol == COUNT_PROTOCOL]
            self._loops |= {_key_of(trial): trial.inner_loops for trial in good}
            self._repeated |= _run_twice(good)


def _key(installation: Installation, case: Case) -> _Key:
    return installation.interpreter.identity, case.key, case.benchmark.version


def _key_of(trial: CountedTrial) -> _Key:
    return trial.interpreter, trial.key, trial.benchmark_version


def _run_twice(trials: Iterable[CountedTrial]) -> set[_Key]:
    runs = Counts((trial.commit, _key_of(trial), trial.mode, trial.hash_seed) for trial in trials)
    return {key for (_, key, _, _), often in runs.items() if often > 1}
