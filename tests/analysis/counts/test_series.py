"""Series of counts: what becomes a point, where a count changed, whose change it was, and what is told with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from asv_jit.analysis.counts.series import count_changes, count_series
from asv_jit.analysis.counts.summary import case_counts
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.grouping import Scene, commit_events, joined
from asv_jit.analysis.history.levelling import stretches
from asv_jit.analysis.history.series import CaseSeries
from asv_jit.analysis.history.timeline import Axes
from asv_jit.model import HASH_SEEDS, CountedTrial, Mode
from tests.analysis.history.events import change, event
from tests.store.test_counts import INTERPRETER, trial

COMMITS = [f"{place:040x}" for place in range(10)]
OTHER = "3.15.3+bbbbbbbb"
AXES = Axes(
    {commit: place for place, commit in enumerate(COMMITS)},
    {INTERPRETER: 0, OTHER: 1},
    {},
    {INTERPRETER: "3.15 from debian", OTHER: "3.15 from debian"},
    {},
    requirement_sets={"": 0, "numpy==1": 1, "numpy==2": 2},
)
SCENE = Scene(COMMITS, [INTERPRETER, OTHER], 0.002, requirement_sets=["", "numpy==1", "numpy==2"])


def _trials(
    off: Mapping[int, float], on: Mapping[int, float], seeds: Sequence[int] = HASH_SEEDS, **fields: str
) -> list[CountedTrial]:
    """Counted trials: of each mode the millions of instructions by place; each seed has its own level."""
    modes: dict[Mode, Mapping[int, float]] = {"off": off, "on": on}
    return [
        replace(
            trial(f"{mode}-{place}-{seed}"),
            mode=mode,
            commit=COMMITS[place],
            hash_seed=seed,
            steady_instructions=round(1e6 * millions) + 100 * seed,
            **fields,
        )
        for mode, levels in modes.items()
        for place, millions in levels.items()
        for seed in seeds
    ]


def _series(trials: Sequence[CountedTrial]) -> tuple[CaseSeries, ...]:
    made, _ = count_series("m1", case_counts(trials), AXES)
    return tuple(made)


def _events(trials: Sequence[CountedTrial]) -> list[Event]:
    (series,) = _series(trials)
    changes = [(one, count_changes(series, 0.002)) for one in stretches(series, SCENE.interpreters, ())]
    return commit_events(series, SCENE, changes, ())


LEVEL = dict.fromkeys(range(10), 10.0)


def _from(place: int, level: float, missing: Sequence[int] = ()) -> dict[int, float]:
    return {at: level if at >= place else 10.0 for at in LEVEL if at not in missing}


def test_a_change_is_one_confirmed_event_at_its_first_commit() -> None:
    (found,) = _events(_trials(_from(4, 10.1), _from(4, 10.2)))
    assert (found.commit, found.parent, found.suspects) == (COMMITS[4], COMMITS[3], (COMMITS[4],))
    assert (found.worse, found.state, found.attribution.cause) == (True, "confirmed", "code")
    assert [one.metric for one in found.metrics] == ["instructions_on", "instructions_off"]
    assert found.metrics[0].ratio == pytest.approx(1.02, rel=1e-4)
    assert not found.is_unsettled


def test_below_the_threshold_nothing_changed() -> None:
    assert _events(_trials(_from(4, 10.019), LEVEL)) == []
    assert len(_events(_trials(_from(4, 10.021), LEVEL))) == 1


def test_seeds_that_disagree_are_no_change() -> None:
    up, down = _trials(_from(4, 10.1), {}, (1, 2)), _trials(_from(4, 9.9), {}, (3,))
    assert _events([*up, *down]) == []


def test_one_seed_alone_is_a_candidate_that_no_blocks_are_measured_for() -> None:
    (found,) = _events(_trials(_from(4, 10.1), {}, (1,)))
    assert (found.state, found.is_unsettled) == ("candidate", False)


@pytest.mark.parametrize(
    ("off", "on", "cause"),
    [
        (10.1, 10.0, "interpreter"),
        (10.0, 10.1, "jit"),
        (10.005, 10.04, "code"),  # below the threshold with the JIT off, but exact
        (9.9, 10.1, "mixed"),
        (10.0005, 10.04, "jit"),
    ],
)
def test_the_cause_follows_from_the_two_modes(off: float, on: float, cause: str) -> None:
    assert [one.attribution.cause for one in _events(_trials(_from(4, off), _from(4, on)))] == [cause]


def test_without_a_jit_a_change_is_the_code_s() -> None:
    assert [one.attribution.cause for one in _events(_trials(_from(4, 10.1), {}))] == ["code"]


def test_commits_that_nobody_counted_are_suspects() -> None:
    (found,) = _events(_trials(_from(6, 10.1, (4, 5)), _from(6, 10.1, (4, 5, 6))))
    assert (found.parent, found.suspects) == (COMMITS[3], tuple(COMMITS[4:7]))
    assert found.attribution.cause == "code"


def test_changes_at_neighbouring_commits_stay_apart() -> None:
    assert [one.commit for one in _events(_trials(_from(4, 10.1), _from(5, 10.1)))] == [COMMITS[4], COMMITS[5]]


def test_what_a_later_commit_takes_back_is_fixed() -> None:
    back = {place: 10.1 if 3 <= place < 6 else 10.0 for place in LEVEL}
    assert [one.state for one in _events(_trials(back, back))] == ["fixed", "confirmed"]
    half = {place: 10.1 if 3 <= place < 6 else 10.05 if place >= 6 else 10.0 for place in LEVEL}
    assert [one.state for one in _events(_trials(half, half))] == ["confirmed", "confirmed"]


def test_another_counter_or_protocol_starts_anew_and_another_build_is_not_compared() -> None:
    first, second = _trials(dict.fromkeys(range(5), 10.0), {}), _trials(dict.fromkeys(range(5, 10), 11.0), {})
    apart = [*first, *(replace(one, counter="callgrind 3.20") for one in second)]
    assert [one.places.tolist() for one in _series(apart)] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    old = [*first, *(replace(one, protocol="0") for one in second)]
    made, left_out = count_series("m1", case_counts(old), AXES)
    assert ([one.places.tolist() for one in made], left_out.total()) == ([[0, 1, 2, 3, 4]], 5)
    (series,) = _series([*first, *(replace(one, interpreter=OTHER) for one in second)])
    assert len(stretches(series, SCENE.interpreters, ())) == 2


def test_a_change_with_new_requirements_is_theirs() -> None:
    old = _trials(dict.fromkeys(range(5), 10.0), {}, requirements="numpy==1")
    new = _trials(dict.fromkeys(range(5, 10), 10.1), {}, requirements="numpy==2")
    (found,) = _events([*old, *new])
    assert found.attribution.cause == "requirements"
    assert (found.requirements_before, found.requirements) == ("numpy==1", "numpy==2")


def test_what_is_not_repeatable_once_has_no_points_on_that_build() -> None:
    trials = _trials(_from(4, 10.1), LEVEL)
    again = replace(trials[0], trial="again", steady_instructions=10_100_000)
    made, left_out = count_series("m1", case_counts([*trials, again]), AXES)
    assert [set(one.tracks) for one in made] == [{"instructions_on"}]
    assert left_out["that are not repeatable"] == 10


def test_a_change_smaller_than_what_a_level_still_moved_by_is_none() -> None:
    """The level falls by 1% in the last quarter of each trial."""
    curve = ((60, 10_200_000), (20, 10_100_000))
    falling = [replace(one, curve=curve) for one in _trials(_from(4, 10.05), LEVEL)]
    assert _events(falling) == []
    assert len(_events([replace(one, curve=((80, 10_000_000),)) for one in falling])) == 1


def _both() -> tuple[Event, Event]:
    counted = event(change("instructions_off", 100.0, 101.0), identity="counted")
    timed = event(change("off", 1.0, 1.1), identity="timed", suspects=("d" * 40, "c" * 40))
    return replace(counted, key=replace(counted.key, fingerprint="", protocol="2 callgrind")), timed


def test_times_and_counts_of_one_change_are_one_event() -> None:
    counted, timed = _both()
    (one,) = joined([timed, counted], ())
    assert [change.metric for change in one.metrics] == ["off", "instructions_off"]
    assert (one.identity, one.suspects, one.key) == ("counted", counted.suspects, timed.key)
    assert one.searched.metric == "instructions_off"
    assert [found.identity for found in joined([timed, counted], {"timed"})] == ["timed"]


def test_what_is_elsewhere_or_goes_the_other_way_stays_apart() -> None:
    counted, timed = _both()
    assert len(joined([replace(timed, commit="d" * 40, suspects=("d" * 40,)), counted], ())) == 2
    assert len(joined([replace(timed, worse=False), counted], ())) == 2
    assert len(joined([timed, replace(timed, identity="other")], ())) == 2


def test_two_counters_tell_one_change_once() -> None:
    counted, timed = _both()
    second = replace(counted, identity="second", key=replace(counted.key, protocol="2 callgrind avx2"))
    (one,) = joined([counted, second, timed], ())
    assert len(one.metrics) == 2
