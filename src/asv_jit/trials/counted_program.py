"""One run of a whole program under callgrind, from the start of its process to its end."""

from __future__ import annotations

from msgspec import Struct

from asv_jit.analysis.counts.split import Cost, heaviest, split_of
from asv_jit.model import FunctionCount, Mode, Split
from asv_jit.system.processes import run
from asv_jit.trials.callgrind import Callgrind, cost_of_calls, parse_costs, without_recursion
from asv_jit.trials.launch import Place, Program, counted_environment_of, workspace

_FUNCTIONS = 25
# What the interpreter calls to record a trace and to compile one, in 3.13 to 3.15; exported, so that any build has the
# names. What they call are mostly static functions.
_COMPILERS = ("_PyJit_translate_single_bytecode_to_trace", "_PyOptimizer_Optimize")


class ProgramCount(Struct, frozen=True):
    """The instructions of a run. `compiling` are those of recording and compiling traces, part of `split.interpreter`
    almost entirely; `forks` is the number of further processes that were forked, whose instructions are not here.
    """

    instructions: int
    split: Split
    functions: tuple[FunctionCount, ...]
    compiling: int
    forks: int


def count_program(counter: Callgrind, place: Place, program: Program, mode: Mode, hash_seed: int) -> ProgramCount | str:
    """Run the program once and count it; or say how it ended instead, with its last words. Never raises for either."""
    with workspace() as space:
        finished = run(
            counter.command_of_program([str(place.python), *program.arguments], space.counts),
            env=counted_environment_of(place, mode, hash_seed, counter),
            cwd=program.folder,
            timeout_s=program.timeout_s,
            input_file=program.stdin,
        )
        if not finished.ok:
            return finished.complaint()
        files = sorted(space.folder.glob(f"{space.counts.name}.*"))
        own = space.counts.with_name(f"{space.counts.name}.{finished.pid}")
        if own not in files:
            return "valgrind left no counts: did the program replace its process (os.exec…)?"
        text = own.read_text(encoding="utf-8", errors="replace")
        try:
            costs = parse_costs(text)
        except ValueError as error:
            return f"valgrind left counts that cannot be read: {error}"
        return ProgramCount(
            instructions=sum(cost.instructions for cost in costs),
            split=split_of(costs),
            functions=heaviest(_merged(costs), _FUNCTIONS),
            compiling=cost_of_calls(text, _COMPILERS),
            forks=len(files) - 1,
        )


def _merged(costs: list[Cost]) -> list[Cost]:
    """A function is one, however deep it called itself."""
    sums: dict[tuple[str, str], int] = {}
    for cost in costs:
        place = (cost.object, without_recursion(cost.function))
        sums[place] = sums.get(place, 0) + cost.instructions
    return [Cost(*place, instructions) for place, instructions in sums.items()]
