"""What a cell amounts to, and above all what it does not: no verdict without the evidence for one."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy import stats
from scipy.stats import gmean

from asv_jit.analysis.cells.cell import Cell, cells_of
from asv_jit.analysis.cells.summary import (
    CaseSummary,
    Level,
    Limits,
    PeakMemory,
    SuiteSummary,
    level,
    peak_memory,
    summarise,
    summarise_suite,
)
from asv_jit.model import Disturbance, Outcome, Trial
from asv_jit.trials.record import curve_of
from tests.store.trials import COMMIT, INTERPRETER, failed, made, pairs_of

LIMITS = Limits()
WOBBLE = [1.0, 1.001, 0.999, 1.0005, 0.9995, 1.0, 1.001, 0.999, 1.0005, 0.9995]
TEN = len(WOBBLE)


def _cell(trials: list[Trial]) -> Cell:
    (cell,) = cells_of(trials).values()
    return cell


def _summary(trials: list[Trial]) -> CaseSummary:
    return summarise(_cell(trials), LIMITS)


def drifting(steady_s: float, by: float) -> tuple[tuple[int, float], ...]:
    """A curve of 80 iterations whose last half is at the level but for a quarter above it and one as far below."""
    each = [steady_s] * 50 + [steady_s * by] * 10 + [steady_s * (2.0 - by)] * 10 + [steady_s] * 10
    return tuple((n, math.fsum(each[:n])) for n in range(1, 81))


def _pairs(ratio: float, **changes: Any) -> list[Trial]:
    return pairs_of([value * ratio for value in WOBBLE], [1.0] * TEN, **changes)


@pytest.mark.parametrize(("ratio", "verdict"), [(1.25, "faster"), (0.8, "slower"), (1.0, "same")])
def test_clear_pairs_have_a_verdict(ratio: float, verdict: str) -> None:
    summary = _summary(_pairs(ratio))
    assert (summary.verdict, summary.reason, summary.pairs, summary.timed) == (verdict, "", TEN, True)
    assert summary.speedup is not None
    assert summary.speedup.ratio == pytest.approx(ratio, rel=1e-3)
    assert summary.off is not None
    assert summary.on is not None
    assert summary.off.value == pytest.approx(ratio, rel=1e-3)
    assert summary.on.value == 1.0
    assert summary.off.low is not None
    assert summary.off.high is not None
    assert summary.off.low < ratio < summary.off.high
    assert summary.off.trials == TEN
    assert (summary.failures, summary.complaint, summary.only_on) == ((), "", None)


@pytest.mark.parametrize("alpha", [0.002, 0.05])
def test_a_level_has_the_t_interval_of_its_logarithms(alpha: float) -> None:
    found = level(WOBBLE, alpha)
    expected = stats.ttest_1samp(np.log(WOBBLE), 0.0).confidence_interval(1.0 - alpha)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((math.exp(expected.low), math.exp(expected.high)))
    assert found.value == pytest.approx(stats.gmean(WOBBLE))
    assert level([], alpha) is None
    assert level([2.0], alpha) == Level(2.0, None, None, 1)  # one trial has no spread


def test_a_summary_says_when_it_was_measured_and_in_which_unit() -> None:
    days = [replace(trial, started=f"2026-01-{number + 1:02}") for number, trial in enumerate(_pairs(1.25))]
    assert _summary(days[::-1]).measured == "2026-01-20"
    assert summarise(_cell(days), LIMITS, unit="MB").unit == "seconds"
    tracked = [made("b", arm, None, value=3.0, steady_kind=None) for arm in ("off", "on")]
    assert summarise(_cell(tracked), LIMITS, unit="MB").unit == "MB"


@pytest.mark.parametrize(("on", "ratio"), [(2.0, 1.5), (0.0, None), (-2.0, None)])
def test_a_tracked_value_has_a_ratio_if_it_is_positive(on: float, ratio: float | None) -> None:
    trials = [
        made(f"b{n}", arm, None, value=value, steady_kind=None)
        for n in range(5)
        for arm, value in (("off", 3.0), ("on", on))
    ]
    tracked = _summary(trials).tracked
    assert (None if tracked is None else tracked.ratio) == (ratio if ratio is None else pytest.approx(ratio))


def test_wide_intervals_are_unclear() -> None:
    summary = _summary(pairs_of([1.0, 1.3, 0.8, 1.1, 0.9], [1.0] * 5))
    assert summary.verdict == "unclear"
    assert summary.reason == "too imprecise: 5 pairs cannot tell faster from slower"


def test_without_a_jit_there_is_no_speedup_and_never_one_of_1() -> None:
    alone = [made(f"b{number}", "alone", seconds) for number, seconds in enumerate(WOBBLE)]
    summary = _summary(alone)
    assert (summary.verdict, summary.reason) == ("none", "no JIT")
    assert (summary.speedup, summary.on, summary.memory, summary.break_even, summary.pairs) == (None,) * 4 + (0,)
    assert summary.off is not None
    assert summary.off.value == pytest.approx(1.0, rel=1e-3)
    suite = summarise_suite(COMMIT, INTERPRETER, [summary], [_cell(alone)])
    assert suite.mean is None
    assert suite.alerts == ()


@pytest.mark.parametrize("outcome", ["failed", "crashed", "timeout", "unbuildable"])
@pytest.mark.parametrize("arms", [("off", "on"), ("alone",)])
def test_failures_only_give_no_figure(outcome: str, arms: tuple[str, ...]) -> None:
    trials = [failed(block, arm, outcome) for block in ("a", "b") for arm in arms]
    summary = _summary(trials)
    assert summary.verdict == "failed"
    assert (summary.off, summary.on, summary.speedup, summary.memory, summary.break_even) == (None,) * 5
    assert dict(summary.failures) == {f"{outcome} in mode {mode}": 2 for mode in (("off", "on")[: len(arms)])}
    assert summary.complaint == f"{outcome} in b"
    suite = summarise_suite(COMMIT, INTERPRETER, [summary], [_cell(trials)])
    assert (suite.mean, suite.alerts) == (None, ())


def test_a_case_that_asks_to_be_skipped_did_not_fail() -> None:
    summary = _summary([failed("a", arm, "skipped") for arm in ("off", "on")])
    assert summary.verdict == "skipped"
    assert summary.failures == ()


@pytest.mark.parametrize("arm", ["off", "on"])
def test_more_than_30_percent_without_a_steady_state_are_unclear(arm: str) -> None:
    def unsteady(count: int, by: float) -> CaseSummary:
        trials = [
            replace(
                t,
                steady_kind="no_steady_state",
                steady_start=None,
                warmup_s=None,
                curve=drifting(t.steady_s or 0.0, by),
            )
            if t.arm == arm and int(t.block[1:]) < count
            else t
            for t in _pairs(1.25)
        ]
        return _summary(trials)

    assert unsteady(3, 1.9).verdict == "faster"
    summary = unsteady(4, 1.9)
    assert (summary.verdict, summary.pairs) == ("unclear", TEN)
    assert summary.reason == f"not steady: 4 of 10 trials with the JIT {arm} never settled"
    assert summary.speedup is not None  # shown, and all its pairs were kept
    assert summary.speedup.ratio == pytest.approx(1.25, rel=1e-3)
    assert summary.speedup.low < 1.0 < summary.speedup.high
    suite = summarise_suite(COMMIT, INTERPRETER, [summary], [_cell(_pairs(1.25))])
    assert not suite.alerts
    little = unsteady(4, 1.05)  # 0.4 * log(1.05) is less than log(1.25)
    assert (little.verdict, little.reason[:33]) == ("faster", f"4 of 10 trials with the JIT {arm} ne"[:33])
    assert little.speedup is not None
    assert 1.0 < little.speedup.low < 1.25 / 1.05**0.4 < 1.25 * 1.05**0.4 < little.speedup.high


@pytest.mark.parametrize(("iterations", "verdict"), [(1, "unclear"), (29, "unclear"), (30, "faster")])
def test_fewer_than_30_iterations_are_unclear(iterations: int, verdict: str) -> None:
    summary = _summary(_pairs(1.25, iterations=iterations))
    assert summary.verdict == verdict
    assert ("fewer than 30" in summary.reason) == (verdict == "unclear")


def test_a_benchmark_of_one_process_a_trial_is_not_short() -> None:
    timeraw = {"steady_kind": None, "steady_start": None, "warmup_s": None, "first_call_s": None}
    assert _summary(_pairs(1.25, iterations=1, **timeraw)).verdict == "faster"


def test_tracked_values_have_levels_but_no_speedup() -> None:
    values = [
        made(f"b{n}", arm, None, value=value, steady_kind=None)
        for n in range(5)
        for arm, value in (("off", float(n - 2)), ("on", 3.0))
    ]
    summary = _summary(values)
    assert (summary.verdict, summary.speedup, summary.break_even, summary.timed) == ("none", None, None, False)
    assert summary.off is not None
    assert summary.on is not None
    assert (summary.off.value, summary.on.value) == (0.0, 3.0)
    assert summarise_suite(COMMIT, INTERPRETER, [summary], [_cell(values)]).mean is None


def test_a_crash_in_mode_on_only_is_reported() -> None:
    crash = [made("z", "off"), failed("z", "on", "crashed", exit=None, signal="SIGSEGV")]
    summary = _summary([*_pairs(1.25), *crash])
    assert summary.only_on is not None
    assert (summary.only_on.endings, summary.only_on.bad) == (("SIGSEGV",), 1)
    assert summary.failures == (("crashed in mode on", 1),)
    both = [failed("y", "off", "crashed"), failed("y", "on", "crashed")]
    assert _summary([*_pairs(1.25), *crash, *both]).only_on is None


def test_a_suspected_bug_is_not_faster_and_leaves_the_mean() -> None:
    wrong = [made(t.block, t.arm, t.steady_s, digest="d-" + t.arm) for t in _pairs(1.25)]
    crash = [*_pairs(1.25), made("z", "off"), failed("z", "on", "timeout")]
    for trials in (wrong, crash):
        summary = _summary(trials)
        assert (summary.verdict, summary.is_wrong) == ("failed", True)
        suite = summarise_suite(COMMIT, INTERPRETER, [summary], [_cell(trials)])
        assert (suite.mean, suite.alerts) == (None, ())


@pytest.mark.parametrize(
    ("off", "on", "words"),
    [(15.0, 15.0, "same value"), (15.0, 9.0, "lower with the JIT"), (9.0, 15.0, "higher with the JIT"),
     (0.0, 0.0, "same value"), (0.0, 3.0, "values differ")],
)  # fmt: skip
def test_a_tracked_value_says_what_the_jit_does_to_it(off: float, on: float, words: str) -> None:
    values = [
        made(f"b{n}", arm, None, value=value * (1 + n % 3 / 1000), steady_kind=None)
        for n in range(9)
        for arm, value in (("off", off), ("on", on))
    ]
    summary = _summary(values)
    assert (summary.verdict, summary.reason) == ("none", words)


def test_answers_that_differ_between_the_modes_are_reported() -> None:
    trials = [made(t.block, t.arm, t.steady_s, digest="d-" + t.arm) for t in _pairs(1.25)]
    answers = _summary(trials).answers
    assert answers is not None
    assert answers.answers == "digest differs"
    agreeing = _summary(_pairs(1.25)).answers
    assert agreeing is not None
    assert agreeing.answers == "agree"
    unchecked = _summary(_pairs(1.25, digest=None)).answers
    assert unchecked is not None
    assert unchecked.answers == "no check"


def test_memory_start_up_and_disturbances_are_told() -> None:
    trials = [
        made(
            t.block,
            t.arm,
            t.steady_s,
            peak_rss_bytes=21_000_000 if t.arm == "on" else 20_000_000,
            start_s=0.1,
            import_s=0.2,
            setup_s=None,
            disturbance=Disturbance(reasons=("stolen",)) if t.block in ("b00", "b01") else None,
            attempt=3 if t.block == "b05" else 1,
        )
        for t in _pairs(1.25)
    ]
    summary = _summary(trials)
    assert summary.memory is not None
    assert "1000000" in str(summary.memory).replace("_", "").replace(".0", "")
    assert summary.start_off_s == pytest.approx(0.3)
    assert (summary.disturbed, summary.repeated) == (2, 2)
    assert summary.evidence == trials[1].evidence
    assert summary.steady_off == summary.steady_on != ""


def test_break_even_is_where_the_curves_cross() -> None:
    off, on = [1.0] * 60, [2.0] * 10 + [0.5] * 50  # 10 s behind after 10 iterations, half a second less each
    times = {"off": (off, 1.0), "on": (on, 0.5)}
    trials = [
        made(
            f"b{number}",
            arm,
            steady / 4,
            inner_loops=4,
            curve=curve_of(iterations),
            start_s=0.1,
            import_s=0.0,
            setup_s=0.0,
        )
        for number in range(5)
        for arm, (iterations, steady) in times.items()
    ]
    found = _summary(trials).break_even
    assert found is not None
    assert (found.kind, found.extrapolated, found.never, found.pairs) == ("after", False, 0, 5)
    assert found.calls == pytest.approx(30 * 4, abs=2 * 4)
    assert found.seconds == pytest.approx(0.1 + 10 * 2.0 + 20 * 0.5, abs=1.5)


def test_break_even_never_comes_when_the_jit_is_slower_for_good() -> None:
    trials = [
        made(f"b{number}", arm, seconds, curve=curve_of([seconds] * 40))
        for number in range(5)
        for arm, seconds in (("off", 1.0), ("on", 1.5))
    ]
    found = _summary(trials).break_even
    assert found is not None
    assert (found.kind, found.seconds, found.never) == ("never", None, 5)


def _suite(ratios: dict[str, float]) -> SuiteSummary:
    cells = [_cell(_pairs(ratio, benchmark=name)) for name, ratio in ratios.items()]
    return summarise_suite(COMMIT, INTERPRETER, [summarise(cell, LIMITS) for cell in cells], cells)


def test_a_suite_has_a_geometric_mean_and_alerts() -> None:
    suite = _suite({"one.time_a": 2.0, "two.time_b": 0.5})
    assert suite.mean is not None
    assert suite.mean.ratio == pytest.approx(1.0, rel=1e-3)
    assert [key.case.benchmark for key in suite.alerts] == ["one.time_a", "two.time_b"]
    same = _suite({"one.time_a": 1.0, "two.time_b": 1.0})
    assert same.alerts == ()


def test_an_empty_suite_has_no_mean() -> None:
    suite = summarise_suite(COMMIT, INTERPRETER, [], [])
    assert (suite.mean, suite.alerts, suite.cases) == (None, (), ())


def _any_trial(
    iterations: int, block: str, arm: str, attempt: int, end: tuple[str, float, str | None, str | None]
) -> Trial:
    outcome, seconds, kind, digest = end
    if outcome != "ok":
        return failed(block, arm, outcome, attempt=attempt)
    curve = curve_of([seconds] * iterations)
    changes = {"attempt": attempt, "iterations": iterations, "steady_kind": kind, "digest": digest, "curve": curve}
    return made(block, arm, seconds, **changes)


_ends = st.tuples(
    st.sampled_from([*get_args(Outcome), "ok", "ok", "ok"]),
    st.floats(1e-9, 1e3),
    st.sampled_from(["flat", "warmup", "slowdown", "no_steady_state", None]),
    st.sampled_from([None, "x", "y"]),
)


def _journal(iterations: int, arms: list[str]) -> st.SearchStrategy[list[Trial]]:
    one = st.builds(
        _any_trial, st.just(iterations), st.sampled_from("abcd"), st.sampled_from(arms), st.integers(1, 2), _ends
    )
    return st.lists(one, max_size=16)


# All trials of a case share their number of iterations, and an interpreter has a JIT or has none.
_journals = st.builds(_journal, st.sampled_from([1, 29, 30, 100]), st.sampled_from([["off", "on"], ["alone"]]))


@settings(max_examples=100)
@given(_journals.flatmap(lambda journal: journal))
def test_whatever_a_journal_holds_can_be_summarised(trials: list[Trial]) -> None:
    cells = list(cells_of(trials).values())
    summaries = [summarise(cell, LIMITS) for cell in cells]
    for cell, summary in zip(cells, summaries, strict=True):
        assert (summary.speedup is not None) == (cell.has_pairs and bool(cell.figures("on")))
        assert summary.verdict in ("same", "faster", "slower", "unclear", "none", "failed", "skipped")
        assert summary.reason or summary.verdict in ("same", "faster", "slower")
        assert summary.speedup is None or math.isfinite(summary.speedup.ratio)
    summarise_suite(COMMIT, INTERPRETER, summaries, cells)


def test_mostly_disturbed_blocks_give_no_verdict() -> None:
    busy = Disturbance(others=0.5, reasons=("other processes used 50% of the core's time",))

    def of(share: float) -> CaseSummary:
        pairs = _pairs(1.25)
        noisy = {t.block for t in pairs[: round(len(pairs) * share)]}
        return _summary(
            [made(t.block, t.arm, t.steady_s, disturbance=busy if t.block in noisy else None) for t in pairs]
        )

    assert of(0.4).verdict == "faster"
    assert of(0.8).verdict == "unclear"
    assert of(0.8).reason.startswith("disturbed")


PAGE = 4096
sizes = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=30)


@pytest.mark.parametrize("pairs", [2, 5, 10, 45])
@pytest.mark.parametrize("alpha", [0.002, 0.05])
def test_is_the_paired_t_interval_in_bytes(pairs: int, alpha: float) -> None:
    rng = np.random.default_rng(pairs)
    off = PAGE * rng.integers(3000, 3100, pairs)
    on = off + PAGE * rng.integers(100, 300, pairs)
    bounds = stats.ttest_rel(on, off).confidence_interval(1 - alpha)
    found = peak_memory(off.tolist(), on.tolist(), alpha=alpha)
    assert found is not None
    assert (found.low_bytes, found.high_bytes) == pytest.approx((bounds.low, bounds.high))
    assert found.difference_bytes == pytest.approx(np.mean(on) - np.mean(off))
    assert (found.off_bytes, found.on_bytes) == pytest.approx((gmean(off), gmean(on)))


@given(sizes)
def test_exchanging_the_arms_mirrors_the_difference(pairs) -> None:
    off, on = map(list, zip(*pairs, strict=True))
    one, other = peak_memory(off, on, alpha=0.05), peak_memory(on, off, alpha=0.05)
    assert one is not None
    assert other == PeakMemory(
        one.on_bytes, one.off_bytes, -one.difference_bytes, -one.high_bytes, -one.low_bytes, one.pairs, one.error_bytes
    )


def test_few_pairs() -> None:
    assert peak_memory([], [], alpha=0.05) is None
    one = peak_memory([10 * PAGE], [11 * PAGE], alpha=0.05)
    assert one == PeakMemory(10 * PAGE, 11 * PAGE, PAGE, -math.inf, math.inf, 1)
    alike = peak_memory([PAGE] * 3, [PAGE] * 3, alpha=0.05)
    assert alike == PeakMemory(PAGE, PAGE, 0.0, 0.0, 0.0, 3, 0.0)


@pytest.mark.parametrize(
    ("off", "on", "alpha"),
    [([1], [1, 2], 0.05), ([0], [1], 0.05), ([1], [math.nan], 0.05), ([1], [1], 1.0)],
)
def test_refuses_what_is_not_paired_sizes(off, on, alpha: float) -> None:
    with pytest.raises(ValueError, match="pair|positive|alpha"):
        peak_memory(off, on, alpha=alpha)
