from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from asv_jit.analysis.cells.break_even import BreakEven, Timeline, break_even, typical


def timeline(iterations, *, startup: float = 0.1, inner: int = 1, steady: float | None = None) -> Timeline:
    array = np.asarray(iterations, dtype=np.float64)
    return Timeline(startup, array, inner, float(array[-1]) if steady is None else steady)


AT_ONCE = BreakEven("at once", 0.0, 0, extrapolated=False)
NEVER = BreakEven("never", None, None, extrapolated=True)


def after(seconds: float, calls: int = 1, *, extrapolated: bool = False) -> BreakEven:
    return BreakEven("after", seconds, calls, extrapolated)


def test_within_the_measured_iterations() -> None:
    off = timeline([1.0] * 6)
    on = timeline([3.0] + [0.5] * 5, inner=1)
    # Ends of iterations off: 1 2 3 4 5 6, on: 3 3.5 4 4.5 5 5.5, each plus the start-up: level after the fifth.
    found = break_even(off, on)
    assert (found.kind, found.calls, found.extrapolated) == ("after", 5, False)
    assert found.seconds == pytest.approx(5.1)


def test_calls_are_iterations_times_inner_loops() -> None:
    found = break_even(timeline([1.0] * 6, inner=7), timeline([3.0] + [0.25] * 5, inner=7))
    assert found.calls == 4 * 7  # 3.75 against 4
    assert found.seconds == pytest.approx(3.85)


def test_beyond_the_measured_iterations_with_the_steady_times() -> None:
    off, on = timeline([1.0] * 4), timeline([5.0, 0.5, 0.5, 0.5])
    # 2.5 s behind at the end, half a second won with each iteration: five more.
    found = break_even(off, on)
    assert (found.kind, found.calls, found.extrapolated) == ("after", 9, True)
    assert found.seconds == pytest.approx(0.1 + 6.5 + 5 * 0.5)


def test_at_once() -> None:
    assert break_even(timeline([1.0] * 3), timeline([1.0, 0.9, 0.8])) == AT_ONCE
    assert break_even(timeline([1.0] * 3), timeline([1.0] * 3)) == AT_ONCE


def test_a_slower_start_of_the_process_has_to_be_paid_too() -> None:
    off = timeline([1.0] * 3, startup=0.1)
    found = break_even(off, timeline([0.5] * 3, startup=0.3))
    assert (found.kind, found.calls) == ("after", 1)
    assert found.seconds == pytest.approx(0.8)


def test_never() -> None:
    off = timeline([1.0] * 3)
    assert break_even(off, timeline([1.1] * 3)) == NEVER
    assert break_even(off, timeline([1.5, 1.0, 1.0])) == NEVER  # warm-up, and then nothing gained
    assert break_even(off, timeline([0.2, 0.2, 1.1])) == NEVER  # ahead, but not for good
    assert break_even(off, timeline([2.0, 1.0, 1.0], steady=math.nextafter(1.0, 0))).kind == "after"
    assert break_even(timeline([1.0], steady=1e-300), timeline([1e300], steady=9e-301)) == NEVER


def test_a_lead_that_is_lost_again_does_not_count() -> None:
    off = timeline([1.0] * 6)
    found = break_even(off, timeline([0.5, 0.5, 3.0, 0.5, 0.5, 0.5]))
    assert found.calls == 5  # ahead after 1 and 2, behind after 3 and 4 (4.5 against 4.0), level after 5


times = st.lists(st.tuples(st.floats(0.1, 10.0), st.floats(0.1, 10.0)), min_size=1, max_size=30)


@given(times, st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.integers(1, 5))
def test_agrees_with_running_both_arms_side_by_side(pairs, off_startup, on_startup, inner) -> None:
    off_s, on_s = (np.array(arm) for arm in zip(*pairs, strict=True))
    off, on = (
        timeline(arm, startup=startup, inner=inner, steady=float(np.median(arm)))
        for arm, startup in ((off_s, off_startup), (on_s, on_startup))
    )
    found = break_even(off, on)
    # An oracle by brute force: run on with the steady times far beyond the end.
    far = 20_000
    off_run = np.cumsum(np.concatenate(([off_startup], off_s, np.full(far, off.steady_s))))
    on_run = np.cumsum(np.concatenate(([on_startup], on_s, np.full(far, on.steady_s))))
    behind = np.flatnonzero(on_run > off_run + 1e-7)
    if found.kind == "at once":
        assert len(behind) == 0
    elif found.kind == "after":
        assert found.calls is not None
        assert found.seconds is not None
        step = found.calls // inner
        assert found.extrapolated == (step > len(pairs))
        if step <= far:
            assert found.seconds == pytest.approx(on_run[step])
            assert len(behind) == 0 or behind[-1] < step or off.steady_s - on.steady_s < 1e-6
            assert on_run[step - 1] >= off_run[step - 1] - 1e-7
    else:
        assert on.steady_s >= off.steady_s


@given(times)
def test_not_both_arms_lag_behind_for_good(pairs) -> None:
    off, on = (timeline(arm, steady=float(np.mean(arm))) for arm in zip(*pairs, strict=True))
    kinds = {break_even(off, on).kind, break_even(on, off).kind}
    assert kinds != {"never"} or off.steady_s == on.steady_s


def test_refuses_arms_that_were_not_measured_alike() -> None:
    good = timeline([1.0, 1.0])
    for bad in (
        timeline([1.0]),
        timeline([1.0, 1.0], inner=2),
        timeline([1.0, math.nan]),
        timeline([1.0, 0.0], steady=1.0),
        timeline([1.0, 1.0], steady=math.inf),
        timeline([1.0, 1.0], startup=math.nan),
        timeline([[1.0, 1.0]], steady=1.0),
    ):
        with pytest.raises(ValueError, match="arms|times|iteration"):
            break_even(good, bad)
    with pytest.raises(ValueError, match="inner loops"):
        break_even(timeline([1.0], inner=0), timeline([1.0], inner=0))
    empty = Timeline(0.1, np.array([]), 1, 1.0)
    with pytest.raises(ValueError, match="at least one"):
        break_even(empty, empty)


# Over several pairs


def test_the_median_of_the_pairs() -> None:
    found = typical([after(3.0, 30), after(1.0, 10), after(2.0, 20), NEVER, AT_ONCE], alpha=0.05)
    assert found is not None
    assert (found.kind, found.seconds, found.calls) == ("after", 2.0 - 1.0 + 1.0, 20)
    assert (found.low_s, found.high_s, found.confidence) == (0.0, None, 0.9375)
    assert (found.never, found.pairs, found.extrapolated) == (1, 5, False)


def test_never_if_most_say_so() -> None:
    most = typical([NEVER, NEVER, after(1.0)], alpha=0.05)
    assert most is not None
    assert (most.kind, most.seconds, most.calls, most.extrapolated) == ("never", None, None, True)
    half = typical([NEVER, NEVER, after(1.0, 4), after(2.0, 7)], alpha=0.05)
    assert half is not None
    assert (half.kind, half.seconds, half.calls, half.never) == ("after", 2.0, 7, 2)
    assert not half.extrapolated  # the pair that decides was measured to its end


def test_at_once_and_even_numbers_and_none() -> None:
    assert typical([], alpha=0.05) is None
    at_once = typical([AT_ONCE] * 4 + [after(1.0)], alpha=0.05)
    assert at_once is not None
    assert (at_once.kind, at_once.seconds, at_once.calls) == ("at once", 0.0, 0)
    middle = typical([AT_ONCE, after(1.0, 3), after(2.0, 6, extrapolated=True), NEVER], alpha=0.05)
    assert middle is not None
    assert (middle.seconds, middle.calls, middle.extrapolated) == (1.5, 5, True)
    single = typical([after(1.0)], alpha=0.05)
    assert single is not None
    assert (single.low_s, single.high_s, single.confidence) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 9, 20, 45])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_the_order_statistics_have_their_binomial_level(count: int, alpha: float) -> None:
    found = typical([after(float(k)) for k in range(1, count + 1)], alpha=alpha)
    assert found is not None
    assert found.low_s is not None
    cut = round(found.low_s)  # the rank of the lower bound
    assert found.high_s == count + 1 - cut
    assert found.confidence == pytest.approx(max(0.0, 1 - 2 * stats.binom.cdf(cut - 1, count, 0.5)))
    if cut > 1:
        assert found.confidence >= 1 - alpha
    assert 1 - 2 * stats.binom.cdf(cut, count, 0.5) < 1 - alpha  # one step narrower would not do
