"""The same functions measured by pyperf and by asv-jit's own trials, in one run, on one core and one interpreter.

    python -m tests.acceptance.peer_pyperf [--python 3.15] [--rounds 14]

In each round every function gets, in random order, one pyperf process `off` and one `on` for each setting of pyperf
below, and one pair of asv-jit's. Both tools run in one virtualenv. The speedups must agree, and asv-jit must need less
time for an interval of ±1%.

pyperf >= 2.10 by itself takes 6 processes of 10 values where the JIT is on and 20 of 3 where it is off, so that its two
modes differ in more than the JIT. Here its processes, values, warm-ups and loops are the same in both modes, once with
the values of either default.

What pyperf is charged is in its favour: each process less the start of its manager, which a longer run pays only once.
asv-jit is charged everything: both trials, classifying them, repeating what was disturbed, and its calibration.
Both tools' pairs are summed up alike, wild ones tempered (`analysis/wild.py`), although pyperf itself compares means.
Both are stopped alike, too: by asv-jit's rule, because pyperf has none, and because a plain t interval that is looked
at after every pair is too narrow. How many pairs that takes is a mean over random orders of those that were measured.

What the two measure is not quite the same. asv-jit's trials are 0.1 to 0.5 s old at their end, pyperf's processes of 10
values 1.3 s: mandelbrot's outermost loop is compiled in its 103rd call only, which makes 0.3% of its speedup. And the
median of iterations is what most of them take, where a value of 0.1 s averages what interrupts them; an interruption
hits the longer iterations of mode `off` more often, which on a busy core is 0.5% of the speedup.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from scipy import stats

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.speedup import estimate, log_ratios, looks, next_step, toll
from asv_jit.analysis.stats.wild import tempered
from asv_jit.errors import LockedError
from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.resolve import resolve
from asv_jit.machine_checks import default_cpu
from asv_jit.model import ARMS, PROTOCOL, Benchmark, Case, Mode
from asv_jit.system import locks
from asv_jit.system.processes import Finished, base_environment, run
from asv_jit.trials.block import PAIR, Effort, NoEffort, Stand, calibrate, run_stands
from asv_jit.trials.launch import Place, environment_of
from asv_jit.trials.record import Context
from tests.acceptance.__main__ import table
from tests.acceptance.rows import Row

SOURCE = Path(__file__).parents[2] / "src"
PRECISION = 0.01
MIN_PAIRS, NO_LIMIT = 5, 10**6  # the default minimum, and no maximum: what would it take?
ORDERS = 300
TRIAL_S, MAX_ITERATIONS = 0.5, 2000  # asv-jit's default settings
AGREEMENT_ALPHA = 0.01 / 6  # six comparisons: all six agree in 99% of the runs where there is nothing to find
WIDEST = 0.10  # wider intervals agree with anything
ATTEMPTS = 2
MOST_DISTURBED = 0.10
CALL_LIMIT_S = 120.0

# Module, what prepares its arguments, the call: a few milliseconds each.
FUNCTIONS = {
    "mandelbrot": ("mandelbrot", "", "mandelbrot.mandelbrot(40, 40, 100)"),
    "levenshtein": (
        "levenshtein",
        "PAIRS = levenshtein.random_pairs(16, 40, 123)",
        "levenshtein.levenshtein_on(PAIRS)",
    ),
    "n_queens": ("n_queens", "", "n_queens.n_queens(7)"),
}

CONTEXT = Context(
    session="peer",
    block="peer",
    attempt=1,
    purpose="quick",
    commit="0" * 40,
    interpreter="",
    installation="",
    machine="",
    protocol=PROTOCOL,
    cpu=None,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """How one pyperf process measures, in both modes alike."""

    name: str
    values: int
    warmups: int


SETTINGS = (Setting("pyperf 3 values, 1 warm-up", 3, 1), Setting("pyperf 10 values, 3 warm-ups", 10, 3))


@dataclass(slots=True)
class Measured:
    """One tool on one function: seconds per call, one a process and paired by round; and what a round took."""

    off: list[float] = field(default_factory=list)
    on: list[float] = field(default_factory=list)
    round_s: list[float] = field(default_factory=list)
    once_s: float = 0.0
    disturbed: int = 0  # rounds in which the tool itself says that something disturbed it; pyperf cannot say

    def add(self, times: Mapping[Mode, float], took_s: float, *, disturbed: bool = False) -> None:
        self.disturbed += disturbed
        self.off.append(times["off"])
        self.on.append(times["on"])
        self.round_s.append(took_s)

    @property
    def logs(self) -> Floats:
        """The log speedup of each round, wild ones tempered; shape (rounds,)."""
        return tempered(log_ratios(self.off, self.on))

    def half_width(self, alpha: float = 0.05, *, rounds: int | None = None) -> float:
        """Student's, of the mean log speedup; that of so many `rounds` with the same spread, where they are given."""
        count = rounds or len(self.off)
        return float(stats.t.ppf(1.0 - alpha / 2.0, count - 1) * self.logs.std(ddof=1) / math.sqrt(count))

    def time_for(self, rounds: float) -> float:
        return self.once_s + rounds * float(np.mean(self.round_s))


class FailedError(Exception):
    """A process that this comparison needs did not do its work."""


def checked(finished: Finished, what: str) -> Finished:
    if not finished.ok:
        raise FailedError(f"{what}: {finished.complaint()}")
    return finished


def virtualenv(executable: Path, folder: Path, packages: Sequence[str] = ()) -> Path:
    """Make a virtualenv of an interpreter in `folder`; returns its interpreter."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}  # pip's settings
    command = [sys.executable, "-m", "virtualenv", "--quiet", "-p", str(executable), str(folder)]
    checked(run(command, env=own, timeout_s=CALL_LIMIT_S), "making a virtualenv")
    python = folder / "bin" / "python"
    if packages:
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        checked(run(install, env=own, timeout_s=CALL_LIMIT_S), f"installing {', '.join(packages)}")
    return python


def case_of(name: str) -> Case:
    return Case(Benchmark(name=name, version="1", kind="time", unit="seconds", timeout_s=CALL_LIMIT_S), (), None)


def write_programs(folder: Path) -> Path:
    """A suite of asv's kind, and beside it one pyperf script a function; returns the suite's folder."""
    suite = folder / "suite"
    suite.mkdir()
    (suite / "__init__.py").touch()
    for name, (module, prepare, call) in FUNCTIONS.items():
        head = f"from jit_workloads.cpu import {module}\n\n{prepare}\n\n\n"
        (suite / f"{name}.py").write_text(f"{head}def time_{name}():\n    return {call}\n", encoding="utf-8")
        body = (
            f"def measured():\n    return {call}\n\n\nimport pyperf\n\npyperf.Runner().bench_func({name!r}, measured)\n"
        )
        (folder / f"{name}.py").write_text(head + body, encoding="utf-8")
    return suite


class Pyperf:
    """Starts pyperf's processes; `start_s` is what its manager takes before and beside the work."""

    def __init__(self, place: Place, folder: Path) -> None:
        self._place, self._folder = place, folder
        command = [str(place.python), "-c", "import pyperf, argparse, json, statistics, subprocess"]
        starts = [self._run(command, "off", "starting pyperf").duration_s for _ in range(9)]
        self.start_s = float(np.median(starts))

    def _run(self, command: Sequence[str], mode: Mode, what: str) -> Finished:
        environment = environment_of(self._place, mode, 0)
        del environment["PYTHONHASHSEED"]  # pyperf has its own way: a random one for each process
        # No limit, because waiting with one may poll, and pyperf must not be charged for that.
        finished = run(command, env=environment, cwd=self._folder, cpu=self._place.cpu)
        return checked(finished, what)

    def _measure(self, name: str, mode: Mode, *options: str) -> tuple[dict[str, object], list[float], float]:
        output = self._folder / "pyperf.json"
        output.unlink(missing_ok=True)
        fixed = ["--quiet", "--processes=1", "--inherit-environ=PYTHON_JIT,PYTHONPATH", f"--output={output}"]
        command = [str(self._place.python), str(self._folder / f"{name}.py"), *fixed, *options]
        took_s = self._run(command, mode, f"pyperf on {name}").duration_s
        content = json.loads(output.read_bytes())
        (benchmark,) = content["benchmarks"]
        values = [value for one in benchmark["runs"] for value in one.get("values", ())]
        metadata = {**content.get("metadata", {}), **benchmark.get("metadata", {})}
        return metadata, values, took_s - self.start_s

    def loops(self, name: str) -> tuple[int, float]:
        """Its own calibration in mode `off`, and what that took."""
        metadata, _values, took_s = self._measure(name, "off", "--values=1", "--warmups=0")
        return int(str(metadata["loops"])), took_s

    def pair(self, name: str, setting: Setting, loops: int, order: Sequence[Mode]) -> tuple[dict[Mode, float], float]:
        """One process a mode: seconds per call (the median of its values), and what both took."""
        options = f"--values={setting.values}", f"--warmups={setting.warmups}", f"--loops={loops}"
        times: dict[Mode, float] = {}
        whole_s = 0.0
        for mode in order:
            _metadata, values, took_s = self._measure(name, mode, *options)
            if len(values) != setting.values:
                raise FailedError(f"pyperf on {name}: expected {setting.values} values, found {len(values)}")
            times[mode] = float(np.median(values))
            whole_s += took_s
        return times, whole_s


def own_pair(place: Place, case: Case, effort: Effort, rng: random.Random) -> tuple[dict[Mode, float], float, bool]:
    """One block of asv-jit's, again if something disturbed it, as `run` does.

    Returns seconds per call by mode, what all took, and whether the attempt that counts was disturbed too.
    """
    began = time.monotonic()
    for _attempt in range(ATTEMPTS):
        stands = [Stand(arm, place, CONTEXT, cache=None) for arm in PAIR]
        trials = run_stands(stands, case, effort, rng, lambda _trial: None, micro_ops=False)
        disturbed = any(trial.disturbance is not None and trial.disturbance.disturbed for trial in trials)
        if not disturbed:
            break
    took_s = time.monotonic() - began
    times: dict[Mode, float] = {}
    for trial in trials:
        if trial.steady_s is None:
            raise FailedError(f"asv-jit on {case.key}, mode {trial.mode}: {trial.outcome}\n{trial.stderr}")
        times[trial.mode] = trial.steady_s
    return times, took_s, disturbed


def measure(place: Place, folder: Path, rounds: int, rng: random.Random) -> dict[str, dict[str, Measured]]:
    """Everything, interleaved: for each function and tool what was measured."""
    pyperf = Pyperf(place, folder)
    found = {name: {tool: Measured() for tool in ("asv-jit", *(one.name for one in SETTINGS))} for name in FUNCTIONS}
    efforts: dict[str, Effort] = {}
    loops = {}
    for name in FUNCTIONS:
        began = time.monotonic()
        effort = calibrate(
            place, case_of(f"{name}.time_{name}"), ARMS, trial_s=TRIAL_S, max_iterations=MAX_ITERATIONS, cache=None
        )
        if isinstance(effort, NoEffort):
            raise FailedError(f"calibrating {name}: {effort.launched.complaint}")
        print(f"{name}: {effort}", file=sys.stderr)
        efforts[name] = effort
        found[name]["asv-jit"].once_s = time.monotonic() - began
        loops[name], once_s = pyperf.loops(name)
        for setting in SETTINGS:
            found[name][setting.name].once_s = once_s
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for name in rng.sample(list(FUNCTIONS), len(FUNCTIONS)):
            for turn in rng.sample([None, *SETTINGS], len(SETTINGS) + 1):
                if turn is None:
                    times, took_s, disturbed = own_pair(place, case_of(f"{name}.time_{name}"), efforts[name], rng)
                    found[name]["asv-jit"].add(times, took_s, disturbed=disturbed)
                else:
                    pair = pyperf.pair(name, turn, loops[name], rng.sample(ARMS, 2))
                    found[name][turn.name].add(*pair)
    return found


def rounds_needed(measured: Measured) -> float:
    """After how many rounds the adaptive rule stops, on average over random orders of those that were measured.

    The one order in which they came is chance: a wild round among the first few would decide. Where all of them are not
    enough, it stops at the first later look whose half-width is small enough with the spread of all.
    """
    off, on = np.array(measured.off), np.array(measured.on)
    rng = np.random.default_rng(0)
    sizes = looks(MIN_PAIRS, NO_LIMIT)
    later = next(n for n in sizes if n > len(off) and toll(n) * measured.half_width(rounds=n) <= PRECISION)
    stops = []
    for _ in range(ORDERS):
        order = rng.permutation(len(off))
        possible = (n for n in sizes if n <= len(off) and _enough(off[order[:n]], on[order[:n]]))
        stops.append(next(possible, later))
    return float(np.mean(stops))


def _enough(off: Floats, on: Floats) -> bool:
    return next_step(off, on, precision=PRECISION, min_pairs=MIN_PAIRS, max_pairs=NO_LIMIT) == "stop"


def rows_of(name: str, measured: Mapping[str, Measured]) -> list[Row]:
    """For a peer's setting: do the speedups agree, and who needs less time."""
    own = measured["asv-jit"]
    speedup = estimate(own.off, own.on, alpha=0.05, equivalence=0.0)
    pairs = rounds_needed(own)
    own_s = own.time_for(pairs)
    rows = []
    for setting in SETTINGS:
        peer = measured[setting.name]
        apart = float(own.logs.mean() - peer.logs.mean())
        allowed = math.hypot(own.half_width(AGREEMENT_ALPHA), peer.half_width(AGREEMENT_ALPHA))
        ratio, half = math.exp(peer.logs.mean()), peer.half_width()
        rounds = rounds_needed(peer)
        peer_s = peer.time_for(rounds)
        rows += [
            Row(
                figure="peer",
                what=f"{name}: speedup by asv-jit and by {setting.name}, {len(own.off)} processes a mode each",
                bar=f"within {allowed:.2%} (both intervals at 1 - {AGREEMENT_ALPHA:.4f}), itself at most {WIDEST:.0%}",
                result=f"{speedup.ratio:.3f}× and {ratio:.3f}×, {apart:+.2%}",
                interval=f"95%: {speedup.low:.3f} to {speedup.high:.3f} and {ratio * math.exp(-half):.3f} to "
                f"{ratio * math.exp(half):.3f}",
                passed=abs(apart) <= allowed <= WIDEST,
            ),
            Row(
                figure="peer",
                what=f"{name}: wall time for a half-width of 1%, asv-jit ({pairs:.1f} pairs) "
                f"against {setting.name} ({rounds:.1f} pairs)",
                bar=f"< {peer_s:.1f} s",
                result=f"{own_s:.1f} s",
                interval=f"a pair: {np.mean(own.round_s):.2f} s ± {own.logs.std(ddof=1):.2%} and "
                f"{np.mean(peer.round_s):.2f} s ± {peer.logs.std(ddof=1):.2%}",
                passed=own_s < peer_s,
            ),
        ]
    return rows


def quiet(found: Mapping[str, Mapping[str, Measured]]) -> Row:
    """Whether the comparison means anything: on a busy core both tools measure the scheduler as well.

    A process that shares its core loses it for some milliseconds at a time. An iteration as long as its turn is
    interrupted each time and a shorter one seldom, so that the medians of the two modes are hit differently;
    pyperf's values of 0.1 s average over the turns.
    """
    own = [measured["asv-jit"] for measured in found.values()]
    disturbed, blocks = sum(one.disturbed for one in own), sum(len(one.off) for one in own)
    return Row(
        figure="peer",
        what="blocks that something else on the core disturbed, in their repetition too, by asv-jit's own account",
        bar=f"<= {MOST_DISTURBED:.0%}: else the machine is too busy for the rows above",
        result=f"{disturbed} of {blocks}",
        interval="",
        passed=disturbed <= MOST_DISTURBED * blocks,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table; 1 if a row missed its bar, 2 if something needed is not there."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.peer_pyperf", description=__doc__)
    parser.add_argument("--python", default="3.15", help="a spec such as 3.15, or a path (default 3.15)")
    parser.add_argument("--rounds", type=int, default=14, help="processes a mode, tool and function (default 14)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="write what was measured, round by round, into this JSON file")
    options = parser.parse_args(arguments)
    if options.rounds < MIN_PAIRS:
        parser.error(f"--rounds: expected at least {MIN_PAIRS}, found {options.rounds}")
    interpreter = resolve(options.python, discover())
    if not interpreter.has_jit:
        parser.error(f"--python: expected an interpreter with a JIT, found {interpreter.identity} without")
    with tempfile.TemporaryDirectory(prefix="asv-jit-peer-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        try:
            stack.enter_context(locks.held(locks.measuring_lock(), doing="compare with pyperf"))
            python = virtualenv(interpreter.executable, folder / "env", ["pyperf>=2.10"])
            place = Place(python, write_programs(folder), {"PYTHONPATH": str(SOURCE)}, default_cpu())
            asked = [str(python), "-c", "import pyperf; print(pyperf.__version__)"]
            version = checked(run(asked, env=base_environment(), timeout_s=CALL_LIMIT_S), "pyperf").stdout.strip()
            found = measure(place, folder, options.rounds, random.Random(options.seed))
        except (FailedError, LockedError) as error:
            print(error, file=sys.stderr)
            return 2
    if options.keep is not None:
        options.keep.write_text(
            json.dumps({name: {tool: asdict(one) for tool, one in by.items()} for name, by in found.items()})
        )
    rows = [row for function, measured in found.items() for row in rows_of(function, measured)] + [quiet(found)]
    Console(width=None if sys.stdout.isatty() else 200).print(table(rows))
    print(f"CPython {interpreter.identity}, pyperf {version}, load average {os.getloadavg()[0]:.1f} at the end")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
