"""Runs one trial of a whole program: timed from start to end, traced, or counted under callgrind."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.counts.split import Cost, heaviest, split_of
from asv_jit.model import Benchmark, Case, FunctionCount, Mode, Split, Trial
from asv_jit.settings import LONGEST_S
from asv_jit.system.processes import run
from asv_jit.trials.counter import Callgrind, cost_of_calls, parse_costs, without_recursion
from asv_jit.trials.launch import (
    Place,
    Program,
    TrialTask,
    Workspace,
    counted_environment_of,
    launch_program,
    workspace,
)
from asv_jit.trials.record import Context, record

_FUNCTIONS = 25
# What the interpreter calls to record a trace and to compile one, in 3.13 to 3.15; exported, so that any build has the
# names. What they call are mostly static functions.
_COMPILERS = ("_PyJit_translate_single_bytecode_to_trace", "_PyOptimizer_Optimize")
_MOSTLY = 0.9


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


class ProgramCount(Struct, frozen=True):
    """The instructions of a run. `compiling` are those of recording and compiling traces, part of `split.interpreter`
    almost entirely; `forks` is the number of further processes that were forked, whose instructions are not here.

    `mostly_compiled`, `compiled`: the shares of the run after which 90% of `compiling` were done, and all; None without
    any. They are known as exactly as the slices are short that the run was counted in, `slices` of them.
    """

    instructions: int
    split: Split
    functions: tuple[FunctionCount, ...]
    compiling: int
    forks: int
    mostly_compiled: float | None = None
    compiled: float | None = None
    slices: int = 1


def count_program(
    counter: Callgrind, place: Place, program: Program, mode: Mode, hash_seed: int, *, slice_blocks: int
) -> ProgramCount | str:
    """Run the program once under callgrind; return its count, or how it failed with the end of its stderr.

    `slice_blocks`: basic blocks, of about five instructions each, in a slice.
    """
    with workspace() as space:
        finished = run(
            counter.command_of_program([str(place.python), *program.arguments], space.counts, slice_blocks),
            env=counted_environment_of(place, mode, hash_seed, counter),
            cwd=program.folder,
            timeout_s=program.timeout_s,
            input_file=program.stdin,
        )
        if not finished.ok:
            return replace(finished, stderr=counter.without_messages(finished.stderr)).complaint()
        last = space.counts.with_name(f"{space.counts.name}.{finished.pid}")
        if not last.is_file():
            return "valgrind left no counts: did the program replace its process (os.exec…)?"
        numbered = sorted(last.parent.glob(f"{last.name}.*"), key=lambda path: int(path.suffix[1:]))
        pids = {path.name.split(".")[1] for path in space.folder.glob(f"{space.counts.name}.*")}
        try:
            return _total_of([path.read_text("utf-8", "replace") for path in (*numbered, last)], forks=len(pids) - 1)
        except ValueError as error:
            return f"valgrind left counts that cannot be read: {error}"


def _total_of(slices: Sequence[str], *, forks: int) -> ProgramCount:
    costs: list[Cost] = []
    ends: list[int] = []
    compiled: list[int] = []
    for text in slices:
        costs = _merged([*costs, *parse_costs(text)])
        ends.append(sum(cost.instructions for cost in costs))
        compiled.append(cost_of_calls(text, _COMPILERS) + (compiled[-1] if compiled else 0))
    total, compiling = ends[-1], compiled[-1]
    after = [
        next(end for end, done in zip(ends, compiled, strict=True) if done >= share * compiling) / total
        for share in (_MOSTLY, 1.0)
    ]
    return ProgramCount(
        instructions=total,
        split=split_of(costs),
        functions=heaviest(costs, _FUNCTIONS),
        compiling=compiling,
        forks=forks,
        mostly_compiled=after[0] if compiling else None,
        compiled=after[1] if compiling else None,
        slices=len(slices),
    )


def _merged(costs: list[Cost]) -> list[Cost]:
    """Add up the levels of a function's recursion."""
    sums: dict[tuple[str, str], int] = {}
    for cost in costs:
        place = (cost.object, without_recursion(cost.function))
        sums[place] = sums.get(place, 0) + cost.instructions
    return [Cost(*place, instructions) for place, instructions in sums.items()]
