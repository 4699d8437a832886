"""The answer for `git bisect run`: right on both sides, and honest where it cannot tell."""

from __future__ import annotations

import math

import numpy as np
import pytest

from asv_jit.analysis.stats.threshold import side_of

BOUNDARY = math.log1p(0.05) / 2.0


def answered(level: float, noise: float, seed: int) -> str:
    rng = np.random.default_rng(seed)
    logs: list[float] = []
    while (answer := side_of(logs, BOUNDARY, limit=45)) == "more":
        logs.append(level + noise * float(rng.standard_normal()))
    return answer


@pytest.mark.parametrize("noise", [0.007, 0.014, 0.03])
@pytest.mark.parametrize(("level", "wrong"), [(0.0, "above"), (math.log1p(0.05), "below")])
def test_a_good_and_a_bad_commit_are_told_apart(level: float, wrong: str, noise: float) -> None:
    answers = [answered(level, noise, seed) for seed in range(400)]
    assert answers.count(wrong) <= 4
    assert answers.count("unclear") <= (400 if noise > 0.02 else 4)


def test_what_lies_on_the_boundary_is_mostly_unclear_and_nothing_is_said_too_early() -> None:
    answers = [answered(BOUNDARY, 0.01, seed) for seed in range(200)]
    assert answers.count("unclear") > 150
    assert side_of([1.0, 1.0, 1.0], 0.0, limit=45) == "more"
    assert side_of([1.0] * 4, 0.0, limit=45) == "above"
    assert side_of([0.0] * 45, 0.0, limit=45) == "unclear"


def test_figures_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        side_of([math.nan] * 4, 0.0, limit=45)
