"""Claim: compiled code costs memory for every hot place; data costs the same in both modes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType

__all__ = ["call_all", "distinct_functions", "many_functions", "object_graph"]

Step = Callable[[int, int], int]


def _template(state: int, rounds: int) -> int:
    for turn in range(rounds):
        state = (state * 3 + turn) & 0xFFFF if state & 1 else (state >> 1) ^ turn
    return state


def distinct_functions(count: int) -> list[Step]:
    """`count` functions that do the same but share no code object, so that each gets hot on its own."""
    code = _template.__code__
    return [FunctionType(code.replace(co_name=f"function_{number}"), {}) for number in range(count)]


def call_all(functions: Sequence[Step], rounds: int) -> int:
    """Call each function once, its loop turning `rounds` times; a checksum of the results.

    Stresses: the store of compiled code, which grows by every function that gets hot. Claim: memory grows with
    the number of hot places, and the time that compiling takes comes in many small pauses.
    """
    checksum = 1
    for function in functions:
        checksum = (checksum * 31 + function(checksum, rounds)) & 0xFFFFFFFF
    return checksum


def many_functions(count: int = 1000, rounds: int = 10_000) -> int:
    """Make `count` functions and call each once, long enough by default for each to be compiled."""
    return call_all(distinct_functions(count), rounds)


class _Node:
    def __init__(self, number: int, children: list[_Node]) -> None:
        self.number = number
        self.children = children
        self.labels = {"number": number, "children": len(children)}


def object_graph(nodes: int = 500_000, fan_out: int = 5) -> int:
    """Build a tree of `nodes` objects, each with a list and a dict of its own, and walk it; a checksum.

    Stresses: allocation and release of objects, and memory that is far apart. The tree has no cycles, so no
    collector is needed to free it. Claim: data takes the same memory with and without the JIT.
    """
    made: list[_Node] = []
    for number in range(nodes):
        node = _Node(number, [])
        if number:
            made[(number - 1) // fan_out].children.append(node)
        made.append(node)
    checksum = 0
    waiting = [made[0]]
    while waiting:
        node = waiting.pop()
        checksum = (checksum * 33 + node.number + node.labels["children"]) & 0xFFFFFFFF
        waiting.extend(node.children)
    return checksum
