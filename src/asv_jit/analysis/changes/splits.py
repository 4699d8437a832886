"""Where one boundary within a part of a series tells most: all of its places, for many parts at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.changes.strung import in_lots

Floats = npt.NDArray[np.float64]

_POINTS_AT_ONCE = 16_000


class Part(Struct, frozen=True):
    """The points from `start` up to `end` of a series, of which prefix sums are given, shape (n + 1,), from 0.

    `masses`: of the weights; `sums`: of the weighted values.
    """

    masses: Floats
    sums: Floats
    start: int
    end: int


def best_places(parts: Sequence[Part], shortest: int) -> list[int]:
    """The first place of the largest gain of each part."""
    return [
        part.start + shortest + int(gain.argmax()) for part, gain in zip(parts, gains(parts, shortest), strict=True)
    ]


def gains(parts: Sequence[Part], shortest: int) -> Iterator[Floats]:
    """For each part, which has at least 2 * `shortest` points, what a boundary explains of the squared error.

    Times weight, by its place from `start` + `shortest` to `end` - `shortest`.
    """
    for lot in in_lots([part.end - part.start for part in parts], _POINTS_AT_ONCE):
        yield from _gains(parts[lot], shortest)


def _gains(parts: Sequence[Part], shortest: int) -> Iterator[Floats]:
    inner = [slice(part.start + shortest, part.end - shortest + 1) for part in parts]
    counts = np.array([places.stop - places.start for places in inner])
    before, base, after, top = np.array(
        [(p.masses.item(p.start), p.sums.item(p.start), p.masses.item(p.end), p.sums.item(p.end)) for p in parts]
    ).T
    left = np.concatenate([part.masses[places] for part, places in zip(parts, inner, strict=True)])
    apart = np.concatenate([part.sums[places] for part, places in zip(parts, inner, strict=True)])
    left -= np.repeat(before, counts)
    apart -= np.repeat(base, counts)
    whole = after - before
    apart -= left * np.repeat((top - base) / whole, counts)
    apart *= apart
    whole = np.repeat(whole, counts)
    apart *= whole
    apart /= left * (whole - left)
    start = 0
    for count in counts.tolist():
        yield apart[start : start + count]
        start += count
