"""What a new Python release did at an unchanged commit: told once, with its levels, and fixed by a later release."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import scipy
from msgspec.structs import replace

from asv_jit.analysis.history.events import Event, identity_of
from asv_jit.analysis.history.releases import release_events
from asv_jit.analysis.history.series import Bridge
from asv_jit.analysis.metrics import Metric
from asv_jit.model import CaseKey
from tests.analysis.history.events import KEY

COMMITS = [f"{place:040x}" for place in range(5)]
PATCHES = ["3.15.0+aaaaaaaa", "3.15.1+bbbbbbbb", "3.15.2+cccccccc", "3.15.3+dddddddd"]
MINORS = ["3.14.9+aaaaaaaa", "3.15.0+bbbbbbbb"]
TIMES: tuple[Metric, ...] = ("off", "on")


def _bridge(
    before: str,
    after: str,
    change: float,
    *,
    seed: int = 1,
    case: str = "bench.time_a",
    metrics: Sequence[Metric] = TIMES,
    noise: float = 0.003,
) -> Bridge:
    rng = np.random.default_rng(seed)
    sides = {
        metric: (rng.lognormal(0.0, noise, 15), (1.0 + change) * rng.lognormal(0.0, noise, 15)) for metric in metrics
    }
    return Bridge(replace(KEY, case=CaseKey(case)), before, after, 3, sides, interleaved=True)


def _events(*bridges: Bridge) -> list[Event]:
    return release_events(bridges, [], COMMITS, equivalence=0.02)


def test_an_event_says_which_releases_where_and_by_how_much() -> None:
    bridge = _bridge(*PATCHES[:2], 0.05)
    (event,) = _events(bridge)
    assert (event.axis, event.before, event.after, event.commit, event.parent, event.suspects) == (
        "pythons", PATCHES[0], PATCHES[1], COMMITS[3], COMMITS[3], (),
    )  # fmt: skip
    assert (event.worse, event.state, event.attribution.cause) == (True, "candidate", "release")
    assert {change.metric for change in event.metrics} == {"off", "on"}
    for change in event.metrics:
        for side, told in zip(
            bridge.figures[change.metric],
            (
                (change.before, change.before_low, change.before_high),
                (change.after, change.after_low, change.after_high),
            ),
            strict=True,
        ):
            low, high = scipy.stats.ttest_1samp(np.log(side), 0.0).confidence_interval(0.95)
            assert told == pytest.approx((scipy.stats.gmean(side), np.exp(low), np.exp(high)))
        assert change.figures == (15, 15)


@pytest.mark.parametrize(("change", "count"), [(0.015, 0), (-0.015, 0), (0.03, 1), (-0.03, 1)])
def test_within_the_equivalence_a_release_changed_nothing(change: float, count: int) -> None:
    events = _events(_bridge(*PATCHES[:2], change))
    assert [event.worse for event in events] == [change > 0.0] * count


def test_so_many_cases_that_did_not_change_raise_no_alert() -> None:
    quiet = [_bridge(*PATCHES[:2], 0.0, seed=seed, case=f"bench.time_{seed}", noise=0.06) for seed in range(100)]
    assert not _events(*quiet)
    (event,) = _events(*quiet, _bridge(*PATCHES[:2], 0.3, case="bench.time_slower"))
    assert event.key.case.benchmark == "bench.time_slower"


def test_what_a_later_patch_release_gave_back_is_fixed() -> None:
    lost, gave_back = _bridge(*PATCHES[:2], 0.1), _bridge(*PATCHES[1:3], -0.1, seed=2)
    assert [event.state for event in _events(lost, gave_back)] == ["fixed", "candidate"]
    assert [event.state for event in _events(lost, _bridge(*PATCHES[1:3], -0.05))] == ["candidate", "candidate"]
    other_case = replace(gave_back, key=replace(KEY, case=CaseKey("bench.time_b")))
    assert [event.state for event in _events(lost, other_case)] == ["candidate", "candidate"]


def test_the_difference_of_two_minor_versions_is_neither_fixed_nor_a_fix() -> None:
    between = _bridge(*MINORS, 0.1)
    after = _bridge(MINORS[1], PATCHES[1], -0.1, seed=2)
    events = _events(between, after)
    assert {(event.before, event.state) for event in events} == {(MINORS[0], "candidate"), (MINORS[1], "candidate")}
    lost = _bridge(MINORS[1], PATCHES[1], 0.1, seed=2)
    faster = _bridge("3.14.9+aaaaaaaa", PATCHES[1], -0.1)
    assert {event.state for event in _events(lost, faster)} == {"candidate"}


def test_the_name_of_two_minor_versions_stays_while_patch_releases_come() -> None:
    (first,) = _events(_bridge("3.14.9+aaaaaaaa", "3.15.0+bbbbbbbb", 0.1))
    (later,) = _events(_bridge("3.14.10+cccccccc", "3.15.3+dddddddd", 0.1))
    assert first.identity == later.identity == identity_of(KEY, "pythons", "3.14>3.15", worse=True)
    patches = {_events(_bridge(*PATCHES[at : at + 2], 0.1))[0].identity for at in range(3)}
    assert len(patches) == 3


def test_memory_alone_is_told_from_memory_and_one_mode_from_that_mode() -> None:
    memory = _bridge(*PATCHES[:2], 0.1, metrics=("peak_memory_off", "peak_memory_on"))
    still = _bridge(*PATCHES[:2], 0.0, seed=2)
    (event,) = _events(replace(memory, figures={**still.figures, **memory.figures}))
    assert (event.attribution.cause, event.attribution.moved) == ("release", "both")
    assert {change.metric for change in event.metrics} == {"peak_memory_off", "peak_memory_on"}
    slower = _bridge(*PATCHES[:2], 0.1, metrics=("on",), seed=3)
    (event,) = _events(replace(slower, figures={**still.figures, **slower.figures}))
    assert (event.attribution.cause, event.attribution.moved) == ("release", "on")
    assert {change.metric for change in event.metrics} == {"on", "speedup"}
    (alone,) = _events(_bridge(*PATCHES[:2], 0.1, metrics=("on",)))
    assert alone.attribution.cause == "unclear"
