"""Coroutines and generators: a benchmark is timed for what it does, not for the making of an object."""

from __future__ import annotations

from pathlib import Path

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Case, Trial
from asv_jit.trials.block import Effort, calibrate, make_cache
from asv_jit.trials.child.digests import digest_of
from asv_jit.trials.launch import Launched
from tests.trials.starting import measure, tiny_case, tiny_place, trial_of

RUN = [
    "time_awaits",
    "time_decorated",
    "time_returns_coroutine",
    "time_runs_its_own_loop",
    "time_yields",
    "time_decorated_yields",
    "time_yields_async",
]


def _log(folder: Path) -> list[str]:
    return (folder / "log").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", RUN)
def test_what_a_coroutine_or_generator_does_is_run_at_every_call_and_checked(name: str, tmp_path: Path) -> None:
    launched = measure(tiny_place(tmp_path / "log"), tiny_case(f"coroutines.{name}"), inner_loops=3, iterations=4)
    assert launched.answer is not None, launched.finished.stderr
    assert _log(tmp_path) == ["ran"] * 12
    assert launched.answer.digest == digest_of(["ran"])
    assert len(launched.answer.durations_ns) == 4
    assert "never awaited" not in launched.finished.stderr


def test_a_generator_that_a_benchmark_returns_is_its_result_and_not_run(tmp_path: Path) -> None:
    launched = measure(tiny_place(tmp_path / "log"), tiny_case("coroutines.time_makes_a_generator"), iterations=2)
    assert launched.answer is not None, launched.finished.stderr
    assert _log(tmp_path) == ["ran"] * 2


def _with_cache(name: str, folder: Path, iterations: int = 1) -> tuple[Launched, Trial]:
    place, case = tiny_place(folder / "log"), tiny_case(f"coroutines.Async.{name}", 0)
    assert make_cache(place, case, folder / "cache") is None
    launched = measure(place, case, iterations=iterations, cache=folder / "cache")
    return launched, trial_of(launched, case)


def test_all_steps_of_a_benchmark_share_one_event_loop(tmp_path: Path) -> None:
    launched, trial = _with_cache("time_method", tmp_path, iterations=2)
    assert trial.outcome == "ok", trial.stderr
    one = ["setup", "ab", "teardown"]
    assert _log(tmp_path) == ["cached", *one, *one, "cancelled", "cancelled"]
    assert trial.digest == digest_of(["cached", "ab"])
    assert launched.finished.stderr == ""


@pytest.mark.parametrize("name", ["track_method", "peakmem_method", "timeraw_method"])
def test_benchmarks_of_every_kind_may_be_coroutines(name: str, tmp_path: Path) -> None:
    _, trial = _with_cache(name, tmp_path)
    assert (trial.outcome, trial.figure is None) == ("ok", False), trial.stderr
    assert _log(tmp_path)[:4] == ["cached", "setup", "ran", "teardown"]


def test_the_last_words_of_a_coroutine_that_raises_are_its_exception(tmp_path: Path) -> None:
    _, trial = _with_cache("time_fails", tmp_path)
    assert trial.outcome == "failed"
    assert trial.stderr.splitlines()[-1] == "ValueError: meant"


def test_a_setup_that_yields_is_refused_by_name(tmp_path: Path) -> None:
    case = tiny_case("coroutines.YieldingSetup.time_it")
    trial = trial_of(measure(tiny_place(tmp_path / "log"), case), case)
    assert trial.outcome == "failed"
    assert "YieldingSetup.setup contains `yield`" in trial.stderr


def test_starting_the_event_loop_is_not_timed(tmp_path: Path) -> None:
    """An empty coroutine takes less than starting a loop for it would, so it is called often in an iteration."""
    case: Case = tiny_case("coroutines.time_empty")
    effort = calibrate(tiny_place(tmp_path / "log"), case, ("off",), trial_s=0.1, max_iterations=50, cache=None)
    assert isinstance(effort, Effort)
    assert effort.inner_loops > 1000


@pytest.mark.interpreters
@pytest.mark.parametrize("minor", ["3.14", "3.15"])
def test_coroutines_run_with_the_jit_on_too(
    minor: str, jit_interpreters: dict[str, Interpreter], tmp_path: Path
) -> None:
    place = tiny_place(tmp_path / "log", jit_interpreters[minor].executable)
    for name in RUN:
        answer = measure(place, tiny_case(f"coroutines.{name}"), "on", inner_loops=2, iterations=3).answer
        assert answer is not None
        assert answer.digest == digest_of(["ran"])
    assert _log(tmp_path) == ["ran"] * 6 * len(RUN)
