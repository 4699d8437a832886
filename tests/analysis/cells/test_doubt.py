"""The bound on what unsettled and disturbed trials may have done, against levels placed at will."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from asv_jit.analysis.cells.cell import Block
from asv_jit.analysis.cells.doubt import doubt
from asv_jit.model import Disturbance, Trial
from tests.analysis.cells.test_summary import drifting
from tests.store.trials import any_trial, made

ARMS = {"off": 1, "on": -1}


def _block(number: int, off: Trial, on: Trial) -> Block:
    return Block(f"b{number}", (("off", off), ("on", on)), 1)


def _unsettled(arm: str, seconds: float, by: float) -> Trial:
    return made("b", arm, seconds, steady_kind="no_steady_state", steady_start=None, curve=drifting(seconds, by))


def _calm(count: int) -> list[Block]:
    return [_block(number, made("b", "off", 1.25), made("b", "on")) for number in range(count)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(1.0, 1.5), st.floats(0.0, 1.0), st.booleans()), min_size=2, max_size=12))
def test_no_place_of_the_levels_moves_the_mean_by_more(trials: list[tuple[float, float, bool]]) -> None:
    blocks, moved = [], []
    for number, (by, place, is_off) in enumerate(trials):
        arm = "off" if is_off else "on"
        arms = {"off": made("b", "off", 2.0), "on": made("b", "on", 1.0)}
        blocks.append(_block(number, **(arms | {arm: _unsettled(arm, arms[arm].steady_s or 0.0, by)})))
        moved.append(ARMS[arm] * math.log(by * place + (2.0 - by) * (1.0 - place)))
    assert abs(float(np.mean(moved))) <= doubt(blocks, ARMS) + 1e-9


def test_a_trial_that_settled_is_in_no_doubt_whatever_its_curve() -> None:
    wobbling = made("b", "off", 1.25, curve=drifting(1.25, 1.5))
    assert doubt([_block(0, wobbling, made("b", "on")), *_calm(3)], ARMS) == 0.0


def test_a_disturbed_trial_is_bounded_by_what_others_took_and_how_fast_the_core_was() -> None:
    def disturbed(**seen: float) -> Trial:
        return made("b", "off", 1.25, disturbance=Disturbance(reasons=("x",), **seen))

    taken = disturbed(steal=0.1, others=0.1)
    spread = replace(taken, curve=((50, 62.5), (100, 125.0)))  # each iteration took as long as the median
    few = replace(taken, curve=((50, 62.5), (100, 62.5 * (1.0 + 1.0 / 0.8))))  # the mean is above it by what was taken
    for trial, by in ((taken, -math.log(0.8)), (spread, -math.log(0.8)), (few, 0.0)):
        blocks = [_block(n, trial, made("b", "on")) for n in range(4)]
        assert doubt(blocks, ARMS) == pytest.approx(by, abs=1e-9)
    slow = made("b", "on", disturbance=Disturbance(fixed_work_s=2.0))
    speed = [_block(n, disturbed(fixed_work_s=1.0), slow) for n in range(4)]
    assert doubt(speed, ARMS) == pytest.approx(math.log(2.0))


def test_absurd_speeds_of_a_core_give_a_bound_and_no_error() -> None:
    works = (1e-308, 1e12)
    off, on = (
        made("b", arm, disturbance=Disturbance(reasons=("x",), fixed_work_s=s))
        for arm, s in zip(ARMS, works, strict=True)
    )
    assert 20.0 < doubt([_block(0, off, on)], ARMS) < math.inf


def test_the_mean_without_the_disturbed_blocks_is_within_the_bound() -> None:
    off = made("b", "off", 2.5, disturbance=Disturbance(reasons=("x",)))
    assert doubt([*_calm(5), *(_block(n, off, made("b", "on")) for n in range(5))], ARMS) == pytest.approx(
        math.log(2.0) / 2.0
    )


def test_without_a_curve_anything_is_possible() -> None:
    bare = made("b", "on", steady_kind="no_steady_state", steady_start=None)
    assert doubt([_block(0, made("b", "off"), bare)], ARMS) == math.inf


@settings(max_examples=200, deadline=None)
@given(any_trial, any_trial)
def test_no_journal_ends_it_with_an_error(off: Trial, on: Trial) -> None:
    assert doubt([_block(0, off, on)], ARMS) >= 0.0
