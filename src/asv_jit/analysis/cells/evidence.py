"""What the JIT compiled, shown with the hot functions, and compared between two commits or releases.

All of it is static: which traces existed at the end of a trial, how large they were, what they consist of. Where
the time goes comes from a separate trial that a timer interrupted, and that was not timed.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from asv_jit.model import Evidence, Trace

FEWEST_SAMPLES = 50
_HOT_SHARE = 0.03


class Hot(Struct, frozen=True):
    """A function in which the program was found in `share` of the samples (time in C counts for its caller).

    `compiled`: a trace starts in it, or another trace names it, which is how an inlined function shows where a
    release tells. On 3.15 inlined functions are not named, so that False means "no trace of its own".
    """

    function: str
    share: float
    compiled: bool


class TraceChange(Struct, frozen=True):
    """The change of a function's traces; a side without any is None."""

    function: str
    before: Trace | None
    after: Trace | None
    micro_ops: tuple[tuple[str, int], ...]


def hot_functions(samples: Sequence[tuple[str, int]], evidence: Evidence | None) -> tuple[Hot, ...]:
    """Return the functions with at least 3% of the samples, hottest first; none below `FEWEST_SAMPLES` samples."""
    total = sum(count for _, count in samples)
    if total < FEWEST_SAMPLES or evidence is None or evidence.error is not None:
        return ()
    traces = (*evidence.functions, *evidence.harness)
    compiled = {trace.function for trace in traces} | {name for trace in traces for name in trace.mentions}
    hot = (Hot(name, count / total, name in compiled) for name, count in samples if count / total >= _HOT_SHARE)
    return tuple(sorted(hot, key=lambda one: (-one.share, one.function)))


def changes(before: Evidence | None, after: Evidence | None) -> tuple[TraceChange, ...]:
    """Return the functions whose traces differ, first those that gained or lost all; empty if a side is unknown.

    `micro_ops` lists by name how many more (or fewer) static micro-operations there are after. The sizes of
    machine code alone do not count: they come in pages and move with the build.
    """
    if before is None or after is None or before.error or after.error:
        return ()
    old = {trace.function: trace for trace in before.functions}
    new = {trace.function: trace for trace in after.functions}
    found = []
    for name in sorted(old.keys() | new.keys()):
        a, b = old.get(name), new.get(name)
        difference = _difference(a, b)
        if difference or (a is None) != (b is None) or (a and b and a.executors != b.executors):
            found.append(TraceChange(name, a, b, difference))
    return tuple(sorted(found, key=lambda one: (one.before is not None and one.after is not None, one.function)))


def trace_counts(before: Evidence | None, after: Evidence | None) -> tuple[dict[str, int], dict[str, int]]:
    """Return by function how many traces came and how many went; nothing if a side is unknown."""
    came: dict[str, int] = {}
    went: dict[str, int] = {}
    for one in changes(before, after):
        more = (one.after.executors if one.after else 0) - (one.before.executors if one.before else 0)
        if more:
            (came if more > 0 else went)[one.function] = abs(more)
    return came, went


def _difference(before: Trace | None, after: Trace | None) -> tuple[tuple[str, int], ...]:
    old = before.names if before is not None else {}
    new = after.names if after is not None else {}
    moved = {name: new.get(name, 0) - old.get(name, 0) for name in old.keys() | new.keys()}
    return tuple(sorted(((name, by) for name, by in moved.items() if by), key=lambda pair: (-abs(pair[1]), pair[0])))
