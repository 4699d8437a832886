"""A script that computes for about a tenth of a second and ends.

Stresses: code that gets hot just before the process is over. Claim: compiling it costs about what it saves.
"""

from __future__ import annotations

import sys

from jit_workloads.cpu.expressions import expressions
from jit_workloads.cpu.mandelbrot import mandelbrot
from jit_workloads.cpu.text_building import text_building

__all__ = ["main"]


def main() -> None:
    """Write the checksums of three small computations."""
    sys.stdout.write(f"{mandelbrot(130, 130, 100)} {expressions(700)} {text_building(8000)}\n")


if __name__ == "__main__":
    main()
