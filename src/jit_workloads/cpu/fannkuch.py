"""Pancake flips over all permutations: short slices of lists of small integers."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["fannkuch"]


def _permutations(n: int) -> Iterator[list[int]]:
    """All orders of 0 to n - 1 in the order of Heap's algorithm: each differs from the last by one swap."""
    order = list(range(n))
    turns = [0] * n
    yield order
    place = 1
    while place < n:
        if turns[place] < place:
            partner = turns[place] if place & 1 else 0
            order[partner], order[place] = order[place], order[partner]
            yield order
            turns[place] += 1
            place = 1
        else:
            turns[place] = 0
            place += 1


def fannkuch(n: int = 9) -> tuple[int, int]:
    """Total and maximum of the flips that bring 0 to the front, over all permutations of `n` elements.

    A flip reverses the first k + 1 elements, k being the first element. Stresses: slices of lists, indexing by
    values, a generator, and loops so short that a trace is left again at once. Claim: a small gain.
    """
    total = most = 0
    for order in _permutations(n):
        stack = order[:]
        flips = 0
        first = stack[0]
        while first:
            stack[: first + 1] = stack[first::-1]
            flips += 1
            first = stack[0]
        total += flips
        if flips > most:
            most = flips
    return total, most
