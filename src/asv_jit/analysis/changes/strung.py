"""Batches of short arrays, large enough to amortise numpy's calls and small enough for the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


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
