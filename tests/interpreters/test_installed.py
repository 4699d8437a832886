"""What really is installed: these run the interpreters that the project's own provisioner brought."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asv_jit.interpreters import discover, manifest, provision
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import probe
from asv_jit.interpreters.resolve import resolve
from asv_jit.system import processes

pytestmark = pytest.mark.interpreters

EXTENSION = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *nothing) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "tiny", 0, -1, methods};
PyMODINIT_FUNC PyInit_tiny(void) { return PyModule_Create(&module); }
"""


@pytest.fixture(params=["3.14", "3.15"])
def interpreter(request: pytest.FixtureRequest, jit_interpreters: dict[str, Interpreter]) -> Interpreter:
    return jit_interpreters[request.param]


@pytest.fixture(params=["3.14", "3.15"])
def ours(request: pytest.FixtureRequest, jit_interpreters: dict[str, Interpreter]) -> Iterator[Interpreter]:
    """One of Debian's that asv-jit installed; the newest, when the one with a JIT that was found is somebody else's."""
    found = jit_interpreters[request.param]
    if found.provider != "debian":
        if shutil.which("apt-get") is None:
            pytest.skip("Debian's packages can be unpacked on Debian and Ubuntu only")
        providers = [one for one in provision.default_providers() if one.name == "debian"]
        found = provision.install([request.param], providers, wait_s=900)[0].interpreter
    before = snapshot(prefix_of(found))
    yield found
    # An interpreter serves hundreds of installations: nothing that ran here may have changed it.
    assert snapshot(prefix_of(found)) == before


def prefix_of(interpreter: Interpreter) -> Path:
    return next(folder for folder in interpreter.executable.parents if (folder / manifest.FILE_NAME).exists())


def snapshot(prefix: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in prefix.rglob("*")}


def ask(interpreter: Interpreter | Path, code: str, **variables: str) -> Any:
    """Run `code` under the interpreter; the JSON that it printed."""
    executable = interpreter.executable if isinstance(interpreter, Interpreter) else interpreter
    done = processes.run(
        [executable, "-c", f"import json, sys\n{code}"], env=processes.base_environment(variables), timeout_s=120
    )
    assert done.ok, done.complaint(40)
    return json.loads(done.stdout)


def test_the_jit_obeys_the_variable(interpreter: Interpreter) -> None:
    for value, enabled in (("0", False), ("1", True)):
        assert ask(interpreter, "print(json.dumps(sys._jit.is_enabled()))", PYTHON_JIT=value) is enabled


def test_the_variable_does_not_change_what_the_probe_says(
    interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_JIT", "0" if interpreter.jit == "on by default" else "1")
    assert probe(interpreter.executable) == interpreter


def test_it_is_discovered_and_resolved(interpreter: Interpreter) -> None:
    found = discover.discover()
    assert interpreter in found
    assert resolve(interpreter.identity, found) == interpreter
    assert resolve(str(interpreter.executable), []) == interpreter


def test_installing_it_again_does_nothing(ours: Interpreter) -> None:
    (again,) = provision.install([ours.identity], [], wait_s=900)
    assert again.interpreter == ours
    assert not again.fresh


def test_every_module_of_the_standard_library_loads(ours: Interpreter) -> None:
    # Debian keeps these in packages of their own, which pull in a desktop or a database.
    elsewhere = ["_tkinter", "_gdbm", "_dbm"]
    code = """
import importlib, sysconfig, pathlib
modules = pathlib.Path(sysconfig.get_path("stdlib"), "lib-dynload")
names = sorted(path.name.split(".")[0] for path in modules.glob("*.so"))
failed = []
for name in [*names, "ssl", "sqlite3", "lzma", "bz2", "ctypes", "readline", "curses", "uuid", "compression.zstd"]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed.append(f"{name}: {error}")
print(json.dumps([failed, len(names)]))
"""
    failed, modules = ask(ours, code)
    assert [text for text in failed if text.split(":")[0] not in elsewhere] == []
    assert modules > 10


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_of_the_machines_own_python_is_mixed_in(ours: Interpreter) -> None:
    code = """
import ssl, sqlite3, ctypes, readline
libraries = sorted({line.split()[-1] for line in open("/proc/self/maps") if ".so" in line})
print(json.dumps([sys.path[1:], libraries, "sitecustomize" in sys.modules]))
"""
    path, libraries, customised = ask(ours, code)
    home = str(prefix_of(ours))
    assert [entry for entry in path if not entry.startswith(home)] == []
    assert [library for library in libraries if not library.startswith(home)] == []
    assert not customised


def test_the_library_is_compiled_for_where_it_is(ours: Interpreter) -> None:
    code = """
import importlib.util, argparse, pathlib
library = pathlib.Path(argparse.__file__).parent
missing = [str(p) for p in library.glob("*.py") if not pathlib.Path(importlib.util.cache_from_source(p)).exists()]
flags = pathlib.Path(argparse.__cached__ if hasattr(argparse, "__cached__") else argparse.__spec__.cached)
print(json.dumps([missing, argparse.ArgumentParser.__init__.__code__.co_filename, flags.read_bytes()[4]]))
"""
    missing, compiled_from, flags = ask(ours, code)
    assert missing == []
    assert compiled_from == str(prefix_of(ours) / "usr" / "lib" / ours.executable.name / "argparse.py")
    assert flags == 0b01  # by hash, unchecked


def test_the_machines_certificates_are_trusted(ours: Interpreter) -> None:
    if not Path("/etc/ssl/certs/ca-certificates.crt").exists():
        pytest.skip("this machine has no package ca-certificates: there is nothing to trust")
    code = "import ssl; print(json.dumps(len(ssl.create_default_context().get_ca_certs())))"
    assert ask(ours, code) > 10


def test_it_makes_virtual_environments(ours: Interpreter, tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "virtualenv", "-q", "-p", ours.executable, tmp_path / "env"]
    made = processes.run(command, env=processes.base_environment(), timeout_s=300)
    assert made.ok, made.complaint(40)
    python = tmp_path / "env" / "bin" / "python"
    assert ask(python, "import pip; print(json.dumps(sys.version))") == ours.sys_version
    assert probe(python) == ours  # the environment stands for its base


def test_extensions_in_c_can_be_built(ours: Interpreter, tmp_path: Path) -> None:
    code = """
import sysconfig
names = ("LDSHARED", "CFLAGS", "CCSHARED", "EXT_SUFFIX", "INCLUDEPY", "LIBDIR", "LIBPL")
print(json.dumps([*map(sysconfig.get_config_var, names), sysconfig.get_path("include")]))
"""
    link, flags, shared, suffix, *folders = ask(ours, code)
    home = prefix_of(ours)
    for folder in folders:
        assert Path(folder).is_relative_to(home)
        assert Path(folder).is_dir()
    compiler = link.split()
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"this machine has no compiler {compiler[0]}, nor has a user who builds no extensions")
    (tmp_path / "tiny.c").write_text(EXTENSION)
    built = processes.run(
        [*compiler, *flags.split(), *shared.split(), "-Werror", f"-I{folders[-1]}", "tiny.c", "-o", f"tiny{suffix}"],
        env=processes.base_environment(),
        cwd=tmp_path,
        timeout_s=120,
    )
    assert built.ok, built.complaint(40)
    code = f"sys.path.insert(0, {os.fspath(tmp_path)!r}); import tiny; print(json.dumps(tiny.answer()))"
    assert ask(ours, code) == 42
