"""What the figures share: a suite of one's own making, counted trials of it, and processes that hold every core."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.resolve import resolve
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import HASH_SEEDS, CountedTrial, Mode
from asv_jit.system.processes import cores
from asv_jit.trials.counted import FIND_LOOPS, count
from asv_jit.trials.counter import Counter
from asv_jit.trials.launch import Place
from tests.acceptance.peer_pyperf import CONTEXT, SOURCE, case_of

PROGRAMS: Mapping[str, tuple[str, str]] = {
    "time_mandelbrot": ("mandelbrot", "mandelbrot.mandelbrot(24, 24, 100)"),
    "time_dijkstra": ("dijkstra", "dijkstra.dijkstra_on(GRAPH)"),
    "time_n_queens": ("n_queens", "n_queens.n_queens(6)"),
}
"""Benchmarks of this repository's workloads: module, call."""
_PREPARED = {"dijkstra": "GRAPH = dijkstra.random_graph(1_000, 4, 123)\n"}


def python_of(spec: str = "3.15") -> Path:
    """An interpreter with a JIT. Raises NoInterpreterError."""
    return resolve(spec, discover()).executable


def suite_of(folder: Path, source: str) -> Path:
    """A suite of one file, `b.py`."""
    suite = folder / "suite"
    suite.mkdir(parents=True)
    (suite / "__init__.py").touch()
    (suite / "b.py").write_text(source, encoding="utf-8")
    return suite


def workloads(folder: Path) -> Path:
    """A suite of `PROGRAMS`."""
    modules = sorted({module for module, _ in PROGRAMS.values()})
    prepared = "".join(_PREPARED.get(module, "") for module in modules)
    calls = "".join(f"def {name}():\n    return {call}\n\n\n" for name, (_, call) in PROGRAMS.items())
    return suite_of(folder, f"from jit_workloads.cpu import {', '.join(modules)}\n{prepared}\n{calls}")


def counted(
    python: Path,
    suite: Path,
    name: str,
    mode: Mode,
    seed: int,
    *,
    loops: int = FIND_LOOPS,
    counter: Counter | None = None,
) -> CountedTrial:
    """One counted trial of `b.<name>`. Raises AssertionError for one that failed."""
    place = Place(python, suite, {"PYTHONPATH": str(SOURCE)}, None)
    using = find_or_install().callgrind() if counter is None else counter
    trial = count(using, place, case_of(f"b.{name}"), mode, CONTEXT, hash_seed=seed, inner_loops=loops).trial
    assert trial.outcome == "ok", trial.stderr
    return trial


def by_seed(python: Path, suite: Path, name: str, mode: Mode, *, loops: int) -> dict[int, list[float]]:
    """Steady instructions per call by hash seed, as many trials at once as there are cores."""

    def one(seed: int) -> list[float]:
        return [counted(python, suite, name, mode, seed, loops=loops).per_call or 0.0]

    with ThreadPoolExecutor(cores()) as pool:
        return dict(zip(HASH_SEEDS, pool.map(one, HASH_SEEDS), strict=True))


@contextlib.contextmanager
def held_cores(processes: int | None = None) -> Iterator[None]:
    """Hold every core with a process that computes and goes through memory."""
    work = "import os; a = list(range(10**6)); ours = os.getppid()\nwhile os.getppid() == ours: a = [x + 1 for x in a]"
    burners: Sequence[subprocess.Popen[bytes]] = [
        subprocess.Popen([sys.executable, "-c", work]) for _ in range(processes or cores())
    ]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
