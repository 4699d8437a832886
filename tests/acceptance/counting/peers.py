"""Beside pyperf and asv: what each says of the same planted 1%, and of no change, while every core is held."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from asv_jit.analysis.counts.comparison import compare_counts
from asv_jit.model import Mode
from asv_jit.system.processes import base_environment, run
from tests.acceptance.counting.planted import SOURCE, THRESHOLD
from tests.acceptance.counting.trials import by_seed, held_cores, python_of, suite_of
from tests.acceptance.peer_pyperf import checked, virtualenv
from tests.acceptance.rows import Row

SIZE, PLANTED = 20_000, 200
MODE: Mode = "off"
_SCRIPT = SOURCE + "\nimport pyperf\npyperf.Runner().bench_func('loop', time_loop)\n"
_CONF = {
    "version": 1,
    "project": "p",
    "repo": ".",
    "branches": ["main"],
    "benchmark_dir": "bench",
    "environment_type": "existing",
}
Verdict: TypeAlias = tuple[str, bool]
"""What a tool says, and whether it says that B is slower."""


def evidence(times: int = 3) -> list[Row]:
    """A row a tool: how often it says "slower" of a planted 1%, and of no change; each with its defaults."""
    python = python_of()
    rows = []
    with tempfile.TemporaryDirectory(prefix="asv-jit-peers-") as name, held_cores():
        env_python = virtualenv(python, Path(name, "venv"), ["pyperf", "asv_runner"])
        tools: Mapping[str, Callable[[Path, int], Verdict]] = {
            "asv-jit (counts)": lambda folder, n: _counted(python, folder, n),
            "pyperf": lambda folder, n: _pyperf(env_python, folder, n),
            "asv": lambda folder, n: _asv(env_python, folder, n, "1.1"),
            "asv, --factor 1.005": lambda folder, n: _asv(env_python, folder, n, "1.005"),
        }
        for tool, judge in tools.items():
            began = time.monotonic()
            said = [
                [judge(_folder(name), size) for _ in range(times)] for size in (SIZE + PLANTED, SIZE)
            ]  # planted, then not
            spent_s = (time.monotonic() - began) / (2 * times)
            found, false = (sum(slower for _, slower in one) for one in said)
            words = "; ".join(text for one in said for text, _ in one)
            result = f"{found} of {times} found, {false} of {times} false; {spent_s:.0f} s each"
            right = (found, false) == (times, 0)
            bar = f"{times} of {times}, none false" if tool.startswith("asv-jit") else "none"
            rows.append(
                Row("peer", f"a planted 1% and no change, by {tool}", bar, result, words, right or bar == "none")
            )
    return rows


def _folder(name: str) -> Path:
    return Path(tempfile.mkdtemp(dir=name))


def _counted(python: Path, folder: Path, size: int) -> Verdict:
    before, after = (
        by_seed(python, suite_of(folder / side, SOURCE.format(n=n)), "time_loop", MODE, loops=1)
        for side, n in (("a", SIZE), ("b", size))
    )
    found = compare_counts(before, after, threshold=THRESHOLD)
    return f"{found.verdict} {found.change or 0.0:+.2%}", found.verdict == "more"


def _pyperf(python: Path, folder: Path, size: int) -> Verdict:
    env = base_environment({"PYTHON_JIT": "0"})
    for side, n in (("a", SIZE), ("b", size)):
        (folder / f"{side}.py").write_text(_SCRIPT.format(n=n), encoding="utf-8")
        options = ["--quiet", "--inherit-environ=PYTHON_JIT", "-o", f"{side}.json"]
        checked(run([python, f"{side}.py", *options], env=env, cwd=folder, timeout_s=900.0), "pyperf")
    told = run([python, "-m", "pyperf", "compare_to", "a.json", "b.json"], env=env, cwd=folder, timeout_s=60.0).stdout
    said = told.strip().splitlines()[-1] if told.strip() else "nothing"
    return said.rpartition(": ")[2], "slower" in told


def _asv(python: Path, folder: Path, size: int, factor: str) -> Verdict:
    who = {f"GIT_{role}_{key}": "x" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    env = base_environment({"PYTHON_JIT": "0", **who})
    (folder / "asv.conf.json").write_text(json.dumps(_CONF), encoding="utf-8")

    def call(*command: str | Path) -> str:
        return checked(run(command, env=env, cwd=folder, timeout_s=900.0), "asv").stdout

    asv = [sys.executable, "-m", "asv"]
    call("git", "init", "-q", "-b", "main")
    call(*asv, "machine", "--yes")
    hashes = []
    for n in (SIZE, size):
        (folder / "bench").mkdir(exist_ok=True)
        (folder / "bench" / "__init__.py").touch()
        source = SOURCE.format(n=n) + "\ntime_loop.version = '1'\n"
        (folder / "bench" / "b.py").write_text(source, encoding="utf-8")
        call("git", "add", "bench")
        call("git", "commit", "-q", "--allow-empty", "-m", f"{n} {os.urandom(4).hex()}")
        hashes.append(call("git", "rev-parse", "HEAD").strip())
        call(*asv, "run", "-E", f"existing:{python}", "--set-commit-hash", hashes[-1])
    told = call(*asv, "compare", "--factor", factor, *hashes)
    (line,) = [line for line in told.splitlines() if "time_loop" in line]
    cells = [cell.strip() for cell in line.split("|")]
    return " ".join(cell for cell in (cells[1], cells[4]) if cell), cells[1] == "+"
