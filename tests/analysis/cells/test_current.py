"""What holds now: the newest cell of each case, and how quiet the machine was."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from asv_jit.analysis.cells.cell import Cell, CellKey, cells_of
from asv_jit.analysis.cells.current import Current, current_cells, currents, quiet
from asv_jit.analysis.cells.summary import Limits, summarise
from asv_jit.model import PROTOCOL, Disturbance, Trial
from tests.store.trials import made, pairs_of

NEW, MIDDLE, OLD, GONE = (letter * 40 for letter in "abcd")
ORDER = {NEW: 0, MIDDLE: 1, OLD: 2}


def _cells(*trials: Trial) -> dict[CellKey, Cell]:
    return cells_of(trials)


def _case(name: str, commit: str, ratio: float = 1.0, **changes: Any) -> list[Trial]:
    fields = {"protocol": PROTOCOL} | changes
    return pairs_of([ratio, ratio * 1.001, ratio], [1.0, 1.0, 1.001], benchmark=name, commit=commit, **fields)


def _chosen(*trials: list[Trial]) -> list[tuple[str, str]]:
    cells = current_cells(_cells(*(one for several in trials for one in several)), ORDER)
    return [(key.case.benchmark, key.commit) for key in cells]


def test_each_case_is_shown_at_the_newest_commit_that_has_it() -> None:
    assert sorted(_chosen(_case("a.x", OLD), _case("a.x", NEW), _case("a.y", OLD), _case("a.y", MIDDLE))) == [
        ("a.x", NEW), ("a.y", MIDDLE),
    ]  # fmt: skip
    assert _chosen(_case("a.x", GONE), _case("a.x", OLD)) == [("a.x", OLD)]  # a commit that git no longer knows


@pytest.mark.parametrize("order", [1, -1])
def test_at_one_commit_a_full_measurement_counts_and_then_the_newer_benchmark(order: int) -> None:
    full, quick = _case("a.x", NEW), _case("a.x", NEW, protocol="quick")
    (chosen,) = current_cells(_cells(*(full + quick)[::order]), ORDER)
    assert chosen.protocol == PROTOCOL
    versions = [_case("a.x", NEW, benchmark_version=version) for version in ("9", "10")]
    (chosen,) = current_cells(_cells(*(versions[0] + versions[1])[::order]), ORDER)
    assert chosen.version == "10"
    (chosen,) = current_cells(_cells(*(quick + _case("a.x", OLD))[::order]), ORDER)
    assert chosen.commit == NEW  # the commit comes first


def _currents(*trials: list[Trial]) -> tuple[Current, ...]:
    cells = current_cells(_cells(*(one for several in trials for one in several)), ORDER)
    return currents(cells, {key: summarise(cell, Limits()) for key, cell in cells.items()}, ORDER)


def test_what_is_older_than_the_newest_commit_is_counted_and_known() -> None:
    (now,) = _currents(_case("a.x", NEW), _case("a.y", MIDDLE), _case("b.x", GONE))
    assert (now.suite.commit, now.older) == (NEW, 2)
    older = {case.key.case.benchmark: now.is_older(case) for case in now.suite.cases}
    assert older == {"a.x": False, "a.y": True, "b.x": True}


def test_each_interpreter_and_each_group_has_a_mean_of_its_own() -> None:
    one, other = _currents(
        _case("a.x", NEW, 2.0),
        _case("a.y", NEW, 0.5),
        _case("b.x", NEW, 3.0),
        _case("a.x", OLD, 1.5, interpreter="3.16.0+ffffffff"),
    )
    assert [(group.group, round(group.mean.ratio, 2)) for group in one.groups] == [("a", 1.0), ("b", 3.0)]
    assert other.interpreter == "3.16.0+ffffffff"
    assert (other.suite.commit, other.older) == (OLD, 0)
    assert [(group.group, round(group.mean.ratio, 1)) for group in other.groups] == [("a", 1.5)]


def test_without_pairs_a_group_has_no_mean() -> None:
    alone = [made(f"b{n}", "alone", 1.0, benchmark="a.x", commit=NEW) for n in range(3)]
    tracked = [
        made(f"b{n}", arm, None, value=1.0, benchmark="b.x", commit=NEW) for n in range(3) for arm in ("off", "on")
    ]
    (now,) = _currents(alone, tracked, _case("c.x", NEW)[:2])
    assert now.groups == ()


def test_quiet_is_what_is_left_within_pairs_and_between_trials() -> None:
    rng = np.random.default_rng(1)
    cells = []
    for sway in (0.01, 0.1, 0.1, 0.1, 0.5):
        both = np.exp(rng.normal(0.0, sway, 200))
        off, on = (both * np.exp(rng.normal(0.0, 0.01, 200)) for _ in range(2))
        cells += cells_of(pairs_of(off.tolist(), on.tolist())).values()
    found = quiet(cells)
    assert found.pair == pytest.approx(0.01 * math.sqrt(2.0), rel=0.1)  # what both trials of a pair share cancels
    assert found.between == pytest.approx(0.1, rel=0.1)
    assert found.between_middle[0] <= found.between <= found.between_middle[1] < 0.4
    assert found.pair_middle[0] <= found.pair <= found.pair_middle[1]
    assert (found.cells, found.blocks, found.disturbed) == (5, 1000, 0)


def test_two_blocks_say_nothing_of_noise_but_are_counted() -> None:
    busy = Disturbance(reasons=("stolen",))
    trials = [made(f"b{n}", arm, disturbance=busy if n == 0 else None) for n in range(2) for arm in ("off", "on")]
    found = quiet(list(cells_of(trials).values()))
    assert (found.cells, found.blocks, found.disturbed) == (1, 2, 1)
    assert all(math.isnan(value) for value in (found.pair, found.between, *found.pair_middle, *found.between_middle))
