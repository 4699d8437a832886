"""Read a curve of counts: the first steady iteration, the count of a steady iteration, and the cost of the warm-up.

Counts have no noise, but steady iterations differ in the last digits: now and then the JIT compiles a trace, or the
allocator takes another pool. So a level is what most counts agree on, and the steady count is its most frequent one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

SAME_LEVEL = 0.0002
"""Counts on one level differ by at most this share; `trials/child/counting.py` stops by the same rule."""


class SteadyCount(Struct, frozen=True):
    """The steady state of a curve.

    `instructions`: of a steady iteration, exact; `start`: the first iteration (from 0) after the last change of level;
    `warmup_instructions`: the instructions of all iterations beyond the steady count.
    """

    instructions: int
    start: int
    warmup_instructions: int


def steady_count(counts: Sequence[int], calls: Sequence[int]) -> SteadyCount:
    """Read a curve: `counts` and `calls`, shape (n,), per iteration from cold; the last iterations have equal calls.

    Raises ValueError for no iterations or for lists of unequal length.
    """
    if not counts or len(counts) != len(calls):
        raise ValueError(f"expected as many counts as calls, at least one, found {len(counts)} and {len(calls)}")
    first = next(index for index in range(len(calls)) if calls[index] == calls[-1])
    while any(one != calls[-1] for one in calls[first:]):  # early single calls may equal no later iteration
        first += 1
    alike = counts[first:]
    half = len(alike) // 2
    level = _median(alike[half:])
    near = [abs(count - level) <= SAME_LEVEL * level for count in alike]
    # Counts that alternate between levels to the end agree on none: then it is the middle one of the last half.
    agreed = (index for index in range(len(alike)) if near[index] and 2 * sum(near[index:]) > len(near) - index)
    start = next(agreed, near.index(True, half))
    steady = _most_frequent([count for count, on_level in zip(alike[start:], near[start:], strict=True) if on_level])
    excess = [count - steady * here / calls[-1] for count, here in zip(counts, calls, strict=True)]
    return SteadyCount(
        instructions=steady,
        start=first + start,
        warmup_instructions=round(math.fsum(one for one in excess if one > 0)),
    )


def drift(curve: Sequence[tuple[int, int]], inner_loops: int) -> float:
    """Return the share by which the level still moved in the last half of a trial's curve; 0 if it had settled.

    `curve` holds (repetitions, instructions) of successive iterations. A level keeps moving if the JIT is still
    compiling or if iterations differ.
    """
    counts = [count for times, count in curve for _ in range(times)][2 if inner_loops > 1 else 0 :]
    half = counts[len(counts) // 2 :]
    middle = len(half) // 2
    if not middle:
        return 0.0
    earlier, later = _median(half[:middle]), _median(half[middle:])
    moved = abs(earlier / later - 1) if later else 0.0
    return moved if moved > SAME_LEVEL else 0.0


def break_even_calls(*, off: float, on: float, off_warmup: float, on_warmup: float) -> int | None:
    """Return the number of calls after which the JIT has saved instructions in total; None if it never does.

    `off` and `on` are steady instructions per call. Instructions are not time.
    """
    if on >= off:
        return None
    return max(0, math.ceil((on_warmup - off_warmup) / (off - on)))


def _median(counts: Sequence[int]) -> int:
    return sorted(counts)[(len(counts) - 1) // 2]


def _most_frequent(counts: Sequence[int]) -> int:
    """Return the most frequent count, the lowest of a tie; the median if none occurs twice."""
    times = Counter(counts)
    most = max(times.values())
    return _median(counts) if most == 1 else min(count for count, often in times.items() if often == most)


_SINGLE_CALLS = 2
"""The first iterations are one call each, see `calls_of` in trials/counted.py."""


class CurvePoint(Struct, frozen=True):
    """An iteration: the `calls` made until its end, and its instructions `per_call`.

    `excess`: the instructions beyond those of the next iteration, if only this one exceeds it; else 0. With the JIT on
    it is mostly a compilation.
    """

    calls: int
    per_call: float
    excess: int


def curve_points(curve: Sequence[tuple[int, int]], inner_loops: int) -> list[CurvePoint]:
    """Return the points of a `curve`: (repetitions, instructions) of successive iterations of `inner_loops` calls each.

    Equal successive iterations give two points, the first and the last. An invalid curve, with a count or a number of
    repetitions that is not positive, has no points.
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
    """Yield (repetitions, calls, instructions) of equal iterations; single calls are separate."""
    index = 0
    for times, instructions in curve:
        single = min(times, max(_SINGLE_CALLS - index, 0))
        for _ in range(single):
            yield 1, 1, instructions
        if times > single:
            yield times - single, inner_loops, instructions
        index += times
