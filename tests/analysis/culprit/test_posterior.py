"""Earlier measurements as a prior: they may hurry a search, and can neither replace nor mislead it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from asv_jit.analysis.culprit.posterior import FEWEST_MEASURED, prior_of
from asv_jit.analysis.culprit.searcher import Search

COUNT = 64


def history(step: int, places: list[int]) -> dict[int, float]:
    rng = np.random.default_rng(7)
    return {place: math.exp(0.05 * (place >= step) + 0.005 * float(rng.standard_normal())) for place in places}


def test_half_of_the_prior_follows_history_and_half_is_even() -> None:
    prior = prior_of(COUNT, history(40, [0, 8, 16, 24, 32, 39, 40, 48, COUNT - 1]))
    assert prior is not None
    assert prior.shape == (COUNT,)
    assert prior.sum() == pytest.approx(1.0)
    assert prior[0] == 0.0
    assert int(prior.argmax()) == 40
    assert 0.4 < prior[40] < 0.52
    assert prior[1:].min() >= 0.5 / (COUNT - 1)


@pytest.mark.parametrize("places", [[0, COUNT - 1], [0, 1, 2, 3, 4, 5, 6], list(range(1, COUNT))])
def test_too_little_history_is_no_prior(places: list[int]) -> None:
    assert len(places) < FEWEST_MEASURED or not {0, COUNT - 1} <= {*places}
    assert prior_of(COUNT, history(40, places)) is None


@pytest.mark.parametrize("believed", [12, 50])
def test_a_wrong_history_misleads_no_search_and_the_ends_are_reproduced_all_the_same(believed: int) -> None:
    prior = prior_of(COUNT, history(believed, [0, 8, believed - 1, believed, 20, 30, 40, 55, COUNT - 1]))
    assert prior is not None
    for culprit in (30, None):
        rng = np.random.default_rng(1)
        search = Search(COUNT, prior=prior.tolist())
        while (index := search.next_index()) is not None:
            level = 0.05 if culprit is not None and index >= culprit else 0.0
            search.record(index, math.exp(level + 0.01 * float(rng.standard_normal())))
        found = search.culprit()
        assert (found.outcome, found.index) == (("found", 30) if culprit is not None else ("not_reproducible", None))


@pytest.mark.parametrize("prior", [[0.0, 1.0], [0.1, 0.4, 0.5], [0.0, 0.0, 1.0], [0.0, math.nan, 1.0]])
def test_what_is_no_prior_is_refused(prior: list[float]) -> None:
    with pytest.raises(ValueError, match="a prior needs 3"):
        Search(3, prior=prior)
