"""The spectral norm of an infinite matrix: a small function called in nested loops."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

__all__ = ["spectral_norm"]

ROUNDS = 10


def _entry(row: int, column: int) -> float:
    diagonal = row + column
    return 1.0 / (diagonal * (diagonal + 1) // 2 + row + 1)


def _transposed(row: int, column: int) -> float:
    return _entry(column, row)


def _product(entry: Callable[[int, int], float], vector: list[float]) -> list[float]:
    product = []
    for row in range(len(vector)):
        total = 0.0
        for column, value in enumerate(vector):
            total += entry(row, column) * value
        product.append(total)
    return product


def spectral_norm(n: int = 300) -> float:
    """The largest singular value of the first `n` rows and columns, by ten rounds of the power method.

    Stresses: calls of tiny functions, one of them through another and both through a variable.
    Claim: the JIT gains where it can inline a call into a trace.
    """
    right = [1.0] * n
    left = right
    for _round in range(ROUNDS):
        left = _product(_transposed, _product(_entry, right))
        right = _product(_transposed, _product(_entry, left))
    across = along = 0.0
    for a, b in zip(left, right, strict=True):
        across += a * b
        along += a * a
    return sqrt(across / along)
