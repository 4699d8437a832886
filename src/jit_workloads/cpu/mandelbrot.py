"""The Mandelbrot set: one tight loop of float arithmetic."""

from __future__ import annotations

__all__ = ["mandelbrot"]

LEFT, RIGHT = -2.2, 1.0
BOTTOM, TOP = -1.2, 1.2


def mandelbrot(width: int = 1000, height: int = 1000, iters: int = 500) -> int:
    """Sum of the escape-time counts over a grid of points of the view.

    Stresses: float additions, multiplications and one comparison in a loop without a call; a point counts the
    steps that it stays within radius 2, at most `iters`. Claim: the best case of the JIT.
    """
    total = 0
    for row in range(height):
        cy = BOTTOM + (TOP - BOTTOM) * row / height
        for column in range(width):
            cx = LEFT + (RIGHT - LEFT) * column / width
            x = y = 0.0
            count = 0
            while count < iters:
                xx = x * x
                yy = y * y
                if xx + yy > 4.0:
                    break
                y = 2.0 * x * y + cy
                x = xx - yy + cx
                count += 1
            total += count
    return total
