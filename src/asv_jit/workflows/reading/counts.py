"""Reads the counted instructions of a machine, as the site shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.counts.summary import CaseCount, case_counts, current_counts
from asv_jit.analysis.history.requirement_sets import series_names
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.project import Project
from asv_jit.model import CountedTrial, build_of
from asv_jit.store.journal import COUNTS


class Counts(Struct, frozen=True):
    """All counts of one machine, one value a commit, case and interpreter, and a sentence for each thing that could not
    be read and for what was left out."""

    cases: tuple[CaseCount, ...] = ()
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def has_counts(folder: Path) -> bool:
    """Return True if the machine counted instructions."""
    return any((folder / "counts").glob("*.jsonl"))


def read_machine_counts(project: Project, folder: Path) -> Counts:
    """Read a machine's counts; those of benchmarks that changed since are left out, and said so."""
    trials: list[CountedTrial] = []
    problems: list[str] = []
    left_out: tuple[str, ...] = ()
    for _, read in COUNTS.read_all(folder):
        trials.extend(read.records)
        problems.extend(read.problems)
    described = suite.load(project)
    if described is not None:
        versions = {benchmark.name: benchmark.version for benchmark in described.benchmarks}
        current = [one for one in trials if versions.get(one.benchmark) == one.benchmark_version]
        if len(current) < len(trials):
            left_out = (f"{len(trials) - len(current)} counted trials of benchmarks that were edited or removed since",)
        trials = current
    return Counts(tuple(case_counts(trials)), tuple(problems), left_out)


def newest_counts(counts: Counts, places: Mapping[str, int]) -> tuple[CaseCount, ...]:
    """The newest of each case, with sets of requirements told apart as those of times are.

    `places`: each commit's age (0 is the newest).
    """
    commits: dict[str, dict[str, set[int]]] = {}
    for one in counts.cases:
        sets = commits.setdefault(one.key.interpreter, {})
        sets.setdefault(one.key.requirements, set()).add(-places.get(one.key.commit, len(places)))
    names = {interpreter: series_names(sets) for interpreter, sets in commits.items()}
    named = (
        replace(
            one,
            key=replace(
                one.key, interpreter=build_of(one.key.interpreter, names[one.key.interpreter][one.key.requirements])
            ),
        )
        for one in counts.cases
    )
    return current_counts(named, places)
