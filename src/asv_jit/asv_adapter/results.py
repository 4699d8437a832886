"""Writes trials as asv result files, so that `asv publish`, `asv show` and `asv compare` work."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from typing import Any

from asv import util
from asv.results import Results
from asv.runner import BenchmarkResult

from asv_jit.asv_adapter.environment import InterpreterEnvironment
from asv_jit.asv_adapter.project import Project
from asv_jit.model import Benchmark, Trial
from asv_jit.store.files import save_whole


def write_rows(
    project: Project,
    environment: InterpreterEnvironment,
    machine: Mapping[str, str],
    commit: str,
    commit_date_s: int,
    benchmarks: Sequence[Benchmark],
    described: Mapping[str, Mapping[str, Any]],
    trials: Sequence[Trial],
) -> None:
    """Write the rows of `benchmarks` to `<commit8>-<environment>.json` for one mode; other rows are unchanged.

    `trials` are those of this commit, interpreter and mode; `samples` is one steady time (seconds) per trial.
    """
    params = {**machine, "python": environment.python, **environment.requirements}
    results = Results(
        params,
        environment.requirements,
        commit,
        commit_date_s * 1000,
        environment.python,
        environment.name,
        environment.env_vars,
    )
    # A damaged file is replaced: our rows in it are rebuilt from the journal.
    with suppress(util.UserError, ValueError, TypeError, AttributeError):
        results.load_data(str(project.results_dir))
    for benchmark in benchmarks:
        of_benchmark = [trial for trial in trials if trial.benchmark == benchmark.name]
        if of_benchmark:
            _add_row(results, benchmark, described[benchmark.name], of_benchmark)
    save_whole(project.results_dir, results.save)


def _add_row(results: Results, benchmark: Benchmark, described: Mapping[str, Any], trials: Sequence[Trial]) -> None:
    timed = benchmark.kind in ("time", "timeraw")
    rows: list[tuple[Any, list[float] | None, int | None]] = []
    selected = set()
    for index, params in enumerate(product(*benchmark.params)):
        of_case = [trial for trial in trials if trial.params == params]
        figures = [trial.figure for trial in of_case if trial.outcome == "ok" and trial.figure is not None]
        if of_case:
            selected.add(index)
        if figures and timed:  # asv computes the median and its statistics from the samples
            rows.append((True, figures, of_case[-1].inner_loops))
        elif figures:
            rows.append((sorted(figures)[len(figures) // 2], None, None))
        else:
            is_skipped = bool(of_case) and all(trial.outcome == "skipped" for trial in of_case)
            rows.append((math.nan if is_skipped else None, None, None))
    values, samples, numbers = (list(column) for column in zip(*rows, strict=True))
    started = datetime.fromisoformat(min(trial.started for trial in trials)).astimezone(UTC)
    results.add_result(
        described,
        BenchmarkResult(result=values, samples=samples, number=numbers, errcode=0, stderr="", profile=None),
        started_at=started,
        duration=sum(trial.duration_s for trial in trials),
        record_samples=True,
        selected_idx=selected,
    )
