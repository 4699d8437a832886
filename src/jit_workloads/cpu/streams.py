"""Generators in a chain, and comprehensions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = ["comprehensions", "generators"]


def _readings(count: int) -> Iterator[int]:
    """A sensor's values from 0 to 1023, by a linear congruence."""
    state = 12345
    for _reading in range(count):
        state = (state * 1_103_515_245 + 12345) & 0x7FFFFFFF
        yield state >> 21


def _smoothed(values: Iterable[int]) -> Iterator[int]:
    level = 512
    for value in values:
        level += (value - level) >> 2
        yield level


def _changes(values: Iterable[int]) -> Iterator[tuple[int, int]]:
    before = 512
    for value in values:
        yield before, value
        before = value


def _rises(changes: Iterable[tuple[int, int]], least: int) -> Iterator[int]:
    for before, value in changes:
        if value - before > least:
            yield value


def generators(count: int = 200_000) -> int:
    """Push `count` readings through a chain of four generators and add up what comes out.

    Stresses: suspending and resuming of generators, one in another. Claim: the JIT gains little here, since
    every element crosses five frames.
    """
    total = 0
    for value in _rises(_changes(_smoothed(_readings(count))), 20):
        total += value
    return total


def comprehensions(size: int = 200) -> int:
    """Build lists, sets and dicts of some `size` squared elements by comprehensions, and reduce them.

    Stresses: comprehensions with conditions and nesting, which run inlined in their function since 3.12.
    Claim: they gain as loops do, as far as the containers' own work in C lets them.
    """
    grid = [[(row * column) & 255 for column in range(size)] for row in range(size)]
    turned = [[row[column] for row in grid] for column in range(size)]
    odd = {value for row in turned for value in row if value & 1}
    places = {row * size + column: value for row, line in enumerate(grid) for column, value in enumerate(line)}
    chosen = [place ^ value for place, value in places.items() if value in odd]
    return sum(chosen) + len(odd)
