"""Which events ask somebody to act: an open regression that is the code's or a release's doing."""

from __future__ import annotations

import math

import pytest

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.history.events import State
from tests.analysis.history.events import change, event

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
