"""How long each of the first requests of a process took: what its first users feel.

The only module here that reads a clock, and so the only one whose results differ from run to run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from math import ceil
from time import perf_counter_ns

__all__ = ["of_calls", "of_tasks", "percentile_s"]


def of_calls(handle: Callable[[int], object], count: int = 10_000) -> list[int]:
    """The duration in nanoseconds of each of `count` requests, in their order."""
    durations_ns = []
    for number in range(count):
        started = perf_counter_ns()
        handle(number)
        durations_ns.append(perf_counter_ns() - started)
    return durations_ns


def of_tasks(handle: Callable[[int], Coroutine[object, object, object]], count: int = 10_000) -> list[int]:
    """As `of_calls`, of coroutines, each run as a task of an event loop as a server would."""

    async def serve() -> list[int]:
        durations_ns = []
        for number in range(count):
            started = perf_counter_ns()
            await asyncio.create_task(handle(number))
            durations_ns.append(perf_counter_ns() - started)
        return durations_ns

    return asyncio.run(serve())


def percentile_s(durations_ns: Sequence[int], percent: float) -> float:
    """The least duration, in seconds, that `percent` of 100 requests did not exceed (nearest rank).

    Raises ValueError where there is no request or `percent` is not above 0 and at most 100.
    """
    if not durations_ns or not 0 < percent <= 100:
        raise ValueError(f"expected requests and a percentage in (0, 100], found {len(durations_ns)} and {percent}")
    return sorted(durations_ns)[ceil(len(durations_ns) * percent / 100) - 1] / 1e9
