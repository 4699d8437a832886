"""What a trial costs beside the benchmark: `python -m tests.acceptance.overhead [--python 3.15] [--trials 30]`.

The overhead of a trial is the wall time of `launch`, less what the benchmark took (import, setup, iterations), less
`python -c pass` started in the same way in the same environment. Trials and bare starts of both modes are interleaved.
The suite stamps the clock, which is the same in all processes, as it is imported, called, torn down and left, so that
the trial falls into stages without a change of the harness. A second table takes the start apart.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from scipy import stats

from asv_jit.errors import LockedError
from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.resolve import resolve
from asv_jit.machine_checks import default_cpu
from asv_jit.model import ARMS, Mode
from asv_jit.system import locks
from asv_jit.system.processes import run
from asv_jit.trials import launch as launching
from asv_jit.trials.launch import Place, TrialTask, environment_of, launch, workspace
from asv_jit.trials.record import record
from tests.acceptance.__main__ import table
from tests.acceptance.peer_pyperf import CONTEXT, SOURCE, FailedError, case_of, checked, virtualenv
from tests.acceptance.rows import Row

BAR_S = 0.060
ITERATIONS = 300  # of about 1 ms each
SPAWN = "spawn alone (/bin/true)"
OVERHEAD, BARE, RECORD = "overhead", "python -c pass", "record: steady.classify above all"

SUITE = """\
import time
STAMPS = [time.monotonic_ns()]
import atexit, os
from jit_workloads.cpu.mandelbrot import mandelbrot

def time_it():
    answer = mandelbrot(12, 12, 100)
    STAMPS[1:] = [time.monotonic_ns()]
    return answer

def teardown():
    STAMPS[2:] = [time.monotonic_ns()]

def leave():
    with open(os.environ["STAMPS"], "w") as stream:
        stream.write(str([*STAMPS, time.monotonic_ns()]))

atexit.register(leave)
"""

# What the start of a trial consists of: a command each, as options of the interpreter.
IMPORTS = "import gc, importlib, importlib.machinery, itertools, json, os, re, sys"
INSIDE = str(Path(launching.__file__).with_name("inside.py"))
LOAD = f"""\
names = {{"__name__": "inside", "__file__": {INSIDE!r}}}
exec(compile(open({INSIDE!r}, encoding='utf-8').read(), {INSIDE!r}, 'exec'), names)
import asv_jit_child.timing"""
STARTS: Mapping[str, tuple[str, ...]] = {
    BARE: ("-c", "pass"),
    "python -S -c pass (without site)": ("-S", "-c", "pass"),
    "import importlib.machinery, itertools, os": (
        "-c",
        "import gc, importlib, importlib.machinery, itertools, os, sys",
    ),
    "import re too": ("-c", "import gc, importlib, importlib.machinery, itertools, os, re, sys"),
    "import json too: all of inside.py's": ("-c", IMPORTS),
    "the same, and load inside.py and its files": ("-c", f"{IMPORTS}\n{LOAD}"),
    "the same, and import opcode (evidence)": ("-c", f"{IMPORTS}, opcode\n{LOAD}\nimport asv_jit_child.evidence"),
}

Samples = defaultdict[str, list[float]]


def write_suite(folder: Path) -> Path:
    suite = folder / "suite"
    suite.mkdir()
    (suite / "__init__.py").touch()
    (suite / "one.py").write_text(SUITE, encoding="utf-8")
    return suite


def bare_start(place: Place, mode: Mode, options: Sequence[str] = ("-c", "pass")) -> float:
    """Wall seconds of a process that does nothing else, started as a trial is."""
    command = [str(place.python), *options]
    environment = environment_of(place, mode, 7)
    with workspace() as space:
        space.cwd.mkdir()
        began = time.monotonic()
        # No limit, because waiting with one may poll, and what polling adds belongs to the trial's overhead alone.
        checked(run(command, env=environment, cwd=space.cwd, cpu=place.cpu), "a bare start")
        return time.monotonic() - began


def trial(place: Place, mode: Mode, task: TrialTask, stamps: Path) -> dict[str, float]:
    """One trial's stages, in seconds; they add up to `whole`, which is the wall time of `launch`."""
    with workspace() as space:
        began = time.monotonic()
        launched = launch(place, task, mode, space)
        returned = time.monotonic()
    answer, start_s = launched.answer, launched.start_s
    if answer is None or start_s is None:
        raise FailedError(f"a trial in mode {mode}: {launched.complaint}")
    record(CONTEXT, task, mode, mode, launched)
    recorded = time.monotonic()
    imported, called, torn_down, left = (stamp / 1e9 for stamp in json.loads(stamps.read_text(encoding="utf-8")))
    entered = answer.entered_ns / 1e9
    measured = (answer.import_ns + (answer.setup_ns or 0) + sum(answer.durations_ns)) / 1e9
    return {
        "the benchmark: import, setup, iterations": measured,
        "parent: request, private folder": entered - start_s - began,
        "spawn, start, compile inside.py": start_s,
        "the files of inside.py, request, find the suite": imported - entered,
        "suite and iterations beyond what they say": called - imported - measured,
        "usage, peak memory, evidence": torn_down - called,
        "answer written": left - torn_down,
        "end of the process, parent reads": returned - left,
        "whole": returned - began,
        RECORD: recorded - returned,
    }


def measure(place: Place, stamps: Path, trials: int, rng: random.Random) -> dict[Mode, Samples]:
    """For each mode the stages of `trials` trials, and as many bare starts, interleaved."""
    task = TrialTask(
        case=case_of("one.time_it"), operation="measure", hash_seed=7, inner_loops=1, iterations=ITERATIONS
    )
    found: dict[Mode, Samples] = {mode: defaultdict(list) for mode in ARMS}
    for _ in range(trials):
        for mode in rng.sample(ARMS, 2):
            bare_s = bare_start(place, mode)
            stages = trial(place, mode, task, stamps)
            stages[BARE] = bare_s
            stages[OVERHEAD] = stages["whole"] - stages["the benchmark: import, setup, iterations"]
            for stage, seconds in stages.items():
                found[mode][stage].append(seconds)
    for mode in ARMS:  # the bare starts' median, not each one's own: their noise is not the trial's
        bare_s = statistics.median(found[mode][BARE])
        found[mode][OVERHEAD] = [seconds - bare_s for seconds in found[mode][OVERHEAD]]
    return found


def starts(place: Place, trials: int, rng: random.Random) -> dict[Mode, Samples]:
    """The parts of a start, interleaved."""
    found: dict[Mode, Samples] = {mode: defaultdict(list) for mode in ARMS}
    for samples in found.values():
        samples.update({name: [] for name in (SPAWN, *STARTS)})  # the table's order
    nothing = Place(Path("/bin/true"), place.benchmark_dir, place.variables, place.cpu)
    for _ in range(trials):
        for mode in ARMS:
            found[mode][SPAWN].append(bare_start(nothing, mode, ()))
            for name in rng.sample(list(STARTS), len(STARTS)):
                found[mode][name].append(bare_start(place, mode, STARTS[name]))
    return found


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of the median from the order statistics."""
    ordered = sorted(values)
    outside = int(stats.binom.ppf(0.025, len(ordered), 0.5))
    return ordered[max(outside - 1, 0)], ordered[min(len(ordered) - outside, len(ordered) - 1)]


def rows_of(found: Mapping[Mode, Samples]) -> list[Row]:
    rows = []
    for mode, samples in found.items():
        median_s = statistics.median(samples[OVERHEAD])
        low, high = median_interval(samples[OVERHEAD])
        rows.append(
            Row(
                figure="overhead",
                what=f"a trial in mode {mode}, median of {len(samples[OVERHEAD])} ({ITERATIONS} iterations)",
                bar=f"<= {BAR_S * 1e3:.0f} ms",
                result=f"{median_s * 1e3:.1f} ms",
                interval=f"{low * 1e3:.1f} to {high * 1e3:.1f} ms",
                passed=median_s <= BAR_S,
            )
        )
    return rows


def parts(title: str, found: Mapping[Mode, Samples], order: Sequence[str]) -> Table:
    made = Table("", *(f"{mode}, ms" for mode in found), title=title)
    for name in order:
        made.add_row(name, *(f"{statistics.median(samples[name]) * 1e3:.1f}" for samples in found.values()))
    return made


def limit(samples: Samples) -> str:
    """What no harness can go below, in words."""
    spawn, bare, without_site = (
        statistics.median(samples[name]) * 1e3 for name in (SPAWN, BARE, "python -S -c pass (without site)")
    )
    return (
        f"The limit: a fresh process of this interpreter takes {bare:.1f} ms ({spawn:.1f} to spawn, "
        f"{without_site - spawn:.1f} to start, {bare - without_site:.1f} for site); all overhead comes on top of that."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables; 1 if the overhead is above the bar, 2 if something needed is not there."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.overhead", description=__doc__)
    parser.add_argument("--python", default="3.15", help="a spec such as 3.15, or a path (default 3.15)")
    parser.add_argument("--trials", type=int, default=30, help="a mode (default 30)")
    options = parser.parse_args(arguments)
    if options.trials < 6:
        parser.error(f"--trials: expected at least 6, found {options.trials}")
    interpreter = resolve(options.python, discover())
    if not interpreter.has_jit:
        parser.error(f"--python: expected an interpreter with a JIT, found {interpreter.identity} without")
    rng = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="asv-jit-overhead-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        stamps = folder / "stamps"
        try:
            stack.enter_context(locks.held(locks.measuring_lock(), doing="measure the overhead"))
            python = virtualenv(interpreter.executable, folder / "env")
            variables = {"PYTHONPATH": str(SOURCE), "STAMPS": str(stamps)}
            place = Place(python, write_suite(folder), variables, default_cpu())
            measure(place, stamps, 1, rng)  # so that every byte-code file is there
            found = measure(place, stamps, options.trials, rng)
            begun = starts(place, max(6, options.trials // 2), rng)
        except (FailedError, LockedError) as error:
            print(error, file=sys.stderr)
            return 2
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(parts("The stages of a trial, medians", found, list(found["off"])))
    console.print(parts("What a start consists of, medians", begun, list(begun["off"])))
    console.print(limit(begun["off"]))
    rows = rows_of(found)
    console.print(table(rows))
    print(f"CPython {interpreter.identity}, load average {os.getloadavg()[0]:.1f} at the end")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
