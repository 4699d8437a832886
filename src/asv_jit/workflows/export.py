"""`asv-jit export`: results in the formats of other tools."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
from msgspec.structs import asdict, replace

from asv_jit.analysis.cells.cell import Cell, CellKey
from asv_jit.analysis.cells.summary import CaseSummary, Limits
from asv_jit.analysis.counts.summary import CaseCount, CountKey
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.repository import Repository
from asv_jit.model import ARMS, Benchmark, Mode, Part, Trial, build_of, version_of
from asv_jit.site.parts.tables.results import markdown
from asv_jit.store.files import storage_errors, write_atomically
from asv_jit.workflows.reading.machines import Measured, site_machine
from asv_jit.workflows.reading.results import Results

Row = dict[str, str | int | float | bool | None]

# The only units that pyperf knows; it has none for tracked values.
_PYPERF_UNITS = {"time": "second", "timeraw": "second", "mem": "byte", "peakmem": "byte"}

Key = TypeVar("Key", CellKey, CountKey)
Value = TypeVar("Value")

# Columns and their types, documented in docs/export.md. Columns may be added, never renamed.
TRIAL_COLUMNS: Mapping[str, type] = {
    "machine": str, "commit": str, "interpreter": str, "benchmark": str, "params": str, "benchmark_version": str,
    "protocol": str, "purpose": str, "session": str, "block": str, "attempt": int, "trial": str, "arm": str,
    "mode": str, "jit_enabled": bool, "outcome": str, "started": str, "duration_s": float, "hash_seed": int,
    "cpu": int, "inner_loops": int, "iterations": int, "steady_kind": str, "steady_s": float, "value": float,
    "warmup_s": float, "first_call_s": float, "start_s": float, "import_s": float, "setup_s": float,
    "peak_rss_bytes": int, "digest": str, "disturbed": bool, "fingerprint": str, "requirements": str,
}  # fmt: skip
CELL_COLUMNS: Mapping[str, type] = {
    "machine": str, "commit": str, "interpreter": str, "benchmark": str, "params": str, "benchmark_version": str,
    "protocol": str, "measured": str, "pairs": int, "off": float, "off_low": float, "off_high": float, "on": float,
    "on_low": float, "on_high": float, "timed": bool, "speedup": float, "speedup_low": float, "speedup_high": float,
    "p_value": float, "verdict": str, "reason": str, "peak_off_bytes": float, "jit_adds_bytes": float,
    "jit_adds_bytes_low": float, "jit_adds_bytes_high": float, "trials": int,
    "warmup_off_s": float, "warmup_on_s": float, "first_call_off_s": float, "first_call_on_s": float,
    "answers": str, "disturbed_blocks": int, "requirements": str,
}  # fmt: skip
COUNT_COLUMNS: Mapping[str, type] = {
    "machine": str, "commit": str, "interpreter": str, "benchmark": str, "params": str, "benchmark_version": str,
    "protocol": str, "counter": str, "measured": str, "mode": str, "instructions": float, "instructions_low": float,
    "instructions_high": float, "hash_seeds": int, **{f"part_{part}": float for part in get_args(Part)},
    "warmup_instructions": int, "problem": str, "requirements": str,
}  # fmt: skip


def select(
    measured: Mapping[Key, Value], interpreter: str | None, bench: Sequence[str], commits: Collection[str] = ()
) -> dict[Key, Value]:
    """Return the cells or counts of an interpreter (`3.15`, `3.15.2`, an identity; None: all) and of `commits` (empty:
    all) whose case matches any of `bench`.

    Raises UsageError if there are none.
    """
    try:
        patterns = [re.compile(pattern) for pattern in bench]
    except re.error as error:
        raise UsageError(f"--bench: expected a regular expression, found {error.pattern!r} ({error})") from None
    chosen = {
        key: measured[key]
        for key in sorted(measured)
        if (interpreter is None or _fits(key.interpreter, interpreter))
        and (not commits or key.commit in commits)
        and (not patterns or any(pattern.search(str(key.case)) for pattern in patterns))
    }
    if not chosen:
        raise UsageError("no results match --commit, --python and --bench; `asv-jit publish` shows what there is")
    return chosen


def trial_rows(machine: str, cells: Mapping[CellKey, Cell]) -> Iterator[Row]:
    """Yield a row for each trial of every block in use, failed ones included. Keys are those of TRIAL_COLUMNS."""
    for cell in cells.values():
        for block in cell.blocks:
            for trial in block.trials:
                values = asdict(trial)
                own = {"machine": machine, "fingerprint": trial.machine, "disturbed": trial.disturbed}
                yield {name: _plain(own.get(name, values.get(name))) for name in TRIAL_COLUMNS}


def cell_rows(machine: str, results: Results, cells: Mapping[CellKey, Cell]) -> Iterator[Row]:
    """Yield a row for each cell, with its intervals and its verdict. Keys are those of CELL_COLUMNS."""
    for suite_summary in results.suites:
        for case in suite_summary.cases:
            if case.key in cells:
                row = _cell_row(machine, case)
                yield {name: _plain(row[name]) for name in CELL_COLUMNS}


def count_rows(machine: str, counts: Iterable[CaseCount]) -> Iterator[Row]:
    """Return one row per case and mode, with the instructions of a call. Keys are those of COUNT_COLUMNS."""
    for one in counts:
        for mode, count in zip(ARMS, (one.off, one.on), strict=True):
            if count is None:
                continue
            runs = [run for seed in count.by_seed.values() for run in seed]
            parts = asdict(count.split)
            values = {
                **asdict(one.key),
                "machine": machine,
                "benchmark": one.key.case.benchmark,
                "params": one.key.case.params,
                "benchmark_version": one.key.version,
                "measured": one.measured,
                "mode": mode,
                "instructions": count.per_call,
                "instructions_low": min(runs),
                "instructions_high": max(runs),
                "hash_seeds": len(count.by_seed),
                **{f"part_{part}": instructions / count.inner_loops for part, instructions in parts.items()},
                "warmup_instructions": count.warmup_instructions,
                "problem": one.problem,
            }
            yield {name: _plain(values[name]) for name in COUNT_COLUMNS}


def csv_text(columns: Mapping[str, type], rows: Iterator[Row]) -> str:
    """Return a header and the rows as CSV (RFC 4180); unknown values are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def markdown_text(
    project: Project, folder: Path, results: Results, cells: Mapping[CellKey, Cell], *, quick: bool
) -> str:
    """Return the newest chosen cell of each case and interpreter as Markdown tables."""
    known = [commit.hash for commit in Repository(project.folder / project.repo).commits("--all")]
    places = {digest: place for place, digest in enumerate(known)}
    for key in sorted(cells):
        places.setdefault(key.commit, len(places))
    suites = tuple(suite for suite in results.suites if suite.commit in places)
    chosen = replace(results, cells=dict(cells), suites=suites)
    machine = site_machine(Measured(folder, chosen), places, newest=True)
    settings = project.settings
    title = f"What the JIT does to {project.name}’s benchmarks"
    return markdown(machine, Limits(settings.alpha, settings.equivalence), title=title, quick=quick)


def write_parquet(path: Path, columns: Mapping[str, type], rows: Iterator[Row]) -> None:
    """Write the rows as a Parquet file. Raises UsageError if pyarrow is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed; install it with `pip install 'asv-jit[parquet]'`, "
            "or export --format csv"
        ) from None
    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    data = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema), data)
    write_atomically(path, data.getvalue())


def pyperf_files(project: Project, cells: Mapping[CellKey, Cell], folder: Path) -> tuple[tuple[Path, ...], int]:
    """Write off.json and on.json for `pyperf compare_to`; return them, and the number of cases skipped.

    Each trial becomes a run with one value, its steady time, because pyperf assumes independent values. Skips cases
    without both modes or without a unit that pyperf knows.

    Raises UsageError unless the cells share one commit, interpreter and set of requirements, and some have both modes.
    """
    places = {(key.commit, build_of(key.interpreter, key.requirements)) for key in cells}
    if len(places) > 1:
        raise UsageError(
            "pyperf compares two files of one commit and interpreter each: choose them with --commit and --python; "
            f"found {_named(places)}"
        )
    known = suite.load(project)
    kinds = {benchmark.name: benchmark for benchmark in known.benchmarks} if known else {}
    benchmarks: dict[Mode, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
    skipped = 0
    for key, cell in cells.items():
        unit = _pyperf_unit(cell, kinds.get(key.case.benchmark))
        if unit is None or not (cell.has_pairs and cell.good_blocks):
            skipped += 1
            continue
        for arm in ARMS:
            benchmarks[arm].append(_pyperf_benchmark(key, cell.trials(arm), unit))
    if not benchmarks["off"]:
        raise UsageError("no case was measured in both modes with a time or a memory figure: nothing for pyperf")
    written = []
    for arm, made in benchmarks.items():
        document = {"version": "1.0", "metadata": _pyperf_metadata(next(iter(cells)), arm), "benchmarks": made}
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f"{arm}.json", msgspec.json.encode(document) + b"\n")
        written.append(folder / f"{arm}.json")
    return tuple(written), skipped


def _fits(identity: str, wanted: str) -> bool:
    """`3.15`, `3.15.2` or the whole identity."""
    version = version_of(identity)
    return wanted == identity or version == wanted or version.startswith(f"{wanted}.")


def _named(places: set[tuple[str, str]]) -> str:
    named = [f"{commit[:8]} on {interpreter}" for commit, interpreter in sorted(places)]
    return ", ".join(named[:6]) + (", …" if len(named) > 6 else "")


def _plain(value: Any) -> str | int | float | bool | None:
    if isinstance(value, tuple):
        return msgspec.json.encode(value).decode("utf-8")
    return value if isinstance(value, str | int | float | None) else str(value)


def _cell_row(machine: str, case: CaseSummary) -> dict[str, Any]:
    levels = {"off": case.off, "on": case.on}
    return {
        **asdict(case.key),
        **asdict(case),
        "machine": machine,
        "benchmark": case.key.case.benchmark,
        "params": case.key.case.params,
        "benchmark_version": case.key.version,
        **{name: level.value if level else None for name, level in levels.items()},
        **{f"{name}_{end}": getattr(level, end, None) for name, level in levels.items() for end in ("low", "high")},
        "speedup": case.speedup.ratio if case.speedup else None,
        "speedup_low": case.speedup.low if case.speedup else None,
        "speedup_high": case.speedup.high if case.speedup else None,
        "p_value": case.speedup.p_value if case.speedup else None,
        "jit_adds_bytes": case.memory.difference_bytes if case.memory else None,
        "jit_adds_bytes_low": _finite(case.memory.low_bytes) if case.memory else None,
        "jit_adds_bytes_high": _finite(case.memory.high_bytes) if case.memory else None,
        "trials": case.off.trials if case.off else 0,
        "answers": case.answers.answers if case.answers else None,
        "disturbed_blocks": case.disturbed,
    }


def _finite(value: float) -> float | None:
    """Return None for a bound that a single pair leaves infinite."""
    return value if math.isfinite(value) else None


def _pyperf_unit(cell: Cell, benchmark: Benchmark | None) -> str | None:
    if cell.timed:
        return "second"
    return _PYPERF_UNITS.get(benchmark.kind) if benchmark is not None else None


def _pyperf_metadata(key: CellKey, arm: Mode) -> dict[str, str]:
    return {
        "python_version": key.interpreter,
        "python_implementation": "cpython",
        "python_jit": arm,
        "commit_id": key.commit,
        "asv_jit_protocol": key.protocol,
    }


def _pyperf_benchmark(key: CellKey, trials: Sequence[Trial], unit: str) -> dict[str, Any]:
    name = " ".join(str(key.case).split())  # pyperf refuses line breaks
    return {
        "metadata": {"name": name, "unit": unit},
        "runs": [_pyperf_run(trial) for trial in trials if trial.figure is not None and trial.figure > 0],
    }


def _pyperf_run(trial: Trial) -> dict[str, Any]:
    metadata: dict[str, str | int | float] = {
        "date": trial.started.partition("+")[0].replace("T", " "),
        "duration": trial.duration_s,
        "loops": trial.iterations,
        "inner_loops": trial.inner_loops,
        "python_hash_seed": trial.hash_seed,
        "asv_jit_trial": trial.trial,
    }
    if trial.cpu is not None:
        metadata["cpu_affinity"] = str(trial.cpu)
    if trial.peak_rss_bytes:
        metadata["mem_max_rss"] = trial.peak_rss_bytes
    return {"values": [trial.figure], "metadata": metadata}
