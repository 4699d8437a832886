"""A command-line tool of the everyday kind: options, a CSV table in, a summary out.

Stresses: imports, `argparse` and one pass over a small table. Claim: start-up decides, and the JIT must not add to it.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections import Counter
from collections.abc import Sequence

from jit_workloads.draws import below, generator

__all__ = ["main", "summary"]

COLUMNS = ("customer", "product", "cents")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Adds up the sales of a table.")
    parser.add_argument("--by", choices=COLUMNS[:2], default="product", help="what to add up by")
    parser.add_argument("--top", type=int, default=10, help="how many rows to show")
    parser.add_argument("--rows", type=int, default=500, help="the length of the made-up table")
    return parser.parse_args(arguments)


def _table(rows: int) -> str:
    rng = generator(11)
    lines = [f"c{below(rng, 40)},p{below(rng, 15)},{below(rng, 10_000)}" for _row in range(rows)]
    return "\n".join([",".join(COLUMNS), *lines])


def summary(table: str, by: str, top: int) -> str:
    """The `top` values of column `by` with the largest sums of `cents`, a line each."""
    totals: Counter[str] = Counter()
    for row in csv.DictReader(io.StringIO(table)):
        totals[row[by]] += int(row["cents"])
    largest = sorted(totals.items(), key=lambda entry: (-entry[1], entry[0]))[:top]
    return "".join([f"{name:<10}{cents / 100:>12.2f}\n" for name, cents in largest])


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the summary that `arguments` (default: the process's own) ask for."""
    options = _options(arguments)
    sys.stdout.write(summary(_table(options.rows), options.by, options.top))


if __name__ == "__main__":
    main()
