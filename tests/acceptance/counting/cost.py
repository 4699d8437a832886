"""Figure 5: what a counted trial costs beside valgrind alone, in processor time, which load moves less than time."""

from __future__ import annotations

import re
import resource
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.system.processes import base_environment, run
from tests.acceptance.counting.trials import counted, python_of, suite_of
from tests.acceptance.rows import Row

FIXED_BAR, ITERATION_BAR = 1.5, 1.2
SOURCE = """
def loop(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total

def time_nothing():
    pass

def time_long():
    return loop(300_000)
"""
BY_HAND = SOURCE + "\nfor _ in range({calls}): time_long()\n"


def evidence(rounds: int = 5) -> list[Row]:
    """Medians over `rounds`, in which what is compared takes turns; the JIT off, so that each call is the same work."""
    python = python_of()
    bare, fixed, ours, theirs = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="asv-jit-cost-") as name:
        suite = suite_of(Path(name), SOURCE)
        for _ in range(rounds):
            bare.append(_spent_s(lambda: _alone(python, Path(name), "pass"))[0])
            fixed.append(_spent_s(lambda: counted(python, suite, "time_nothing", "off", 1, loops=1).iterations)[0])
            long_s, done = _spent_s(lambda: sum(counted(python, suite, "time_long", "off", 1, loops=1).counts))
            ours.append((long_s - fixed[-1]) / done)
            spans = [
                _spent_s(lambda n=n: _alone(python, Path(name), BY_HAND.format(calls=n)))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                for n in (2, 10)
            ]
            theirs.append((spans[1][0] - spans[0][0]) / (spans[1][1] - spans[0][1]))
    fixed_ratio = statistics.median(fixed) / statistics.median(bare)
    ratio = statistics.median(ours) / statistics.median(theirs)
    spent = f"{statistics.median(fixed):.2f} s beside {statistics.median(bare):.2f} s"
    per = f"{statistics.median(ours) * 1e9:.1f} ns an instruction beside {statistics.median(theirs) * 1e9:.1f} ns"
    return [
        Row("5", "fixed cost ÷ `valgrind --tool=callgrind python -S -c pass`", f"<= {FIXED_BAR}",
            f"{fixed_ratio:.2f}", spent, fixed_ratio <= FIXED_BAR),
        Row("5", "an iteration ÷ callgrind alone", f"<= {ITERATION_BAR}", f"{ratio:.2f}", per, ratio <= ITERATION_BAR),
    ]  # fmt: skip


def _alone(python: Path, folder: Path, code: str) -> int:
    """Run `code` under valgrind by hand; returns the instructions of the whole process."""
    valgrind = find_or_install().callgrind()
    command = [str(valgrind.program), "--tool=callgrind", f"--callgrind-out-file={folder / 'alone'}"]
    env = base_environment({**valgrind.variables, "PYTHON_JIT": "0"})
    finished = run([*command, str(python), "-S", "-c", code], env=env, timeout_s=600.0)
    match = re.search(r"Collected : (\d+)", finished.stderr)
    assert match is not None, finished.complaint()
    return int(match[1])


def _spent_s(work: Callable[[], int]) -> tuple[float, int]:
    """Processor seconds of the processes that `work` started and waited for, and what it returned."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done
