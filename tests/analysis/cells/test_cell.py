"""What belongs together: blocks of a cell, whole attempts only, and whether a cell needs more of them."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis.cells.cell import Cell, cells_of, progress
from asv_jit.model import Disturbance, Trial
from tests.store.trials import failed, made, pairs_of

STOLEN = Disturbance(steal=0.5, reasons=("the hypervisor took 50% of the core's time",))


def _only(trials: list[Trial]) -> Cell:
    (cell,) = cells_of(trials).values()
    return cell


def _progress(trials: list[Trial], min_pairs: int = 5, max_pairs: int = 45) -> str:
    cell = next(iter(cells_of(trials).values()), None)
    return progress(cell, precision=0.01, min_pairs=min_pairs, max_pairs=max_pairs)


def test_a_pair_is_a_block_whichever_arm_came_first() -> None:
    cell = _only([made("a", "on", 2.0), made("a", "off", 3.0), made("b", "off", 4.0), made("b", "on", 5.0)])
    assert [block.identity for block in cell.blocks] == ["a", "b"]
    assert (cell.figures("off"), cell.figures("on")) == ((3.0, 4.0), (2.0, 5.0))
    assert (cell.has_pairs, cell.timed) == (True, True)
    assert [trial.mode for trial in cell.trials("on")] == ["on", "on"]


@pytest.mark.parametrize("left", ["off", "on"])
def test_an_interrupted_block_is_no_block(left: str) -> None:
    cell = _only([*pairs_of([3.0], [2.0]), made("z", left, 9.0)])
    assert [block.identity for block in cell.blocks] == ["b00"]
    assert cells_of([made("z", left, 9.0)]) == {}


def test_the_last_whole_attempt_of_a_disturbed_block_counts() -> None:
    first = [made("a", "off", 1.0, disturbance=STOLEN), made("a", "on", 1.0)]
    second = [made("a", "off", 2.0, attempt=2), made("a", "on", 2.0, attempt=2)]
    third = [made("a", "off", 3.0, attempt=3)]
    cell = _only([*first, *second, *third])
    (block,) = cell.blocks
    assert (block.attempt, block.disturbed, cell.figures("off"), cell.figures("on")) == (2, False, (2.0,), (2.0,))
    (block,) = _only(first).blocks
    assert (block.attempt, block.disturbed) == (1, True)
    assert _only(first).figures("off") == (1.0,)


def test_a_repeated_attempt_that_failed_is_not_replaced_by_the_one_before() -> None:
    cell = _only([made("a", "off"), made("a", "on"), failed("a", "off", attempt=2), made("a", "on", attempt=2)])
    assert [block.failed for block in cell.blocks] == [True]
    assert cell.figures("on") == ()


def test_a_pair_with_one_failed_arm_gives_neither_figure() -> None:
    cell = _only([*pairs_of([3.0, 4.0], [2.0, 2.0]), made("z", "off", 9.0), failed("z", "on", "crashed")])
    assert len(cell.blocks) == 3
    assert len(cell.good_blocks) == 2
    assert (cell.figures("off"), cell.figures("on")) == ((3.0, 4.0), (2.0, 2.0))


def test_off_alone_makes_cells_without_pairs() -> None:
    cell = _only([made("a", "alone", 2.0), made("b", "alone", 3.0)])
    assert not cell.has_pairs
    assert cell.figures("alone") == (2.0, 3.0)
    assert (cell.figures("off"), cell.figures("on")) == ((), ())


def test_tracked_values_are_no_times() -> None:
    cell = _only([made("a", "off", None, value=5.0), made("a", "on", None, value=0.0)])
    assert not cell.timed
    assert (cell.figures("off"), cell.figures("on")) == ((5.0,), (0.0,))


@pytest.mark.parametrize(
    "change",
    [
        {"commit": "f" * 40},
        {"interpreter": "3.14.0+00000000"},
        {"benchmark": "other"},
        {"params": ("1",)},
        {"benchmark_version": "edited"},
        {"protocol": "1-quick"},
    ],
)
def test_what_differs_in_its_key_is_another_cell(change: dict[str, object]) -> None:
    cells = cells_of([*pairs_of([1.0], [1.0]), *pairs_of([2.0], [2.0], **change)])
    assert len(cells) == 2
    assert all(len(cell.blocks) == 1 for cell in cells.values())


def test_only_the_purposes_asked_for_count() -> None:
    trials = [*pairs_of([1.0], [1.0]), *pairs_of([2.0], [2.0], purpose="compare")]
    assert _only(trials).figures("off") == (1.0,)
    (cell,) = cells_of(trials, purposes=["compare"]).values()
    assert cell.figures("off") == (2.0,)


@given(st.integers(0, 2**32))
def test_a_journals_order_within_a_block_does_not_matter(seed: int) -> None:
    trials = [
        *pairs_of([3.0, 4.0, 5.0], [1.0, 2.0, 3.0]),
        *(msgspec.structs.replace(trial, attempt=2) for trial in pairs_of([9.0], [8.0])),
    ]
    shuffled = random.Random(seed).sample(trials, len(trials))
    blocks = {block.identity: block for block in _only(trials).blocks}
    assert {block.identity: block for block in _only(shuffled).blocks} == blocks
    assert sorted(zip(_only(shuffled).figures("off"), _only(shuffled).figures("on"), strict=True)) == [
        (4.0, 2.0),
        (5.0, 3.0),
        (9.0, 8.0),
    ]


def test_a_sampled_trial_belongs_to_its_cell_and_is_no_block() -> None:
    sampled = made("s", "sample", None, mode="on", samples=(("a.py:f", 9),))
    cell = _only([*pairs_of([3.0], [2.0]), sampled])
    assert cell.sampled == sampled
    assert [block.identity for block in cell.blocks] == ["b00"]
    assert (cell.figures("off"), cell.figures("on")) == ((3.0,), (2.0,))
    assert _only(pairs_of([3.0], [2.0])).sampled is None
    assert cells_of([sampled]) == {}


# --- progress --------------------------------------------------------------------------------------------------


def test_nothing_yet_must_be_measured() -> None:
    assert _progress([]) == "measure"
    assert _progress([made("a", "off")]) == "measure"


def test_quiet_pairs_are_done_at_the_least_number_and_noisy_ones_are_not() -> None:
    quiet = pairs_of([1.0, 1.0001, 0.9999, 1.0, 1.0001], [0.8] * 5)
    noisy = pairs_of([1.0, 1.2, 0.8, 1.1, 0.9], [1.0] * 5)
    assert _progress(quiet[:-2]) == "measure"
    assert _progress(quiet) == "done"
    assert _progress(noisy) == "measure"
    assert _progress(noisy, max_pairs=5) == "done"


@pytest.mark.parametrize("change", [{"disturbance": STOLEN}, {"steady_kind": "no_steady_state"}])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_pairs_in_doubt_are_measured_like_others(change: dict, ratio: float) -> None:
    def progress_of(times: list[float]) -> str:
        pairs = pairs_of([ratio * time for time in times], [1.0] * 5)
        return _progress([msgspec.structs.replace(trial, **change) for trial in pairs])

    assert progress_of([1.0, 1.2, 0.8, 1.1, 0.9]) == "measure"
    assert progress_of([1.0, 1.0001, 0.9999, 1.0, 1.0001]) == "done"


def test_without_pairs_or_times_the_least_number_is_enough() -> None:
    alone = [made(f"b{number}", "alone", 1.0 + number) for number in range(5)]
    assert (_progress(alone[:4]), _progress(alone)) == ("measure", "done")
    values = [made(f"b{n}", arm, None, value=float(n)) for n in range(5) for arm in ("off", "on")]
    assert (_progress(values[:8]), _progress(values)) == ("measure", "done")


def test_a_case_that_fails_is_tried_twice() -> None:
    once = [failed("a", "off"), made("a", "on")]
    assert _progress(once) == "measure"
    assert _progress([*once, made("b", "off"), failed("b", "on", "crashed")]) == "failed"
    assert _progress([failed("a", "alone"), failed("b", "alone")]) == "failed"


@pytest.mark.parametrize("outcome", ["timeout", "skipped", "unbuildable"])
def test_some_failures_are_not_worth_another_try(outcome: str) -> None:
    assert _progress([failed("a", "off", outcome), failed("a", "on", outcome)]) == "failed"
    assert _progress([*pairs_of([1.0], [1.0]), made("z", "off"), failed("z", "on", outcome)]) == "failed"


def test_one_failure_among_good_blocks_only_costs_its_block() -> None:
    quiet = pairs_of([1.0, 1.0001, 0.9999, 1.0, 1.0001], [0.8] * 5)
    crash = [made("z", "off"), failed("z", "on", "crashed")]
    assert _progress([*crash, *quiet[:-2]]) == "measure"
    assert _progress([*crash, *quiet]) == "done"
