"""Which events ask somebody to act: an open regression that is the code's or a release's doing."""

from __future__ import annotations

import math
from typing import Any

import pytest
from msgspec.structs import replace

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.history.events import Event, Reported, State, identity_of, named, reported
from asv_jit.model import CaseKey
from tests.analysis.history.events import KEY, change, event

SLOWER, FASTER = change("on", 1.0, 1.1), change("on", 1.1, 1.0)


@pytest.mark.parametrize(
    ("state", "is_open"),
    [("candidate", True), ("confirmed", True), ("refuted", False), ("fixed", False), ("accepted", False)],
)
def test_a_regression_is_open_until_it_is_settled(state: State, is_open: bool) -> None:
    assert event(SLOWER, state=state).is_regression
    assert event(SLOWER, state=state).is_open == is_open
    assert not event(FASTER, state=state).is_open


def test_neither_the_machine_nor_an_improvement_is_a_regression() -> None:
    assert not event(SLOWER, attribution=Attribution("machine", 0.9, "none")).is_regression
    assert not event(FASTER).is_regression
    assert event(SLOWER, attribution=Attribution("unclear", 0.6, "unclear")).is_regression


@pytest.mark.parametrize(
    ("axis", "before", "after", "regression"),
    [
        ("pythons", "3.15.1+aaaaaaaa", "3.15.2+bbbbbbbb", True),
        ("pythons", "3.14.9+aaaaaaaa", "3.15.0+bbbbbbbb", False),
        ("commits", "3.15.2+bbbbbbbb", "3.15.2+bbbbbbbb", True),
    ],
)
def test_a_slower_patch_release_is_a_regression_and_a_slower_minor_one_a_difference(
    axis: str, before: str, after: str, regression: bool
) -> None:
    slower = event(SLOWER, axis=axis, before=before, after=after)
    assert (slower.is_regression, slower.between_lines) == (regression, not regression)


@pytest.mark.parametrize("pair", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (-1.0, -2.0), (1.0, -1.0)])
def test_no_factor_tells_a_change_from_or_to_nothing(pair: tuple[float, float]) -> None:
    assert math.isnan(change("plain", *pair).ratio)
    assert change("plain", 0.5, 0.25).ratio == 0.5
    assert change("plain", 0.25, 0.5).ratio == 2.0


def test_a_search_looks_between_the_ends_that_are_certain() -> None:
    near = event(SLOWER, parent="b", suspects=("c",), commit="c")
    assert near.ends == ("b", "c")
    wide = event(SLOWER, parent="b", suspects=("a", "b", "c", "d"), commit="c")
    assert wide.ends == ("a^", "d")
    assert event(SLOWER, axis="pythons", before="3.15.1+a", after="3.15.2+b").ends == ("3.15.1+a", "3.15.2+b")
    assert (near.headline, event(FASTER, suspects=(), parent="b", commit="c").ends) == (SLOWER, ("b", "c"))


COMMITS = [f"{place:040x}" for place in range(20)]
PLACES = {commit: place for place, commit in enumerate(COMMITS)}
WHEN = "2026-01-01T00:00:00+00:00"


def _at(first: int, last: int, commit: int, identity: str = "fresh", **fields: Any) -> Event:
    slower = change("on", 1.0, 1.1)
    suspects = tuple(COMMITS[first : last + 1])
    return event(slower, identity=identity, commit=COMMITS[commit], suspects=suspects, **fields)


def _before() -> Reported:
    return reported(_at(5, 8, 6, "first"), WHEN)


def _names(*events: Event) -> list[str]:
    return [one.identity for one in named(events, [_before()], PLACES)]


@pytest.mark.parametrize(
    ("first", "last", "name"), [(5, 8, "first"), (7, 7, "first"), (8, 11, "first"), (2, 5, "first"), (3, 12, "first"),
                                (9, 11, "fresh"), (2, 4, "fresh")]
)  # fmt: skip
def test_the_name_stays_while_the_suspects_overlap(first: int, last: int, name: str) -> None:
    assert _names(_at(first, last, last)) == [name]


@pytest.mark.parametrize(
    "other",
    [
        {"worse": False},
        *(
            {"key": replace(KEY, **{field: value})}
            for field, value in {
                "line": "3.14 from debian",
                "case": CaseKey("bench.time_a", ("1",)),
                "version": "2",
                "protocol": "2",
                "fingerprint": "f0000002",
                "branch": "3.0",
            }.items()
        ),
    ],
)
def test_another_series_or_direction_at_the_same_place_is_another_event(other: dict[str, Any]) -> None:
    assert _names(_at(5, 8, 6, **other)) == ["fresh"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_that_may_be_it_the_nearer_keeps_the_name_and_no_name_is_given_twice(order: int) -> None:
    near, far = _at(6, 7, 7, "near"), _at(8, 9, 9, "far")
    assert _names(*(near, far)[::order]) == ["first", "far"][::order]
    earlier = _at(1, 5, 2, "earlier")
    assert _names(*(near, earlier)[::order]) == ["first", "earlier"][::order]


def test_the_older_report_takes_its_pick_and_the_next_one_what_is_left() -> None:
    known = [_before(), replace(_before(), identity="second")]
    events = [_at(5, 8, 6, "a"), _at(8, 8, 8, "b"), _at(15, 15, 15, "c")]
    assert [one.identity for one in named(events, known, PLACES)] == ["first", "second", "c"]


def test_a_report_whose_commits_are_gone_is_known_by_its_commit_alone() -> None:
    for gone in ("first", "last"):
        rewritten = replace(_before(), **{gone: "f" * 40})
        events = [_at(5, 8, 7, "a"), _at(6, 6, 6, "b")]
        assert [one.identity for one in named(events, [rewritten], PLACES)] == ["a", "first"]


def test_an_event_without_suspects_is_at_its_commit() -> None:
    for place, name in ((4, "fresh"), (5, "first"), (8, "first"), (9, "fresh")):
        assert _names(_at(1, 0, place)) == [name]
    alone = reported(_at(1, 0, 6, "alone"), WHEN)
    assert (alone.first, alone.last, alone.commit) == (COMMITS[6],) * 3


def test_what_is_remembered_is_enough_to_find_the_event_again() -> None:
    first = _at(5, 8, 6, "first", key=replace(KEY, branch="3.0", case=CaseKey("bench.time_b", ("1",))), worse=False)
    told = reported(first, WHEN)
    assert (told.machine, told.when) == ("m1", WHEN)
    assert named([replace(first, identity="fresh")], [told], PLACES) == [first]


def test_a_release_is_known_by_its_name_alone() -> None:
    release = _at(1, 0, 6, "2222222222", axis="pythons")
    known = [reported(replace(release, identity="1111111111"), WHEN)]
    assert named([release], known, PLACES) == [release]
    told = reported(release, WHEN)
    assert (told.commit, told.first, told.last) == ("2222222222",) * 3


def test_all_else_of_an_event_and_the_order_stay() -> None:
    events = [_at(15, 15, 15, "c"), _at(5, 8, 6, "a"), _at(1, 1, 1, "b")]
    assert named(events, [_before()], PLACES) == [events[0], replace(events[1], identity="first"), events[2]]


def test_a_name_tells_all_that_sets_an_event_apart_and_never_changes() -> None:
    """Files of decisions and reports that were sent hold these names: another rule would orphan them all."""
    plain = identity_of(KEY, "commits", "c" * 40, worse=True)
    assert plain == "66de16298e"
    fields = ("machine", "fingerprint", "line", "branch", "version", "protocol")
    others = {
        *(identity_of(replace(KEY, **{field: "x"}), "commits", "c" * 40, worse=True) for field in fields),
        identity_of(replace(KEY, case=CaseKey("bench.time_b")), "commits", "c" * 40, worse=True),
        identity_of(KEY, "pythons", "c" * 40, worse=True),
        identity_of(KEY, "commits", "d" * 40, worse=True),
        identity_of(KEY, "commits", "c" * 40, worse=False),
    }
    assert len(others - {plain}) == len(fields) + 4
    assert identity_of(replace(KEY, branch="\udcff"), "commits", "c" * 40, worse=True)  # a name that is no UTF-8
