"""Reads what each machine of a results tree measured, as the site shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from asv_jit.analysis.cells.cell import CellKey
from asv_jit.analysis.cells.current import Quiet, current_cells, currents, quiet
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.model import Trial
from asv_jit.site.content.site_content import Fingerprint, Machine
from asv_jit.store.findings.nights import NIGHTS
from asv_jit.store.machines import known_fingerprints, known_noise
from asv_jit.workflows.reading.counts import Counts, has_counts, newest_counts, read_machine_counts
from asv_jit.workflows.reading.results import Results, read_results, told_apart


class Measured(Struct, frozen=True):
    """A machine's folder and what its journals hold; `results` is None where there are no timed trials."""

    folder: Path
    results: Results | None
    counts: Counts = Counts()

    @property
    def newest(self) -> str:
        """When its last trial started; empty without any."""
        return max((trial.started for trial in self.results.trials), default="") if self.results else ""


def machine_folders(project: Project, machine: str | None = None) -> list[Path]:
    """The folders of all machines that have results of any kind, or of the named one. Raises UsageError for none."""
    folders = [path for path in sorted(project.results_dir.glob("*")) if path.is_dir() and _has_results(path)]
    chosen = [folder for folder in folders if machine in (None, folder.name)]
    if not chosen:
        named = f" of machine {machine}" if machine else ""
        known = f"; there are results of {', '.join(folder.name for folder in folders)}" if folders else ""
        raise UsageError(
            f"no measurements{named} below {project.results_dir}{known}; measure some with `asv-jit run` or `asv run`"
        )
    return chosen


def read_machines(project: Project, machine: str | None = None) -> list[Measured]:
    """Every machine with its journals, the one that measured last first, then those that only asv measured on."""
    found = [
        Measured(
            folder,
            read_results(project, folder) if any((folder / "trials").glob("*.jsonl")) else None,
            read_machine_counts(project, folder) if has_counts(folder) else Counts(),
        )
        for folder in machine_folders(project, machine)
    ]
    return sorted(found, key=lambda one: (one.newest, one.folder.name), reverse=True)


def site_machine(measured: Measured, places: Mapping[str, int], *, newest: bool) -> Machine:
    """Return what the site shows of a machine; `places` gives each commit's age (0 is the newest)."""
    folder, results = measured.folder, measured.results
    counts = newest_counts(measured.counts, places)
    if results is None:
        return Machine(
            name=folder.name,
            details=_details(folder),
            newest=newest,
            asv_only=not counts,
            same_code=known_noise(folder).records,
            nights=NIGHTS.read(folder).records,
            counts=counts,
        )
    results = told_apart(results, places)
    summaries = {case.key: case for suite in results.suites for case in suite.cases}
    cells = current_cells(results.cells, places)
    return Machine(
        name=folder.name,
        details=_details(folder),
        newest=newest,
        suites=tuple(sorted(results.suites, key=lambda suite: (places[suite.commit], suite.interpreter))),
        trials={key: tuple(trial for block in cell.blocks for trial in block.trials) for key, cell in cells.items()},
        noise=_noise(results),
        same_code=known_noise(folder).records,
        nights=NIGHTS.read(folder).records,
        fingerprints=_fingerprints(folder, results.trials),
        current=currents(cells, summaries, places),
        counts=counts,
    )


def _has_results(folder: Path) -> bool:
    journals = any((folder / "trials").glob("*.jsonl"))
    return journals or has_counts(folder) or any(path.name != "machine.json" for path in folder.glob("*.json"))


def _noise(results: Results) -> tuple[tuple[str, Quiet], ...]:
    of_interpreter: dict[str, list[CellKey]] = {}
    for key in results.cells:
        of_interpreter.setdefault(key.interpreter, []).append(key)
    return tuple((name, quiet([results.cells[key] for key in keys])) for name, keys in sorted(of_interpreter.items()))


def _details(folder: Path) -> tuple[tuple[str, str], ...]:
    try:
        described = msgspec.json.decode(
            (folder / "machine.json").read_bytes(), type=dict[str, str | int | float | None]
        )
    except (OSError, msgspec.MsgspecError):
        return ()
    return tuple((key, str(value)) for key, value in sorted(described.items()) if key != "version" and value)


def _fingerprints(folder: Path, trials: Sequence[Trial]) -> tuple[Fingerprint, ...]:
    """Return the machine's fingerprints in the order of their first trials; one without a description has no traits."""
    known, _ = known_fingerprints(folder)  # whose problems the history tells
    spans: dict[str, tuple[str, str]] = {}
    for trial in trials:
        first, last = spans.get(trial.machine, (trial.started, trial.started))
        spans[trial.machine] = min(first, trial.started), max(last, trial.started)
    found = [
        Fingerprint(name, tuple(sorted(known.get(name, {}).items())), first, last)
        for name, (first, last) in spans.items()
    ]
    return tuple(sorted(found, key=lambda one: (one.first, one.digest)))
