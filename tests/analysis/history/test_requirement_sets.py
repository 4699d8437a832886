from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis.history.requirement_sets import series_names

OLD, NEW = "numpy==1.26 six", "numpy==2.1 six"


def test_a_pin_that_changes_is_one_series() -> None:
    assert series_names({OLD: [0, 1, 2], NEW: [3, 4]}) == {OLD: "", NEW: ""}
    assert series_names({OLD: [0, 1, 2], NEW: [2, 3]}) == {OLD: "", NEW: ""}  # the commit that changed it


def test_sets_over_the_same_commits_are_series_of_their_own_named_after_the_difference() -> None:
    assert series_names({OLD: [0, 1, 2], NEW: [1, 2, 3]}) == {OLD: "numpy==1.26", NEW: "numpy==2.1"}
    assert series_names({OLD: [0], NEW: [0]}) == {OLD: "numpy==1.26", NEW: "numpy==2.1"}
    assert series_names({"six": [0, 1], "numpy six": [0, 1]}) == {"six": "only six", "numpy six": "numpy"}


def test_one_of_two_matrix_columns_changes_its_pin() -> None:
    newest = "numpy==2.2 six"
    names = series_names({OLD: [0, 1, 2, 3, 4, 5], NEW: [0, 1, 2], newest: [3, 4, 5]})
    assert names == {OLD: "numpy==1.26", NEW: "numpy==2.2", newest: "numpy==2.2"}


def test_what_was_not_recorded_joins_the_oldest_series() -> None:
    assert series_names({"": [0, 1, 2]}) == {"": ""}
    assert series_names({"": [0, 1, 5], OLD: [4, 5], NEW: [4, 5]})[""] == "numpy==1.26"


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.integers(0, 9), min_size=1), min_size=1))
def test_sets_of_one_series_share_no_two_commits(places: dict[str, list[int]]) -> None:
    names = series_names(places)
    for one in places:
        for other in places:
            if one != other and names[one] == names[other]:
                assert len(set(places[one]) & set(places[other])) <= 1
