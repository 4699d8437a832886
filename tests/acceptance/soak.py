"""Nights over a generated repository, with new commits between them and faults in them: what survives, what leaks.

    python -m tests.acceptance.soak [--commits 200] [--nights 24] [--budget 120s]

Half-way through the nights the code becomes slower, so that there is something to confirm and to bisect; each night
keeps its results on a branch and publishes the site on another. The faults, in turn, are `_FAULTS`; the last night is
a quiet one. Prints a line for each night, and at the end what the whole is about: trials lost (0), counted twice (0),
missing on the branch (0), processes and files that leaked (0), and the peak of the memory over time, which should be
flat. Ends with 1 if any of these is not so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.resolve import resolve
from tests.workflows.nights.worlds import INSTALL, PACKAGE, NightToy, git, make_toy

_RESULTS, _SITE = "asv-results", "gh-pages"
_SLOWER = PACKAGE.replace("i * i", "i * i + i - i")
_LIMITED = (
    "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); "
    "from asv_jit.cli import main; main(sys.argv[2:])"
)
_SOME_MISSING = 4
_BY_ITSELF = (0, 1, _SOME_MISSING)
_FLAT = 1.25  # the last nights' peak memory over the first ones'


def _nothing(toy: NightToy) -> None:
    pass


def _break_install(toy: NightToy) -> None:
    (toy.remote / "install.py").write_text("raise SystemExit(1)")
    git(toy.remote, "commit", "-q", "-a", "-m", "Broken")


def _mend_install(toy: NightToy) -> None:
    (toy.remote / "install.py").write_text(INSTALL)


def _hide_remote(toy: NightToy) -> None:
    toy.remote.rename(toy.remote.with_name("hidden"))


def _show_remote(toy: NightToy) -> None:
    hidden = toy.remote.with_name("hidden")
    if hidden.exists():
        hidden.rename(toy.remote)


def _drop_branch(toy: NightToy) -> None:
    git(toy.remote, "branch", "-q", "-D", "side")


def _make_branch(toy: NightToy) -> None:
    git(toy.remote, "branch", "-q", "-f", "side", "HEAD")


def _force_push(toy: NightToy) -> None:
    git(toy.remote, "commit", "-q", "--amend", "--allow-empty", "-m", "Rewritten")


@dataclass(frozen=True)
class _Fault:
    """What is done to the project before a night, at a random moment of it, and after it.

    `signal`: what the night gets at that moment; `exits`: the code that it may end with then.
    """

    name: str
    before: Callable[[NightToy], None] = _nothing
    during: Callable[[NightToy], None] | None = None
    signal: int | None = None
    exits: int = 0
    after: Callable[[NightToy], None] = _nothing


_QUIET, _FULL_DISK = _Fault("none"), _Fault("full disk")
_KILL = _Fault("kill -9", signal=signal.SIGKILL, exits=-9)
_FAULTS = (
    _QUIET,
    _KILL,
    _FULL_DISK,
    _Fault("broken commit", before=_break_install, after=_mend_install),
    _Fault("no network", before=_hide_remote, after=_show_remote),
    _Fault("SIGTERM", signal=signal.SIGTERM, exits=130),
    _Fault("vanished branch", before=_drop_branch, after=_make_branch),
    _KILL,
    _Fault("force-push", before=_force_push),
    _Fault("lost network", during=_hide_remote, after=_show_remote),
    _Fault("Ctrl-C", signal=signal.SIGINT, exits=130),
)


@dataclass(frozen=True)
class _Night:
    fault: _Fault
    exit_code: int
    seconds: float
    cells: int
    trials: int
    lost: int
    leaked: tuple[str, ...]
    peak_mb: float

    @property
    def expected(self) -> bool:
        # A signal that comes while Python still starts, before asv-jit hears of it, ends it as any program.
        return self.exit_code in (*_BY_ITSELF, self.fault.exits, -(self.fault.signal or 0))

    @property
    def whole(self) -> bool:
        return self.exit_code in _BY_ITSELF and self.fault is not _FULL_DISK


def main() -> int:
    # A shell's background job starts with Ctrl-C ignored, and hands that down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--nights", type=int, default=24)
    parser.add_argument("--budget", default="120s")
    parser.add_argument("--python", default="3.15")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as home:
        toy = _toy(Path(home), wanted.python)
        root = git(toy.remote, "rev-parse", "HEAD")
        for number in range(1, wanted.commits - wanted.nights):
            toy.push(message=f"Commit {number}")
        _make_branch(toy)
        return _judged(_nights(toy, root, wanted.nights, wanted.budget), toy)


def _toy(home: Path, python: str) -> NightToy:
    toy = make_toy(home, resolve(python, discover()))
    path = toy.folder / "asv.conf.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "branches": ["main", "side"]}, indent=2))
    (home / "tmp").mkdir()
    return replace(toy, env={**toy.env, "TMPDIR": str(home / "tmp")})


def _nights(toy: NightToy, root: str, count: int, budget: str) -> list[_Night]:
    rng = random.Random(count)
    nights: list[_Night] = []
    heads = ("fault", "exit", "s", "cells", "trials", "lost", "leaked", "peak MB")
    print("night  {:<16} {:>4} {:>6} {:>6} {:>7} {:>5} {:>6}  {}".format(*heads))
    for number in range(count):
        fault = _QUIET if number == count - 1 else _FAULTS[number % len(_FAULTS)]
        toy.push(package=PACKAGE if number < count // 2 else _SLOWER, message=f"Of night {number}")
        fault.before(toy)
        after_s = rng.uniform(0.0, nights[0].seconds) if nights else 0.0
        arguments = ["--since", root, "--budget", budget]
        arguments += ["--results", f"branch:{_RESULTS}", "--publish", f"branch:{_SITE}"]
        night = _night(toy, arguments, fault, after_s)
        fault.after(toy)
        nights.append(night)
        print(
            f"{number:>5}  {fault.name:<16} {night.exit_code:>4} {night.seconds:>6.1f} {night.cells:>6} "
            f"{night.trials:>7} {night.lost:>5} {len(night.leaked):>6}  {night.peak_mb:.0f}",
            flush=True,
        )
        for path in night.leaked:
            print(f"       leaked: {path}", flush=True)
    return nights


def _night(toy: NightToy, arguments: list[str], fault: _Fault, after_s: float) -> _Night:
    before = {trial.trial for trial in toy.trials(mended=False)}
    command = [*toy.command, *arguments]
    if fault is _FULL_DISK:
        sizes = [path.stat().st_size for path in toy.folder.glob("results/*/trials/*.jsonl")]
        command = [sys.executable, "-c", _LIMITED, str(max(sizes, default=4096) + 1), "nightly", *arguments]
    began = time.monotonic()
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, env=toy.env, cwd=toy.folder, stdout=said, stderr=subprocess.STDOUT) as child,
    ):
        if (fault.signal is not None or fault.during is not None) and not _ends_within(child, after_s):
            if fault.during is not None:
                fault.during(toy)
            if fault.signal is not None:
                child.send_signal(fault.signal)
        exit_code, peak_mb = _ended(child)
        seconds = time.monotonic() - began
        toy.wait_for_guardians()
        trials = toy.trials(mended=False)
        night = _Night(
            fault=fault,
            exit_code=exit_code,
            seconds=seconds,
            cells=len({(trial.commit, trial.benchmark) for trial in trials if trial.purpose == "run"}),
            trials=len(trials),
            lost=len(before - {trial.trial for trial in trials}),
            leaked=(*toy.leftovers(), *map(str, Path(toy.env["TMPDIR"]).iterdir())),
            peak_mb=peak_mb,
        )
        if not night.expected or (fault is _QUIET and exit_code == _SOME_MISSING):
            said.seek(0)
            print(said.read())  # a quiet night after a broken commit may try that again, and says so
    return night


def _ends_within(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether a child ends by itself so soon; it is left for `_ended` to wait for."""
    handle = os.pidfd_open(child.pid)
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def _ended(child: subprocess.Popen[bytes]) -> tuple[int, float]:
    """The exit code and the peak memory of a child."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss / 1024


def _judged(nights: list[_Night], toy: NightToy) -> int:
    trials = toy.trials()
    twice = sum(count - 1 for count in Counter(trial.trial for trial in trials).values())
    lost = sum(night.lost for night in nights)
    missing = len({trial.trial for trial in trials} - _on_branch(toy))
    leaked = sum(len(night.leaked) for night in nights)
    parts = _half_written(toy)
    peaks = [night.peak_mb for night in nights if night.whole]
    flat = len(peaks) < 2 or peaks[-1] <= _FLAT * peaks[0]
    faulty = [night for night in nights if night.fault is not _QUIET]
    survived = sum(night.expected for night in faulty)
    purposes = Counter(trial.purpose for trial in trials)
    print(f"cells measured {nights[-1].cells}, trials {len(trials)}; faults survived {survived} of {len(faulty)}")
    print("trials by purpose: " + ", ".join(f"{purpose} {count}" for purpose, count in purposes.most_common()))
    print(
        f"trials lost {lost}, counted twice {twice}, not on the results branch {missing}; "
        f"processes and files leaked {leaked}, half-written {len(parts)}"
    )
    for path in parts:
        print(f"half-written: {path}")
    shown = ", ".join(f"{peak:.0f}" for peak in peaks)
    print(f"peak memory of whole nights, MB: {shown} ({'flat' if flat else 'GROWS'})")
    wrong = lost or twice or missing or leaked or parts or not flat or not all(night.expected for night in nights)
    return int(bool(wrong))


def _on_branch(toy: NightToy) -> set[str]:
    """The ids of the trials that the results branch holds."""
    names = git(toy.remote, "ls-tree", "-r", "--name-only", _RESULTS).splitlines()
    journals = [git(toy.remote, "show", f"{_RESULTS}:{name}") for name in names if name.endswith(".jsonl")]
    lines = [line for journal in journals for line in journal.splitlines() if '"trial":' in line]
    return {json.loads(line)["trial"] for line in lines}


def _half_written(toy: NightToy) -> list[Path]:
    """What only an interrupted writer leaves: parts of files, git's locks, installations that are not complete."""
    found = [*toy.folder.rglob(".asv-jit-part-*"), *(toy.folder / ".git").rglob("*.lock")]
    return found + [
        path for path in (toy.cache / "installations").iterdir() if path.is_dir() and not (path / "complete").is_file()
    ]


if __name__ == "__main__":
    sys.exit(main())
