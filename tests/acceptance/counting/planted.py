"""Figure 2, second half: a planted 0.5% is found with one set of seeds, 20 of 20."""

from __future__ import annotations

import tempfile
from pathlib import Path

from asv_jit.analysis.counts.comparison import compare_counts
from asv_jit.model import ARMS
from tests.acceptance.counting.trials import by_seed, held_cores, python_of, suite_of
from tests.acceptance.rows import Row

THRESHOLD = 0.002
SOURCE = """
def loop(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total

def time_loop():
    return loop({n})
"""


def evidence(times: int = 20) -> list[Row]:
    """`times` programs of different lengths, half with the JIT; every iteration of a loop counts alike."""
    python = python_of()
    found = []
    with tempfile.TemporaryDirectory(prefix="asv-jit-planted-") as name, held_cores():
        for number in range(times):
            mode = ARMS[number % 2]
            size = 4_000 + 200 * number
            before, after = (
                by_seed(
                    python, suite_of(Path(name, f"{number:02}-{side}"), SOURCE.format(n=n)), "time_loop", mode, loops=1
                )
                for side, n in (("a", size), ("b", size + size // 200))
            )
            found.append(compare_counts(before, after, threshold=THRESHOLD))
    right = sum(one.verdict == "more" for one in found)
    least = min(one.change or 0.0 for one in found)
    result = f"{right} of {times}, the least {least:+.3%}"
    return [Row("2", "a planted 0.5%, cores held", f"{times} of {times}", result, "", right == times)]
