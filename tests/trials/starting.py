"""Starts real trials of the tiny suite beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

from asv_jit.model import PROTOCOL, Benchmark, Case, Mode, Trial
from asv_jit.trials.child.finding import kind_of
from asv_jit.trials.launch import Launched, Place, TrialTask, launch, workspace
from asv_jit.trials.record import Context, record

TINY = Path(__file__).parent / "tiny"

CONTEXT = Context(
    session="s",
    block="b",
    attempt=1,
    purpose="run",
    commit="c" * 40,
    interpreter="3.15.2+00000000",
    installation="i",
    machine="m",
    protocol=PROTOCOL,
    cpu=None,
)


def tiny_case(name: str, index: int | None = None, timeout_s: float = 30.0) -> Case:
    try:
        kind = kind_of(name.rsplit(".", 1)[-1])
    except ValueError:
        kind = "time"
    return Case(Benchmark(name=name, version="1", kind=kind, unit="s", timeout_s=timeout_s), (), index)


def tiny_place(log: Path, python: str | Path = sys.executable) -> Place:
    return Place(python=Path(python), benchmark_dir=TINY, variables={"TINY_LOG": str(log)}, cpu=None)


def measure(
    place: Place,
    case: Case,
    mode: Mode = "off",
    *,
    inner_loops: int = 1,
    iterations: int = 1,
    micro_ops: bool = False,
    cache: Path | None = None,
) -> Launched:
    task = _task(case, inner_loops, iterations, micro_ops)
    with workspace() as space:
        return launch(place, task, mode, space, cache)


def trial_of(launched: Launched, case: Case, mode: Mode = "off") -> Trial:
    return record(CONTEXT, _task(case, 1, 1, micro_ops=False), mode, mode, launched)


def _task(case: Case, inner_loops: int, iterations: int, micro_ops: bool) -> TrialTask:
    return TrialTask(
        case=case,
        operation="measure",
        hash_seed=7,
        inner_loops=inner_loops,
        iterations=iterations,
        micro_ops=micro_ops,
    )
