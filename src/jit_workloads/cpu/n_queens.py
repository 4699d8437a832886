"""Queens on a board: recursion and bits."""

from __future__ import annotations

__all__ = ["n_queens"]


def _placements(everything: int, columns: int, falling: int, rising: int) -> int:
    if columns == everything:
        return 1
    count = 0
    free = everything & ~(columns | falling | rising)
    while free:
        place = free & -free
        free ^= place
        count += _placements(everything, columns | place, (falling | place) << 1, (rising | place) >> 1)
    return count


def n_queens(n: int = 10) -> int:
    """The number of ways to put `n` queens on a board of `n` by `n` so that none attacks another.

    Stresses: recursion with four integer arguments and operations on bits. Claim: recursion gains less than a
    loop, since a trace does not follow it to its end.
    """
    return _placements((1 << n) - 1, 0, 0, 0)
