"""The range of what is left covers what the loop then does about as often as it says, whatever the machine's noise."""

from __future__ import annotations

import numpy as np
import pytest

from asv_jit.analysis import speedup
from asv_jit.analysis.remaining import DRAWS, PairRule, Unfinished, draw_pairs_left, draw_usual, forecast, looks_of

RULE = PairRule(0.01, 5, 45, 0.02)
PAIR_S = 1.3


def _stop(logs: speedup.Floats) -> int:
    times, ones = np.exp(logs), np.ones(len(logs))
    return next(size for size in speedup.looks(5, 45) if speedup.next_step(times[:size], ones[:size]) == "stop")


def _suite(rng: np.random.Generator, cells: int) -> list[speedup.Floats]:
    """Log ratios of cells on one machine: its noise lies around 1%, a cell's around that of its machine."""
    machine = 0.01 * np.exp(0.6 * rng.standard_normal())
    return [rng.standard_normal(45) * machine * np.exp(0.5 * rng.standard_normal()) for _ in range(cells)]


@pytest.mark.parametrize(("cells", "measured"), [(1, 5), (6, 2), (6, 5), (6, 14), (20, 0), (20, 8)])
def test_the_range_covers_what_the_loop_does(cells: int, measured: int) -> None:
    rng = np.random.default_rng(cells + measured)
    below = above = suites = 0
    for seed in range(120):
        suite = [(logs, _stop(logs)) for logs in _suite(rng, cells)]
        going = [(logs[:measured], stop - measured) for logs, stop in suite if stop > measured]
        if going:
            unfinished = [Unfinished((logs,), 1, 2, PAIR_S) for logs, _ in going]
            known = [logs[:stop] for logs, stop in suite if stop <= measured]
            found = forecast(unfinished, RULE, known=known, seed=seed)
            truth = sum(left for _, left in going)
            suites += 1
            below += truth * 2 < found.trials.low
            above += truth * 2 > found.trials.high
            assert found.seconds.high == pytest.approx(found.trials.high / 2 * PAIR_S)
    assert below + above <= 0.3 * suites  # 20% are meant to lie outside
    assert max(below, above) <= 0.25 * suites


def test_the_range_narrows_as_pairs_come_in() -> None:
    logs = np.random.default_rng(1).standard_normal((6, 45)) * 0.03  # needs all 45 pairs
    widths = []
    for measured in (0, 5, 14, 30):
        found = forecast([Unfinished((one[:measured],), 1, 2, PAIR_S) for one in logs], RULE, seed=1)
        widths.append(found.trials.high - found.trials.low)
    assert widths == sorted(widths, reverse=True)


def test_each_draw_stops_where_the_rule_looks() -> None:
    rng = np.random.default_rng(1)
    draws = draw_pairs_left(rng.standard_normal(8) * 0.02, looks_of(RULE), draw_usual([], rng), rng)
    assert draws.shape == (DRAWS,)
    assert set(draws + 8) <= set(speedup.looks(5, 45))


def test_what_is_not_adaptive_takes_what_it_takes() -> None:
    found = forecast([Unfinished((), 3, 1, 2.0), Unfinished((), 2, 2, 4.0)], RULE, seed=1)
    assert (found.trials.low, found.trials.high) == (7, 7)
    assert (found.seconds.low, found.seconds.high) == (14.0, 14.0)


@pytest.mark.parametrize("size", [5, 14, 45])
def test_the_sum_of_squares_at_which_the_rule_stops(size: int) -> None:
    logs = np.random.default_rng(size).standard_normal(size)
    logs -= logs.mean()
    at_limit = logs * np.sqrt(speedup.largest_sum(size, 0.01) / np.sum(logs**2))
    steps = [
        speedup.next_step(np.exp(at_limit * f), np.ones(size), min_pairs=size, max_pairs=46) for f in (0.999, 1.001)
    ]
    assert steps == ["stop", "measure"]
