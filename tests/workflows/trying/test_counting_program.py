"""`asv-jit try --count` on a real interpreter and valgrind, and what it says before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from asv_jit.commands.measure.try_ import try_
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import FunctionCount, Split
from asv_jit.system import paths
from asv_jit.terminal.try_ import compiling_words, print_try_counts
from asv_jit.trials.counter import cost_of_calls
from asv_jit.trials.program import ProgramCount
from asv_jit.workflows.measuring.reporter import Silent
from asv_jit.workflows.trying.counting_program import CountedOn, CountReport, count_by_mode, expected_s
from asv_jit.workflows.trying.trying import Options

PROGRAM = """\
import os, sys
total = 0
for i in range(60_000):
    total += i % 7
print(total, sys.stdin.read())
if len(sys.argv) > 1 and sys._jit.is_enabled():
    try:
        os.pidfd_open(os.getpid())  # which valgrind 3.19 does not know, and says so
    except OSError:
        pass
    sys.exit("lost")
"""
OFF = ProgramCount(2000, Split(loop=1200, interpreter=800), (), compiling=0, forks=0)
ON = ProgramCount(
    1500,
    Split(loop=100, jit=600, interpreter=800),
    (FunctionCount(part="jit", name="0x50b8000", instructions=600),),
    compiling=150,
    forks=0,
    mostly_compiled=0.12,
    compiled=0.96,
    slices=50,
)


@pytest.fixture
def place_of_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a program, and locks of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "loop.py").write_text(PROGRAM)
    (folder / "given").write_text("from a file")
    monkeypatch.chdir(folder)
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return folder


@pytest.mark.interpreters
def test_a_program_is_counted_in_both_modes_and_leaves_nothing(
    place_of_work: Path, jit_interpreters: dict[str, Interpreter], capfd: pytest.CaptureFixture[str]
) -> None:
    python = str(jit_interpreters["3.15"].executable)
    report = count_by_mode(Options(("loop.py",), (python,), stdin=place_of_work / "given"), Silent())
    (result,) = report.results
    assert result.off is not None, result.complaint
    assert result.on is not None, result.complaint
    for count in (result.off, result.on):
        assert count.split.total == count.instructions
        assert count.forks == 0
    # An iteration of this loop is some ten bytecodes: code made by the JIT does most of what the loop did.
    assert result.off.split.jit < 10_000 < 600_000 < result.on.split.jit
    assert result.on.split.loop < result.off.split.loop - 600_000
    assert 0 == result.off.compiling < result.on.compiling < result.on.split.interpreter
    assert result.off.compiled is None
    assert result.on.slices > 1
    assert result.on.mostly_compiled is not None
    assert result.on.compiled is not None
    assert 0.0 < result.on.mostly_compiled <= result.on.compiled <= 1.0
    assert sorted(path.name for path in place_of_work.iterdir()) == ["given", "loop.py"]
    assert capfd.readouterr().out == ""


@pytest.mark.interpreters
def test_a_program_that_fails_under_valgrind_is_told_with_its_last_words(
    place_of_work: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    report = count_by_mode(Options(("loop.py", "fail"), (str(jit_interpreters["3.15"].executable),)), Silent())
    (result,) = report.results
    assert result.off is not None
    assert result.on is None
    assert result.complaint == "with the JIT on, under valgrind: exit code 1\nlost"


def test_the_report_has_the_totals_the_split_and_what_counts_do_not_say(capsys: pytest.CaptureFixture[str]) -> None:
    good = CountedOn("3.15.2+e451c8ba", "/p/python", 0.1, OFF, ON)
    print_try_counts(CountReport("x.py", "callgrind 3.19.0 x86_64+avx2", 0, (good,), (), interrupted=False))
    text = capsys.readouterr().out
    assert "instructions counted by callgrind 3.19.0\n" in text
    assert "CPython 3.15.2+e451c8ba  2,000 instructions with the JIT off, 1,500 with it on (-25.00%)" in text
    assert "recording and compiling traces: 150 (10.0%)" in text
    assert "; 90% of it in the first 12% of the run, the last of it at 96%\n" in " ".join(text.split(" "))
    assert "heaviest, JIT on: JIT code at 0x50b8000 40.0%" in text
    assert "Counts do not say whether the JIT makes it faster" in text
    assert [line.split()[-4:] for line in text.splitlines() if "interpreter's loop" in line] == [
        ["1.20", "k", "60.0%", "100", "6.7%"][-4:]
    ]


def test_a_program_that_the_jit_compiled_nothing_of_says_so() -> None:
    # As `-m this` on 3.15.2: 551 instructions in no file are the kernel's.
    assert compiling_words(replace(ON, compiling=0)).startswith("no call of the JIT's compiler was seen")


def test_a_program_without_counts_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    bad = CountedOn("3.15.2+e451c8ba", "/p/python", complaint="with the JIT off: exit code 3\nlost", remedy="do this")
    print_try_counts(CountReport("x.py", "callgrind 3.19.0 x86_64", 0, (bad,), (), interrupted=True))
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines if line.startswith("  ")] == [
        "with the JIT off: exit code 3", "lost", "do this",
    ]  # fmt: skip
    assert not any("Counts do not say" in line for line in lines)


def test_one_core_takes_twice_as_long_as_two() -> None:
    assert expected_s(1.0, cores=1) == 2 * expected_s(1.0, cores=2) > 100.0


def test_an_option_of_timing_is_refused() -> None:
    result = CliRunner().invoke(try_, ["--count", "--pairs", "5", "x.py"])
    assert result.exit_code == 2
    assert "leave --pairs out" in result.output


def test_calls_count_with_all_that_they_call_and_once() -> None:
    text = (
        "fn=(1) main\n0 5\ncfn=(2) compile\ncalls=2 0\n0 70\n"
        "fn=(2)\n0 10\ncfn=(3) helper\ncalls=1 0\n0 40\ncfn=(4) compile'2\ncalls=1 0\n0 20\n"
    )
    assert cost_of_calls(text, ["compile"]) == 70
