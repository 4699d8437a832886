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

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.arrays import Flags, Floats
from asv_jit.analysis.history.series import Track
from asv_jit.analysis.stats.robust import median, noise_of_neighbours, usual_difference
from asv_jit.site.content import format as form

Counts = npt.NDArray[np.int64]
Places = npt.NDArray[np.signedinteger]

_LOWEST, _MIDDLE, _HIGHEST = 35, 63, 91
_NO_VALUE, _ESCAPE = 32, 126
_STEPS_IN_NOISE = 6.0
_STEPS_IN_HALF_WIDTH = 4.0
_STEPS_IN_SMALLEST = 50.0
_FINER = 5.0
_STEPS_IN_TYPICAL = 1e6
_OUTLIER = 100.0  # a value this many times smaller than the typical one does not decide the step
_LARGEST_COUNT = 2.0**50  # every count must be exact as a float, in whatever reads the file
_LEAST_STEP = 1e-300
"""Nothing that is measured comes near, and below it numbers lose their digits."""

_FEWEST = 3
"""Values that have a noise."""

_USUAL = 1.96 * math.sqrt(2.0)
"""What 95% of the differences of Gaussian values do not exceed, in standard deviations of the values."""


class Column(Struct, frozen=True):
    """`length` slots, of which those at `places` (ascending) have a value: `counts[i] * step` at `places[i]`.

    Its interval reaches `below[i]` steps down and `above[i]` up: all arrays have shape (places,). Widths are -1 where
    there is no interval; None where no value has one. `noise` is the standard deviation of Gaussian values of which 95%
    of the neighbours differ by no more than those of this series do: of the logarithm, as a share of the level; where a
    series has no logarithm, its own by its typical size; NaN where unknown.
    """

    step: float
    length: int
    places: Places
    counts: Counts
    below: Counts | None
    above: Counts | None
    noise: float = math.nan

    def spread(self, slots: Places, length: int) -> Column:
        """The same in `length` slots: what was at place i stands at `slots[i]`."""
        if length == self.length:
            return self
        places = slots if len(self.places) == self.length else slots[self.places]
        return Column(self.step, length, places, self.counts, self.below, self.above, self.noise)

    def written(self) -> Written:
        """Its texts."""
        steps = np.empty_like(self.counts)
        steps[0] = 0
        np.subtract(self.counts[1:], self.counts[:-1], out=steps[1:])
        return Written(
            self.step,
            self.counts,
            self.places,
            _characters(steps, self.places, self.length, _MIDDLE),
            None if self.below is None else self._widths(self.below),
            None if self.above is None or self.above is self.below else self._widths(self.above),
        )

    def _widths(self, widths: Counts) -> _Characters:
        (those,) = (widths >= 0).nonzero()
        return _characters(widths[those], self.places[those], self.length, _LOWEST)


class Written(Struct, frozen=True):
    """A column as text: `step`, `counts` and `places` as in the column, and the characters of its values.

    `above` is None where it is the same as `below`, both are where there are no intervals.
    """

    step: float
    counts: Counts
    places: Places
    values: _Characters
    below: _Characters | None
    above: _Characters | None

    def whole(self) -> form.ColumnData:
        """The whole column."""
        below, above = self._widths(0, self.values.length)
        return form.ColumnData(
            step=self.step,
            zero=int(self.counts[0]),
            values=self.values.text(0, self.values.length),
            below=below,
            above=above,
        )

    def sliced(self, cuts: Sequence[tuple[int, int]]) -> list[form.PackedColumn | None]:
        """The slots of each cut (from the first number up to the second); None where none of them has a value.

        A slice has the characters of the whole, but for its first value, which stands in `zero`.
        """
        firsts = self.places.searchsorted([low for low, _ in cuts])
        nearest = np.minimum(firsts, len(self.places) - 1)  # past the last value: a place before the cut
        slices: list[form.PackedColumn | None] = []
        for (low, high), place, count in zip(
            cuts, self.places[nearest].tolist(), self.counts[nearest].tolist(), strict=True
        ):
            if not low <= place < high:
                slices.append(None)
                continue
            text = chr(_NO_VALUE) * (place - low) + chr(_MIDDLE) + self.values.text(place + 1, high)
            slices.append(form.PackedColumn(count, text, *self._widths(low, high)))
        return slices

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

    @property
    def length(self) -> int:
        """How many points it has."""
        return len(self.codes)

    def text(self, first: int, end: int) -> str:
        """The text of the points from `first` up to `end`, with each escape in full."""
        low, high = bisect_left(self.places, first), bisect_left(self.places, end)
        if low == high:
            return self.codes[first:end]
        parts: list[str] = []
        for place, escape in zip(self.places[low:high], self.escapes[low:high], strict=True):
            parts += (self.codes[first:place], escape)
            first = place + 1
        parts.append(self.codes[first:end])
        return "".join(parts)


def of_track(track: Track, *, fine: bool = False, exact: bool = False) -> Column | None:
    """The column of a track, whose arrays have shape (points,) in its unit, NaN = missing; None without any value.

    Values are off by at most half a step: a twelfth of the series' noise at its smallest level, with `fine` a
    sixtieth (the noise is that of neighbours' differences, as a share). Whole numbers below a million stay exact.
    Without `fine`, intervals that are nearly as wide above as below are made so, by the wider of both. `exact`: values
    are counts, whole or to a thousandth.
    """
    (places,) = np.isfinite(track.values).nonzero()
    if len(places) == 0:
        return None
    whole = len(places) == len(track.values)
    values, low, high = (part if whole else part[places] for part in (track.values, track.low, track.high))
    bounded = np.isfinite(high - low)
    widths = ((values - low)[bounded], (high - values)[bounded]) if bounded.any() else None
    sizes = _sizes(values)
    noise, step = math.nan, 1.0
    if sizes is not None:
        noise, step = sizes.usual / _USUAL, _step(values, sizes, widths, _FINER if fine else 1.0)
    if exact:
        step = max(1.0 if _are_whole(values) else 0.001, float(np.abs(values).max()) / _LARGEST_COUNT)
    counts = np.rint(values / step).astype(np.int64)
    if widths is None:
        return Column(step, len(track.values), places, counts, None, None, noise)
    down, up = (_outward(width, bounded, step) for width in widths)
    widest = np.maximum(down, up)
    if not fine and np.all(np.abs(down - up) <= 1 + widest // 4):
        down = up = widest  # said once: see `Written`
    return Column(step, len(track.values), places, counts, down, up, noise)


def of_counts(counts: Counts) -> Column | None:
    """The column of whole numbers, shape (points,), that are exact as they are; below zero = missing."""
    (places,) = (counts >= 0).nonzero()
    return Column(1.0, len(counts), places, counts[places], None, None) if len(places) else None


class _Sizes(Struct, frozen=True):
    """How large the values of a series are that are not 0 (`typical`: their geometric mean).

    Of its logarithm, or its own by the typical size: `noise`, robust to outliers, and the `usual` difference of
    neighbours.
    """

    smallest: float
    typical: float
    largest: float
    noise: float
    usual: float


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
    noise = usual = math.nan
    if len(values) >= _FEWEST:
        same_sign = low > 0.0 or high < 0.0
        noisy, scale = (logs, 1.0) if same_sign else (values, typical)
        noise, usual = noise_of_neighbours(noisy) / scale, usual_difference(noisy) / scale
    if low > 0.0:
        return _Sizes(low, typical, high, noise, usual)
    return _Sizes(float(sizes.min()), typical, float(sizes.max()), noise, usual)


def _step(values: Floats, sizes: _Sizes, widths: tuple[Floats, Floats] | None, finer: float) -> float:
    """The largest number of two digits that is fine enough; `widths` of the intervals, if any, below and above."""
    if sizes.typical < 1e6 and sizes.largest < _LARGEST_COUNT and _are_whole(values):
        return 1.0
    smallest = max(sizes.smallest, sizes.typical / _OUTLIER)
    wanted = [smallest / _STEPS_IN_SMALLEST, smallest * sizes.noise / _STEPS_IN_NOISE]
    fine = min((one for one in wanted if one > 0.0), default=_LEAST_STEP)
    if widths is not None:
        wide = np.concatenate(widths)
        wide = wide[wide > 0.0]
        if len(wide):
            fine = min(fine, median(wide) / _STEPS_IN_HALF_WIDTH)
    bounds = (fine / finer, sizes.typical / _STEPS_IN_TYPICAL, sizes.largest / _LARGEST_COUNT, _LEAST_STEP)
    return _round_down(max(bounds))


def _are_whole(values: Floats) -> bool:
    return float(values[0]).is_integer() and bool(np.all(values == np.rint(values)))


def _round_down(step: float) -> float:
    """Two significant digits, downwards: short to write, and hardly finer than it must be."""
    exponent = math.floor(math.log10(step))
    return float(f"{math.floor(step / 10.0 ** (exponent - 1) * (1.0 + 1e-12))}e{exponent - 1}")


def _outward(widths: Floats, bounded: Flags, step: float) -> Counts:
    """How many steps those that are `bounded` reach; -1 for the others."""
    steps = np.full(len(bounded), -1, dtype=np.int64)
    steps[bounded] = np.minimum(np.ceil(np.maximum(widths, 0.0) / step - 1e-6), _LARGEST_COUNT)
    return steps


def _characters(steps: Counts, places: Places, length: int, middle: int) -> _Characters:
    """Those of `length` points, of which the ones at `places` have a value."""
    codes = np.full(length, _NO_VALUE, dtype=np.uint8)
    characters = steps + middle
    (long,) = ((characters < _LOWEST) | (characters > _HIGHEST)).nonzero()
    characters[long] = _ESCAPE
    codes[places] = characters
    escapes = [f"~{step};" for step in steps[long].tolist()]
    return _Characters(codes.tobytes().decode("ascii"), places[long].tolist(), escapes)
