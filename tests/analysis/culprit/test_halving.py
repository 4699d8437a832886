"""Halving by exact measurements: right, as cheap as textbook bisection, and honest about several changes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asv_jit.analysis.culprit.halving import Halving
from asv_jit.analysis.culprit.searcher import Culprit

THRESHOLD = 0.002


def searched(levels: list[float | None]) -> tuple[Culprit, int]:
    """The answer where None cannot be built, and how many commits failed; no commit is asked for twice."""
    search = Halving(len(levels), threshold=THRESHOLD)
    asked: list[int] = []
    while (index := search.next_index()) is not None:
        assert index not in asked
        asked.append(index)
        level = levels[index]
        if level is None:
            search.record_unbuildable(index)
        else:
            search.record(index, level)
    return search.culprit(), sum(levels[index] is None for index in asked)


def most_builds(count: int) -> int:
    return 2 + math.ceil(math.log2(max(1, count - 1)))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_one_culprit_is_found_with_as_many_builds_as_halving_takes(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 300))
    culprit = data.draw(st.integers(1, count - 1))
    factor = data.draw(st.sampled_from([0.5, 0.99, 1.0021, 1.01, 3.0]))
    found, _ = searched([factor if index >= culprit else 1.0 for index in range(count)])
    assert (found.outcome, found.index, found.candidates, found.probability) == ("found", culprit, (culprit,), 1.0)
    assert found.measurements == found.builds <= most_builds(count)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_commits_that_cannot_be_built_are_never_blamed_alone(data: st.DataObject) -> None:
    count = data.draw(st.integers(3, 120))
    culprit = data.draw(st.integers(1, count - 1))
    one_run = st.tuples(st.integers(1, count - 2), st.integers(1, count)).map(lambda run: set(range(run[0], sum(run))))
    broken = data.draw(st.sets(st.integers(1, count - 2)) | one_run)
    broken = {index for index in broken if index < count - 1}
    levels = [None if index in broken else 1.01 if index >= culprit else 1.0 for index in range(count)]
    found, failures = searched(levels)
    good = max(index for index in range(culprit) if index not in broken)
    bad = min(index for index in range(culprit, count) if index not in broken)
    assert found.candidates == tuple(range(good + 1, bad + 1))
    nothing_between = len(broken) == count - 2
    assert found.outcome == ("unbuildable" if nothing_between else "found" if bad - good == 1 else "undecided")
    assert found.measurements <= most_builds(count) + failures


@given(st.lists(st.sampled_from([0.0, 0.0, 0.01, -0.01, 0.02, 0.05]), min_size=2, max_size=60))
def test_of_several_changes_it_blames_one_that_is_there(steps: list[float]) -> None:
    levels: list[float | None] = [math.exp(sum(steps[: index + 1])) for index in range(len(steps))]
    found, _ = searched(levels)
    if abs(sum(steps[1:])) < 1e-9:
        assert found.outcome == "not_reproducible"
    else:
        assert found.outcome == "found"
        assert found.index is not None
        assert steps[found.index] * sum(steps[1:]) > 0.0


def test_a_change_that_many_commits_share_is_no_commits() -> None:
    found, _ = searched([1.0 + 0.0001 * index for index in range(101)])
    assert (found.outcome, found.index) == ("undecided", None)
    assert 20 <= len(found.candidates) <= 60


@pytest.mark.parametrize("levels", [[None, 1.0, 1.01], [1.0, 1.01, None], [1.0, None, 1.01]])
def test_without_an_end_or_anything_between_the_ends_there_is_no_search(levels: list[float | None]) -> None:
    assert searched(levels)[0].outcome == "unbuildable"


def test_ends_that_differ_by_less_than_the_threshold_are_the_same() -> None:
    found, _ = searched([1.0, 1.5, 1.0019])
    assert (found.outcome, found.builds, found.posterior) == ("not_reproducible", 2, ())


def test_a_search_goes_on_where_it_was() -> None:
    one, other = Halving(9, threshold=THRESHOLD), Halving(9, threshold=THRESHOLD)
    for search in (one, other):
        search.record(0, 1.0)
        search.record(8, 1.01)
        search.record_unbuildable(4)
    assert one.next_index() == other.next_index()
    assert one.posterior.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_rubbish_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        Halving(2, threshold=THRESHOLD).record(0, value)
    with pytest.raises(ValueError, match="at least 2"):
        Halving(1, threshold=THRESHOLD)
