"""`asv-jit doctor`: measures this machine's noise by comparing programs with themselves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from asv_jit.analysis import speedup
from asv_jit.analysis.stats import noise
from asv_jit.asv_adapter.machine import this_machine
from asv_jit.interpreters import valgrind
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.valgrind import Valgrind
from asv_jit.machine_checks import Check
from asv_jit.settings import Settings
from asv_jit.store.lines import mend_all
from asv_jit.store.machines import NOISE, KnownNoise
from asv_jit.system import locks
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.setup.same_code import AaRuns, same_code

DEFAULT_PAIRS = 20

# One pair of the same code: the steady times of both arms, in seconds per call.
Pairs = Callable[[], tuple[float, float]]


class MeasuredNoise(Struct, frozen=True):
    """The result of A/A pairs. `estimate` compares the arms: a verdict of `faster` or `slower` is a false alarm.

    `needed`: pairs for a power of 90% at the setting `alpha`; `repeated`: disturbed pairs that were measured again;
    `disturbed`: those that were disturbed again.
    """

    pair_noise: noise.PairNoise
    estimate: speedup.Speedup
    needed: tuple[noise.Needed, ...]
    disturbed: int = 0
    repeated: int = 0

    @property
    def false_alarm(self) -> bool:
        """True if the same code got different verdicts."""
        return self.estimate.verdict in ("faster", "slower")


@dataclass(slots=True)
class Diagnosis:
    """The result of `asv-jit doctor`: the checks, and measurements if requested.

    `kept_in`: the project's file that stores the noise, if there is a project.
    """

    checks: list[Check]
    noise: MeasuredNoise | None = None
    kept_in: Path | None = None
    same_code: AaRuns | None = None


def counting_check(find: Callable[[], Valgrind | None] = valgrind.find) -> Check:
    """Check whether instructions can be counted here, and by which counter."""
    found = find()
    if found is not None:
        return Check("counting", "good", found.described)
    return Check("counting", "unknown", "valgrind is not installed", valgrind.REMEDY)


def measure_noise(
    interpreter: Interpreter, settings: Settings, reporter: Reporter, *, cpu: int | None, pairs: int = DEFAULT_PAIRS
) -> MeasuredNoise:
    """Measure A/A pairs on an interpreter, pinned to the core `cpu`; each pair is two trials of `trial_seconds`.

    Raises LockedError while another process measures, NoInterpreterError if the interpreter cannot run the built-in
    benchmark.
    """
    with same_code(interpreter, settings, reporter, cpu=cpu, seed=0) as bench:
        found = noise_of(bench.pair, settings, reporter, pairs=pairs)
        return MeasuredNoise(found.pair_noise, found.estimate, found.needed, bench.disturbed, bench.repeated)


def noise_of(pair: Pairs, settings: Settings, reporter: Reporter, *, pairs: int) -> MeasuredNoise:
    """Estimate the noise from `pairs` (at least 2) draws of `pair`."""
    if pairs < 2:
        raise ValueError(f"a spread needs at least two pairs, not {pairs}")
    began = time.monotonic()
    first, second = [], []
    for done in range(pairs):
        left_s = (time.monotonic() - began) / done * (pairs - done) if done else math.nan
        reporter.advance("the same code twice", 2 * done, 2 * pairs, (left_s, left_s) if done else None)
        a, b = pair()
        first.append(a)
        second.append(b)
    spread = noise.pair_noise(first, second)
    return MeasuredNoise(
        pair_noise=spread,
        estimate=speedup.estimate(first, second, alpha=settings.alpha, equivalence=settings.equivalence),
        needed=noise.needed_pairs(spread.value, alpha=settings.alpha),
    )


def keep(found: MeasuredNoise, interpreter: Interpreter, results_dir: Path, reporter: Reporter) -> Path:
    """Store the noise with this machine's results, for the site; return the file.

    Raises LockedError while another process writes results, StorageError if nothing can be written.
    """
    machine = this_machine()
    with locks.held(locks.results_lock(results_dir), doing="write results"):
        known = KnownNoise(
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            fingerprint=machine.fingerprint,
            interpreter=interpreter.identity,
            pairs=found.pair_noise.pairs,
            value=found.pair_noise.value,
            low=found.pair_noise.low,
            high=found.pair_noise.high,
            disturbed=found.disturbed,
            false_alarm=found.false_alarm,
        )
        for warning in mend_all(results_dir / machine.name):
            reporter.warn(warning)
        folder = machine.save(results_dir)
        NOISE.append(folder, known)
        return folder / NOISE.name
