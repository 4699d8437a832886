from __future__ import annotations

import math

import pytest

from asv_jit.analysis.counts.comparison import compare_counts


def test_a_change_needs_all_seeds_and_its_figure_is_the_least_of_them() -> None:
    a = {1: [1000.0], 2: [1010.0], 3: [990.0]}
    more = compare_counts(a, {1: [1010.0], 2: [1016.0], 3: [1000.0]}, threshold=0.002)
    assert more.verdict == "more"
    assert more.change == pytest.approx(6 / 1010)
    assert compare_counts(a, {seed: [0.99 * v[0]] for seed, v in a.items()}, threshold=0.002).verdict == "fewer"


def test_small_changes_and_seeds_that_disagree_are_the_same() -> None:
    a = {1: [1000.0], 2: [1000.0]}
    assert compare_counts(a, {1: [1001.0], 2: [1500.0]}, threshold=0.002).verdict == "same"
    assert compare_counts(a, {1: [950.0], 2: [1050.0]}, threshold=0.002).verdict == "same"
    assert compare_counts(a, a, threshold=0.002).change == 0


def test_runs_of_one_seed_that_differ_are_named_and_give_no_verdict() -> None:
    found = compare_counts({1: [1000.0, 1001.0]}, {1: [2000.0]}, threshold=0.002)
    assert (found.verdict, found.change) == ("not repeatable", None)
    assert "hash seed 1 differ by 0.10%" in found.reason
    assert compare_counts({1: [1000.0, 1000.1]}, {1: [2000.0]}, threshold=0.002).verdict == "more"


def test_sides_without_a_common_seed_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="both sides"):
        compare_counts({1: [1.0]}, {2: [1.0]}, threshold=0.002)


def test_a_count_of_zero_is_compared_too() -> None:
    assert compare_counts({1: [0.0]}, {1: [0.0]}, threshold=0.002).verdict == "same"
    more = compare_counts({1: [0.0]}, {1: [5.0]}, threshold=0.002)
    assert (more.verdict, more.change) == ("more", math.inf)
    assert compare_counts({1: [5.0]}, {1: [0.0]}, threshold=0.002).verdict == "fewer"
    assert compare_counts({1: [0.0, 5.0]}, {1: [5.0]}, threshold=0.002).verdict == "not repeatable"
