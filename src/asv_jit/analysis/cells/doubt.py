"""How far unsettled and disturbed trials could have moved a mean log ratio: a bound, and no probability.

The level of a trial that never settled may be any that it had for long: of its last half, its median times how much
longer each quarter took than the mean quarter. (Not beside the median: single slow iterations do not move that.) A
disturbed trial may have been quicker: not than the mean of its last half without the share of the core that others
took, which lies above the median where they took it from few iterations. And it may have been as quick or slow as the
core was at any time during its block. All trials of an arm are put at one end of what they may have been, those of the
other arm at the other end. Nothing else is assumed: neither how often each happens, nor that both arms are disturbed
alike.

A verdict that holds at both ends holds wherever the levels lay. The interval is wider by the bound on each side, so
that `unclear` always goes with an interval that contains what cannot be excluded. Simulated
(tests/acceptance/unsettled.py): a ratio of 1.277 is found in all of 400 cases with 80% of the trials wandering by up to
10%; without a difference none of 800 is said to differ, and with half of them wandering by 2% a quarter is `same`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.cells.cell import Block
from asv_jit.analysis.stats.wild import tempered
from asv_jit.model import Trial

_MOST_TAKEN = 0.9  # of the core; a trial that had less of it than this is bounded as if it had a tenth
_FEWEST_CALM = 5
_UNKNOWN = 1e9  # a level that is known no better than within this factor is not known at all


def doubt(blocks: Sequence[Block], arms: Mapping[str, int]) -> float:
    """Return the bound on the mean log ratio, at least 0, of blocks in which all trials have a steady time.

    `arms`: 1 for each arm in the numerator of the ratio, -1 for each in the denominator. Infinite if a trial that never
    settled has no curve.
    """
    trials = [trial for block in blocks for arm in arms if (trial := block.trial(arm)) is not None]
    if any(trial.never_settled and len(trial.curve) < 2 for trial in trials):
        return math.inf
    logs, lowest, highest = (np.zeros(len(blocks)) for _ in range(3))
    for row, block in enumerate(blocks):
        for arm, sign in arms.items():
            trial = block.trial(arm)
            if trial is None or not trial.steady_s:
                continue
            logs[row] += sign * math.log(trial.steady_s)
            if trial.disturbed or trial.never_settled:
                ends = sorted(sign * math.log(end) for end in _range(trial, block))
                lowest[row] += ends[0]
                highest[row] += ends[1]
    centre = _mean(logs)
    calm = np.array([not block.disturbed for block in blocks])
    ways = [_mean(logs + lowest), _mean(logs + highest)]
    if _FEWEST_CALM <= calm.sum() < len(blocks):
        ways.append(_mean(logs[calm]))
    return max(abs(way - centre) for way in ways)


def _mean(logs: Floats) -> float:
    return float(np.mean(tempered(logs)))


def _range(trial: Trial, block: Block) -> tuple[float, float]:
    """Return the least and the largest level that the trial may have had, in units of its steady time."""
    low = high = 1.0
    quarters_s, iterations = _last_half(trial)
    whole_s = float(quarters_s.sum())
    if trial.never_settled and whole_s > 0.0:
        levels = [4.0 * quarter_s / whole_s for quarter_s in quarters_s.tolist() if quarter_s > 0.0]
        low, high = min(low, *levels), max(high, *levels)
    if trial.disturbance is not None and trial.disturbed and trial.steady_s:
        seen = trial.disturbance
        left = 1.0 - min((seen.steal or 0.0) + (seen.others or 0.0), _MOST_TAKEN)
        mean = whole_s / iterations / trial.inner_loops / trial.steady_s if whole_s > 0.0 else 1.0
        low *= min(1.0, left * max(mean, 1.0))
        speeds = [one.disturbance.fixed_work_s for one in block.trials if one.disturbance is not None]
        works = [work for work in speeds if work]
        if seen.fixed_work_s and works:
            low, high = low * min(works) / seen.fixed_work_s, high * max(works) / seen.fixed_work_s
    return max(low, 1.0 / _UNKNOWN), min(high, _UNKNOWN)


def _last_half(trial: Trial) -> tuple[Floats, float]:
    """Return how long each quarter of the last half took, in seconds, and its iterations."""
    if len(trial.curve) < 2:
        return np.zeros(4), 1.0
    done, elapsed_s = (np.array(column, dtype=np.float64) for column in zip(*trial.curve, strict=True))
    ends = np.linspace(done[-1] / 2.0, done[-1], 5)
    return np.diff(np.interp(ends, done, elapsed_s)), float(done[-1]) / 2.0
