"""The line that the journal keeps of a trial."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis import steady
from asv_jit.trials.record import CURVE_POINTS, STEADY_TOLERANCE, curve_of
from tests.trials.starting import measure, tiny_case, tiny_place, trial_of


@given(st.lists(st.integers(1, 10**10), max_size=3000))
def test_the_curve_loses_nothing_between_its_points(durations_ns: list[int]) -> None:
    durations = [duration / 1e9 for duration in durations_ns]
    curve = curve_of(durations)
    assert len(curve) <= CURVE_POINTS
    places = [place for place, _ in curve]
    assert places == sorted(set(places))
    for place, elapsed in curve:
        assert elapsed == pytest.approx(math.fsum(durations[:place]), rel=1e-9, abs=1.1e-9)
    if durations:
        assert places[0] == 1
        assert places[-1] == len(durations)


@pytest.mark.parametrize("count", [1, 2, 30, 63, 64, 65, 1999, 2000, 3000])
def test_the_curve_has_many_points_where_there_are_many_iterations(count: int) -> None:
    curve = curve_of([1.0] * count)
    assert curve[-1] == (count, float(count))
    assert len(curve) >= min(count, 5)
    assert len(curve) <= CURVE_POINTS


def test_the_speed_of_the_core_is_that_beside_the_iterations_that_count(tmp_path: Path) -> None:
    case = tiny_case("answers.Loop.time_hot")
    launched = measure(tiny_place(tmp_path / "log"), case, iterations=40)
    assert launched.answer is not None, launched.complaint
    fast, slow = [(index, 10_000) for index in range(1, 11)], [(index, 20_000) for index in range(30, 40)]
    durations_ns = (2000,) * 20 + (1000,) * 20
    answer = msgspec.structs.replace(launched.answer, durations_ns=durations_ns, fixed_work=(*fast, *slow))
    trial = trial_of(msgspec.structs.replace(launched, answer=answer), case)
    assert trial.steady_start == 20
    assert trial.disturbance is not None
    assert trial.disturbance.fixed_work_s == pytest.approx(20e-6)
    few = msgspec.structs.replace(answer, fixed_work=tuple(slow[:4]))
    trial = trial_of(msgspec.structs.replace(launched, answer=few), case)
    assert trial.disturbance is not None
    assert trial.disturbance.fixed_work_s is None


def test_the_figures_are_seconds_per_call(tmp_path: Path) -> None:
    case = tiny_case("answers.Loop.time_hot")
    launched = measure(tiny_place(tmp_path / "log"), case, inner_loops=2, iterations=40)
    answer = launched.answer
    assert answer is not None, launched.complaint
    trial = trial_of(launched, case)
    per_call = [duration / 1e9 / 2 for duration in answer.durations_ns]
    state = steady.classify(per_call, tolerance=STEADY_TOLERANCE)
    assert (trial.steady_kind, trial.steady_start) == (state.kind, state.start)
    assert trial.steady_s == pytest.approx(steady.steady_time(per_call, state))
    assert trial.curve[-1][0] == 40
    assert trial.curve[-1][1] == pytest.approx(sum(answer.durations_ns) / 1e9)
    assert answer.first_call_ns is not None
    assert trial.first_call_s == pytest.approx(answer.first_call_ns / 1e9)
    assert (trial.inner_loops, trial.iterations) == (2, 40)
    if state.start is not None:
        assert trial.warmup_s == pytest.approx(sum(per_call[: state.start]) * 2)
    assert trial.import_s is not None
    assert trial.setup_s is not None
    assert trial.start_s is not None
    assert trial.start_s > 0


def test_a_single_iteration_is_told_from_a_timeraw_benchmark(tmp_path: Path) -> None:
    """The summary calls fewer than 30 iterations unclear, and a timeraw_ trial has one by nature."""
    case = tiny_case("answers.time_one")
    single = trial_of(measure(tiny_place(tmp_path / "log"), case), case)
    assert (single.iterations, single.steady_kind is None) == (1, False)


def test_the_trials_names_are_those_of_its_case_and_block(tmp_path: Path) -> None:
    case = tiny_case("answers.time_one")
    trial = trial_of(measure(tiny_place(tmp_path / "log"), case), case)
    assert (trial.trial, trial.block, trial.arm, trial.mode) == ("b.1-off", "b", "off", "off")
    assert trial.key == case.key
    assert trial.started.endswith("+00:00")
