"""What a case runs and reads: equal exactly where a count has to be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Benchmark, Case
from asv_jit.trials.counted import Loaded, loaded
from asv_jit.trials.launch import Place

PACKAGE = '''"""Says what it is."""
from pathlib import Path

FACTOR = 3
CALLS = []

def work(n):
    CALLS.append(n)
    if len(CALLS) == 5:
        sometimes()
    table = Path(__file__).with_name("table.txt").read_text()
    return FACTOR * n + len(table)

def elsewhere(n):
    return n

def sometimes():
    return "in the fifth call"

def starts():
    import subprocess
    subprocess.run(["true"])
'''
SUITE = "import package\ndef time_work(): return package.work(2)\ndef time_starts(): package.starts()\n"
SUITE += "def time_fails(): raise ValueError\n"


def _loaded(
    folder: Path, source: str = PACKAGE, table: str = "abc", name: str = "time_work", python: str = sys.executable
) -> Loaded | None:
    installation, suite = folder / "installation", folder.parent / "suite"
    (installation / "package").mkdir(parents=True)
    (installation / "package" / "__init__.py").write_text(source, encoding="utf-8")
    (installation / "package" / "table.txt").write_text(table, encoding="utf-8")
    suite.mkdir(exist_ok=True)
    (suite / "__init__.py").touch()
    (suite / "b.py").write_text(SUITE, encoding="utf-8")
    place = Place(Path(python), suite, {"PYTHONPATH": str(installation)}, None)
    case = Case(Benchmark(name=f"b.{name}", version="1", kind="time", unit="s", timeout_s=60.0), (), None)
    return loaded(place, case, installation)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("return n\n", "return n + 1\n", True),  # in a function that is not called
        ("FACTOR = 3", "# three\n\nFACTOR = 3", True),
        ("FACTOR = 3", "FACTOR = 4", False),
        ("FACTOR * n", "n * FACTOR", False),
        ('return "in', 'return "only in', False),
        ("def elsewhere(n)", "def elsewhere(n=1)", False),  # makes the function otherwise
    ],
)
def test_only_code_that_runs_tells_two_builds_apart(tmp_path: Path, before: str, after: str, same: bool) -> None:
    assert before in PACKAGE
    a, b = _loaded(tmp_path / "a"), _loaded(tmp_path / "b", PACKAGE.replace(before, after))
    assert a is not None
    assert (a == b) == same


def test_a_file_that_is_read_tells_two_builds_apart(tmp_path: Path) -> None:
    a, same = _loaded(tmp_path / "a"), _loaded(tmp_path / "b")
    assert a == same
    assert a != _loaded(tmp_path / "c", table="abd")


@pytest.mark.parametrize("name", ["time_starts", "time_fails"])
def test_what_cannot_be_told_is_not_told(tmp_path: Path, name: str) -> None:
    assert _loaded(tmp_path / "a", name=name) is None


@pytest.mark.interpreters
def test_it_tells_on_every_interpreter(tmp_path: Path, jit_interpreters: dict[str, Interpreter]) -> None:
    for version, interpreter in jit_interpreters.items():
        python = str(interpreter.executable)
        a = _loaded(tmp_path / version / "a", python=python)
        assert a is not None
        assert a == _loaded(tmp_path / version / "b", PACKAGE.replace("return n\n", "return n + 1\n"), python=python)
        assert a != _loaded(tmp_path / version / "c", PACKAGE.replace("FACTOR = 3", "FACTOR = 4"), python=python)
