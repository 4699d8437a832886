"""Reads what was measured and makes summaries of it: what `run` prints and `publish` shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.cells.cell import Cell, CellKey, cells_of
from asv_jit.analysis.cells.summary import Limits, SuiteSummary, summarise, summarise_suite
from asv_jit.analysis.history.requirement_sets import series_names
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.model import PROTOCOL, QUICK_PROTOCOL, Purpose, Trial, build_of
from asv_jit.store.journal import TRIALS


class Results(Struct, frozen=True):
    """Every current cell of one machine and one protocol, with a sentence for each thing left out.

    `trials` are all that were read, of any purpose and protocol, in the order of the journals.
    """

    cells: dict[CellKey, Cell]
    suites: tuple[SuiteSummary, ...]
    problems: tuple[str, ...]
    trials: tuple[Trial, ...] = ()


def read_results(
    project: Project, folder: Path, *, commits: Collection[str] | None = None, quick: bool = False
) -> Results:
    """Read a machine's journals, all commits or the given ones.

    Cells of benchmarks whose version changed since are left out, and counted among the problems.
    """
    purpose: Purpose = "quick" if quick else "run"
    protocol = QUICK_PROTOCOL if quick else PROTOCOL
    trials: list[Trial] = []
    problems: list[str] = []
    for path, read in TRIALS.read_all(folder):
        if commits is None or path.name.partition("-")[0] in commits:
            trials.extend(read.records)
            problems.extend(read.problems)
    cells = {key: cell for key, cell in cells_of(trials, (purpose,)).items() if key.protocol == protocol}
    current, stale = _current(project, cells)
    if stale:
        problems.append(f"{stale} cells of benchmarks edited or removed since are ignored")
    return Results(current, suites_of(project, current), tuple(problems), tuple(trials))


def machine_folder(project: Project, machine: str | None) -> Path:
    """The folder of the machine whose results are meant: the named one, else the only one, else the newest."""
    journals = [*project.results_dir.glob("*/trials"), *project.results_dir.glob("*/counts")]
    found = [path for path in journals if any(path.glob("*.jsonl")) and machine in (None, path.parent.name)]
    if not found:
        named = f" of machine {machine}" if machine else ""
        raise UsageError(f"no measurements{named} below {project.results_dir}; measure some with `asv-jit run`")
    return max(found, key=lambda path: path.stat().st_mtime).parent


def _current(project: Project, cells: dict[CellKey, Cell]) -> tuple[dict[CellKey, Cell], int]:
    described = suite.load(project)
    if described is None:
        return cells, 0
    versions = {benchmark.name: benchmark.version for benchmark in described.benchmarks}
    current = {key: cell for key, cell in cells.items() if versions.get(key.case.benchmark) == key.version}
    return current, len(cells) - len(current)


def suites_of(project: Project, cells: dict[CellKey, Cell]) -> tuple[SuiteSummary, ...]:
    """Return a summary for each commit and interpreter in `cells`."""
    limits = Limits(alpha=project.settings.alpha, equivalence=project.settings.equivalence)
    described = suite.load(project)
    units = {one.name: one.unit for one in described.benchmarks} if described is not None else {}
    grouped: dict[tuple[str, str, str], list[Cell]] = {}
    for key in sorted(cells):
        grouped.setdefault((key.commit, key.interpreter, key.requirements), []).append(cells[key])
    return tuple(
        summarise_suite(
            commit,
            interpreter,
            [summarise(cell, limits, unit=units.get(cell.key.case.benchmark, "unit")) for cell in found],
            found,
            requirements,
        )
        for (commit, interpreter, requirements), found in grouped.items()
    )


def told_apart(results: Results, places: Mapping[str, int]) -> Results:
    """The same with each interpreter named together with its requirements where sets stand side by side.

    `places`: each commit's age (0 is the newest). Of sets that follow one another, the newer one counts at the commit
    that both were measured at.
    """
    commits: dict[str, dict[str, set[int]]] = {}
    for key in results.cells:
        commits.setdefault(key.interpreter, {}).setdefault(key.requirements, set()).add(-places[key.commit])
    if all(len(sets) == 1 for sets in commits.values()):
        return results  # nearly always: there is nothing to tell apart
    names = {interpreter: series_names(sets) for interpreter, sets in commits.items()}
    newest: dict[tuple[str, str, int], str] = {}
    for interpreter, sets in sorted(commits.items()):
        for requirements, seen in sorted(sets.items(), key=lambda item: max(item[1])):
            for place in seen:
                newest[interpreter, names[interpreter][requirements], place] = requirements

    def counts(commit: str, interpreter: str, requirements: str) -> bool:
        return newest[interpreter, names[interpreter][requirements], -places[commit]] == requirements

    def named(key: CellKey) -> CellKey:
        return replace(key, interpreter=build_of(key.interpreter, names[key.interpreter][key.requirements]))

    cells = {
        named(key): replace(cell, key=named(key))
        for key, cell in results.cells.items()
        if counts(key.commit, key.interpreter, key.requirements)
    }
    suites = tuple(
        replace(
            one,
            interpreter=build_of(one.interpreter, names[one.interpreter][one.requirements]),
            cases=tuple(replace(case, key=named(case.key)) for case in one.cases),
            alerts=tuple(map(named, one.alerts)),
        )
        for one in results.suites
        if counts(one.commit, one.interpreter, one.requirements)
    )
    return replace(results, cells=cells, suites=suites)
