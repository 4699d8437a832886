"""The figures of counted instructions: `python -m tests.acceptance.counting [FIGURE...] [--small] [--folder PATH]`.

A FIGURE is `same` (1, 2), `repeats` (1, 2 with one hash seed), `planted` (2), `compare` (3), `bisect` (4), `cost`
(5), `sums` (6), `by_hand` or `peers`. Clones of this repository lie in `--folder`, where a later run goes on. The
exit code is 1 if any row missed its bar. All at the full size take hours; `--small` takes minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from asv_jit.system.processes import base_environment, run
from tests.acceptance.__main__ import table
from tests.acceptance.counting import by_hand, commits, cost, peers, planted, same, sums
from tests.acceptance.rows import Row

_HERE = Path(__file__).parents[3]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.counting", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--commit", default="HEAD")
    options = parser.parse_args(arguments)
    small = options.small
    folder = options.folder or Path(tempfile.mkdtemp(prefix="asv-jit-counting-"))
    folder.mkdir(parents=True, exist_ok=True)
    known: dict[str, Callable[[], list[Row]]] = {
        "same": lambda: same.evidence(
            folder, _hash(options.commit), runs=2 if small else len(same.FOLDERS), bench=[r"^cpu\.N"] if small else []
        ),
        "repeats": lambda: same.repeats(
            folder, _hash(options.commit), runs=2 if small else 7, bench=[r"^cpu\.N"] if small else []
        ),
        "planted": lambda: planted.evidence(2 if small else 20),
        "compare": lambda: [commits.compare_speed(_HERE, "HEAD~1", "HEAD")],
        "bisect": lambda: [commits.bisecting(folder, 16, 1) if small else commits.bisecting(folder)],
        "cost": lambda: cost.evidence(1 if small else 5),
        "sums": lambda: sums.evidence(("time_dijkstra",)) if small else sums.evidence(),
        "by_hand": lambda: by_hand.evidence(("time_n_queens",)) if small else by_hand.evidence(),
        "peers": lambda: peers.evidence(1 if small else 3),
    }
    unknown = [figure for figure in options.figures if figure not in known]
    if unknown:
        parser.error(f"no such figure: {', '.join(unknown)}; there are {', '.join(known)}")
    rows = [row for name, make in known.items() if name in (options.figures or known) for row in make()]
    Console(width=None if sys.stdout.isatty() else 200).print(table(rows))
    print(f"load average {os.getloadavg()[0]:.1f} at the end; clones in {folder}")
    return 0 if all(row.passed for row in rows) else 1


def _hash(commit: str) -> str:
    return run(["git", "rev-parse", commit], env=base_environment(), cwd=_HERE, timeout_s=60.0).stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main())
