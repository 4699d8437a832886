"""Nights over a generated repository, with new commits between them and faults in them: what survives, what leaks.

    python -m tests.acceptance.soak [--commits 200] [--nights 24] [--budget 120s]

Faults, in turn: none, a kill at a random moment, a full disk, a commit that cannot be installed. Prints a line for each
night, and at the end what the whole is about: trials lost (0), counted twice (0), processes and files that leaked
(0), and the peak of the memory over time, which should be flat. Ends with 1 if any of these is not so.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.resolve import resolve
from tests.workflows.nights import INSTALL, NightToy, git, make_toy

_FAULTS = ("none", "kill", "full disk", "broken commit")
_LIMITED = (
    "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); "
    "from asv_jit.cli import main; main(sys.argv[2:])"
)
_EXPECTED = (0, 1, 4, -9)
_FLAT = 1.25  # the last nights' peak memory over the first ones'


@dataclass(frozen=True)
class _Night:
    fault: str
    exit_code: int
    seconds: float
    cells: int
    trials: int
    lost: int
    leaked: tuple[str, ...]
    peak_mb: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--nights", type=int, default=24)
    parser.add_argument("--budget", default="120s")
    parser.add_argument("--python", default="3.15")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as home:
        toy = make_toy(Path(home), resolve(wanted.python, discover()))
        root = git(toy.remote, "rev-parse", "HEAD")
        for number in range(1, wanted.commits - wanted.nights):
            toy.push(message=f"Commit {number}")
        return _judged(_nights(toy, root, wanted.nights, wanted.budget), toy)


def _nights(toy: NightToy, root: str, count: int, budget: str) -> list[_Night]:
    rng = random.Random(count)
    nights: list[_Night] = []
    heads = ("fault", "exit", "s", "cells", "trials", "lost", "leaked", "peak MB")
    print("night  {:<14} {:>4} {:>6} {:>6} {:>7} {:>5} {:>6}  {}".format(*heads))
    for number in range(count):
        fault = _FAULTS[number % len(_FAULTS)]
        (toy.remote / "install.py").write_text("raise SystemExit(1)" if fault == "broken commit" else INSTALL)
        toy.push(message=f"Of night {number}")
        limit_s = rng.uniform(0.0, nights[0].seconds) if fault == "kill" and nights else None
        night = _night(toy, ["--since", root, "--budget", budget], fault, limit_s)
        nights.append(night)
        print(
            f"{number:>5}  {fault:<14} {night.exit_code:>4} {night.seconds:>6.1f} {night.cells:>6} {night.trials:>7} "
            f"{night.lost:>5} {len(night.leaked):>6}  {night.peak_mb:.0f}",
            flush=True,
        )
    return nights


def _night(toy: NightToy, arguments: list[str], fault: str, limit_s: float | None) -> _Night:
    before = {trial.trial for trial in toy.trials()}
    command = [*toy.command, *arguments]
    if fault == "full disk":
        sizes = [path.stat().st_size for path in toy.folder.glob("results/*/trials/*.jsonl")]
        command = [sys.executable, "-c", _LIMITED, str(max(sizes, default=4096) + 1), "nightly", *arguments]
    began = os.times().elapsed
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, env=toy.env, cwd=toy.folder, stdout=subprocess.DEVNULL, stderr=said) as child,
    ):
        if limit_s is not None:
            try:
                child.wait(limit_s)
            except subprocess.TimeoutExpired:
                child.kill()
        exit_code, peak_mb = _ended(child)
        if exit_code not in _EXPECTED:
            said.seek(0)
            print(said.read())
    toy.wait_for_guardians()
    trials = toy.trials(mended=False)
    return _Night(
        fault=fault,
        exit_code=exit_code,
        seconds=os.times().elapsed - began,
        cells=len({(trial.commit, trial.benchmark) for trial in trials if trial.purpose == "run"}),
        trials=len(trials),
        lost=len(before - {trial.trial for trial in trials}),
        leaked=tuple(toy.leftovers()),
        peak_mb=peak_mb,
    )


def _ended(child: subprocess.Popen[bytes]) -> tuple[int, float]:
    """The exit code and the peak memory of a child."""
    if child.returncode is not None:
        return child.returncode, 0.0
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss / 1024


def _judged(nights: list[_Night], toy: NightToy) -> int:
    trials = toy.trials()
    twice = sum(count - 1 for count in Counter(trial.trial for trial in trials).values())
    lost = sum(night.lost for night in nights)
    leaked = sum(len(night.leaked) for night in nights)
    parts = list(toy.folder.glob("results/**/.asv-jit-part-*"))
    peaks = [night.peak_mb for night in nights if night.fault == "none"]
    flat = len(peaks) < 2 or peaks[-1] <= _FLAT * peaks[0]
    survived = sum(night.fault != "none" for night in nights)
    print(f"cells measured {nights[-1].cells}, trials {len(trials)}; faults survived {survived} of {survived}")
    print(f"trials lost {lost}, counted twice {twice}; processes and files leaked {leaked}, half-written {len(parts)}")
    shown = ", ".join(f"{peak:.0f}" for peak in peaks)
    print(f"peak memory of quiet nights, MB: {shown} ({'flat' if flat else 'GROWS'})")
    unexpected = [night for night in nights if night.exit_code not in _EXPECTED]
    return int(bool(lost or twice or leaked or parts or unexpected or not flat))


if __name__ == "__main__":
    sys.exit(main())
