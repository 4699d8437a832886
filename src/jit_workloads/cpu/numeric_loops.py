"""Plain loops over integers and over floats."""

from __future__ import annotations

__all__ = ["float_loop", "integer_loop"]


def integer_loop(limit: int = 100_000) -> int:
    """The total length of the Collatz sequences of all numbers below `limit`.

    Stresses: integer arithmetic and one branch that goes either way. Claim: integer loops gain.
    """
    total = 0
    for start in range(1, limit):
        number = start
        while number != 1:
            number = number >> 1 if not number & 1 else 3 * number + 1
            total += 1
    return total


def float_loop(intervals: int = 1_000_000) -> float:
    """Pi, as the integral of 4 / (1 + x²) from 0 to 1 by the midpoint rule.

    Stresses: float arithmetic with a conversion from an integer and a division. Claim: float loops gain.
    """
    width = 1.0 / intervals
    total = 0.0
    for index in range(intervals):
        x = (index + 0.5) * width
        total += 4.0 / (1.0 + x * x)
    return total * width
