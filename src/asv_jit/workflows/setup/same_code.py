"""A/A measurements: a small built-in suite whose pairs differ only by the machine's noise.

Both arms of a pair run one benchmark on one interpreter in mode `off`, as ordinary trials.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from asv_jit.analysis import speedup
from asv_jit.analysis.stats.noise import Rules, SameCodeRates, SuiteRun, rates
from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import PROTOCOL, Benchmark, Case, Trial
from asv_jit.settings import Settings
from asv_jit.store.machines import SameCodeCase, keep_comparison, read_comparisons
from asv_jit.system import locks, paths
from asv_jit.trials.block import Arm, Effort, NoEffort, Stand, calibrate, run_stands
from asv_jit.trials.launch import Place
from asv_jit.trials.record import Context
from asv_jit.workflows.measuring.reporter import Reporter

_ARMS = (Arm("a", "off"), Arm("b", "off"))
_ATTEMPTS = 2  # as `run` does: a disturbed block is repeated once
_TIMEOUT_S = 60.0
# How a trial's length is found; runs with another method are not comparable.
_EFFORT = "level within 0.25%"

_SUITE = '''\
"""Loops of plain Python, the same in all trials."""


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def moved(self, by):
        return Point(self.x + by, self.y - by)


def time_integers():
    total = 0
    for number in range(2000):
        total += number * number % 7
    return total


def time_floats():
    x = 0.5
    for _ in range(3000):
        x = 3.7 * x * (1.0 - x)
    return x


def time_objects():
    point = Point(0, 0)
    for by in range(500):
        point = point.moved(by)
    return point.x


def time_containers():
    counts = {}
    for number in range(1500):
        key = number % 97
        counts[key] = counts.get(key, 0) + number
    return sorted(counts.values())[0]


def time_generators():
    return sum(x * y for x in range(40) for y in range(40) if x ^ y)
'''
CASES = tuple(
    Case(Benchmark(name=f"same_code.{name}", version="1", kind="time", unit="seconds", timeout_s=_TIMEOUT_S), (), None)
    for name in ("time_integers", "time_floats", "time_objects", "time_containers", "time_generators")
)


class AaRuns(Struct, frozen=True):
    """The result of whole A/A runs of the built-in suite; `kept`: how many are from earlier calls; `kept_in`: the file.

    `repeated`: disturbed pairs that were measured again; `disturbed`: those that were disturbed again.
    """

    rates: SameCodeRates
    kept: int
    kept_in: Path
    disturbed: int
    repeated: int


@dataclass(slots=True)
class SameCode:
    """The built-in suite on one interpreter; measures pairs and counts disturbances."""

    place: Place
    efforts: dict[Case, Effort]
    context: Context
    rng: random.Random
    disturbed: int = field(default=0, init=False)
    repeated: int = field(default=0, init=False)

    def pair(self, case: Case = CASES[0]) -> tuple[float, float]:
        """Return the steady times of one block, measured again if disturbed. Raises NoInterpreterError."""
        for attempt in range(1, _ATTEMPTS + 1):
            effort = self.efforts[case]
            stands = [Stand(arm, self.place, self.context, cache=None) for arm in _ARMS]
            trials = run_stands(stands, case, effort, self.rng, _forget, micro_ops=False)
            if not any(trial.disturbed for trial in trials):
                break
            if attempt < _ATTEMPTS:
                self.repeated += 1
            else:
                self.disturbed += 1
        first, second = (_time_of(trial) for trial in trials)
        return first, second


def aa_runs(
    count: int, interpreter: Interpreter, settings: Settings, reporter: Reporter, *, cpu: int | None, machine: str = ""
) -> AaRuns:
    """Measure `count` more whole A/A runs, each case until the adaptive rule stops it, and count false alerts.

    Stores each comparison at once, and includes runs that earlier calls finished on this `machine` with the same
    settings. Raises as `same_code`.
    """
    rules = Rules(settings.precision, settings.pairs.min, settings.pairs.max, settings.alpha, settings.equivalence)
    path = paths.cache_dir("same-code") / f"{interpreter.identity}-{machine or 'machine'}.jsonl"
    made_by = f"{PROTOCOL} {settings.trial_seconds} {settings.max_iterations} {_EFFORT} {rules} {_digest()}"
    kept = len(_runs(read_comparisons(path, made_by)))
    with same_code(interpreter, settings, reporter, cpu=cpu, seed=secrets.randbits(64), cases=CASES) as bench:
        for number in range(count):
            name = secrets.token_hex(8)
            for place, case in enumerate(bench.rng.sample(CASES, len(CASES))):
                text = f"A/A run {number + 1} of {count}, {case.benchmark.name}"
                reporter.advance(text, number * len(CASES) + place, count * len(CASES), None)
                warning = keep_comparison(path, _compare(bench, case, settings, run=name, rules=made_by))
                if warning is not None:
                    reporter.warn(warning)
    found = read_comparisons(path, made_by)
    return AaRuns(
        rates(_runs(found), rules),
        kept,
        path,
        disturbed=sum(one.disturbed for one in found),
        repeated=sum(one.repeated for one in found),
    )


@contextlib.contextmanager
def same_code(
    interpreter: Interpreter,
    settings: Settings,
    reporter: Reporter,
    *,
    cpu: int | None,
    seed: int,
    cases: tuple[Case, ...] = CASES[:1],
) -> Iterator[SameCode]:
    """Yield the built-in suite, calibrated, in a temporary folder, under the measuring lock.

    Raises LockedError, and NoInterpreterError if a benchmark cannot run.
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
        reporter.stage(f"comparing programs with themselves on CPython {interpreter.identity}")
        efforts = {case: _effort(place, case, interpreter, settings) for case in cases}
        # These trials are not stored.
        context = Context(
            session="doctor",
            block="doctor",
            purpose="quick",
            interpreter=interpreter.identity,
            protocol=PROTOCOL,
            cpu=cpu,
        )
        yield SameCode(place, efforts, context, random.Random(seed))


def _compare(bench: SameCode, case: Case, settings: Settings, *, run: str, rules: str) -> SameCodeCase:
    first: list[float] = []
    second: list[float] = []
    disturbed, repeated = bench.disturbed, bench.repeated
    while _next_step(first, second, settings) == "measure":
        a, b = bench.pair(case)
        first.append(a)
        second.append(b)
    return SameCodeCase(
        run=run,
        case=case.benchmark.name,
        rules=rules,
        first=tuple(first),
        second=tuple(second),
        disturbed=bench.disturbed - disturbed,
        repeated=bench.repeated - repeated,
    )


def _runs(comparisons: list[SameCodeCase]) -> list[SuiteRun]:
    """Return the complete runs: an interrupted one says nothing about a whole suite."""
    grouped: dict[str, dict[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {}
    for one in comparisons:
        grouped.setdefault(one.run, {})[one.case] = (one.first, one.second)
    return [SuiteRun(cases) for cases in grouped.values() if len(cases) == len(CASES)]


def _digest() -> str:
    return hashlib.sha256(_SUITE.encode("utf-8")).hexdigest()[:8]


def _effort(place: Place, case: Case, interpreter: Interpreter, settings: Settings) -> Effort:
    effort = calibrate(
        place, case, ("off",), trial_s=settings.trial_seconds, max_iterations=settings.max_iterations, cache=None
    )
    if isinstance(effort, NoEffort):
        raise NoInterpreterError(_cannot_run(interpreter.identity, effort.launched.complaint))
    return effort


def _forget(trial: Trial) -> None:
    """Drop the trial."""


def _time_of(trial: Trial) -> float:
    if trial.steady_s is None:
        raise NoInterpreterError(_cannot_run(trial.interpreter, f"{trial.outcome}: {trial.stderr}"))
    return trial.steady_s


def _cannot_run(identity: str, complaint: str) -> str:
    return (
        f"CPython {identity} was expected to run loops of plain Python, and did not: {complaint}\n"
        "See what is wrong with it with `asv-jit pythons probe PATH`, or choose another with --python."
    )


def _next_step(first: list[float], second: list[float], settings: Settings) -> speedup.Step:
    return speedup.next_step(
        first, second, precision=settings.precision, min_pairs=settings.pairs.min, max_pairs=settings.pairs.max
    )
