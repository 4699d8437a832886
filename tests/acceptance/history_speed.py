"""Publishing a long history: `asv-jit publish` beside `asv publish` (0.6.6), on the same results in the same run.

`python -m tests.acceptance.history_speed [--sizes 1 4 16] [--keep FOLDER]`; at size 1 asv takes minutes, the whole run
with all sizes about half an hour and some 5 GB of disk. The exit code is 1 if a row missed its bar. A file system that
hands out deleted inodes late (ext4 without a journal) makes each publish that soon follows another seconds slower: set
TMPDIR to a tmpfs.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.acceptance.__main__ import table
from tests.acceptance.history_shape import CASES, Shape, add_commit, write_tree
from tests.acceptance.rows import Row

FASTER = 40.0
MEMORY_BYTES = 0.5e9
ONE_COMMIT_S = 3.0
NEW_COMMITS = 7
"""One after the other: on a shared machine one publication says little."""

SITE_SHARE = 0.5
HOME_BYTES = 150_000
LINEAR = 1.3
"""By how much more a value may cost in a history of many times as many."""


@dataclass(frozen=True)
class Published:
    """One run of a command: wall time, time of all cores, the largest process, the bytes of the site."""

    wall_s: float
    cpu_s: float
    memory_bytes: int
    site_bytes: int


def published(command: str, tree: Path, cache: Path) -> Published:
    """Run `command` from this interpreter's environment in `tree`; raises where it fails."""
    program = Path(sys.executable).with_name(command)
    arguments = [str(program), "publish", *(["--no-pull"] if command == "asv" else [])]
    # Installed code is compiled; where nothing may keep that, ours alone would be compiled each time, in 0.2 s.
    environment = {**os.environ, "ASV_JIT_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": ""}
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        # posix_spawn and wait4, because the usage of this one child is wanted, not that of all there were.
        child = os.posix_spawn(
            "/usr/bin/env",
            ["env", "-C", str(tree), *arguments],
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, said.fileno(), 1), (os.POSIX_SPAWN_DUP2, said.fileno(), 2)],
        )
        _, status, usage = os.wait4(child, 0)
        wall_s = time.monotonic() - began
        if status != 0:
            said.seek(0)
            raise SystemExit(f"{command} publish failed: {said.read().decode(errors='replace')[-2000:]}")
    return Published(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, bytes_below(tree / "html"))


def bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def home_bytes(site: Path) -> int:
    """What a browser loads with the home page, each file compressed as web servers do."""
    home = site / "index.html"
    text = home.read_text(encoding="utf-8")
    named = re.findall(r'<(?:script|img)[^>]* src="([^"]+)"|<link[^>]* href="([^"]+)"', text)
    files = {home, *(site / (one or other) for one, other in named)}
    return sum(len(gzip.compress(path.read_bytes())) for path in files if path.is_file())


def beside_asv(folder: Path, seed: int) -> list[Row]:
    """Size 1: cold, asv on the same tree, and then after each of some commits."""
    tree, cache = folder / "tree", folder / "cache"
    values = write_tree(tree, Shape(seed=seed))
    files = len(list((tree / "results").glob("*/*-*.json")))
    what = f"{files} files, {values / 1e6:.1f} million values"
    ours = published("asv-jit", tree, cache)
    home = home_bytes(tree / "html")
    shutil.rmtree(tree / "html")
    asvs = published("asv", tree, cache)
    shutil.rmtree(tree / "html")
    again = []
    for number in range(NEW_COMMITS):
        add_commit(tree, "dedicated", seed + number)
        again.append(published("asv-jit", tree, cache))
    usual = statistics.median(run.wall_s for run in again)
    unchanged = published("asv-jit", tree, cache)
    ratio, share = asvs.wall_s / ours.wall_s, ours.site_bytes / asvs.site_bytes
    return [
        _row(
            f"cold publish of {what}: wall time",
            f">= {FASTER:.0f}x faster",
            f"{ratio:.1f}x",
            f"{ours.wall_s:.1f} s (cores {ours.cpu_s:.1f} s), asv {asvs.wall_s:.0f} s (cores {asvs.cpu_s:.0f} s)",
            ratio >= FASTER,
        ),
        _row(
            "cold publish: largest process",
            f"<= {MEMORY_BYTES / 1e9} GB",
            f"{ours.memory_bytes / 1e9:.2f} GB",
            f"asv {asvs.memory_bytes / 1e9:.2f} GB",
            ours.memory_bytes <= MEMORY_BYTES,
        ),
        _row(
            "publish after one new commit of all cases",
            f"<= {ONE_COMMIT_S} s",
            f"{usual:.2f} s",
            f"median of {NEW_COMMITS} commits, {min(run.wall_s for run in again):.2f} to "
            f"{max(run.wall_s for run in again):.2f} s (cores {statistics.median(run.cpu_s for run in again):.1f} s); "
            f"with nothing new {unchanged.wall_s:.2f} s",
            usual <= ONE_COMMIT_S,
        ),
        _row(
            "bytes of the site",
            f"<= {SITE_SHARE:.0%} of asv's",
            f"{share:.0%}",
            f"{ours.site_bytes / 1e6:.1f} MB, asv {asvs.site_bytes / 1e6:.1f} MB",
            share <= SITE_SHARE,
        ),
        _row("home page with all it loads, gzip", f"<= {HOME_BYTES / 1e3:.0f} KB", f"{home / 1e3:.1f} KB", "",
             home <= HOME_BYTES),
    ]  # fmt: skip


def linear_growth(folder: Path, sizes: list[int], seed: int) -> list[Row]:
    """Cold publishes of histories of that many times as many cases: time for each million of values."""
    rows = []
    first = None
    for size in sizes:
        tree = folder / f"tree{size}"
        values = write_tree(tree, Shape(cases=CASES * size, seed=seed))
        run = published("asv-jit", tree, folder / f"cache{size}")
        shutil.rmtree(tree)
        shutil.rmtree(folder / f"cache{size}")
        each = run.wall_s / (values / 1e6)
        first = first or each
        rows.append(
            _row(
                f"cold publish, {size}x: {values / 1e6:.1f} million values",
                f"<= {LINEAR}x a value",
                f"{each / first:.2f}x",
                f"{run.wall_s:.1f} s, {each:.2f} s a million, {run.memory_bytes / 1e9:.2f} GB",
                each <= LINEAR * first,
            )
        )
    return rows


def _row(what: str, bar: str, result: str, beside: str, passed: bool) -> Row:
    return Row("history", what, bar, result, beside, passed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.history_speed", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="write everything into this folder and leave it there")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="asv-jit-history-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        rows = beside_asv(folder, options.seed)
        rows += linear_growth(folder, options.sizes, options.seed)
    finally:
        if options.keep is None:
            shutil.rmtree(folder)
    Console(width=None if sys.stdout.isatty() else 200).print(table(rows))
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
