"""How long a process must run before the JIT has paid for its warm-up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import scipy

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.speedup import check_share

Kind: TypeAlias = Literal["at once", "after", "never"]


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The course of one trial, in seconds.

    `startup_s` is everything before the first iteration (process start, import, setup), `iterations_s` has
    shape (iterations,) and holds what each iteration took as a whole (`inner_loops` calls), from cold;
    `steady_s` is what an iteration takes in the steady state.
    """

    startup_s: float
    iterations_s: Floats = field(repr=False)
    inner_loops: int
    steady_s: float


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When mode on has caught up with mode off for good.

    `at once`: it never lags behind (0 seconds, 0 calls). `after`: from then on it is not behind, `seconds` of
    running in mode on (start-up included) and `calls` of the benchmark after the start. `never`: the lag lasts
    or comes back, and both are None. `extrapolated`: the answer lies beyond the measured iterations and rests
    on the steady times (`never` always does).
    """

    kind: Kind
    seconds: float | None
    calls: int | None
    extrapolated: bool


@dataclass(frozen=True, slots=True)
class TypicalBreakEven:
    """The median break-even of several pairs, with an interval from order statistics.

    `seconds` and `calls` are None where the median pair never breaks even. `low_s` and `high_s` hold the true
    median with at least `confidence`, the level that so many pairs can give; None stands for "never".
    `never` counts the pairs that never break even, of `pairs`.
    """

    kind: Kind
    seconds: float | None
    calls: int | None
    extrapolated: bool
    low_s: float | None
    high_s: float | None
    confidence: float
    never: int
    pairs: int


_NEVER = BreakEven("never", None, None, extrapolated=True)


def break_even(off: Timeline, on: Timeline) -> BreakEven:
    """Return the break-even of one pair from the cumulative times of its arms, start-up included.

    It follows the last moment (the start, or the end of an iteration) at which mode on was behind. If its steady
    iterations are slower, the answer is `never`, whatever its start. If it is still behind at the end, the steady times
    give the number of further iterations.

    Noise in single iterations hardly matters, because it is summed. But for two equally fast arms the answer is random:
    do not show it if the verdict on the speedup is `same` or `unclear`.

    Raises ValueError unless the arms have the same number (at least 1) of iterations and inner loops, and
    finite times, positive where they are of iterations.
    """
    _check(off, on)
    elapsed = _cumulated(on)
    lead = _cumulated(off) - elapsed
    if on.steady_s > off.steady_s:
        return _NEVER
    behind = np.flatnonzero(lead < 0.0)
    if len(behind) == 0:
        return BreakEven("at once", 0.0, 0, extrapolated=False)
    done, measured = int(behind[-1]) + 1, len(on.iterations_s)
    if done <= measured:
        return BreakEven("after", float(elapsed[done]), done * on.inner_loops, extrapolated=False)
    gain = off.steady_s - on.steady_s
    more = -float(lead[-1]) / gain if gain > 0.0 else math.inf
    if not math.isfinite(more * on.steady_s):
        return _NEVER
    whole = math.ceil(more)
    seconds = float(elapsed[-1]) + whole * on.steady_s
    return BreakEven("after", seconds, (measured + whole) * on.inner_loops, extrapolated=True)


def typical(pairs: Sequence[BreakEven], *, alpha: float) -> TypicalBreakEven | None:
    """Return the median over the pairs of one case, `never` if most never break even; None without pairs.

    "Never" ranks above every time. Of an even number the two in the middle are averaged, unless the upper is
    "never": then the lower is used, so that half of the pairs is not "most". The interval runs between the
    order statistics whose binomial level is at least 1 - `alpha` (David and Nagaraja 2003, section 7.1); too
    few pairs for that (5 give 93.75%) give their extremes. The answer is extrapolated if a pair that decides
    it is. Raises ValueError for an `alpha` outside (0, 1).
    """
    check_share("alpha", alpha)
    if not pairs:
        return None
    ranked = sorted(pairs, key=lambda pair: math.inf if pair.seconds is None else pair.seconds)
    count = len(ranked)
    middle = ranked[(count - 1) // 2 : count // 2 + 1]
    if middle[-1].kind == "never":
        middle = middle[:1]
    cut, confidence = _order_statistics(count, alpha)
    seconds = _mean([pair.seconds for pair in middle])
    calls = _mean([pair.calls for pair in middle])
    return TypicalBreakEven(
        kind="never" if seconds is None else "at once" if seconds == 0.0 else "after",
        seconds=seconds,
        calls=None if calls is None else math.ceil(calls),
        extrapolated=any(pair.extrapolated for pair in middle),
        low_s=ranked[cut].seconds,
        high_s=ranked[count - 1 - cut].seconds,
        confidence=confidence,
        never=sum(pair.kind == "never" for pair in ranked),
        pairs=count,
    )


def _cumulated(timeline: Timeline) -> Floats:
    """Return the seconds until the start (index 0) and until the end of each iteration."""
    return np.cumsum(np.concatenate(([timeline.startup_s], timeline.iterations_s)))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _order_statistics(count: int, alpha: float) -> tuple[int, float]:
    """Return how many of `count` sorted values to drop at either end, and the level of that interval."""
    # The interval from the (cut + 1)-th value to its mirror misses with twice P(Binomial(count, 1/2) <= cut).
    misses = 2.0 * scipy.special.bdtr(np.arange((count + 1) // 2), count, 0.5)
    cut = max(int(np.sum(misses <= alpha)) - 1, 0)
    return cut, max(0.0, 1.0 - float(misses[cut]))


def _check(off: Timeline, on: Timeline) -> None:
    if off.inner_loops != on.inner_loops or off.inner_loops < 1:
        raise ValueError(f"the arms must share their inner loops, found {off.inner_loops}, {on.inner_loops}")
    shapes = off.iterations_s.shape, on.iterations_s.shape
    if len(shapes[0]) != 1 or shapes[0] != shapes[1]:
        raise ValueError(f"the arms must have the same number of iterations, found shapes {shapes[0]} and {shapes[1]}")
    if shapes[0] == (0,):
        raise ValueError("a timeline needs at least one iteration")
    for arm in (off, on):
        iterations = np.append(arm.iterations_s, arm.steady_s)
        if not (np.all(np.isfinite(iterations) & (iterations > 0.0)) and math.isfinite(arm.startup_s)):
            raise ValueError("iterations must take positive, finite times, and the start-up a finite one")
