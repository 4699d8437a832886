"""Git repositories with a known history, and asv-jit run in them: what compare, bisect and check are tested on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asv_jit.system import paths
from asv_jit.system.processes import Finished, run

__all__ = ["BROKEN", "CRASHING", "FAST", "SLOW", "SLOW_WITH_THE_JIT", "History", "make_history"]

FAST = """
def total(n):
    s = 0
    for i in range(n):
        s += (i * i) & 1023
    return s

def work():
    return sum(total(500) for _ in range(8))
"""
# Another operation in the loop: some 40% more time, JIT or not.
SLOW = FAST.replace("s += (i * i) & 1023", "s += (i * i) & 1023\n        s ^= i & 3")
# A part of the work runs in code that is made anew for each call: the interpreter does not mind, the JIT never gets
# to compile it.
SLOW_WITH_THE_JIT = FAST.replace(
    "def work():\n    return sum(total(500) for _ in range(8))",
    "def anew(n):\n"
    "    return type(total)(total.__code__.replace(), globals())(n)\n\n"
    "def work():\n"
    "    return sum(total(500) for _ in range(8 - ANEW)) + sum(anew(500) for _ in range(ANEW))",
)
CRASHING = FAST + "import ctypes\nctypes.string_at(0)\n"
BROKEN = ""  # a commit that cannot be installed: there is no package in it

_BENCHMARK = "import toy\ndef time_work():\n    return toy.work()\ntime_work.version = '1'\n"
_COPY = "import shutil, sysconfig; shutil.copytree('toy', sysconfig.get_path('purelib') + '/toy', dirs_exist_ok=True)"


@dataclass(frozen=True)
class History:
    """A project with a history; `commits` are full hashes, oldest first."""

    folder: Path
    env: dict[str, str]
    commits: tuple[str, ...]

    def asv_jit(self, *arguments: str) -> Finished:
        return run([sys.executable, "-m", "asv_jit", *arguments], env=self.env, cwd=self.folder, keep_bytes=1 << 24)

    def json(self, *arguments: str) -> tuple[int | None, Any]:
        done = self.asv_jit(*arguments, "--json")
        assert done.stdout.startswith("{"), done.complaint()
        return done.exit, json.loads(done.stdout)

    def git(self, *arguments: str) -> Finished:
        return run(["git", *arguments], env=self.env, cwd=self.folder)


def make_history(
    folder: Path, sources: Sequence[str], pythons: Sequence[Path], *, trial_seconds: float = 0.05, most: int = 14
) -> History:
    """A repository with one commit for each text of `toy/__init__.py`, and an asv suite beside it.

    The package is copied into the installation, because building a wheel of it would take longer than measuring it.
    """
    (folder / "toy").mkdir(parents=True)
    (folder / "bench").mkdir()
    (folder / "bench" / "__init__.py").write_text("")
    (folder / "bench" / "toys.py").write_text(_BENCHMARK)
    conf = {
        "version": 1,
        "project": "toy",
        "repo": ".",
        "branches": ["main"],
        "environment_type": "jit",
        "plugins": [".asv_jit.asv_environment"],
        "pythons": [str(python) for python in pythons],
        "build_command": [],
        "install_command": [f'in-dir={{build_dir}} python -c "{_COPY}"'],
        "uninstall_command": [],
        "benchmark_dir": "bench",
        "jit": {"pairs": {"min": 5, "max": most}, "trial_seconds": trial_seconds},
    }
    (folder / "asv.conf.json").write_text(json.dumps(conf, indent=1))
    (folder / ".gitignore").write_text("results\nhtml\n*.lock\n")
    beside = folder.parent / f"{folder.name}-beside"
    env = {
        **os.environ,
        "HOME": str(beside / "home"),
        paths.CACHE_VARIABLE: str(beside / "cache"),  # with locks of its own
        **{f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in _NAMES},
    }
    (beside / "home").mkdir(parents=True)
    history = History(folder, env, ())
    _done(history.git("init", "-q", "-b", "main"))
    commits = tuple(commit(history, source, f"Commit {number}") for number, source in enumerate(sources))
    return History(folder, env, commits)


def commit(history: History, source: str, subject: str) -> str:
    """Add a commit with this text; its full hash."""
    package = history.folder / "toy"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(f"# {subject}\n{source}")
    if source == BROKEN:
        (package / "__init__.py").unlink()
        (history.folder / "notes.txt").write_text(subject)
        package.rmdir()
    _done(history.git("add", "-A"))
    _done(history.git("commit", "-q", "-m", subject))
    return history.git("rev-parse", "HEAD").stdout.strip()


_NAMES = (("NAME", "Toy Maker"), ("EMAIL", "toy@example.invalid"))


def _done(finished: Finished) -> None:
    assert finished.ok, finished.complaint()
