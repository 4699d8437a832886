"""Finds how many calls make an iteration and how many iterations make a trial."""

from . import timing
from .timing import Again, Asked, Timed


def calibrate(benchmark, request):
    """Find how many calls make an iteration, and how many iterations a trial: in a process that is thrown away."""
    if benchmark.kind != "time":
        return {"inner_loops": 1, "iterations": 1}
    asked = Asked(benchmark)
    again = Again(benchmark)
    timed = Timed(benchmark)
    loops = asked.inner_loops or 1
    begin = started = timing.clock()
    _, per_iteration, _ = timed.first(loops)
    # Warm caches first, then more loops until an iteration is long enough, where the benchmark leaves that to us.
    while not asked.first_calls and timing.clock() - begin < request["budget_ns"] // 4:
        again()
        per_iteration = elapsed_ns(timed, loops)
        if asked.inner_loops or per_iteration >= request["iteration_ns"]:
            continue
        loops = max(loops + 1, min(loops * 10, loops * request["iteration_ns"] * 11 // (max(per_iteration, 1) * 10)))
    # Three, unless the next one might not fit: a call that takes half the time-out must not cost a whole one.
    wholes = []  # with their setup and teardown
    while len(wholes) < 3 and timing.clock() - started + per_iteration < request["patience_ns"]:
        begin = timing.clock()
        again()
        per_iteration = elapsed_ns(timed, loops)
        wholes.append(timing.clock() - begin)
    whole = max(min(wholes, default=per_iteration), 1)  # whatever else is on the core only adds to it
    affordable = request["patience_ns"] // whole
    if asked.first_calls:
        wanted = max(asked.least, min(asked.most, asked.enough_ns // whole))
        count = min(wanted, request["max_iterations"], max(affordable, 1))
    else:
        wanted = max(request["budget_ns"] // whole, request["min_iterations"])
        # Two, as in asv: one alone would be a cold call.
        count = min(wanted, request["max_iterations"], max(affordable, 2))
    return {"inner_loops": loops, "iterations": int(count), "first_calls": asked.first_calls}


def elapsed_ns(timed, loops):
    """What an iteration takes by the clock on the wall, whatever timer the benchmark asks for."""
    start = timing.clock()
    timed.iterate(loops)
    return timing.clock() - start
