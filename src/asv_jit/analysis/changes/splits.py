"""Batches of short arrays, and what one boundary explains of a part of a series at each of its places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from asv_jit.analysis.arrays import Floats


def in_lots(sizes: Sequence[int], most: int) -> Iterator[slice]:
    """Yield slices of neighbours whose `sizes` sum up to at most `most`; a larger one is a slice of its own."""
    first = total = 0
    for at, size in enumerate(sizes):
        if total + size > most and at > first:
            yield slice(first, at)
            first, total = at, 0
        total += size
    if len(sizes) > first:
        yield slice(first, len(sizes))


def gains(masses: Floats, sums: Floats, start: int, end: int, shortest: int) -> Floats:
    """Return what a boundary explains of the squared error (times weight), by place.

    `masses`, `sums`: prefix sums of a series' weights and weighted values, shape (n + 1,), from 0. The part from
    `start` up to `end` has at least 2 * `shortest` points; the places are `start` + `shortest` to `end` - `shortest`.
    """
    places = slice(start + shortest, end - shortest + 1)
    left = masses[places] - masses[start]
    whole = masses[end] - masses[start]
    apart = sums[places] - sums[start] - left * ((sums[end] - sums[start]) / whole)
    return np.asarray(apart * apart * whole / (left * (whole - left)))


def best_place(masses: Floats, sums: Floats, start: int, end: int, shortest: int) -> int:
    """Return the first place of the largest gain; arguments as for `gains`."""
    return start + shortest + int(gains(masses, sums, start, end, shortest).argmax())
