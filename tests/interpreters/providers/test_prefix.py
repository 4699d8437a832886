from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.providers import prefix
from asv_jit.system.processes import Finished
from tests.interpreters.fakes import FakeRunner, finished

EXECUTABLE = Path("usr/bin/python3.15")
TRIPLET = "aarch64-linux-gnu"
LOADER = "ld-linux-aarch64.so.1"
DATA = """\
build_time_vars = {
    'BINDIR': '/usr/bin',
    'CONFIG_ARGS': "'--prefix=/usr' '--libdir=/usr/lib'",
    'DESTDIRS': '/usr /usr/lib /usr/lib/python3.15',
    'INCLUDEPY': '/usr/include/python3.15',
    'INSTALL': '/usr/bin/install -c',
    'TZPATH': '/usr/share/zoneinfo:/usr/lib/zoneinfo',
}
"""


@pytest.fixture
def making(tmp_path: Path) -> Path:
    """What Debian's packages look like when they are unpacked, in short, on arm64."""
    making = tmp_path / ".making-3.15.2+e451c8ba"
    for file, text in {
        EXECUTABLE: "pristine",
        Path("etc/python3.15/sitecustomize.py"): "import apport",
        Path("usr/lib/python3.15/os.py"): "",
        Path("usr/lib/python3.15/_sysconfigdata__linux.py"): DATA,
        Path(
            "usr/lib/python3.15/config-3.15/Makefile"
        ): "prefix=\t/usr\nLIBDIR=\t/usr/lib\nINSTALL=\t/usr/bin/install\n",
        Path(f"usr/lib/{TRIPLET}/pkgconfig/python-3.15.pc"): "prefix=/usr\nincludedir=${prefix}/include\n",
        Path(f"usr/lib/{TRIPLET}/{LOADER}"): "",
        Path("usr/include/python3.15/pyconfig.h"): f"#include <{TRIPLET}/python3.15/pyconfig.h>\n",
        Path(f"usr/include/{TRIPLET}/python3.15/pyconfig.h"): "#define SIZEOF_LONG 8\n",
    }.items():
        (making / file).parent.mkdir(parents=True, exist_ok=True)
        (making / file).write_text(text)
    (making / "usr/lib/python3.15/sitecustomize.py").symlink_to("/etc/python3.15/sitecustomize.py")
    (making / "usr/lib/libinside.so").symlink_to(f"/usr/lib/{TRIPLET}/{LOADER}")
    (making / "usr/lib/liboutside.so").symlink_to("/usr/lib/of-the-machine.so")
    return making


class Tools:
    """patchelf, which writes what it was told into the program, and the new interpreter, which does as it is told."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.started: list[str] = []

    def __call__(self, command: list[str]) -> Finished:
        if "--print-interpreter" in command:
            return finished(f"/lib/{LOADER}\n")
        if "--set-interpreter" in command:
            loader = command[command.index("--set-interpreter") + 1]
            assert "--force-rpath" in command
            assert command[command.index("--set-rpath") + 1] == str(Path(loader).parent)
            assert Path(command[-1]).read_text() == "pristine"
            Path(command[command.index("--output") + 1]).write_text(loader)
            return finished()
        self.started.append(f"{Path(command[0]).read_text()} {' '.join(command[1:])}")
        return finished(exit_code=1, stderr="no") if self.failing and self.failing in command else finished()


@pytest.fixture
def done(making: Path, tmp_path: Path) -> tuple[Path, Path, Tools]:
    final, tools = tmp_path / "3.15.2+e451c8ba", Tools()
    prefix.make_relocated(making, final, EXECUTABLE, run=FakeRunner(tools))
    return making, final, tools


def test_the_program_is_for_the_final_place(done: tuple[Path, Path, Tools]) -> None:
    making, final, _ = done
    program = making / EXECUTABLE
    assert program.read_text() == str(final / "usr" / "lib" / TRIPLET / LOADER)
    assert program.stat().st_mode & 0o111
    assert [path.name for path in program.parent.iterdir()] == ["python3.15"]


def test_it_is_compiled_and_tried_out_before_it_is_published(done: tuple[Path, Path, Tools]) -> None:
    making, final, tools = done
    compiling, trying = tools.started
    assert compiling.startswith(str(making)), "the loader of the place where it is now"
    assert f"compileall -q -j 0 --invalidation-mode unchecked-hash -s {making} -p {final}" in compiling
    assert "import sys, bz2, ctypes" in trying


def test_no_link_leaves_the_prefix(done: tuple[Path, Path, Tools]) -> None:
    making, _, _ = done
    assert not (making / "usr/lib/python3.15/sitecustomize.py").is_symlink()
    assert (making / "usr/lib/libinside.so").readlink() == Path(TRIPLET, LOADER)
    assert not (making / "usr/lib/liboutside.so").is_symlink()


def test_headers_are_found_without_the_system_folders(done: tuple[Path, Path, Tools]) -> None:
    making, _, _ = done
    header = making / "usr/include/python3.15/pyconfig.h"
    named = header.read_text().split('"')[1]
    assert (header.parent / named).read_text() == "#define SIZEOF_LONG 8\n"


def test_what_extensions_are_built_with_names_the_prefix(done: tuple[Path, Path, Tools]) -> None:
    making, final, _ = done
    data = (making / "usr/lib/python3.15/_sysconfigdata__linux.py").read_text()
    assert data == (
        DATA.replace("'/usr/bin'", f"'{final}/usr/bin'")
        .replace("'/usr /usr/lib /usr/lib/python3.15'", f"'{final}/usr {final}/usr/lib {final}/usr/lib/python3.15'")
        .replace("'/usr/include/python3.15'", f"'{final}/usr/include/python3.15'")
    )
    makefile = (making / "usr/lib/python3.15/config-3.15/Makefile").read_text()
    assert makefile == f"prefix=\t{final}/usr\nLIBDIR=\t{final}/usr/lib\nINSTALL=\t/usr/bin/install\n"
    package_config = (making / f"usr/lib/{TRIPLET}/pkgconfig/python-3.15.pc").read_text()
    assert package_config == f"prefix={final}/usr\nincludedir=${{prefix}}/include\n"


@pytest.mark.parametrize("failing", ["compileall", "-c"])
def test_an_interpreter_that_does_not_work_is_an_error(failing: str, making: Path, tmp_path: Path) -> None:
    with pytest.raises(NoInterpreterError, match="exit code 1\nno"):
        prefix.make_relocated(making, tmp_path / "final", EXECUTABLE, run=FakeRunner(Tools(failing)))


def test_packages_without_a_library_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoInterpreterError, match=r"no standard library at usr/lib/python3\.15"):
        prefix.make_relocated(tmp_path, tmp_path / "final", EXECUTABLE, run=FakeRunner(Tools()))


@given(st.text(alphabet="/usrlib 'x:=\n", max_size=60))
def test_moving_only_ever_inserts_the_prefix(text: str) -> None:
    moved = prefix.moved_text(text, Path("/"), Path("/final"))
    assert moved.replace("/final", "") == text
