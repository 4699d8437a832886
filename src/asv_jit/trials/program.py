"""Runs one trial of a whole program, timed from start to end; its line is like any other trial's."""

from __future__ import annotations

from msgspec.structs import replace

from asv_jit.model import Benchmark, Case, Mode, Trial
from asv_jit.settings import LONGEST_S
from asv_jit.trials.launch import Place, Program, TrialTask, Workspace, launch_program
from asv_jit.trials.record import Context, record


def case_of(name: str, program: Program) -> Case:
    """Return the program as a case of a benchmark like asv's `timeraw_`: each iteration is one process."""
    timeout_s = program.timeout_s if program.timeout_s is not None else LONGEST_S
    return Case(Benchmark(name=name, version="1", kind="timeraw", unit="seconds", timeout_s=timeout_s), (), None)


def run_program(
    place: Place, program: Program, case: Case, arm: str, mode: Mode, hash_seed: int, context: Context, space: Workspace
) -> Trial:
    """Run the program once; `steady_s` is its whole time, `digest` is of its standard output."""
    launched = launch_program(place, program, mode, hash_seed, space)
    task = TrialTask(case=case, operation="program", hash_seed=hash_seed)
    return record(context, task, arm, mode, launched)


def trace_program(place: Place, program: Program, case: Case, context: Context, space: Workspace) -> Trial:
    """Run the program once more in mode `on`, untimed, to see what the JIT compiled and where the time went."""
    return run_program(place, replace(program, traced=True), case, "sample", "on", 0, context, space)
