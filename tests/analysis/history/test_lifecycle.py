"""A regression counts as fixed when a later improvement gives back what it took, and at no other time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.lifecycle import fixed_by_level, fixed_by_ratio
from tests.analysis.history.events import change, event

ROOM = 0.02


def _times(*levels: float) -> list[Event]:
    return [event(change("on", before, after)) for before, after in pairwise(levels)]


def _speedups(*levels: float) -> list[Event]:
    """The same story told by the speedup: where times rise, it falls."""
    return [event(change("speedup", 1.0 / before, 1.0 / after)) for before, after in pairwise(levels)]


def _fixed(events: list[Event]) -> list[bool]:
    assert {one.state for one in events} <= {"candidate", "fixed"}
    return [one.state == "fixed" for one in events]


@pytest.mark.parametrize("tell", [_times, _speedups])
@pytest.mark.parametrize("rule", [fixed_by_level, fixed_by_ratio])
@pytest.mark.parametrize(
    ("levels", "fixed"),
    [
        ((1.0, 1.1), [False]),
        ((1.0, 1.1, 1.0), [True, False]),
        ((1.0, 1.1, 1.015), [True, False]),  # within the equivalence
        ((1.0, 1.1, 1.03), [False, False]),
        ((1.0, 1.1, 0.8), [True, False]),
        ((1.0, 1.1, 1.06, 1.0), [True, False, False]),  # in two steps
        ((1.0, 1.1, 1.2, 1.0), [True, True, False]),
        ((1.0, 1.1, 1.2, 1.1), [False, True, False]),
        ((1.1, 1.0, 1.1), [False, False]),  # an improvement that came before takes nothing back
        ((1.0, 1.1, 1.2, 1.4), [False, False, False]),
        ((1.0, 0.9, 1.0), [False, False]),  # a lost improvement is a regression of its own
    ],
)
def test_fixed_is_what_a_later_improvement_gave_back(
    tell: object, rule: object, levels: tuple[float, ...], fixed: list[bool]
) -> None:
    assert _fixed(rule(tell(*levels), ROOM)) == fixed  # type: ignore[operator]  # two functions each, see above


@pytest.mark.parametrize("rule", [fixed_by_level, fixed_by_ratio])
def test_an_improvement_of_another_metric_fixes_nothing(rule: object) -> None:
    events = [event(change("on", 1.0, 1.1)), event(change("off", 1.1, 1.0))]
    assert _fixed(rule(events, ROOM)) == [False, False]  # type: ignore[operator]


def test_the_metric_that_was_lost_may_be_any_of_a_later_event() -> None:
    events = [event(change("on", 1.0, 1.1)), event(change("off", 1.0, 0.5), change("on", 1.1, 1.0))]
    assert _fixed(fixed_by_level(events, ROOM)) == [True, False]


def test_a_further_small_loss_fixes_nothing_though_the_level_is_near() -> None:
    assert _fixed(fixed_by_level(_times(1.0, 1.01, 1.015), ROOM)) == [False, False]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_tracked_values_have_room_by_their_size_whatever_their_sign(sign: float) -> None:
    lost, gained = (-100.0, -50.0) if sign < 0.0 else (100.0, 150.0)
    for after, fixed in ((lost + 1.9, True), (lost + 2.1, False)):
        events = [event(change("plain", lost, gained)), event(change("plain", gained, after))]
        assert _fixed(fixed_by_level(events, ROOM)) == [fixed, False]


def test_over_releases_each_step_counts_by_its_ratio() -> None:
    """The levels themselves are of different commits and cannot be compared."""
    lost, gave_back = event(change("on", 1.0, 1.1)), event(change("on", 5.0, 4.5))
    assert _fixed(fixed_by_ratio([lost, gave_back], ROOM)) == [True, False]
    assert _fixed(fixed_by_ratio([lost, event(change("on", 5.0, 4.8))], ROOM)) == [False, False]


@given(st.lists(st.integers(10, 40), min_size=2, max_size=8))
def test_of_levels_that_follow_each_other_both_rules_say_what_a_person_reads_off_them(levels: list[int]) -> None:
    """Fixed: some later level is no higher than the old one."""
    steps = [*enumerate(pairwise(levels))]
    told = [after > before and any(later <= before for later in levels[at + 2 :]) for at, (before, after) in steps]
    for rule in (fixed_by_level, fixed_by_ratio):
        assert _fixed(rule(_times(*levels), 1e-9)) == told
