"""A block: its arms share everything but the mode, and each trial is kept before the next one starts."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Trial
from asv_jit.trials.block import ALONE, PAIR, Arm, Effort, Stand, run_sample, run_stands
from tests.trials.starting import CONTEXT, tiny_case, tiny_place


def _block(python: str | Path, seed: int, tmp_path: Path, arms: Sequence[Arm] = ALONE) -> tuple[list[Trial], list[str]]:
    kept: list[Trial] = []
    stands = [Stand(arm, tiny_place(tmp_path / "log", python), CONTEXT, cache=None) for arm in arms]
    case, rng = tiny_case("answers.time_one"), random.Random(seed)
    trials = run_stands(stands, case, Effort(2, 3), rng, kept.append, micro_ops=False)
    assert {id(trial) for trial in trials} == {id(trial) for trial in kept}
    return trials, [trial.arm for trial in kept]


def test_an_interpreter_without_a_jit_runs_one_arm(tmp_path: Path) -> None:
    trials, order = _block(sys.executable, 1, tmp_path)
    assert [(trial.arm, trial.mode, trial.outcome) for trial in trials] == [("alone", "off", "ok")]
    assert order == ["alone"]


@pytest.mark.interpreters
def test_the_arms_of_a_pair_come_in_random_order_and_share_the_rest(
    jit_interpreters: dict[str, Interpreter], tmp_path: Path
) -> None:
    orders, seeds = set(), set()
    for seed in range(8):
        (off, on), order = _block(jit_interpreters["3.15"].executable, seed, tmp_path, PAIR)
        orders.add(tuple(order))
        seeds.add(off.hash_seed)
        assert (off.mode, off.jit_enabled, on.mode, on.jit_enabled) == ("off", False, "on", True)
        for name in ("block", "hash_seed", "inner_loops", "iterations", "cpu", "digest", "attempt"):
            assert getattr(off, name) == getattr(on, name), name
    assert orders == {("off", "on"), ("on", "off")}
    assert len(seeds) == 8


@pytest.mark.interpreters
def test_a_sampled_trial_has_no_time_and_says_what_was_hot(
    jit_interpreters: dict[str, Interpreter], tmp_path: Path
) -> None:
    kept: list[Trial] = []
    trial = run_sample(
        tiny_place(tmp_path / "log", jit_interpreters["3.15"].executable),
        tiny_case("answers.Loop.time_hot"),
        Effort(2, 30),
        CONTEXT,
        kept.append,
        cache=None,
    )
    assert kept == [trial]
    assert (trial.outcome, trial.arm, trial.mode, trial.figure, trial.curve) == ("ok", "sample", "on", None, ())
    assert trial.samples[0][0] == "answers.py:Loop.time_hot"
    assert trial.evidence is not None
    assert "answers.py:Loop.time_hot" in {trace.function for trace in trial.evidence.functions}
