"""Split instructions by origin: interpreter loop, JIT code, the interpreter's other C code, libraries."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from asv_jit.model import FunctionCount, Part, Split

# The loop; in a build with tail calls, a function for each bytecode. `.cold`, `.part.0`: what GCC moved elsewhere.
_LOOP = re.compile(r"_PyEval_EvalFrameDefault\b|_TAIL_CALL_")
_INTERPRETER = re.compile(r"(lib)?python\d[\d.]*[a-z]*(\.so[\d.]*)?(\.pristine)?")
_LIBC = re.compile(r"(libc|libm|libpthread|libdl|librt)([.-][\d.]+)?\.so(\.\d+)?")
_EXTENSION = re.compile(r"\.(cpython-\w+(-[\w-]+)?|abi\d+)\.so$")


class Cost(Struct, frozen=True):
    """The instructions of one function itself, without what it called; `object` is the file that holds its code."""

    object: str
    function: str
    instructions: int


def part_of(cost: Cost) -> Part:
    """Return the part of the process that a function belongs to."""
    if cost.object in ("", "???"):
        return "jit"  # code outside any file
    name = cost.object.rpartition("/")[2]
    if _INTERPRETER.fullmatch(name):
        return "loop" if _LOOP.match(cost.function) else "interpreter"
    if _LIBC.fullmatch(name):
        return "libc"
    if _EXTENSION.search(name) or "/site-packages/" in cost.object:
        return "extensions"
    return "other"


def split_of(costs: Sequence[Cost]) -> Split:
    """Sum the instructions of functions by part; the total stays exact."""
    sums: dict[Part, int] = {}
    for cost in costs:
        part = part_of(cost)
        sums[part] = sums.get(part, 0) + cost.instructions
    return Split(**sums)


def heaviest(costs: Sequence[Cost], most: int) -> tuple[FunctionCount, ...]:
    """Return the `most` functions with the most instructions of their own, heaviest first.

    A function without a symbol is named by its address in the binary, which is stable for one build.
    """
    order = sorted(costs, key=lambda cost: (-cost.instructions, cost.object, cost.function))
    return tuple(
        FunctionCount(part=part_of(one), name=_name(one), instructions=one.instructions) for one in order[:most]
    )


def _name(cost: Cost) -> str:
    name = re.sub(r"^0x0+(?=[0-9a-f])", "0x", cost.function)
    library = cost.object.rpartition("/")[2]
    return name if part_of(cost) in ("loop", "jit", "interpreter") else f"{library}:{name}"
