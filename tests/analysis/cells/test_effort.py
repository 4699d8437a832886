"""How many iterations a trial needs, from one look at each mode."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from asv_jit.analysis.cells.effort import Look, enough_iterations
from tests.acceptance import trial_length

FULL = 250
ITERATION_S = 0.002


def _durations(seed: int, *, noise: float = 0.01, count: int = FULL) -> npt.NDArray[np.float64]:
    return np.asarray(ITERATION_S * np.exp(np.random.default_rng(seed).normal(0.0, noise, count)))


def _look(durations: npt.NDArray[np.float64], *, begin_s: float = 0.06, between_s: float = 0.0) -> Look:
    return Look(tuple(durations), begin_s, float(durations.sum()) + between_s * len(durations))


def _count(*durations: npt.NDArray[np.float64]) -> int:
    return enough_iterations([_look(one) for one in durations], least=30)


def test_what_is_steady_from_the_start_gets_short_trials() -> None:
    count = _count(_durations(1), _durations(2))
    assert 0.15 <= count * ITERATION_S <= 0.17


def test_the_longest_warmup_of_either_mode_counts() -> None:
    warming = _durations(2)
    warming[:60] *= 1.3
    for looks in ((_durations(1), warming), (warming, _durations(1))):
        assert 3 * 60 <= _count(*looks) < FULL


def test_a_mode_that_still_changes_at_the_end_gets_trials_of_full_length() -> None:
    late = _durations(2)
    late[:200] *= 1.3
    assert _count(_durations(1), late) == FULL
    assert _count(_durations(1), late[::-1].copy()) == FULL


def test_a_small_last_step_of_the_warmup_is_waited_for() -> None:
    late = _durations(2)
    late[:110] *= 1.025
    assert _count(_durations(1), late) > 110


def test_a_mode_that_gets_slower_gets_trials_of_full_length() -> None:
    slower = _durations(2)
    slower[60:] *= 1.1
    assert _count(_durations(1), slower) == FULL


def test_a_slow_spell_of_the_machine_is_no_warmup() -> None:
    quiet = _count(_durations(1), _durations(2))
    disturbed = _durations(2)
    disturbed[100:150] *= 1.4
    assert _count(_durations(1), disturbed) == pytest.approx(quiet, rel=0.1)


def test_noise_of_the_iterations_themselves_makes_trials_longer() -> None:
    assert _count(_durations(1, noise=0.1), _durations(2, noise=0.1)) > 1.5 * _count(_durations(1), _durations(2))


def test_a_look_on_a_busy_machine_does_not_make_trials_shorter() -> None:
    busy = _durations(2)
    busy[np.arange(FULL) % 3 == 0] *= 5.0
    assert _count(_durations(1), busy) >= 0.95 * _count(_durations(1), _durations(2))


def test_what_is_done_between_iterations_counts_as_their_cost() -> None:
    looks = [_look(_durations(seed), between_s=3 * ITERATION_S) for seed in (1, 2)]
    assert enough_iterations(looks, least=30) < _count(_durations(1), _durations(2))


def test_few_iterations_are_never_made_fewer() -> None:
    assert _count(_durations(1, count=30), _durations(2, count=30)) == 30
    assert _count(_durations(1, count=5), _durations(2, count=5)) == 5
    assert enough_iterations([_look(_durations(1))], least=FULL) == FULL


def test_whatever_the_start_takes_the_count_is_one_that_there_is() -> None:
    looks = [_durations(seed, noise=0.1) for seed in (1, 2)]
    found = {
        enough_iterations([_look(one, begin_s=begin_s) for one in looks], least=30)
        for begin_s in np.geomspace(0.001, 1.0, 2000)  # so fine that counts between the last two come up
    }
    assert max(found) == FULL
    assert len(found) > 50


def test_what_settles_slowly_and_by_little_is_waited_for() -> None:
    settling = [_durations(seed) * (1.0 + 0.02 * np.exp(-np.arange(FULL) / 30)) for seed in (1, 2)]
    assert _count(*settling) > 1.5 * _count(_durations(1), _durations(2))


def test_looks_of_different_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="one count"):
        _count(_durations(1), _durations(2, count=100))
    with pytest.raises(ValueError, match="no looks"):
        _count()


@pytest.mark.long
def test_trials_so_short_take_less_time_for_a_precision() -> None:
    assert [row for row in trial_length.evidence(0.3, seed=7) if not row.passed] == []
