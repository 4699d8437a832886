"""Changes that follow the date of measuring are told from those that follow the commits."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from asv_jit.analysis.history.detection import find_changes
from asv_jit.analysis.history.grouping import Scene
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.analysis.history.measuring_dates import by_date, levelled, machine_event
from asv_jit.text.event_words import bisect_command, cause_words
from asv_jit.text.units import day
from tests.acceptance import measuring_dates as worlds
from tests.acceptance.measuring_dates import CASES, COMMITS, ORDERS

SCENE = Scene([f"{place:08x}" * 5 for place in range(COMMITS)], ["3.12"], 0.02)


@pytest.mark.parametrize("order", sorted(ORDERS))
@pytest.mark.parametrize("world", [worlds.code, worlds.code_and_back, worlds.code_and_bad_days])
def test_code_is_never_told_as_the_machine(world: worlds.World, order: str) -> None:
    assert worlds.told(world, order, np.random.default_rng(5)) == []


@pytest.mark.parametrize("order", worlds.TELLING)
def test_a_machine_that_changes_is_one_event_of_all_cases(order: str) -> None:
    (shift,) = worlds.told(worlds.machine, order, np.random.default_rng(5))
    assert worlds.is_right(shift)
    event = machine_event(shift, SCENE)
    assert event.attribution.cause == "machine"
    assert not event.is_regression
    assert len(event.moved) > 0.9 * CASES
    assert cause_words(event) == (
        f"{len(event.moved)} cases moved with the measuring date {day(event.measured_s)}, not with a commit: "
        "the machine or its harness changed"
    )
    assert bisect_command(event) == ""


@pytest.mark.parametrize("order", ["nightly", "newest first"])
def test_nothing_is_told_where_dates_and_commits_have_one_order(order: str) -> None:
    assert worlds.told(worlds.machine, order, np.random.default_rng(5)) == []


def test_what_is_left_at_one_level_is_the_code() -> None:
    rng = np.random.default_rng(5)
    order = ORDERS["backfilled"](rng)
    (shift,) = worlds.told(worlds.machine, "backfilled", np.random.default_rng(5))
    measured = np.empty(COMMITS, dtype=np.int32)
    measured[order] = (np.arange(COMMITS) + 10_000) * worlds.DAY_S
    places = np.arange(COMMITS, dtype=np.int32)
    later = measured >= shift[0].change.at_s
    logs = 0.2 * later + 0.1 * (places >= 70) + 0.01 * rng.standard_normal(COMMITS)
    stretch = Stretch(places, places * 0, {"plain": np.exp(logs)}, places * 0, {"plain": ()}, None, measured=measured)
    (again,) = find_changes([(levelled(stretch, [shift[0].change]), "seconds")])
    assert [found.index for found in again] == [70]
    assert again[0].change.after == pytest.approx(np.exp(0.3), rel=0.02)


def test_points_without_a_date_do_not_vote() -> None:
    places = np.arange(6, dtype=np.int32)
    stretch = Stretch(places, places * 0, {"plain": np.ones(6)}, places * 0, {"plain": ()}, None)
    assert not by_date(stretch).values
    dated = by_date(replace(stretch, measured=np.array([0, 50, 40, 0, 60, 30], dtype=np.int32)))
    assert dated.places.tolist() == [5, 2, 1, 4]
