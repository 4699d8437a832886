"""Figures 1 and 2: the suite counted again with both cores held, and in other folders, gives the same counts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

from asv_jit.analysis.counts.comparison import compare_counts
from asv_jit.model import CaseKey, CountedTrial, Mode
from asv_jit.store.journal import COUNTS
from asv_jit.system.processes import base_environment, run
from tests.acceptance.counting.trials import held_cores
from tests.acceptance.rows import Row

BAR, REST, COMPARISONS = 0.95, 0.0005, 1000
THRESHOLD = 0.002
FOLDERS = ("one", "two-in-a-folder-with-a-longer-name", "three", "four", "five", "six")

Name: TypeAlias = tuple[CaseKey, str, Mode]
Counts: TypeAlias = Mapping[Name, Mapping[int, Sequence[float]]]


def evidence(folder: Path, commit: str, *, runs: int = 2, bench: Sequence[str] = ()) -> list[Row]:
    """Count this repository's suite at `commit` in `runs` clones below `folder`, which later calls continue.

    In the first one quietly, then again with both cores held, as in all others.
    """
    here = Path(__file__).parents[3]
    names = [word for pattern in bench for word in ("--bench", pattern)]
    command = [sys.executable, "-m", "asv_jit", "run", commit, "--count", "--python", "3.15", *names]
    found = []
    for number, name in enumerate(FOLDERS[:runs]):
        clone = folder / name
        if not clone.is_dir():
            _call(["git", "clone", "--quiet", str(here), str(clone)], folder)
        if not number:
            _call(command, clone)
        with held_cores():
            _call(command if number else [*command, "--again"], clone)
        found.append(read(clone / "results"))
    return [*repeated(found[0]), false_changes(found)]


def read(results: Path) -> Counts:
    """The steady counts of a results tree by case, interpreter, mode and hash seed."""
    trials: list[CountedTrial] = []
    for machine in sorted(path for path in results.iterdir() if path.is_dir()):
        for _, read in COUNTS.read_all(machine):
            trials += read.records
    found: dict[Name, dict[int, list[float]]] = {}
    for trial in trials:
        if trial.per_call is not None:
            by_seed = found.setdefault((trial.key, trial.interpreter, trial.mode), {})
            by_seed.setdefault(trial.hash_seed, []).append(trial.per_call)
    return found


def repeated(counts: Counts) -> list[Row]:
    """Figure 1, over each case and mode: the last two runs of all seeds alike to the instruction, or how far apart.

    Not the first of three: it looks for the number of calls, and so makes others before.
    """
    spreads: dict[Name, float] = {}
    for name, by_seed in counts.items():
        twice = [runs[-2:] for runs in by_seed.values() if len(runs) > 1]
        if len(twice) == len(by_seed):
            spreads[name] = max(max(runs) / min(runs) - 1 for runs in twice)
    same = sum(spread == 0.0 for spread in spreads.values())
    rest = {name: spread for name, spread in spreads.items() if spread}
    close = sum(spread <= REST for spread in rest.values())
    wild = [f"{case} {mode} {rest[case, python, mode]:.3%}" for case, python, mode in sorted(rest)]
    share = same / len(spreads) if spreads else 0.0
    alike = f"{same} of {len(spreads)}"
    return [
        Row("1", "cases and modes alike to the instruction", f">= {BAR:.0%}", alike, f"{share:.0%}", share >= BAR),
        Row("1", "the rest within 0.05%", "all", f"{close} of {len(rest)}", "; ".join(wild), close == len(rest)),
    ]


def false_changes(runs: Sequence[Counts]) -> Row:
    """Figure 2, first half: of every pair of runs, each case and mode compared as `compare --count` does."""
    verdicts = [
        (name, compare_counts(a[name], b[name], threshold=THRESHOLD))
        for a, b in combinations(runs, 2)
        for name in sorted(a.keys() & b.keys())
        if a[name].keys() & b[name].keys()
    ]
    changed = [(name, one) for name, one in verdicts if one.verdict in ("more", "fewer")]
    unrepeatable = sum(one.verdict == "not repeatable" for _, one in verdicts)
    said = "; ".join(f"{case} {mode} {one.change or 0.0:+.2%}" for (case, _, mode), one in changed)
    result = f"{len(changed)} of {len(verdicts)}, {unrepeatable} not repeatable"
    return Row("2", f"false changes (the bar is for {COMPARISONS})", "0", result, said, not changed)


def _call(command: Sequence[str], folder: Path) -> None:
    finished = run(command, env=base_environment(), cwd=folder, timeout_s=4 * 3600.0)
    if not finished.ok:
        raise SystemExit(finished.complaint())
