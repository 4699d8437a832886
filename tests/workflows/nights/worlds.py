"""A small project with a remote, for nights that are measured for real: short trials, no index for installations."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Trial
from asv_jit.store.journal import TRIALS
from asv_jit.system import paths
from asv_jit.system.processes import Finished, run

__all__ = ["NightToy", "git", "make_toy"]

PACKAGE = "def total(n):\n    s = 0\n    for i in range(n):\n        s += i * i\n    return s\n"
BENCHMARKS = """
import toy

def time_small():
    return toy.total(50)

def time_large():
    return toy.total(500)

def track_answer():
    return toy.total(3)
"""
# Copies the package: no index, no build back end.
INSTALL = """
import pathlib, shutil, sysconfig
shutil.copytree("toy", pathlib.Path(sysconfig.get_paths()["purelib"], "toy"), dirs_exist_ok=True)
"""


@dataclass(frozen=True)
class NightToy:
    """A clone to measure in, and the remote that others push to."""

    folder: Path
    remote: Path
    env: dict[str, str]

    @property
    def cache(self) -> Path:
        return Path(self.env[paths.CACHE_VARIABLE])

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "asv_jit", "nightly"]

    def nightly(self, *arguments: str) -> Finished:
        return run([*self.command, *arguments], env=self.env, cwd=self.folder, keep_bytes=1 << 24)

    def push(self, *, package: str = PACKAGE, message: str = "More") -> str:
        """Somebody else's commit; its hash."""
        (self.remote / "toy" / "__init__.py").write_text(package)
        git(self.remote, "add", "-A")
        git(self.remote, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.remote, "rev-parse", "HEAD")

    def trials(self, *, mended: bool = True) -> list[Trial]:
        """What the journals hold; unless `mended`, a kill may have torn their last lines."""
        found: list[Trial] = []
        for path in sorted(self.folder.glob("results/*/trials/*.jsonl")):
            content = TRIALS.read(path)
            assert not mended or not content.problems, content.problems
            found.extend(content.records)
        return found

    def wait_for_guardians(self) -> None:
        """Until every guardian of a run that was killed has done its work."""
        for pid in self._processes("guardian.py"):
            try:
                handle = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            select.select([handle], [], [], 20.0)
            os.close(handle)

    def leftovers(self) -> list[str]:
        """Processes that outlived their run, temporary files, half-written files."""
        left = [f"process {pid}" for pid in self._processes()]
        left += [str(path) for path in (self.cache / "tmp").glob("*")]
        return left

    def _processes(self, program: str = "") -> Iterator[int]:
        """Whatever runs with a folder of the toy in its command or its environment."""
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    command = (folder / "cmdline").read_bytes()
                    known = command + (folder / "environ").read_bytes()
                except OSError:
                    continue
                if str(self.cache).encode() in known and program.encode() in command:
                    yield int(folder.name)


def make_toy(home: Path, interpreter: Interpreter, **settings: object) -> NightToy:
    """The remote with one commit, and a clone of it with a configuration that git ignores."""
    remote, folder = home / "remote", home / "clone"
    (remote / "toy").mkdir(parents=True)
    (remote / "bench").mkdir()
    (remote / "toy" / "__init__.py").write_text(PACKAGE)
    (remote / "install.py").write_text(INSTALL)
    (remote / "bench" / "__init__.py").write_text("")
    (remote / "bench" / "toys.py").write_text(BENCHMARKS)
    (remote / ".gitignore").write_text("asv.conf.json\nresults\nhtml\n")
    git(remote, "init", "-q", "-b", "main")
    git(remote, "add", "-A")
    git(remote, "commit", "-q", "-m", "Toys")
    git(home, "clone", "-q", str(remote), str(folder))
    conf = {
        "version": 1,
        "project": "toy",
        "repo": ".",
        "branches": ["main"],
        "environment_type": "jit",
        "plugins": [".asv_jit.asv_environment"],
        "pythons": [str(interpreter.executable)],
        "matrix": {"env_nobuild": {"PYTHON_JIT": ["0", "1"]}},
        "build_command": ["python -c pass"],
        "install_command": ["in-dir={build_dir} python install.py"],
        "benchmark_dir": "bench",
        "jit": {"pairs": {"min": 2, "max": 2}, "trial_seconds": 0.01, "max_iterations": 30, **settings},
    }
    (folder / "asv.conf.json").write_text(json.dumps(conf, indent=2))
    (home / "home").mkdir()
    env = {**os.environ, "HOME": str(home / "home"), paths.CACHE_VARIABLE: str(home / "cache")}
    env.pop("GITHUB_STEP_SUMMARY", None)
    return NightToy(folder, remote, env)


def git(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    identity = ["-c", "user.name=Toy", "-c", "user.email=toy@example.invalid"]
    done = run(["git", *identity, *arguments], env={**os.environ, **(env or {})}, cwd=folder, keep_bytes=1 << 28)
    assert done.ok, done.complaint()
    return done.stdout.strip()
