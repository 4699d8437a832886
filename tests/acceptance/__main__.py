"""Runs the evidence and prints one table: `python -m tests.acceptance [--scale 1.0] [--seed 1] [FIGURE...]`.

A FIGURE is a module's name, the start of one, or a figure's number: `4`, `figure_6`, `effort`. Without any, all
run, which takes about an hour of one core at the full size. The exit code is 1 if any row missed its bar, 2 for
a figure that does not exist. Timings (figure 6) are taken at the full size only.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.acceptance.rows import Row

MODULES = (
    "figure_1_same_code",
    "figure_2_power",
    "unsettled",
    "effort",
    "trial_length",
    "figure_3_series",
    "segmentations",
    "attribution_causes",
    "event_worlds",
    "measuring_dates",
    "asv_steps",
    "figure_4_culprit",
    "figure_5_steady",
    "figure_6_speed_changes",
    "figure_6_speed_steady",
)
TIMINGS = ("figure_6_speed_changes", "figure_6_speed_steady")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit code."""
    options = parsed(arguments)
    unknown = [figure for figure in options.figures if not chosen([figure])]
    if unknown:
        print(f"no such figure: {', '.join(unknown)}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for module in chosen(options.figures):
        if module in TIMINGS and options.scale < 1.0:
            print(f"{module}: left out, timings are taken at --scale 1 only", file=sys.stderr)
            continue
        rows += evidence(module, options.scale, options.seed)
    width = None if sys.stdout.isatty() else 200  # a log has no width, and 80 columns would cut the table to ribbons
    Console(width=width).print(table(rows))
    failed = [row for row in rows if not row.passed]
    print(f"{len(rows) - len(failed)} of {len(rows)} rows meet their bar")
    return 1 if failed else 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size (default 1)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if not options.scale > 0.0:
        parser.error(f"--scale: expected a positive number such as 0.05, found {options.scale}")
    return options


def chosen(figures: Sequence[str]) -> list[str]:
    """The modules that `figures` mean, in the order of the table; all of them where none is named."""
    return [module for module in MODULES if not figures or any(_means(figure, module) for figure in figures)]


def _means(figure: str, module: str) -> bool:
    return module.startswith(f"figure_{figure}_" if figure.isdigit() else figure)


def evidence(module: str, scale: float, seed: int) -> list[Row]:
    """The rows of one module; says on stderr what runs and how long it took."""
    print(f"{module} …", end=" ", file=sys.stderr, flush=True)
    began = time.monotonic()
    rows: list[Row] = importlib.import_module(f"tests.acceptance.{module}").evidence(scale, seed)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return rows


def table(rows: Sequence[Row]) -> Table:
    """All rows, those that missed their bar in red."""
    made = Table(title="Acceptance figures")
    for heading in ("figure", "what", "bar", "result", "interval", "passed"):
        made.add_column(heading, overflow="fold")
    for row in rows:
        style = None if row.passed else "bold red"
        passed = "yes" if row.passed else "NO"
        made.add_row(row.figure, row.what, row.bar, row.result, row.interval, passed, style=style)
    return made


if __name__ == "__main__":
    raise SystemExit(main())
