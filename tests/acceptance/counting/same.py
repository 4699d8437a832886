"""Figures 1 and 2: the suite counted again with both cores held, and in other folders, gives the same counts."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

from asv_jit.analysis.counts.comparison import compare_counts
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.machine import this_machine
from asv_jit.asv_adapter.project import load_project
from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.resolve import resolve
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import HASH_SEEDS, CaseKey, CountedTrial, Mode
from asv_jit.store.journal import COUNTS
from asv_jit.system.processes import base_environment, run
from asv_jit.workflows.measuring.counting import Counting
from asv_jit.workflows.measuring.pairing import discover_suite
from asv_jit.workflows.measuring.reporter import Silent
from asv_jit.workflows.measuring.session import Session
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


def repeats(folder: Path, commit: str, *, runs: int = 7, bench: Sequence[str] = ()) -> list[Row]:
    """Count the suite `runs` times with the first hash seed, in three clones, all cores at work.

    Each pair of runs is a comparison of the commit with itself. A false change needs all seeds, so one seed shows more.
    """
    here = Path(__file__).parents[3]
    found: list[Counts] = []
    for number in range(runs):
        clone = folder / FOLDERS[number % 3]
        if not clone.is_dir():
            _call(["git", "clone", "--quiet", str(here), str(clone)], folder)
        found.append(_counted_once(clone, commit, bench))
        print(f"run {number + 1} of {runs}: load average {os.getloadavg()[0]:.1f}", flush=True)
    spreads = {
        name: max(counts) / min(counts) - 1
        for name in sorted(found[0])
        if len(counts := [run[name][HASH_SEEDS[0]][0] for run in found if name in run]) == runs
    }
    return [*_alike(spreads), false_changes(found)]


def _counted_once(clone: Path, commit: str, bench: Sequence[str]) -> Counts:
    """Count every case and mode of the suite anew, with the first hash seed."""
    with contextlib.chdir(clone):
        project, reporter = load_project(clone / "asv.conf.json"), Silent()
        with Session(project, this_machine(None), reporter, purpose="run") as session:
            installed = session.install(resolve("3.15", discover()), commit)
            cases = suite.select(discover_suite(project, session, [installed]).cases, bench)
            counting = Counting(session, find_or_install().callgrind(), reporter)
            seeds = HASH_SEEDS[:1]
            wanted = [
                one for case in cases for one in counting.missing(installed, case, seeds=seeds, forget="everything")
            ]
            trials = counting.count(wanted)
    return {
        (trial.key, trial.interpreter, trial.mode): {trial.hash_seed: [trial.per_call]}
        for trial in trials
        if trial.per_call is not None
    }


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
    return _alike(spreads)


def _alike(spreads: Mapping[Name, float]) -> list[Row]:
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
