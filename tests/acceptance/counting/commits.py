"""Figures 3 and 4: `compare --count` over the whole suite, and bisections of commits with a planted 1%."""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path

from asv_jit.model import ARMS
from asv_jit.system.processes import base_environment, run
from tests.acceptance.counting.trials import held_cores, python_of
from tests.acceptance.rows import Row
from tests.workflows.histories import FAST, make_history

COMPARE_BAR_S = 300.0
LONGER = FAST.replace("range(8)", "range(100)").replace("500", "40")
ONE_PERCENT = LONGER.replace("range(100)", "range(101)")
NOT_YET = "this asv-jit has no such option"


def compare_speed(clone: Path, a: str, b: str) -> Row:
    """Figure 3: two commits of this repository, not counted before, on one interpreter, with both cores held."""
    what = "`compare --count` of two commits over the whole suite, cores held"
    if not _knows(["compare", "--help"]):
        return Row("3", what, f"<= {COMPARE_BAR_S:.0f} s", NOT_YET, "", False)
    began = time.monotonic()
    command = [sys.executable, "-m", "asv_jit", "compare", "--count", a, b, "--python", "3.15"]
    with held_cores():
        finished = run(command, env=base_environment(), cwd=clone, timeout_s=3600.0)
    spent = time.monotonic() - began
    ended = "" if finished.exit in (0, 1) else finished.complaint()[-200:]
    return Row("3", what, f"<= {COMPARE_BAR_S:.0f} s", f"{spent:.0f} s", ended, spent <= COMPARE_BAR_S and not ended)


def bisecting(folder: Path, commits: int = 256, times: int = 40) -> Row:
    """Figure 4: each time another commit is the culprit; at most as many builds as halving takes, and two.

    What each search found is kept in `folder`, and a later run goes on with the next one.
    """
    what = f"`bisect --count` of {commits} commits with a planted 1%, cores held"
    most = (commits - 1).bit_length() + 2
    kept = folder / f"bisections-of-{commits}.jsonl"
    found = [tuple(json.loads(line)) for line in kept.read_text().splitlines()] if kept.exists() else []
    with held_cores():
        for number in range(len(found), times):
            found.append(bisected(commits, number))
            with kept.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(found[-1]) + "\n")
    right, builds = sum(is_right for is_right, _ in found), max(builds for _, builds in found)
    result = f"{right} of {times}, at most {builds} builds"
    return Row("4", what, f"{times} of {times}, <= {most} builds", result, "", right == times and builds <= most)


def bisected(commits: int, number: int) -> tuple[bool, int]:
    """Whether the search with this number blamed the right commit, and its builds; every second one with the JIT."""
    culprit = random.Random(number).randrange(1, commits)
    sources = [ONE_PERCENT if place >= culprit else LONGER for place in range(commits)]
    with tempfile.TemporaryDirectory(prefix="asv-jit-bisect-") as name:
        history = make_history(Path(name, "project"), sources, [python_of()])
        ends = f"{history.commits[0]}..{history.commits[-1]}"
        _, found = history.json("bisect", "--count", "time_work", ends, "--metric", ARMS[number % 2])
    return found["result"]["culprit"] == history.commits[culprit], found["result"]["builds"]


def _knows(arguments: list[str]) -> bool:
    said = run([sys.executable, "-m", "asv_jit", *arguments], env=base_environment(), timeout_s=60.0).stdout
    return re.search(r"--count\b", said) is not None
