"""Finds valgrind on PATH or in our cache folder, or installs it there from Debian's packages, without root.

Valgrind's tools are static programs. Started without its launcher, they do not need the machine's C library, so Debian
testing's package works on older systems too.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import NoCounterError, NoInterpreterError
from asv_jit.interpreters.probe import Runner
from asv_jit.interpreters.providers.apt import SUITES, Archive
from asv_jit.system import locks, paths, processes
from asv_jit.trials.counter import Callgrind

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
# The tools' folders in different distributions, relative to the program's prefix.
_LIBRARIES = ("libexec/valgrind", "lib/valgrind", "lib/x86_64-linux-gnu/valgrind", "lib/aarch64-linux-gnu/valgrind")
# Processor features by which C libraries and extensions select their code.
_FEATURES = ("sse4_2", "avx", "avx2", "fma", "bmi1", "bmi2", "abm", "erms", "fsrm", "asimd", "asimddp", "sve")
_LATE = frozenset({"x86_64"})  # where trials/child/counting.py can issue the client request that starts counting
_TIMEOUT_S = 60.0
_BY_HAND = "install it (`apt install valgrind`, `dnf install valgrind`)"
_ELSE = f"{_BY_HAND}, or time instead of counting"
REMEDY = f"`asv-jit run --count` installs it from Debian's packages where it can; else {_BY_HAND}"


class Valgrind(Struct, frozen=True):
    """A working valgrind: the folder of its tools, its version, and its source."""

    library: Path
    version: str
    source: str

    @property
    def described(self) -> str:
        """The name of its series, and its source."""
        return f"{self.callgrind().identity} ({self.source})"

    def callgrind(self) -> Callgrind:
        """Return its instruction counter."""
        identity = "+".join((f"callgrind {self.version} {platform.machine()}", *features()))
        return Callgrind(_tool(self.library), self.library, identity, platform.machine() in _LATE)


def find(*, run: Runner = processes.run) -> Valgrind | None:
    """Return the valgrind on PATH, else ours; None if neither works."""
    on_path = shutil.which("valgrind")
    places = []
    if on_path is not None:
        real = Path(on_path).resolve()
        places = [(real.parent.parent / name, str(on_path)) for name in _LIBRARIES]
    ours = paths.cache_dir("valgrind") / "usr" / "libexec" / "valgrind"
    for library, source in (*places, (ours, "asv-jit's cache folder, from Debian")):
        if _tool(library).is_file() and (version := _version(library, run)) is not None:
            return Valgrind(library, version, source)
    return None


def find_or_install(*, run: Runner = processes.run, archive: Archive | None = None) -> Valgrind:
    """Find valgrind or install it. Raises NoCounterError with the reason and the remedy."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        raise NoCounterError(
            f"counting instructions needs valgrind, which does not run on {platform.system()} {platform.machine()}: "
            "count on Linux (x86_64 or aarch64), or time instead of counting"
        )
    found = find(run=run)
    if found is not None:
        return found
    try:
        with locks.held(locks.installing_lock(), doing="install valgrind", wait_s=3600.0):
            _install(archive or Archive(paths.cache_dir("apt")), paths.cache_dir("valgrind"))
    except NoInterpreterError as error:
        raise NoCounterError(
            f"counting instructions needs valgrind, which is not on PATH and could not be installed: {error}\n{_ELSE}"
        ) from error
    found = find(run=run)
    if found is None:
        raise NoCounterError(f"the valgrind in {paths.cache_dir('valgrind')} does not start here; {_ELSE}")
    return found


def features(cpuinfo: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Return this processor's features among `_FEATURES`; none if they cannot be read."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    match = re.search(r"^(?:flags|Features)\s*: (.*)$", text, re.MULTILINE)
    present = set(match[1].split()) if match else set()
    return [feature for feature in _FEATURES if feature in present]


def _tool(library: Path) -> Path:
    return library / f"callgrind-{_MACHINES.get(platform.machine(), platform.machine())}-linux"


def _version(library: Path, run: Runner) -> str | None:
    """Return the tool's version; None if it does not start."""
    callgrind = Callgrind(_tool(library), library, "", starts_late=False)
    try:
        finished = run(
            [callgrind.program, "--version"], env=processes.base_environment(callgrind.variables), timeout_s=_TIMEOUT_S
        )
    except OSError:
        return None
    match = re.match(r"valgrind-(\S+)", finished.stdout)
    return match[1] if finished.ok and match else None


def _install(archive: Archive, final: Path) -> None:
    """Unpack the package in a temporary folder, then rename it to `final`. Raises NoInterpreterError."""
    offers = archive.versions_of("valgrind")
    if not offers:
        raise NoInterpreterError("Debian's archive offers no package valgrind.")
    package = min(offers, key=lambda offer: SUITES.index(offer.suite))
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=".making-valgrind-") as folder:
        making = Path(folder, "valgrind")
        making.mkdir()
        archive.unpack({package.name: package.version}, package.suite, making)
        if hasattr(os, "sync"):
            os.sync()  # otherwise a power cut could keep the folder and lose its files
        shutil.rmtree(final, ignore_errors=True)
        making.rename(final)
