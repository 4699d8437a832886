"""Comparisons of two sides, over seeded blocks of trials whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from msgspec.structs import replace

from asv_jit.analysis.beside import blocks_of, figure_of, progress
from asv_jit.analysis.cells.cell import Block, cells_of
from asv_jit.analysis.cells.summary import Limits
from asv_jit.analysis.comparison import CaseComparison, compare, undecided, worsenings
from asv_jit.model import ARMS, CaseKey, Mode, Outcome, Trial
from asv_jit.store.journal import TRIALS
from tests.analysis.cells.test_summary import drifting
from tests.store.trials import FULL

CASE = CaseKey("toys.time_work")
LIMITS = Limits(alpha=0.002, equivalence=0.02)
NOISE = 0.005


def trials_of(
    changes: Mapping[str, float],
    blocks: int,
    seed: int = 1,
    *,
    drift: float = 0.2,
    digests: Mapping[str, str] | None = None,
) -> list[Trial]:
    """Blocks in which arm `x` takes exp(changes[x]) ms: noise of 0.5% a trial, and drift shared within a block."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(blocks):
        shared = drift * math.sin(number)
        for side in ("a", "b"):
            for mode in ARMS:
                arm = f"{side}-{mode}"
                steady_s = 1e-3 * math.exp(changes.get(arm, 0.0) + shared + NOISE * rng.standard_normal())
                found.append(one(arm, mode, number, steady_s=steady_s, digest=(digests or {}).get(arm, "same")))
    return found


def one(
    arm: str,
    mode: Mode,
    number: int,
    *,
    steady_s: float | None = 1e-3,
    outcome: Outcome = "ok",
    attempt: int = 1,
    digest: str | None = "same",
) -> Trial:
    return replace(
        FULL,
        benchmark=CASE.benchmark,
        params=(),
        trial=f"s.{number}.{attempt}-{arm}",
        block=f"s.{number}",
        attempt=attempt,
        arm=arm,
        mode=mode,
        purpose="compare",
        outcome=outcome,
        steady_s=steady_s,
        steady_kind="flat",
        hash_seed=number,
        digest=digest,
        peak_rss_bytes=10_000_000,
        duration_s=0.5,
        exit=0,
        signal=None,
        disturbance=None,
    )


def compared(changes: Mapping[str, float], blocks: int = 15, **others: object) -> CaseComparison:
    return compare(CASE, blocks_of(trials_of(changes, blocks, **others), ARMS), ARMS, LIMITS, axis="commits")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "verdicts", "cause"),
    [
        ({}, ("same", "same", "same"), "unclear"),
        ({"b-off": 0.05, "b-on": 0.05}, ("slower", "slower", "same"), "code"),
        ({"b-on": 0.05}, ("same", "slower", "worse"), "jit"),
        ({"b-off": -0.03, "b-on": 0.05}, ("faster", "slower", "worse"), "mixed"),
        ({"b-off": 0.05}, ("slower", "same", "better"), "interpreter"),
    ],
)
def test_each_mode_and_the_gain_get_a_verdict_in_spite_of_drift(
    changes: dict[str, float], verdicts: tuple[str, ...], cause: str
) -> None:
    found = compared(changes)
    assert tuple(e.verdict for m in ("off", "on", "speedup") if (e := found.effect(m))) == verdicts  # type: ignore[arg-type]
    assert found.attribution.cause == cause
    for mode in ARMS:
        effect = found.effect(mode)
        assert effect is not None
        assert effect.low < math.exp(changes.get(f"b-{mode}", 0.0)) < effect.high
    gain = found.effect("speedup")
    assert gain is not None
    assert gain.low < math.exp(changes.get("b-off", 0.0) - changes.get("b-on", 0.0)) < gain.high


def test_only_what_is_certain_over_the_whole_suite_and_large_enough_counts_as_worse() -> None:
    slower, same, little = compared({"b-on": 0.05}), compared({}), compared({"b-on": 0.03})
    found = worsenings([slower, same, little], fail_on=0.04)
    assert [(one.metric, round(one.by or 0.0, 2)) for one in found] == [("on", 0.05)]
    assert len(worsenings([slower, same, little], fail_on=0.02)) == 2
    assert worsenings([same] * 20, fail_on=0.001) == ()


def test_a_case_that_fails_on_one_side_only_is_worse_and_named() -> None:
    trials = [
        one(
            f"{side}-{mode}",
            mode,
            n,
            outcome="crashed" if side == "b" else "ok",
            steady_s=None if side == "b" else 1e-3,
        )
        for n in range(2)
        for side in ("a", "b")
        for mode in ARMS
    ]
    blocks = blocks_of(trials, ARMS)
    assert progress(blocks, ARMS, precision=0.01, min_blocks=5, max_blocks=9) == "failed"
    found = compare(CASE, blocks, ARMS, LIMITS, axis="commits")
    assert found.fails_on == ("b",)
    assert found.complaint.startswith("crashed (b-")
    assert worsenings([found], fail_on=0.5)[0].metric is None


def test_answers_are_compared_only_where_each_side_repeats_itself() -> None:
    other = {"b-off": "other", "b-on": "other"}
    assert compared({}, digests={}).answers == "agree"
    assert compared({}, digests=other).answers == "changed"
    assert compared({}, digests={"b-on": "other"}).answers == "no check"
    silent = [replace(trial, digest=None) for trial in trials_of({}, 15)]
    assert compare(CASE, blocks_of(silent, ARMS), ARMS, LIMITS, axis="commits").answers == "no check"


def test_a_side_on_which_the_jit_answers_otherwise_is_named() -> None:
    assert compared({}, digests={}).wrong_answers == ()
    assert compared({}, digests={"b-on": "other"}).wrong_answers == ("b",)


def test_how_much_worse_is_a_share_of_time_or_of_speedup() -> None:
    for mode, metric in (("on", "on"), ("on", "speedup"), ("off", "off")):
        worse, better = compared({f"b-{mode}": math.log(2.0)}), compared({f"b-{mode}": -math.log(2.0)})
        for found, by in ((worse, 1.0), (better, -0.5)):
            effect = found.effect(metric)  # type: ignore[arg-type]  # three metrics, see above
            assert effect is not None
            assert effect.worse_by == pytest.approx(by, abs=0.02)


@pytest.mark.parametrize(("unsteady", "clear"), [("a-on", {"off"}), ("b-on", {"off"}), ("b-off", {"on"})])
def test_an_arm_that_never_settles_leaves_what_it_is_part_of_unclear(unsteady: str, clear: set[str]) -> None:
    trials = [
        replace(trial, steady_kind="no_steady_state", curve=()) if trial.arm == unsteady else trial
        for trial in trials_of({"b-off": 0.2, "b-on": 0.1}, 15)
    ]
    found = compare(CASE, blocks_of(trials, ARMS), ARMS, LIMITS, axis="commits")
    effects = [e for metric in ("off", "on", "speedup") if (e := found.effect(metric))]  # type: ignore[arg-type]
    assert {effect.metric for effect in effects if effect.verdict != "unclear"} == clear
    when = "before" if unsteady.startswith("a") else "after"
    words = f"not steady: 15 of 15 trials {when} the change with the JIT {unsteady[2:]} never settled"
    assert all(effect.reason == words for effect in effects if effect.verdict == "unclear")


def _wandering(trial: Trial, by: float) -> Trial:
    steady_s = trial.steady_s or 0.0
    return replace(trial, steady_kind="no_steady_state", inner_loops=1, curve=drifting(steady_s, by))


@pytest.mark.parametrize(("by", "verdict"), [(1.05, "slower"), (1.9, "unclear")])
def test_a_gate_does_not_let_a_slow_down_pass_because_trials_never_settled(by: float, verdict: str) -> None:
    trials = [
        _wandering(trial, by) if trial.arm == "b-on" and int(trial.block[2:]) % 2 else trial
        for trial in trials_of({"b-off": 0.245, "b-on": 0.234}, 45)
    ]
    found = compare(CASE, blocks_of(trials, ARMS), ARMS, LIMITS, axis="commits")
    effect = found.effect("on")
    assert effect is not None
    assert effect.verdict == verdict
    assert "22 of 45 trials after the change with the JIT on never settled" in effect.reason
    assert (effect.low > 1.0) == (verdict == "slower")
    worse, open_ = ({one.metric for one in gate([found], fail_on=0.02)} for gate in (worsenings, undecided))
    assert ("on" in worse, "on" in open_) == (verdict == "slower", verdict == "unclear")
    assert "off" in worse


def test_a_limit_below_the_equivalence_is_a_limit_too() -> None:
    little = compared({"b-on": 0.012}, 45)
    effect = little.effect("on")
    assert effect is not None
    assert effect.verdict == "same"
    assert effect.low > 1.0
    assert [one.metric for one in worsenings([little], fail_on=0.005)] == ["on"]
    assert not worsenings([little], fail_on=0.02)
    assert not undecided([little], fail_on=0.02, equivalence=0.02)
    reaches = effect.high - 1.0
    (may,) = undecided([little], fail_on=reaches - 1e-6, equivalence=0.02)
    assert (may.metric, may.by) == ("on", reaches)


def test_what_could_not_be_decided_is_named_with_how_much_it_may_be() -> None:
    noisy = compare(
        CASE, blocks_of(trials_of({"b-on": 0.03}, 5, seed=3), ARMS), ARMS, replace(LIMITS, alpha=1e-6), axis="commits"
    )
    (may,) = [one for one in undecided([noisy], fail_on=0.02) if one.metric == "on"]
    effect = noisy.effect("on")
    assert effect is not None
    assert may.by == effect.high - 1.0
    assert not undecided([compared({})], fail_on=0.02)


def test_traces_are_told_only_where_both_sides_have_them() -> None:
    for missing in ("a-on", "b-on"):
        trials = [replace(trial, evidence=None) if trial.arm == missing else trial for trial in trials_of({}, 5)]
        assert compare(CASE, blocks_of(trials, ARMS), ARMS, LIMITS, axis="commits").traces == ()


def test_the_last_whole_attempt_of_a_block_counts_and_cells_of_runs_know_nothing_of_it() -> None:
    arms: list[tuple[str, Mode]] = [(f"{side}-{mode}", mode) for side in ("a", "b") for mode in ARMS]
    first = [one(arm, mode, 1, steady_s=1.0) for arm, mode in arms]
    again = [one(arm, mode, 1, steady_s=2.0, attempt=2) for arm, mode in arms]
    (block,) = blocks_of([*first, *again[:3]], ARMS)
    assert block.attempt == 1
    (block,) = blocks_of([*first, *again], ARMS)
    assert figure_of(block, "b", "on") == 2.0
    assert cells_of([*first, *again]) == {}
    assert TRIALS.encode([*first, *again]).count(b"\n") == 9


def test_measuring_stops_on_precision_and_never_on_a_difference() -> None:
    def step(changes: Mapping[str, float], blocks: int) -> str:
        found: tuple[Block, ...] = blocks_of(trials_of(changes, blocks), ARMS)
        return progress(found, ARMS, precision=0.01, min_blocks=5, max_blocks=45)

    steps = [step({}, n) for n in range(1, 15)]
    assert steps == [step({"b-on": 0.5, "b-off": -0.5}, n) for n in range(1, 15)]
    assert steps[0] == "measure"
    assert steps[-1] == "done"
