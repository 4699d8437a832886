"""`asv-jit try` on real interpreters with a JIT: whole programs, good and bad, from the command to the report."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.system import paths
from asv_jit.system.processes import Finished, run
from asv_jit.trials.launch import Place, Program, launch_program, workspace
from asv_jit.workflows.measuring.reporter import Left, Silent
from asv_jit.workflows.trying import targets as try_targets
from asv_jit.workflows.trying.report import TriedOn, TryReport
from asv_jit.workflows.trying.targets import Target, notes_of_shell, remedy, targets_of
from asv_jit.workflows.trying.trying import Options, try_program

pytestmark = pytest.mark.interpreters

LOOP = """\
import sys

def work(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total

print(work(int(sys.argv[1])), sys.argv[2:])
sys.exit(0)
"""
ABOUT_ITSELF = """\
import os, sys
print(__name__, os.path.basename(__file__), sys.argv, sys.path[0], __package__, __spec__ and __spec__.name)
print(sorted(name for name in globals() if not name.startswith("__")), sys.modules["__main__"].__dict__ is globals())
print(repr(sys.stdin.read()))
"""


@pytest.fixture
def place_of_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with locks of its own: another run on this machine is no concern of ours."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return folder


def _try(interpreter: Interpreter, *arguments: str, pairs: int = 5) -> TriedOn:
    report = _report([interpreter], *arguments, pairs=pairs)
    (result,) = report.results
    return result


def _report(interpreters: list[Interpreter], *arguments: str, pairs: int = 5) -> TryReport:
    pythons = tuple(str(interpreter.executable) for interpreter in interpreters)
    return try_program(Options(arguments, pythons, pairs=pairs), Silent())


def test_a_program_is_measured_on_each_interpreter_and_leaves_nothing(
    place_of_work: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    (place_of_work / "helper.py").write_text("ANSWER = 42\n")
    (place_of_work / "loop.py").write_text("import helper\n" + LOOP)
    report = _report([jit_interpreters["3.15"], jit_interpreters["3.14"]], "loop.py", "60000", "--flag")
    assert [result.interpreter.split(".")[1] for result in report.results] == ["14", "15"]
    for result in report.results:
        case = result.summary
        assert case is not None, result.complaint
        assert (case.pairs, result.suspicions, case.failures) == (5, (), ())
        assert case.answers is not None
        assert case.answers.answers == "agree"
        assert case.off is not None
        assert case.memory is not None
        assert case.speedup is not None
        assert 0.005 < case.off.value < 20.0
        assert 5e6 < case.memory.off_bytes < 1e8
        assert case.evidence is not None
        assert any(trace.function == "loop.py:work" for trace in case.evidence.functions), case.evidence
    assert sorted(path.name for path in place_of_work.iterdir()) == ["helper.py", "loop.py"]


def test_a_program_that_fails_says_why(place_of_work: Path, jit_interpreters: dict[str, Interpreter]) -> None:
    (place_of_work / "bad.py").write_text("import sys\nprint('lost', file=sys.stderr)\nsys.exit(3)\n")
    result = _try(jit_interpreters["3.15"], "bad.py")
    assert result.summary is None
    assert result.complaint == "with the JIT off it ended with exit code 3\nlost"


def test_a_crash_in_mode_on_only_is_a_suspected_bug(
    place_of_work: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    crash = "import os, signal, sys\nif sys._jit.is_enabled(): os.kill(os.getpid(), signal.SIGSEGV)\n"
    (place_of_work / "crash.py").write_text(crash)
    result = _try(jit_interpreters["3.15"], "crash.py")
    assert result.summary is None
    (suspicion,) = result.suspicions
    assert re.fullmatch(r"(\d) of \1 runs with the JIT on ended with SIGSEGV, none of \1 with it off", suspicion)
    assert "killed by SIGSEGV" in result.complaint


def test_another_output_in_mode_on_is_a_suspected_bug(
    place_of_work: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    (place_of_work / "differs.py").write_text("import os\nprint(os.environ['PYTHON_JIT'])\n")
    result = _try(jit_interpreters["3.14"], "differs.py")
    assert any("prints something else" in suspicion for suspicion in result.suspicions)


def test_random_output_is_no_suspicion(place_of_work: Path, jit_interpreters: dict[str, Interpreter]) -> None:
    (place_of_work / "random_output.py").write_text("import random\nprint(random.random())\n")
    result = _try(jit_interpreters["3.15"], "random_output.py")
    assert result.suspicions == ()
    assert result.summary is not None
    assert result.summary.answers is not None
    assert result.summary.answers.answers == "no check"


def test_a_long_program_is_announced_and_still_gets_two_pairs(
    place_of_work: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    class Listening(Silent):
        said = ""

        def warn(self, text: str) -> None:
            self.said += text

    (place_of_work / "loop.py").write_text(LOOP)
    listening = Listening()
    python = str(jit_interpreters["3.14"].executable)
    report = try_program(Options(("loop.py", "1000"), (python,), seconds=0.001), listening)
    assert "2 pairs on each interpreter take" in listening.said
    assert report.out_of_time
    assert report.results[0].summary is not None
    assert report.results[0].summary.pairs == 2


def test_an_interrupt_reports_what_there_is(place_of_work: Path, jit_interpreters: dict[str, Interpreter]) -> None:
    class Impatient(Silent):
        pairs = 0

        def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
            self.pairs += 1
            if self.pairs > 2:
                raise KeyboardInterrupt

    (place_of_work / "loop.py").write_text(LOOP)
    python = str(jit_interpreters["3.15"].executable)
    report = try_program(Options(("loop.py", "1000"), (python,)), Impatient())
    assert report.interrupted
    (result,) = report.results
    assert result.summary is not None
    assert result.summary.pairs == 2


def test_the_command_gives_the_program_its_own_options_and_input(
    place_of_work: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    (place_of_work / "tool").mkdir()
    (place_of_work / "tool" / "__init__.py").write_text("")
    (place_of_work / "tool" / "__main__.py").write_text(
        "import sys, os\nassert sys.argv[1:] == ['--json', '-m', 'x'], sys.argv\n"
        "assert sys.stdin.read() == 'given'\nassert os.environ['MY_OWN'] == 'kept'\n"
    )
    (place_of_work / "input").write_text("given")
    done = _asv_jit(
        "try", "--json", "--pairs", "2", "--stdin", "input", "--python", str(jit_interpreters["3.15"].executable),
        "-m", "tool", "--json", "-m", "x", PYTHON_JIT="1", MY_OWN="kept",
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert done.exit == 0, done.complaint()
    assert report["program"] == "-m tool --json -m x"
    assert report["results"][0]["summary"]["pairs"] == 2
    assert any("PYTHON_JIT=1 in your shell is ignored" in note for note in report["notes"])


def test_the_command_prints_a_report_and_counts_failures(
    place_of_work: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    (place_of_work / "needs.py").write_text("import no_such_package.part\n")
    python = str(jit_interpreters["3.15"].executable)
    done = _asv_jit("try", "--python", python, "needs.py")
    assert done.exit == 4
    assert "ModuleNotFoundError" in done.stdout
    assert f"-m virtualenv -p {python} jit-env-3.15" in done.stdout
    assert "asv-jit try --python jit-env-3.15/bin/python needs.py" in done.stdout


def test_a_virtual_environment_keeps_its_packages(
    place_of_work: Path, tmp_path: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    base = jit_interpreters["3.15"].executable
    made = run(
        [sys.executable, "-m", "virtualenv", "-q", "--no-pip", "-p", base, tmp_path / "env"], env=dict(os.environ)
    )
    assert made.ok, made.complaint()
    python = tmp_path / "env" / "bin" / "python"
    (place_of_work / "where.py").write_text(f"import sys\nassert sys.prefix == {str(tmp_path / 'env')!r}\n")
    report = try_program(Options(("where.py",), (str(python),), pairs=2), Silent())
    assert report.results[0].summary is not None, report.results[0].complaint
    (active,) = [target for target in targets_of((), {"VIRTUAL_ENV": str(tmp_path / "env")}) if target.in_environment]
    assert active.executable == python
    assert "virtualenv" not in remedy("ModuleNotFoundError: No module named 'numpy'", active, "where.py")


@pytest.mark.parametrize("arguments", [("about.py", "a", "-b"), ("-m", "package", "a"), ("-m", "about"), ("package",)])
def test_the_traced_run_looks_like_the_programs_own(
    arguments: tuple[str, ...], place_of_work: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    (place_of_work / "about.py").write_text(ABOUT_ITSELF)
    (place_of_work / "package").mkdir()
    (place_of_work / "package" / "__init__.py").write_text("")
    (place_of_work / "package" / "__main__.py").write_text(ABOUT_ITSELF)
    (place_of_work / "input").write_text("some input")
    place = Place(jit_interpreters["3.15"].executable, place_of_work, {}, cpu=None)
    program = Program(arguments, place_of_work, place_of_work / "input", 30.0)
    with workspace() as space:
        plain = launch_program(place, program, "on", 1, space)
        assert plain.answer is not None, plain.complaint
        printed = space.stdout.read_text(encoding="utf-8")
        traced = launch_program(place, Program(*arguments_of(program), traced=True), "on", 1, space)
    assert traced.answer is not None, traced.complaint
    assert traced.finished.stdout == printed
    assert traced.answer.evidence is not None
    assert traced.answer.evidence.error is None


def arguments_of(program: Program) -> tuple[tuple[str, ...], Path, Path, float | None]:
    return program.arguments, program.folder, program.stdin, program.timeout_s


def test_an_interpreter_without_a_jit_is_refused(
    monkeypatch: pytest.MonkeyPatch, jit_interpreters: dict[str, Interpreter]
) -> None:
    without = replace(jit_interpreters["3.15"], jit="none")
    monkeypatch.setattr(try_targets, "discover", lambda: [without])
    with pytest.raises(NoInterpreterError, match="built without a JIT"):
        targets_of(("3.15",))
    with pytest.raises(NoInterpreterError, match="asv-jit pythons install"):
        targets_of((), {})
    monkeypatch.setattr(try_targets, "probe", lambda path: without)
    (said,) = notes_of_shell({"VIRTUAL_ENV": sys.prefix})
    assert "which has no JIT" in said


def test_a_script_that_is_not_there_is_wrong_usage(place_of_work: Path) -> None:
    with pytest.raises(UsageError, match=r"found no file nowhere\.py"):
        try_program(Options(("nowhere.py",)), Silent())


def test_what_the_shell_changes_is_said(jit_interpreters: dict[str, Interpreter]) -> None:
    said = notes_of_shell({"PYTHON_JIT": "0", "PYTHONHOME": "/x", "PYTHON_UOPS_OPTIMIZE": "0", "HOME": "/y"})
    assert [note.split()[0] for note in said] == ["PYTHON_JIT=0", "PYTHONHOME", "PYTHON_UOPS_OPTIMIZE"]
    target = Target(jit_interpreters["3.15"], jit_interpreters["3.15"].executable)
    assert remedy("ValueError: no", target, "x.py") == ""
    assert "pip install pytest" in remedy("/usr/bin/python3.15: No module named pytest", target, "-m pytest")


def _asv_jit(*arguments: str, **variables: str) -> Finished:
    return run([sys.executable, "-m", "asv_jit", *arguments], env={**os.environ, **variables}, cwd=Path.cwd())
