from __future__ import annotations

import random
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis.cells.correctness import AnswerCheck, OnlyOn, check_answers, only_on
from asv_jit.model import Mode, Outcome

JIT = "3.15.0+0123abcd"


@dataclass(frozen=True, slots=True)
class Ran:
    mode: Mode
    digest: str | None = "right"
    hash_seed: int = 1
    interpreter: str = JIT
    outcome: Outcome = "ok"
    signal: str | None = None


def blocks(answer, *, seeds=range(5), interpreter: str = JIT) -> list[Ran]:
    """A pair for each seed; `answer(mode, seed)` gives the digest."""
    return [Ran(mode, answer(mode, seed), seed, interpreter) for seed in seeds for mode in ("off", "on")]


def crash(mode: Mode, signal: str = "SIGSEGV") -> Ran:
    return Ran(mode, None, outcome="crashed", signal=signal)


# Wrong answers


def test_a_wrong_answer_of_mode_on() -> None:
    found = check_answers(blocks(lambda mode, seed: "wrong" if mode == "on" else "right"))
    assert found == (AnswerCheck(JIT, "digest differs", (0, 1, 2, 3, 4), ""),)


def test_right_answers() -> None:
    assert check_answers(blocks(lambda mode, seed: "right")) == (AnswerCheck(JIT, "agree", (), ""),)


def test_no_false_cry_for_sets() -> None:
    assert check_answers(blocks(lambda mode, seed: f"order {seed}"))[0].answers == "agree"


def test_no_false_cry_for_modes_that_ran_under_different_seeds() -> None:
    trials = [Ran("off", "order 1", 1)] * 5 + [Ran("on", "order 2", 2)] * 5
    assert check_answers(trials)[0].answers == "no check"


def test_no_false_cry_for_floats_across_releases() -> None:
    old = blocks(lambda mode, seed: "0.9999999999999999", interpreter="3.14.0+00000000")
    new = blocks(lambda mode, seed: "1.0", interpreter="3.15.0+00000000")
    assert [check.answers for check in check_answers(new + old)] == ["agree", "agree"]
    assert [check.interpreter for check in check_answers(new + old)] == ["3.14.0+00000000", "3.15.0+00000000"]


def test_no_false_cry_for_addresses_in_reprs() -> None:
    addresses = iter(range(100))
    check = check_answers(blocks(lambda mode, seed: f"<object at {next(addresses)}>"))[0]
    assert check.answers == "no check"
    assert check.hash_seeds == (0, 1, 2, 3, 4)  # a hint only: these would have to be repeated
    repeated = blocks(lambda mode, seed: f"<object at {next(addresses)}>", seeds=[1, 1, 1, 1, 1])
    assert check_answers(repeated)[0] == AnswerCheck(
        JIT, "no check", (), "the result varies within a mode and hash seed"
    )


def test_no_false_cry_for_benchmarks_that_change_state() -> None:
    runs = iter(range(100))
    assert check_answers(blocks(lambda mode, seed: f"run {next(runs)}"))[0].answers == "no check"


def test_hardly_ever_a_cry_for_a_coin() -> None:
    rng = random.Random(1)
    cries = 0
    for _ in range(2000):
        check = check_answers(blocks(lambda mode, seed: rng.choice(["True", "False"])))[0]
        cries += check.answers == "digest differs"
    assert cries <= 12  # expected: 4


def test_what_cannot_be_compared_is_not_checked() -> None:
    check = check_answers(blocks(lambda mode, seed: None if seed == 3 else mode))[0]
    assert (check.answers, check.hash_seeds) == ("no check", ())


def test_a_wrong_answer_under_one_seed_needs_repeats_of_that_seed() -> None:
    trials = blocks(lambda mode, seed: "wrong" if (mode, seed) == ("on", 2) else f"order {seed}")
    once = check_answers(trials)[0]
    assert (once.answers, once.hash_seeds) == ("no check", (2,))
    repeats = [trial for trial in trials if trial.hash_seed == 2] * 4
    assert check_answers(trials + repeats)[0] == AnswerCheck(JIT, "digest differs", (2,), "")


def test_too_few_trials_to_tell() -> None:
    few = check_answers(blocks(lambda mode, seed: mode, seeds=range(4)))[0]
    assert (few.answers, few.hash_seeds) == ("no check", (0, 1, 2, 3))


def test_trials_that_did_not_end_well_have_no_answer() -> None:
    trials = blocks(lambda mode, seed: "right")
    broken = [replace(trial, outcome="failed", digest="junk") for trial in trials]
    assert check_answers(trials + broken)[0].answers == "agree"
    assert check_answers([*broken, *trials[::2]]) == ()  # mode off alone


# Crashes


def test_a_crash_in_mode_on_only() -> None:
    trials = [Ran("off"), Ran("off"), Ran("on"), crash("on"), crash("on", "SIGABRT")]
    assert only_on(trials) == (OnlyOn(JIT, ("SIGABRT", "SIGSEGV"), 2, 3, 2),)


def test_crashes_that_prove_nothing() -> None:
    assert only_on([Ran("off"), crash("off"), crash("on")]) == ()
    assert only_on([crash("on")]) == ()
    assert only_on([replace(Ran("off"), outcome="timeout"), crash("on")]) == ()
    assert only_on([Ran("off"), Ran("on"), replace(Ran("on"), outcome="failed")]) == ()
    other = replace(Ran("off"), interpreter="3.14.0+00000000")
    assert only_on([other, crash("on")]) == ()


def test_a_crash_is_found_in_its_interpreter() -> None:
    other = "3.14.0+00000000"
    trials = [replace(trial, interpreter=other) for trial in (Ran("off"), Ran("on"))]
    assert [finding.interpreter for finding in only_on([*trials, Ran("off"), crash("on")])] == [JIT]


# Whatever the trials

ran = st.builds(
    Ran,
    mode=st.sampled_from(["off", "on"]),
    digest=st.sampled_from(["a", "b", None]),
    hash_seed=st.integers(0, 3),
    interpreter=st.sampled_from(["3.14", "3.15"]),
    outcome=st.sampled_from(["ok", "crashed", "failed"]),
)
SWAP: dict[Mode, Mode] = {"off": "on", "on": "off"}


@given(st.lists(ran, max_size=40), st.randoms(use_true_random=False))
def test_neither_order_nor_the_names_of_the_modes_change_the_answers(trials, rng) -> None:
    shuffled = [replace(trial, mode=SWAP[trial.mode]) for trial in trials]
    rng.shuffle(shuffled)
    assert check_answers(shuffled) == check_answers(trials)


@given(st.lists(ran, max_size=40))
def test_an_interpreter_never_crashes_in_either_mode_only(trials) -> None:
    swapped = [replace(trial, mode=SWAP[trial.mode]) for trial in trials]
    ours = {finding.interpreter for finding in only_on(trials)}
    theirs = {finding.interpreter for finding in only_on(swapped)}
    assert not ours & theirs


def test_an_exception_in_mode_on_only_is_told_once_chance_is_out_of_the_question() -> None:
    failed = replace(Ran("on"), outcome="failed")
    assert only_on([Ran("off"), failed] * 4) == ()
    assert only_on([Ran("off"), failed] * 5) == (OnlyOn(JIT, ("an exception",), 5, 5, 5),)
    flaky = [Ran("off")] * 40 + [Ran("on")] * 35 + [failed] * 5
    assert only_on(flaky) == ()
    assert only_on([Ran("off"), replace(Ran("on"), outcome="timeout")]) == (OnlyOn(JIT, ("a time-out",), 1, 1, 1),)
