"""One trial: the same for both arms but for one character, and whatever happens inside comes back as a record."""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.trials.disturbance import judge
from asv_jit.trials.launch import Place, command_of, environment_of, workspace
from tests.trials.starting import TINY, measure, tiny_case, tiny_place, trial_of

SECRETS = {
    "GITHUB_TOKEN": "ghp_secret",
    "ACTIONS_RUNTIME_TOKEN": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "PYTHONPATH": "/elsewhere/secret",
    "PYTHONSTARTUP": "secret",
    "LD_PRELOAD": "",
    "PYTHON_JIT": "1",
    "PYTHONHASHSEED": "123",
}


def test_the_arms_differ_in_one_character(tmp_path: Path) -> None:
    place = Place(Path("/opt/x/bin/python"), TINY, {"A": "b"}, cpu=None)
    with workspace() as space:
        assert command_of(place, space) == command_of(place, space)
        assert not any("jit=" in part.lower() for part in command_of(place, space)[2:])
    texts = [
        "\0".join(f"{name}={value}" for name, value in sorted(environment_of(place, mode, 5).items()))
        for mode in ("off", "on")
    ]
    off, on = texts
    assert len(off) == len(on)
    assert [(a, b) for a, b in zip(off, on, strict=True) if a != b] == [("0", "1")]
    assert "PYTHON_JIT=0" in off
    assert "PYTHONHASHSEED=5" in off


def test_no_variable_of_the_shell_can_change_the_mode_or_the_seed() -> None:
    place = Place(Path("/opt/x/bin/python"), TINY, {"PYTHON_JIT": "1", "PYTHONHASHSEED": "0"}, cpu=None)
    assert environment_of(place, "off", 5)["PYTHON_JIT"] == "0"
    assert environment_of(place, "off", 5)["PYTHONHASHSEED"] == "5"


def test_secrets_do_not_reach_the_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    launched = measure(tiny_place(tmp_path / "log"), tiny_case("answers.track_environment"))
    assert launched.answer is not None, launched.complaint
    seen = json.loads((tmp_path / "log").read_text(encoding="utf-8"))
    assert not set(seen.values()) & {"ghp_secret", "secret", "/elsewhere/secret"}
    assert (seen["PYTHON_JIT"], seen["PYTHONHASHSEED"]) == ("0", "7")
    assert set(seen) & set(SECRETS) == {"PYTHON_JIT", "PYTHONHASHSEED"}


@pytest.mark.skipif(sys.platform != "linux", reason="pinning is Linux's")
def test_the_trial_is_pinned_and_its_parent_is_not(tmp_path: Path) -> None:
    allowed = os.sched_getaffinity(0)
    place = tiny_place(tmp_path / "log")
    pinned = Place(place.python, place.benchmark_dir, place.variables, cpu=max(allowed))
    answer = measure(pinned, tiny_case("answers.track_core")).answer
    assert answer is not None
    assert answer.value == 1
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.skipif(
    getattr(getattr(sys, "_jit", None), "is_available", lambda: False)(),
    reason="needs a build that ignores PYTHON_JIT=1, and the tests run under one that obeys it",
)
def test_a_build_that_ignores_the_mode_fails_closed(tmp_path: Path) -> None:
    case = tiny_case("answers.time_one")
    launched = measure(tiny_place(tmp_path / "log"), case, "on", iterations=3)
    assert launched.finished.ok
    assert launched.answer is None
    trial = trial_of(launched, case, "on")
    assert trial.outcome == "failed"
    assert (trial.steady_s, trial.figure) == (None, None)
    assert "JIT is not enabled" in trial.stderr


@pytest.mark.parametrize(
    ("name", "outcome", "code", "signal", "words"),
    [
        ("time_one", "ok", 0, None, ""),
        ("time_raises", "failed", 1, None, "ValueError: meant"),
        ("time_exits", "failed", 3, None, "called sys.exit(3)"),
        ("time_exits_well", "failed", 1, None, "called sys.exit(None)"),
        ("time_exits_with_text", "failed", 1, None, "called sys.exit('no database')"),
        ("time_leaves_with_code", "failed", 3, None, "exit code 3 and no message"),
        ("time_leaves", "failed", 0, None, "left no result"),
        ("time_garbage", "failed", 0, None, "cannot be read"),
        ("time_forged", "failed", 0, None, "cannot be read"),
        pytest.param(
            "time_segfault", "crashed", None, "SIGSEGV", "",
            marks=pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's"),
        ),
    ],
)  # fmt: skip
def test_each_end_has_its_outcome(
    name: str, outcome: str, code: int | None, signal: str | None, words: str, tmp_path: Path
) -> None:
    case = tiny_case(f"answers.{name}")
    trial = trial_of(measure(tiny_place(tmp_path / "log"), case, iterations=2), case)
    assert (trial.outcome, trial.exit, trial.signal) == (outcome, code, signal)
    assert words in trial.stderr
    assert (trial.figure is not None) == (outcome == "ok")


@pytest.mark.skipif(sys.platform != "linux", reason="pidfd_open is Linux's")
def test_a_time_out_is_its_own_outcome_and_leaves_no_process_behind(tmp_path: Path) -> None:
    case = tiny_case("answers.time_with_child", timeout_s=0.8)
    trial = trial_of(measure(tiny_place(tmp_path / "log"), case), case)
    assert (trial.outcome, trial.figure) == ("timeout", None)
    grandchild = int((tmp_path / "log").read_text(encoding="utf-8"))
    assert _ends(grandchild)
    endless = tiny_case("answers.time_forever", timeout_s=0.4)
    assert trial_of(measure(tiny_place(tmp_path / "log"), endless), endless).outcome == "timeout"


def _ends(pid: int) -> bool:
    """Whether a process is gone, or goes within 5 s: a kill is not instantaneous."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 5.0)[0])
    finally:
        os.close(handle)


@pytest.mark.interpreters
def test_a_crash_in_mode_on_is_a_crash(jit_interpreters: dict[str, Interpreter], tmp_path: Path) -> None:
    case = tiny_case("answers.time_segfault")
    launched = measure(tiny_place(tmp_path / "log", jit_interpreters["3.15"].executable), case, "on")
    trial = trial_of(launched, case, "on")
    assert (trial.outcome, trial.signal, trial.mode) == ("crashed", "SIGSEGV", "on")


def test_processor_time_of_the_benchmarks_own_children_is_no_disturbance(tmp_path: Path) -> None:
    launched = measure(tiny_place(tmp_path / "log"), tiny_case("answers.timeraw_busy"))
    answer = launched.answer
    assert answer is not None, launched.complaint
    assert answer.cpu_ns is not None
    assert answer.cpu_ns > int((tmp_path / "log").read_text(encoding="utf-8"))
    assert judge(launched.watched).others is None  # not pinned: nothing is known about a core


def test_nothing_of_the_workspace_stays_behind() -> None:
    with workspace() as space:
        folder = space.folder
        space.cwd.mkdir()
        (space.cwd / "left").write_text("x", encoding="utf-8")
    assert not folder.exists()
