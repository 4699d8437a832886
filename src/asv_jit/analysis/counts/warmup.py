"""Reads how a case warms up from a curve of counts: instructions per call, and the iterations that compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from asv_jit.analysis.counts.curve import SAME_LEVEL

_SINGLE_CALLS = 2
"""The iterations at the start that are one call each, as `calls_of` in trials/counted.py makes them."""


class CurvePoint(Struct, frozen=True):
    """An iteration: `calls` made until its end, and its instructions `per_call`.

    `excess`: what it took more than the next one, in instructions, where it stands alone above it; else 0. With the
    JIT on that is a compilation, mostly.
    """

    calls: int
    per_call: float
    excess: int


def curve_points(curve: Sequence[tuple[int, int]], inner_loops: int) -> list[CurvePoint]:
    """The points of a trial's `curve`: (how often, instructions) of successive iterations, of `inner_loops` calls each.

    Of equal iterations that follow one another only the first and the last are points. What is not a curve (a count or
    a number of times that is not positive) has no points.
    """
    if inner_loops <= 0 or any(times <= 0 or instructions <= 0 for times, instructions in curve):
        return []
    stretches = list(_stretches(curve, inner_loops))
    points: list[CurvePoint] = []
    done = 0
    for place, (times, calls, instructions) in enumerate(stretches):
        excess = 0
        if place + 1 < len(stretches) and times == 1:
            _, next_calls, following = stretches[place + 1]
            alike = round(following * calls / next_calls)
            excess = instructions - alike if instructions > alike * (1 + SAME_LEVEL) else 0
        per_call = instructions / calls
        points.append(CurvePoint(done + calls, per_call, excess))
        done += times * calls
        if times > 1:
            points.append(CurvePoint(done, per_call, 0))
    return points


def _stretches(curve: Sequence[tuple[int, int]], inner_loops: int) -> Iterator[tuple[int, int, int]]:
    """Yield (how often, calls, instructions) of equal iterations, with the single calls by themselves."""
    index = 0
    for times, instructions in curve:
        single = min(times, max(_SINGLE_CALLS - index, 0))
        for _ in range(single):
            yield 1, 1, instructions
        if times > single:
            yield times - single, inner_loops, instructions
        index += times
