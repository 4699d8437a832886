"""Whole simulated histories with a known truth: the right events come out, and no others."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from asv_jit.analysis.history.events import Event
from asv_jit.text.event_words import cause_words
from tests.analysis.worlds import World, commit_of, events_of, place_of, release, steady, step

OLD, NEW = "3.15.1+aaaaaaaa", "3.15.2+bbbbbbbb"


def _told(events: list[Event]) -> set[tuple[str, str, int, str, bool, str]]:
    """What matters of each event; places are right within a commit, so they are rounded to tens."""
    return {
        (e.key.case.benchmark, e.axis, round(place_of(e.commit), -1), e.attribution.cause, e.worse, e.state)
        for e in events
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_each_cause_is_told_apart_and_nothing_else_is_reported(seed: int) -> None:
    world = World(
        {
            "quiet": steady,
            "code": step(30, 0.05),
            "jit": step(30, 0.05, modes=("on",)),
            "interpreter": step(30, 0.05, modes=("off",)),
            "fixed": step(20, 0.06, until=40),
            "faster": step(30, -0.05),
            "memory": steady,
        },
        memory={"memory": step(30, 0.05)},
    )
    events = world.events(seed)
    assert _told(events) == {
        ("code", "commits", 30, "code", True, "candidate"),
        ("jit", "commits", 30, "jit", True, "candidate"),
        ("interpreter", "commits", 30, "interpreter", True, "candidate"),
        ("fixed", "commits", 20, "code", True, "fixed"),
        ("fixed", "commits", 40, "code", False, "candidate"),
        ("faster", "commits", 30, "code", False, "candidate"),
        ("memory", "commits", 30, "code", True, "candidate"),
    }
    of = {event.key.case.benchmark: event for event in events}
    assert {change.metric for change in of["jit"].metrics} == {"on", "speedup"}
    assert of["jit"].headline.metric == "on"
    assert of["memory"].headline.metric.startswith("peak_memory")
    code = of["code"]
    assert code.headline.ratio == pytest.approx(1.05, abs=0.01)
    assert code.headline.before_low < code.headline.before < code.headline.before_high < code.headline.after_low
    assert (code.parent, code.suspects) == (commit_of(29), (commit_of(30),))
    assert code.before == code.after == "3.15.2+e451c8ba"
    assert code.headline.figures == (30, 30)


def test_a_pin_that_changes_with_the_level_is_the_cause_and_another_is_not() -> None:
    def pinned(pin: int) -> list[Event]:
        trials = [
            replace(one, requirements="numpy==1.26 six" if place_of(one.commit) < pin else "numpy==2.1 six")
            for one in World({"a": step(30, 0.05)}).trials(1)
        ]
        return events_of(trials, 60, ["3.15.2+e451c8ba"])

    (event,) = pinned(30)
    assert event.attribution.cause == "requirements"
    assert (event.requirements_before, event.requirements) == ("numpy==1.26 six", "numpy==2.1 six")
    assert cause_words(event) == "the requirements: numpy==1.26 → numpy==2.1"
    (event,) = pinned(15)
    assert event.attribution.cause == "code"
    assert event.requirements_before == event.requirements == "numpy==2.1 six"


def test_a_machine_that_moves_is_told_by_the_anchor_and_is_no_open_regression() -> None:
    world = World({"a": steady, "b": step(45, 0.05)}, machine_factor=lambda session: 1.05 if session >= 30 else 1.0)
    events = world.events(1)
    assert _told(events) == {
        ("a", "commits", 30, "machine", True, "candidate"),
        ("b", "commits", 30, "machine", True, "candidate"),
        ("b", "commits", 40, "code", True, "candidate"),
    }
    assert [event.is_open for event in events] == [False, False, True]


def test_a_release_is_blamed_on_the_release_and_never_on_a_commit() -> None:
    world = World(
        {
            "both": release(NEW, 0.05),
            "on": release(NEW, 0.05, modes=("on",)),
            "quiet": steady,
            "code": step(40, 0.05),
        },
        interpreters={OLD: 0, NEW: 30},
    )
    events = world.events(1)
    assert _told(events) == {
        ("both", "pythons", 30, "release", True, "candidate"),
        ("on", "pythons", 30, "release", True, "candidate"),
        ("code", "commits", 40, "code", True, "candidate"),
    }
    on = next(event for event in events if event.key.case.benchmark == "on")
    assert (on.before, on.after, on.commit, on.attribution.moved) == (OLD, NEW, commit_of(30), "on")


def test_without_a_bridge_the_series_is_cut_and_a_later_change_still_found() -> None:
    world = World({"both": release(NEW, 0.05), "code": step(48, 0.05)}, interpreters={OLD: 0, NEW: 30}, bridges=0)
    assert _told(world.events(1)) == {("code", "commits", 50, "code", True, "candidate")}


def test_a_short_bridge_makes_no_event_of_its_own_error() -> None:
    """Three blocks a side are off by some percent: a step there may be the bridge's."""
    for seed in range(8):
        world = World({"a": steady, "b": steady}, interpreters={OLD: 0, NEW: 30}, bridges=3, within=0.03)
        assert not world.events(seed)


def test_a_minor_release_is_an_event_between_two_lines() -> None:
    before = "3.14.9+aaaaaaaa"
    world = World({"a": release(NEW, -0.2), "b": steady}, interpreters={before: 0, NEW: 30})
    (event,) = world.events(1)
    assert (event.axis, event.before, event.after, event.worse) == ("pythons", before, NEW, False)
    assert event.key.line == "3.15 from debian"
    assert event.between_lines


@pytest.mark.parametrize(
    ("before", "named"), [("3.14.9+aaaaaaaa", {"off", "on"}), (OLD, {"peak_memory_off", "peak_memory_on"})]
)
def test_what_became_worse_names_an_event_but_between_minor_versions_the_time_does(
    before: str, named: set[str]
) -> None:
    world = World(
        {"a": release(NEW, -0.2)}, interpreters={before: 0, NEW: 30}, memory={"a": release(NEW, 0.05)}, commits=31
    )
    (event,) = world.events(1)
    assert event.worse
    assert event.headline.metric in named
    assert {change.metric for change in event.metrics} >= {"off", "on", "peak_memory_off", "peak_memory_on"}
    assert {change.figures for change in event.metrics} == {(15, 15)}


def test_a_replaced_machine_starts_new_series_without_an_event() -> None:
    world = World(
        {"a": steady, "b": step(48, 0.05)},
        fingerprint=lambda session: "f0000001" if session < 30 else "f0000002",
        machine_factor=lambda session: 1.3 if session >= 30 else 1.0,
    )
    events = world.events(1)
    assert _told(events) == {("b", "commits", 50, "code", True, "candidate")}
    assert events[0].key.fingerprint == "f0000002"


def test_unmeasured_commits_are_all_suspects() -> None:
    world = World({"a": step(30, 0.05)}, unmeasured=frozenset(range(24, 36)))
    (event,) = world.events(1)
    assert (event.parent, event.commit) == (commit_of(23), commit_of(36))
    assert event.suspects == tuple(commit_of(place) for place in range(24, 37))


def _spikes(rng: np.random.Generator, n: int) -> np.ndarray:
    return 0.005 * rng.standard_normal(n) + (rng.random(n) < 0.05) * rng.uniform(0.05, 0.3, n)


def _drift(rng: np.random.Generator, n: int) -> np.ndarray:
    return 0.005 * rng.standard_normal(n) + np.linspace(0.0, 0.03, n)


def _louder(rng: np.random.Generator, n: int) -> np.ndarray:
    return 0.005 * rng.standard_normal(n) * np.where(np.arange(n) < n // 2, 1.0, 4.0)


@pytest.mark.parametrize("sway", [_spikes, _drift, _louder])
def test_spikes_drift_and_noise_that_changes_are_no_events(sway: object) -> None:
    assert not World({"a": steady, "b": steady, "c": steady}, between=sway).events(7)  # type: ignore[arg-type]  # one of the three above
