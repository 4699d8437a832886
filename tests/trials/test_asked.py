"""asv's attributes for timing mean what they mean in asv, as far as a trial has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asv_jit.asv_adapter.suite import Suite
from asv_jit.trials.block import Effort, NoEffort, calibrate
from asv_jit.trials.launch import Launched
from tests.trials.starting import measure, tiny_case, tiny_place, trial_of


def _calls(folder: Path) -> int:
    return (folder / "log").read_text(encoding="utf-8").split().count("call")


def _calibrated(name: str, folder: Path, index: int | None = None) -> Effort | NoEffort:
    return calibrate(
        tiny_place(folder / "log"),
        tiny_case(f"asked.{name}", index),
        ("off",),
        trial_s=0.2,
        max_iterations=500,
        cache=None,
    )


def _measured(name: str, folder: Path, *, index: int | None = None, loops: int = 9, iterations: int = 9) -> Launched:
    case = tiny_case(f"asked.{name}", index)
    return measure(tiny_place(folder / "log"), case, inner_loops=loops, iterations=iterations)


@pytest.mark.parametrize(
    ("name", "index", "calls"),
    [
        ("time_first", None, 1),
        ("NumberedWithSetup.time_it", None, 10),
        ("SetupAsks.time_it", 0, 1),
        ("SetupAsks.time_it", 1, 2),
        ("time_default_repeat", None, 5),
        ("time_tuple", None, 2),
    ],
)
def test_without_a_warm_up_the_first_calls_are_the_figure(
    name: str, index: int | None, calls: int, tmp_path: Path
) -> None:
    """`calls`: as many as asv makes in a process."""
    effort = _calibrated(name, tmp_path, index)
    assert effort == Effort(1, calls)
    (tmp_path / "log").unlink()
    # The journal may know another effort from before the attributes were set.
    launched = _measured(name, tmp_path, index=index, loops=9, iterations=calls)
    assert launched.answer is not None, launched.finished.stderr
    assert _calls(tmp_path) == calls
    trial = trial_of(launched, tiny_case(f"asked.{name}", index))
    assert (trial.inner_loops, trial.iterations, trial.steady_kind, trial.warmup_s) == (1, calls, None, None)
    assert trial.curve[-1][0] == calls
    durations_ns = sorted(launched.answer.durations_ns)
    middle_ns = (durations_ns[(calls - 1) // 2] + durations_ns[calls // 2]) / 2
    assert trial.steady_s == pytest.approx(middle_ns / 1e9)


def test_number_says_how_many_calls_an_iteration_has(tmp_path: Path) -> None:
    effort = _calibrated("Numbered.time_it", tmp_path)
    assert isinstance(effort, Effort)
    assert effort.inner_loops == 5
    assert effort.iterations >= 30
    (tmp_path / "log").unlink()
    answer = _measured("Numbered.time_it", tmp_path, iterations=3).answer
    assert answer is not None
    assert (answer.inner_loops, _calls(tmp_path)) == (5, 15)


def test_the_timer_of_a_benchmark_times_it(tmp_path: Path) -> None:
    answer = _measured("time_processor", tmp_path, loops=1, iterations=3).answer
    assert answer is not None
    assert max(answer.durations_ns) < 20_000_000  # it sleeps that long, which uses no processor
    answer = _measured("time_by_function", tmp_path, loops=3, iterations=2).answer
    assert answer is not None
    assert answer.durations_ns[1] == 7_000_000_000


def _described(**attributes: Any) -> dict[str, Any]:
    defaults = {"min_run_count": 2, "number": 0, "repeat": 0, "rounds": 2, "sample_time": 0.01, "warmup_time": -1}
    return {"name": "a.time_x", "version": "1", "type": "time", **defaults, **attributes}


@pytest.mark.parametrize(
    ("attributes", "unused"),
    [
        ({}, ()),
        ({"number": 10}, ()),
        ({"rounds": 4, "sample_time": 0.1}, ("rounds", "sample_time")),
        ({"repeat": 7, "warmup_time": 1.0, "min_run_count": 9}, ("repeat", "warmup_time", "min_run_count")),
        ({"number": 1, "repeat": 1, "warmup_time": 0}, ()),
    ],
)
def test_attributes_that_are_not_followed_are_known(attributes: dict[str, Any], unused: tuple[str, ...]) -> None:
    (benchmark,) = Suite({"a.time_x": _described(**attributes)}, 60.0).benchmarks
    assert benchmark.unused_attributes == unused


def test_a_repeat_that_asv_cannot_write_down_is_known_to_be_set() -> None:
    entry = _described()
    del entry["repeat"]  # a tuple
    (benchmark,) = Suite({"a.time_x": entry}, 60.0).benchmarks
    assert benchmark.unused_attributes == ("repeat",)
