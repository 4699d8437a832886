"""Which changes are one event, where it is, who is suspected, and whether anybody lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from asv_jit.analysis.history.detection import Found
from asv_jit.analysis.history.events import Event, identity_of
from asv_jit.analysis.history.grouping import (
    Scene,
    commit_events,
    fixed_by_level,
    fixed_by_ratio,
    headline_first,
    is_event_worse,
)
from asv_jit.analysis.history.levelling import stretches
from asv_jit.analysis.history.series import CaseSeries, Track
from asv_jit.analysis.metrics import Metric
from tests.analysis.history.events import KEY, change, event

COMMITS = [f"{place:040x}" for place in range(100)]
BUILD = "3.15.2+aaaaaaaa"

LOSS: dict[Metric, tuple[float, float]] = {
    "off": (1.0, 1.1), "on": (1.0, 1.1), "plain": (1.0, 1.1), "speedup": (1.1, 1.0), "peak_memory_on": (1.0, 1.1)
}  # fmt: skip


def _found(metric: Metric, index: int, *, reach: int = 0, p_value: float = 1e-6, gain: bool = False) -> Found:
    before, after = LOSS[metric][::-1] if gain else LOSS[metric]
    told = replace(change(metric, before, after), p_value=p_value)
    return Found(told, index, index - reach, index + reach)


def _events(
    *found: Found, every: int = 1, missing: slice | None = None, branch: list[int] | None = None
) -> list[Event]:
    """The events of a series whose points are at each `every`th commit, `off` missing at some points."""
    places = np.arange(0, 100, every, dtype=np.int32)
    levels = np.ones(len(places))
    off = levels.copy()
    if missing is not None:
        off[missing] = np.nan
    tracks = {metric: Track(levels, levels, levels) for metric in LOSS}
    series = CaseSeries(KEY, "seconds", places, np.zeros_like(places), {**tracks, "off": Track(off, off, off)})
    (stretch,) = stretches(series, [BUILD], [])
    scene = Scene(COMMITS, [BUILD], 0.02, None if branch is None else np.array(branch, dtype=np.int32))
    return commit_events(series, scene, [(stretch, found)], [])


@pytest.mark.parametrize("metric", ["off", "on", "peak_memory_on", "plain"])
@pytest.mark.parametrize("level", [0.0, -1.0])
def test_values_that_are_not_positive_have_no_known_cause(metric: Metric, level: float) -> None:
    """A `track_` benchmark may return anything; a cause is told from ratios."""
    values = np.where(np.arange(100) == 10, level, 1.0)
    tracks = {other: Track(values, values, values) for other in LOSS if other in (metric, "off", "peak_memory_off")}
    places = np.arange(100, dtype=np.int32)
    series = CaseSeries(KEY, "unit", places, np.zeros_like(places), {**tracks, metric: Track(values, values, values)})
    (stretch,) = stretches(series, [BUILD], [])
    (event,) = commit_events(series, Scene(COMMITS, [BUILD], 0.02), [(stretch, [_found(metric, 50)])], [])
    assert event.attribution.cause == "unclear"


def _metrics(events: list[Event]) -> list[set[Metric]]:
    return [{change.metric for change in event.metrics} for event in events]


@pytest.mark.parametrize(("apart", "events"), [(0, 1), (2, 1), (-2, 1), (3, 2), (-3, 2)])
def test_changes_of_two_metrics_near_each_other_are_one_event(apart: int, events: int) -> None:
    assert len(_events(_found("off", 50), _found("on", 50 + apart))) == events


def test_changes_whose_places_may_be_the_same_are_one_event() -> None:
    assert len(_events(_found("off", 50, reach=3), _found("on", 56, reach=3))) == 1
    assert len(_events(_found("off", 50, reach=3), _found("on", 57, reach=3))) == 2


def test_two_changes_of_one_metric_are_two_events() -> None:
    events = _events(_found("off", 51), _found("off", 50), _found("on", 52))
    assert [event.commit for event in events] == [COMMITS[50], COMMITS[51]]
    assert _metrics(events) == [{"off"}, {"off", "on"}]  # the nearer one


def test_the_surest_metric_says_where_it_is() -> None:
    for sure, commit in (("on", 51), ("off", 50)):
        (event,) = _events(_found("off", 50, p_value=1e-9 if sure == "off" else 1e-6), _found("on", 51, p_value=1e-8))
        assert (event.commit, event.parent) == (COMMITS[commit], COMMITS[commit - 1])
        assert event.identity == identity_of(KEY, "commits", event.commit, worse=True)


def test_suspects_are_all_commits_since_the_last_that_was_certainly_good() -> None:
    def suspects(events: list[Event]) -> tuple[str, ...]:
        (event,) = events
        return event.suspects

    assert suspects(_events(_found("off", 50))) == (COMMITS[50],)
    assert suspects(_events(_found("off", 50, reach=2))) == tuple(COMMITS[48:53])
    assert suspects(_events(_found("off", 10), every=5)) == tuple(COMMITS[46:51])  # the unmeasured ones between
    assert suspects(_events(_found("off", 50), missing=slice(45, 50))) == tuple(COMMITS[45:51])
    assert suspects(_events(_found("on", 50), missing=slice(45, 50))) == (COMMITS[50],)
    assert suspects(_events(_found("off", 10), every=5, branch=[44, 45, 46, 49, 50, 55])) == (
        COMMITS[46], COMMITS[49], COMMITS[50],
    )  # fmt: skip


def test_a_loss_that_was_given_back_in_the_same_series_is_fixed() -> None:
    events = _events(_found("on", 30), _found("on", 60, gain=True))
    assert [(event.state, event.worse) for event in events] == [("fixed", True), ("candidate", False)]


@pytest.mark.parametrize(
    ("lost", "gained", "worse"),
    [
        (("off",), (), True),
        (("on",), (), True),
        (("plain",), (), True),
        (("speedup",), (), True),
        (("peak_memory_on",), (), True),
        ((), ("off", "on", "speedup", "peak_memory_on"), False),
        (("speedup",), ("off",), False),  # only the interpreter became faster
        (("speedup",), ("on",), True),
        (("speedup", "on"), ("off",), True),
        (("speedup", "peak_memory_on"), ("off",), True),
        (("off", "speedup"), (), True),
    ],
)
def test_an_event_is_for_the_worse_if_somebody_lost(
    lost: tuple[Metric, ...], gained: tuple[Metric, ...], worse: bool
) -> None:
    changes = [change(metric, *LOSS[metric]) for metric in lost]
    changes += [change(metric, *LOSS[metric][::-1]) for metric in gained]
    assert is_event_worse(changes) == worse
    first = headline_first(changes)[0]
    assert first.metric in (lost if worse else gained)


def test_times_go_first_and_of_two_the_larger_change() -> None:
    small, large = change("off", 1.0, 1.1), change("on", 2.0, 2.4)
    speedup, memory = change("speedup", 2.0, 1.0), change("peak_memory_on", 1.0, 3.0)
    assert headline_first([memory, speedup, small, large]) == (large, small, speedup, memory)
    assert headline_first([change("off", 1.0, 0.8), large], neutral=True)[0].metric == "off"
    assert headline_first([change("off", 1.0, 0.8), large])[0] == large
    negative, zero = change("off", -1.0, 1.0), change("on", 0.0, 1.0)
    assert headline_first([zero, negative]) == (negative, zero)  # no ratio: by the difference


@given(
    st.lists(
        st.builds(
            _found,
            st.sampled_from(["off", "on", "speedup"]),
            st.integers(5, 95),
            reach=st.integers(0, 4),
            p_value=st.floats(1e-12, 1e-3),
        ),
        unique_by=lambda one: (one.change.metric, one.index),
        max_size=8,
    )
)
def test_each_change_is_in_one_event_and_events_are_in_order(found: list[Found]) -> None:
    events = _events(*found)
    assert sorted(change.metric for event in events for change in event.metrics) == sorted(
        one.change.metric for one in found
    )
    assert [event.commit for event in events] == sorted(event.commit for event in events)
    assert all(event.commit in event.suspects for event in events)
    assert all(len({change.metric for change in event.metrics}) == len(event.metrics) for event in events)


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
