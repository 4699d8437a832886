"""Series of numbers in few bytes: whole multiples of a step that is fine against their own noise, one character each.

A series of times needs few digits more than its noise allows: 12.3456789 ms measured to 1% says nothing that
12.35 ms does not. A column stores how many steps each value lies above the one before it, which is a small number
that one character can say; a thousand points of a history that asv writes in 11,000 bytes take 1,000. Intervals are
rounded outwards, never narrowed.

The text of a column, character by character, with `c` for a character's code:

    '#' to '['    c - 63 steps more than the value before (in intervals: c - 35 steps)
    '~n;'         the same where it does not fit: `n` is a decimal number such as -123
    ' '           no value
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history.robust import median, noise_of_neighbours
from asv_jit.analysis.history.series import Floats, Places, Track

__all__ = ["Column", "Counts", "Slice", "Written", "noise_share", "of_counts", "of_track"]

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_Scalar = TypeVar("_Scalar", bound=np.generic)

_LOWEST, _MIDDLE, _HIGHEST = 35, 63, 91
_NO_VALUE, _ESCAPE = 32, 126
_STEPS_IN_NOISE = 6.0
_STEPS_IN_HALF_WIDTH = 4.0
_STEPS_IN_SMALLEST = 50.0
_FINER = 5.0
_STEPS_IN_TYPICAL = 1e6
_OUTLIER = 100.0  # a value this many times smaller than the typical one does not decide the step
_LARGEST_COUNT = 2.0**50  # every count must be exact as a float, in whatever reads the file
_FEWEST = 3
"""Values that have a noise."""


class Slice(Struct, frozen=True):
    """A stretch of a column: its first value in steps, and its texts, as in a column of its own."""

    zero: int
    values: str
    below: str | None
    above: str | None


class Column(Struct, frozen=True):
    """Value i is `counts[i] * step` where it is `known[i]`; its interval reaches `below[i]` steps down, `above[i]` up.

    All arrays have shape (points,). Widths are -1 where there is no interval; None where no point has one. `noise`: see
    `noise_share`.
    """

    step: float
    counts: Counts
    known: Flags
    below: Counts | None
    above: Counts | None
    noise: float = math.nan

    def spread(self, slots: Places, length: int) -> Column:
        """The same in `length` slots: point i stands at `slots[i]`, and the others have no value."""
        if length == len(self.counts):
            return self
        below = None if self.below is None else _spread(self.below, slots, length, -1)
        same = self.above is self.below
        above = below if same or self.above is None else _spread(self.above, slots, length, -1)
        known = _spread(self.known, slots, length, 0)
        return Column(self.step, _spread(self.counts, slots, length, 0), known, below, above, self.noise)

    def written(self) -> Written:
        """Its texts."""
        (places,) = self.known.nonzero()
        counts = self.counts[places]
        steps = np.zeros_like(counts)
        np.subtract(counts[1:], counts[:-1], out=steps[1:])
        return Written(
            self.step,
            self.counts,
            places,
            _characters(steps, places, len(self.known), _MIDDLE),
            None if self.below is None else _width_characters(self.below),
            None if self.above is None or self.above is self.below else _width_characters(self.above),
        )


class Written(Struct, frozen=True):
    """A column as text: `step` and `counts` as in the column, and the characters of its values, which are at `places`.

    `above` is None where it is the same as `below`, both are where there are no intervals.
    """

    step: float
    counts: Counts
    places: Counts
    values: _Characters
    below: _Characters | None
    above: _Characters | None

    def whole(self) -> Slice:
        """The whole column."""
        zero = int(self.counts[self.places[0]])
        return Slice(zero, self.values.text(0, len(self.counts)), *self._widths(0, len(self.counts)))

    def sliced(self, cuts: Sequence[tuple[int, int]]) -> list[Slice | None]:
        """The points of each cut (from the first number up to the second); None where no point is known.

        A slice has the characters of the whole, but for its first value, which stands in `zero`.
        """
        firsts = self.places.searchsorted([max(low, 0) for low, _ in cuts]).tolist()
        found: list[Slice | None] = []
        for (low, high), first in zip(cuts, firsts, strict=True):
            place = int(self.places[first]) if first < len(self.places) else high
            if place >= high:
                found.append(None)
                continue
            head = chr(_NO_VALUE) * (place - low) + chr(_MIDDLE)
            widths = self._widths(low, high)
            found.append(Slice(int(self.counts[place]), head + self.values.text(place + 1, high), *widths))
        return found

    def _widths(self, first: int, end: int) -> tuple[str | None, str | None]:
        """The texts of the intervals' lower and upper parts: None where there is none, or the upper is the same."""
        if self.below is None:
            return None, None
        below = self.below.text(first, end)
        above = below if self.above is None else self.above.text(first, end)
        return below, above if above != below else None


class _Characters(Struct, frozen=True):
    """One character a point, but `~` for steps that need more: at these `places`, ascending, belong the `escapes`."""

    codes: str
    places: list[int]
    escapes: list[str]

    def text(self, first: int, end: int) -> str:
        """The text of the points from `first` up to `end`, with each escape in full."""
        low, high = bisect_left(self.places, first), bisect_left(self.places, end)
        parts: list[str] = []
        for place, escape in zip(self.places[low:high], self.escapes[low:high], strict=True):
            parts += (self.codes[first:place], escape)
            first = place + 1
        parts.append(self.codes[first:end])
        return "".join(parts)


def of_track(track: Track, *, fine: bool = False, intervals: bool = True) -> Column | None:
    """The column of a track, whose arrays have shape (points,) in its unit, NaN = missing; None without any value.

    Values are off by at most half a step: a twelfth of the series' noise at its smallest level, with `fine` a
    sixtieth (the noise is that of neighbours' differences, as a share). Whole numbers below a million stay exact.
    Without `fine`, intervals that are nearly as wide above as below are made so, by the wider of both. Without
    `intervals` they are left out, but are as narrow a bound to the step as ever.
    """
    known = np.isfinite(track.values)
    if not known.any():
        return None
    whole = bool(known.all())
    values = track.values if whole else np.where(known, track.values, 0.0)
    below, above = values - track.low, track.high - values
    bounded = known & np.isfinite(below) & np.isfinite(above)
    those = values if whole else values[known]
    sizes = _sizes(those)
    noise, step = math.nan, 1.0
    if sizes is not None:
        noise, step = sizes.noise, _step(those, sizes, (below[bounded], above[bounded]), _FINER if fine else 1.0)
    counts = np.rint(values / step).astype(np.int64)
    if not intervals or not bounded.any():
        return Column(step, counts, known, None, None, noise)
    down, up = (_outward(width, bounded, step) for width in (below, above))
    widest = np.maximum(down, up)
    if not fine and np.all(np.abs(down - up) <= 1 + widest // 4):
        down = up = widest  # said once: see `Written`
    return Column(step, counts, known, down, up, noise)


def of_counts(counts: Counts) -> Column:
    """The column of whole numbers, shape (points,), that are exact as they are; below zero = missing."""
    return Column(1.0, counts, counts >= 0, None, None)


def noise_share(values: Floats) -> float:
    """The noise of a series of shape (points,), NaN = missing, as a share of its level; NaN where unknown.

    A standard deviation: that of the logarithm; where a series has no logarithm, its own by its typical size. From its
    neighbours' differences, so that it is robust to changes of level.
    """
    known = values[np.isfinite(values)]
    sizes = _sizes(known) if len(known) else None
    return math.nan if sizes is None else sizes.noise


class _Sizes(Struct, frozen=True):
    """How large the values of a series are that are not 0 (`typical`: their geometric mean); `noise`: see above."""

    smallest: float
    typical: float
    largest: float
    noise: float


def _sizes(values: Floats) -> _Sizes | None:
    """Of finite values, at least one; None where all are 0."""
    low, high = float(values.min()), float(values.max())
    if low > 0.0:
        sizes = values
    else:
        sizes = np.abs(values)
        sizes = sizes[sizes > 0.0]
        if len(sizes) == 0:
            return None
    logs = np.log(sizes)
    typical = math.exp(float(logs.sum()) / len(logs))
    noise = math.nan
    if len(values) >= _FEWEST:
        noise = noise_of_neighbours(logs) if low > 0.0 or high < 0.0 else noise_of_neighbours(values) / typical
    if low > 0.0:
        return _Sizes(low, typical, high, noise)
    return _Sizes(float(sizes.min()), typical, float(sizes.max()), noise)


def _step(values: Floats, sizes: _Sizes, widths: tuple[Floats, Floats], finer: float) -> float:
    """The largest number of two digits that is fine enough; `widths` of the intervals, below and above."""
    if sizes.typical < 1e6 and sizes.largest < _LARGEST_COUNT and _are_whole(values):
        return 1.0
    smallest = max(sizes.smallest, sizes.typical / _OUTLIER)
    wanted = [smallest / _STEPS_IN_SMALLEST, smallest * sizes.noise / _STEPS_IN_NOISE]
    fine = min(one for one in wanted if one > 0.0)
    # Only where more than half of the intervals are that narrow can their median be: counting takes a tenth of it.
    narrow = sum(np.count_nonzero(width < fine * _STEPS_IN_HALF_WIDTH) for width in widths)
    if narrow >= len(widths[0]) > 0:
        wide = np.concatenate(widths)
        wide = wide[wide > 0.0]
        if len(wide):
            fine = min(fine, median(wide) / _STEPS_IN_HALF_WIDTH)
    return _round_down(max(fine / finer, sizes.typical / _STEPS_IN_TYPICAL, sizes.largest / _LARGEST_COUNT))


def _are_whole(values: Floats) -> bool:
    return float(values[0]).is_integer() and bool(np.all(values == np.rint(values)))


def _round_down(step: float) -> float:
    """Two significant digits, downwards: short to write, and hardly finer than it must be."""
    exponent = math.floor(math.log10(step))
    return float(f"{math.floor(step / 10.0 ** (exponent - 1) * (1.0 + 1e-12))}e{exponent - 1}")


def _outward(widths: Floats, bounded: Flags, step: float) -> Counts:
    steps = np.ceil(np.maximum(np.where(bounded, widths, 0.0), 0.0) / step - 1e-6)
    return np.where(bounded, np.minimum(steps, _LARGEST_COUNT), -1.0).astype(np.int64)


def _width_characters(widths: Counts) -> _Characters:
    (places,) = (widths >= 0).nonzero()
    return _characters(widths[places], places, len(widths), _LOWEST)


def _characters(steps: Counts, places: Counts, length: int, middle: int) -> _Characters:
    """Those of `length` points, of which the ones at `places` have a value."""
    codes = np.full(length, _NO_VALUE, dtype=np.uint8)
    found = steps + middle
    (long,) = ((found < _LOWEST) | (found > _HIGHEST)).nonzero()
    found[long] = _ESCAPE
    codes[places] = found
    escapes = [f"~{step};" for step in steps[long].tolist()]
    return _Characters(codes.tobytes().decode("ascii"), places[long].tolist(), escapes)


def _spread(values: npt.NDArray[_Scalar], slots: Places, length: int, missing: int) -> npt.NDArray[_Scalar]:
    spread = np.full(length, missing, dtype=values.dtype)
    spread[slots] = values
    return spread
