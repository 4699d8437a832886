"""`asv-jit doctor`: how noisy measuring is here, by comparing one program with itself.

Both arms of these pairs run the same small benchmark on the same interpreter in mode `off`, through the
trials that measure everything else. Whatever difference comes out is the machine's.
"""

from __future__ import annotations

import contextlib
import math
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from asv_jit import locks
from asv_jit.analysis import noise, speedup
from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.machine_checks import Check
from asv_jit.model import PROTOCOL, Benchmark, Case, Trial
from asv_jit.settings import Settings
from asv_jit.trials.block import Arm, Effort, calibrate, run_block
from asv_jit.trials.launch import Place
from asv_jit.trials.record import Context
from asv_jit.workflows.reporter import Reporter

__all__ = [
    "AaRuns",
    "Diagnosis",
    "MeasuredNoise",
    "Pairs",
    "SameCode",
    "aa_runs",
    "alarms_of",
    "measure_noise",
    "noise_of",
    "same_code",
]

DEFAULT_PAIRS = 20
_ARMS = (Arm("a", "off"), Arm("b", "off"))
_ATTEMPTS = 2  # as `run` does: a disturbed block is repeated once
_TIMEOUT_S = 60.0

_SUITE = '''\
"""A loop of plain Python, the same in all trials."""


def time_loop():
    total = 0
    for number in range(2000):
        total += number * number % 7
    return total
'''
_CASE = Case(
    Benchmark(name="same_code.time_loop", version="1", kind="time", unit="seconds", timeout_s=_TIMEOUT_S), (), None
)

# One pair of the same code: the steady times of both arms, in seconds per call.
Pairs = Callable[[], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class MeasuredNoise:
    """What A/A pairs say. `estimate` compares the arms: a verdict of `faster` or `slower` is a false alarm.

    `needed` is for a power of 90% at the setting `alpha`; `disturbed` counts the pairs that something disturbed
    twice, and `repeated` those that were measured again for it.
    """

    pair_noise: noise.PairNoise
    estimate: speedup.Speedup
    needed: tuple[noise.Needed, ...]
    disturbed: int = 0
    repeated: int = 0

    @property
    def false_alarm(self) -> bool:
        """Whether the same code was called different."""
        return self.estimate.verdict in ("faster", "slower")


@dataclass(frozen=True, slots=True)
class AaRuns:
    """What whole A/A loops ended with, in order. `low` and `high` bound the rate of false alarms at 95%.

    `pair_noise` is pooled over the runs; `disturbed` and `repeated` as for `MeasuredNoise`, over all runs.
    """

    runs: tuple[speedup.Speedup, ...]
    alarms: int
    low: float
    high: float
    pair_noise: float
    disturbed: int = 0
    repeated: int = 0

    @property
    def verdicts(self) -> dict[str, int]:
        """How many runs ended with each verdict."""
        return dict(Counter(run.verdict for run in self.runs))

    @property
    def pairs(self) -> int:
        """The pairs of all runs."""
        return sum(run.pairs for run in self.runs)


@dataclass(slots=True)
class Diagnosis:
    """What `asv-jit doctor` reports: the checks, and what was measured if that was asked for."""

    checks: list[Check]
    noise: MeasuredNoise | None = None
    same_code: AaRuns | None = None


def measure_noise(
    interpreter: Interpreter,
    settings: Settings,
    reporter: Reporter,
    *,
    cpu: int | None,
    pairs: int = DEFAULT_PAIRS,
    seed: int = 0,
) -> MeasuredNoise:
    """Measure so many A/A pairs on an interpreter, pinned to the core `cpu`; two trials of `trial_seconds` each.

    `seed` decides the order of the arms and the hash seeds. Raises LockedError when something else measures,
    NoInterpreterError when the interpreter cannot run the built-in benchmark.
    """
    with same_code(interpreter, settings, reporter, cpu=cpu, seed=seed) as bench:
        found = noise_of(bench.pair, settings, reporter, pairs=pairs)
        return MeasuredNoise(found.pair_noise, found.estimate, found.needed, bench.disturbed, bench.repeated)


def aa_runs(
    count: int,
    interpreter: Interpreter,
    settings: Settings,
    reporter: Reporter,
    *,
    cpu: int | None,
    seed: int = 0,
) -> AaRuns:
    """Run `count` whole A/A loops, each with the adaptive rule until it stops, and count the false alarms.

    Arguments and errors as for `measure_noise`.
    """
    with same_code(interpreter, settings, reporter, cpu=cpu, seed=seed) as bench:
        found = alarms_of(bench.pair, settings, reporter, count=count)
        return AaRuns(
            found.runs, found.alarms, found.low, found.high, found.pair_noise, bench.disturbed, bench.repeated
        )


def noise_of(pair: Pairs, settings: Settings, reporter: Reporter, *, pairs: int) -> MeasuredNoise:
    """What `pairs` (at least 2) draws from `pair` say."""
    if pairs < 2:
        raise ValueError(f"a spread needs at least two pairs, not {pairs}")
    began = time.monotonic()
    first, second = [], []
    for done in range(pairs):
        reporter.advance("the same code twice", 2 * done, 2 * pairs, _left_s(began, done, pairs))
        a, b = pair()
        first.append(a)
        second.append(b)
    spread = noise.pair_noise(first, second)
    return MeasuredNoise(
        pair_noise=spread,
        estimate=speedup.estimate(first, second, alpha=settings.alpha, equivalence=settings.equivalence),
        needed=noise.needed_pairs(spread.value, alpha=settings.alpha),
    )


def alarms_of(pair: Pairs, settings: Settings, reporter: Reporter, *, count: int) -> AaRuns:
    """What `count` (at least 1) adaptive loops over draws from `pair` end with."""
    if count < 1:
        raise ValueError(f"expected at least one run, found {count}")
    began = time.monotonic()
    runs: list[speedup.Speedup] = []
    squares, free = 0.0, 0
    for number in range(count):
        first: list[float] = []
        second: list[float] = []
        while _next_step(first, second, settings) == "measure":
            done = 2 * (sum(run.pairs for run in runs) + len(first))
            total = round(done * count / number) if number else 2 * count * settings.pairs.max
            left_s = _left_s(began, number, count)
            reporter.advance(f"A/A run {number + 1} of {count}", done, max(total, done + 2), left_s)
            a, b = pair()
            first.append(a)
            second.append(b)
        runs.append(speedup.estimate(first, second, alpha=settings.alpha, equivalence=settings.equivalence))
        if len(first) > 1:
            squares += noise.pair_noise(first, second).value ** 2 * (len(first) - 1)
            free += len(first) - 1
    alarms = sum(run.verdict in ("faster", "slower") for run in runs)
    low, high = noise.alarm_interval(alarms, count)
    return AaRuns(tuple(runs), alarms, low, high, math.sqrt(squares / free) if free else math.nan)


@dataclass(slots=True)
class SameCode:
    """The built-in benchmark on one interpreter; draws pairs and counts what disturbed them."""

    place: Place
    effort: Effort
    context: Context
    rng: random.Random
    disturbed: int = field(default=0, init=False)
    repeated: int = field(default=0, init=False)

    def pair(self) -> tuple[float, float]:
        """The steady times of one block, again if something disturbed it. Raises NoInterpreterError."""
        for attempt in range(1, _ATTEMPTS + 1):
            trials = run_block(
                self.place, _CASE, self.effort, _ARMS, self.context, self.rng, _forget, cache=None, micro_ops=False
            )
            if not any(trial.disturbed for trial in trials):
                break
            if attempt < _ATTEMPTS:
                self.repeated += 1
            else:
                self.disturbed += 1
        first, second = (_time_of(trial) for trial in trials)
        return first, second


@contextlib.contextmanager
def same_code(
    interpreter: Interpreter, settings: Settings, reporter: Reporter, *, cpu: int | None, seed: int
) -> Iterator[SameCode]:
    """The built-in benchmark, calibrated, in a temporary folder, while nothing else may measure.

    Raises LockedError, and NoInterpreterError when the benchmark cannot run.
    """
    with (
        locks.held(locks.measuring_lock(), doing="measure the noise"),
        tempfile.TemporaryDirectory(prefix="asv-jit-doctor-") as folder,
    ):
        suite = Path(folder) / "suite"
        suite.mkdir()
        (suite / "__init__.py").touch()
        (suite / "same_code.py").write_text(_SUITE, encoding="utf-8")
        place = Place(python=interpreter.executable, benchmark_dir=suite, variables={}, cpu=cpu)
        reporter.stage(f"comparing a program with itself on CPython {interpreter.identity}")
        effort, launched = calibrate(
            place, _CASE, trial_s=settings.trial_seconds, max_iterations=settings.max_iterations, cache=None
        )
        if launched.answer is None:
            raise NoInterpreterError(_cannot_run(interpreter.identity, launched.complaint))
        yield SameCode(place, effort, _context(interpreter, cpu), random.Random(seed))


def _context(interpreter: Interpreter, cpu: int | None) -> Context:
    """These trials are thrown away, so most of what the journal would say is empty."""
    return Context(
        session="doctor",
        block="doctor",
        attempt=1,
        purpose="quick",
        commit="",
        interpreter=interpreter.identity,
        installation="",
        machine="",
        protocol=PROTOCOL,
        cpu=cpu,
    )


def _forget(trial: Trial, durations_ns: object) -> None:
    """Trials of a doctor are no results."""


def _time_of(trial: Trial) -> float:
    if trial.steady_s is None:
        raise NoInterpreterError(_cannot_run(trial.interpreter, f"{trial.outcome}: {trial.stderr}"))
    return trial.steady_s


def _cannot_run(identity: str, complaint: str) -> str:
    return (
        f"CPython {identity} was expected to run a loop of plain Python, and did not: {complaint}\n"
        "See what is wrong with it with `asv-jit pythons probe PATH`, or choose another with --python."
    )


def _next_step(first: list[float], second: list[float], settings: Settings) -> speedup.Step:
    return speedup.next_step(
        first, second, precision=settings.precision, min_pairs=settings.pairs.min, max_pairs=settings.pairs.max
    )


def _left_s(began: float, done: int, total: int) -> float | None:
    """Seconds left if the rest goes on like what was done; None before anything was."""
    return (time.monotonic() - began) / done * (total - done) if done else None
