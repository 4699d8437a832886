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
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history.robust import median
from asv_jit.analysis.history.series import Floats, Track

__all__ = ["Column", "Counts", "Slice", "noise_of", "of_counts", "of_track"]

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_LOWEST, _MIDDLE, _HIGHEST = 35, 63, 91
_NO_VALUE, _ESCAPE = 32, 126
_STEPS_IN_NOISE = 6.0
_STEPS_IN_HALF_WIDTH = 4.0
_STEPS_IN_SMALLEST = 50.0
_FINER = 5.0
_STEPS_IN_TYPICAL = 1e6
_OUTLIER = 100.0  # a value this many times smaller than the typical one does not decide the step
_LARGEST_COUNT = 2.0**50  # every count must be exact as a float, in whatever reads the file
_MAD_TO_SIGMA = 1.4826


class Slice(Struct, frozen=True):
    """A stretch of a column: its first value in steps, and its texts, as in a column of its own."""

    zero: int
    values: str
    below: str | None
    above: str | None


class Column(Struct, frozen=True):
    """Value i is `counts[i] * step` where it is `known[i]`; its interval reaches `below[i]` steps down, `above[i]` up.

    All arrays have shape (points,). Widths are -1 where there is no interval; None where no point has one.
    """

    step: float
    counts: Counts
    known: Flags
    below: Counts | None
    above: Counts | None

    def cut(self, first: int, end: int) -> Column:
        """The points from `first` up to `end`."""
        below, above = (None if widths is None else widths[first:end] for widths in (self.below, self.above))
        return Column(self.step, self.counts[first:end], self.known[first:end], below, above)

    def sliced(self, cuts: Sequence[tuple[int, int]], *, intervals: bool = True) -> list[Slice | None]:
        """The texts of the points of each cut (from the first number up to the second); None where no point is known.

        A slice has the characters of the whole, but for its first value, which stands in `zero`.
        """
        places = np.flatnonzero(self.known)
        steps = np.diff(self.counts[places], prepend=self.counts[places[:1]])
        codes = _codes(steps, self.known, _MIDDLE)
        steps_at = np.zeros(len(self.known), dtype=np.int64)
        steps_at[places] = steps
        firsts = places.searchsorted([max(low, 0) for low, _ in cuts]).tolist()
        found: list[Slice | None] = []
        for (low, high), first in zip(cuts, firsts, strict=True):
            place = int(places[first]) if first < len(places) else high
            if place >= high:
                found.append(None)
                continue
            head = codes[low:place] + chr(_MIDDLE)
            rest = _escaped(codes[place + 1 : high], steps_at[place + 1 : high])
            below, above = self.cut(low, high).widths() if intervals else (None, None)
            found.append(Slice(int(self.counts[place]), head + rest, below, above))
        return found

    @property
    def zero(self) -> int:
        """The first value, in steps."""
        return int(self.counts[self.known.argmax()])

    def text(self) -> str:
        """The values' text, which starts from `zero`."""
        counts = self.counts[self.known]
        return _text(np.diff(counts, prepend=counts[:1]), self.known, _MIDDLE)

    def widths(self) -> tuple[str | None, str | None]:
        """The texts of the intervals' lower and upper parts: None where no point has one, or the upper is the same."""
        if self.below is None or self.above is None:
            return None, None
        below, above = _width_text(self.below), _width_text(self.above)
        return below, above if above != below else None


def of_track(track: Track, *, fine: bool = False) -> Column | None:
    """The column of a track, whose arrays have shape (points,) in its unit, NaN = missing; None without any value.

    Values are off by at most half a step: a twelfth of the series' noise at its smallest level, with `fine` a
    sixtieth (the noise is that of neighbours' differences, as a share). Whole numbers below a million stay exact.
    Without `fine`, intervals that are nearly as wide above as below are made so, by the wider of both.
    """
    known = np.isfinite(track.values)
    if not known.any():
        return None
    values = np.where(known, track.values, 0.0)
    below, above = values - track.low, track.high - values
    bounded = known & np.isfinite(below) & np.isfinite(above)
    step = _step(values[known], np.concatenate((below[bounded], above[bounded])), _FINER if fine else 1.0)
    counts = np.rint(values / step).astype(np.int64)
    if not bounded.any():
        return Column(step, counts, known, None, None)
    down, up = (_outward(width, bounded, step) for width in (below, above))
    widest = np.maximum(down, up)
    if not fine and np.all(np.abs(down - up) <= 1 + widest // 4):
        down = up = widest  # said once: see `Column.widths`
    return Column(step, counts, known, down, up)


def of_counts(counts: Counts) -> Column:
    """The column of whole numbers, shape (points,), that are exact as they are; below zero = missing."""
    return Column(1.0, counts, counts >= 0, None, None)


def noise_of(values: Floats) -> float:
    """The noise of a series of shape (points,), robust to changes of level: from the MAD of neighbours' differences.

    A standard deviation in the values' unit; NaN with fewer than three values.
    """
    known = values[np.isfinite(values)]
    if len(known) < 3:
        return math.nan
    differences = np.diff(known)
    return _MAD_TO_SIGMA * median(np.abs(differences - median(differences))) / math.sqrt(2.0)


def _step(values: Floats, widths: Floats, finer: float) -> float:
    """The largest number of two digits that is fine enough."""
    sizes = np.abs(values[values != 0.0])
    if len(sizes) == 0:
        return 1.0
    typical, largest = median(sizes), float(np.max(sizes))
    if typical < 1e6 and largest < _LARGEST_COUNT and np.all(values == np.rint(values)):
        return 1.0
    wide = widths[widths > 0.0]
    smallest = max(float(np.min(sizes)), typical / _OUTLIER)
    wanted = [smallest / _STEPS_IN_SMALLEST, smallest * noise_of(np.log(sizes)) / _STEPS_IN_NOISE]
    wanted += [median(wide) / _STEPS_IN_HALF_WIDTH] if len(wide) else []
    fine = min((one for one in wanted if one > 0.0), default=typical)
    return _round_down(max(fine / finer, typical / _STEPS_IN_TYPICAL, largest / _LARGEST_COUNT))


def _round_down(step: float) -> float:
    """Two significant digits, downwards: short to write, and hardly finer than it must be."""
    exponent = math.floor(math.log10(step))
    return float(f"{math.floor(step / 10.0 ** (exponent - 1) * (1.0 + 1e-12))}e{exponent - 1}")


def _outward(widths: Floats, bounded: Flags, step: float) -> Counts:
    steps = np.ceil(np.maximum(np.where(bounded, widths, 0.0), 0.0) / step - 1e-6)
    return np.where(bounded, np.minimum(steps, _LARGEST_COUNT), -1.0).astype(np.int64)


def _width_text(widths: Counts) -> str:
    known = widths >= 0
    return _text(widths[known], known, _LOWEST)


def _text(steps: Counts, known: Flags, middle: int) -> str:
    """One character a point, and an escape for each of `steps` that needs more."""
    at = np.zeros(len(known), dtype=np.int64)
    at[known] = steps
    return _escaped(_codes(steps, known, middle), at)


def _codes(steps: Counts, known: Flags, middle: int) -> str:
    """One character a point: `~` alone where a step does not fit."""
    codes = np.full(len(known), _NO_VALUE, dtype=np.int64)
    codes[known] = steps + middle
    outside = known & ((codes < _LOWEST) | (codes > _HIGHEST))
    return np.where(outside, _ESCAPE, codes).astype(np.uint8).tobytes().decode("ascii")


def _escaped(codes: str, steps: Counts) -> str:
    """With the step written out after each `~`."""
    parts = codes.split(chr(_ESCAPE))
    if len(parts) == 1:
        return codes
    written, place = [parts[0]], len(parts[0])
    for part in parts[1:]:
        written.append(f"~{steps[place]};{part}")
        place += 1 + len(part)
    return "".join(written)
