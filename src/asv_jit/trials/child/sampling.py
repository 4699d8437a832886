"""Samples where a benchmark spends its time. Nothing is timed."""

from . import timing
from .evidence import function_name, is_ours
from .timing import Again, Timed


def sample(benchmark, request):
    """Where the time goes, by function: a timer interrupts the running benchmark. Nothing is timed."""
    import signal

    counts = {}

    def interrupted(signum, frame):
        if frame is not None:
            code = frame.f_code
            counts[code] = counts.get(code, 0) + 1

    signal.signal(signal.SIGPROF, interrupted)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    try:
        if benchmark.kind == "time":
            enough_ns = min(request["budget_ns"], request["patience_ns"])  # a trial may be too short to show much
            started = timing.clock()
            timing.measure(benchmark, request)
            again, timed = Again(benchmark), Timed(benchmark)
            again()
            timed.first(request["inner_loops"])
            while timing.clock() - started < enough_ns:
                again()
                timed.iterate(request["inner_loops"])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    rows = [[function_name(code), count] for code, count in counts.items() if not is_ours(code)]
    rows.sort(key=lambda row: (-row[1], row[0]))
    return {"samples": rows, "inner_loops": request["inner_loops"], "iterations": request["iterations"]}
