"""The rule that repeats a block: it looks at rates, so that it cannot select fast trials."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.trials.disturbance import Watch, Watched, judge

QUIET = Watched(
    wall_s=10.0,
    steal_s=0.0,
    busy_s=10.0,
    own_s=9.9,
    load=0.5,
    involuntary=3,
    frequency_mhz=None,
    tick_s=0.01,
)


def test_a_quiet_trial_is_not_disturbed() -> None:
    disturbance = judge(QUIET)
    assert not disturbance.disturbed
    assert (disturbance.steal, disturbance.others, disturbance.involuntary_per_s) == (0.0, 0.01, 0.3)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"steal_s": 0.2}, "hypervisor took 2%"), ({"busy_s": 11.0}, "other processes used 11%")],
)
def test_steal_and_other_processes_disturb_and_are_named(change: dict[str, Any], words: str) -> None:
    disturbance = judge(msgspec.structs.replace(QUIET, **change))
    assert disturbance.disturbed
    assert words in " ".join(disturbance.reasons)


@given(
    scale=st.floats(0.5, 1000.0), steal=st.floats(0.0, 0.1), others=st.floats(0.0, 0.2), involuntary=st.integers(0, 999)
)
def test_a_trial_that_took_longer_is_judged_alike(scale: float, steal: float, others: float, involuntary: int) -> None:
    # Ticks aside: they are what a short trial cannot resolve.
    short = Watched(1.0, steal, others + 1.0, 1.0, 0.0, involuntary, None, tick_s=0.0)
    long = Watched(scale, steal * scale, (others + 1.0) * scale, scale, 0.0, 0, None, tick_s=0.0)
    near = any(abs(rate - limit) < 1e-9 for rate, limit in ((steal, 0.01), (others, 0.05)))
    assert near or judge(short).disturbed == judge(long).disturbed


def test_a_single_tick_of_a_short_trial_says_nothing() -> None:
    assert not judge(msgspec.structs.replace(QUIET, wall_s=0.2, steal_s=0.01, busy_s=0.2, own_s=0.18)).disturbed


@pytest.mark.parametrize(
    ("work_s", "words"), [(1.3e-4, "30% slower"), (0.8e-4, "20% quicker"), (1.05e-4, ""), (0.95e-4, ""), (None, "")]
)
def test_a_core_of_another_speed_than_for_the_first_trial_disturbs(work_s: float | None, words: str) -> None:
    disturbance = judge(QUIET, work_s=work_s, first_work_s=1e-4)
    assert (disturbance.disturbed, disturbance.fixed_work_s) == (bool(words), work_s)
    assert words in " ".join(disturbance.reasons)
    assert not judge(QUIET, work_s=work_s).disturbed, "the first trial of a block has nothing to be compared with"


def test_unknown_is_not_disturbed() -> None:
    unknown = Watched(1.0, None, None, None, None, None, None, tick_s=0.01)
    disturbance = judge(unknown)
    assert not disturbance.disturbed
    assert (disturbance.steal, disturbance.others, disturbance.load) == (None, None, None)


def test_without_a_core_the_counters_are_not_read() -> None:
    with Watch(None) as watch:
        pass
    watched = watch.result(5, 1)
    assert (watched.steal_s, watched.busy_s, watched.own_s) == (None, None, 5e-9)
    assert judge(watched).others is None
