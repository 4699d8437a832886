"""What compiled code and data cost in memory, and the time that goes with it.

`peakmem_` calls its workload once, so that its sizes are larger: every function has to get hot within the call.
"""

from __future__ import annotations

from functools import cache

from jit_workloads import memory

_functions = cache(memory.distinct_functions)


class ManyFunctions:
    version = "1"
    warmup_time = 1.0

    def setup(self) -> None:
        self.functions = _functions(200)

    def time_calls(self) -> int:
        return memory.call_all(self.functions, rounds=300)


class ManyFunctionsMemory:
    version = "1"

    def peakmem_hot_functions(self) -> int:
        return memory.many_functions(count=500, rounds=10_000)


class ObjectGraph:
    version = "1"
    warmup_time = 0.5

    def time_build_and_walk(self) -> int:
        return memory.object_graph(5000)


class ObjectGraphMemory:
    version = "1"

    def peakmem_tree(self) -> int:
        return memory.object_graph(200_000)
