"""Benchmarks that are measured by one number: `timeraw_`, `track_`, `mem_` and `peakmem_`."""

import os
import sys

from .coroutines import complete, exhaust, exhaust_async, is_coroutine, is_made_by, run_coroutine
from .finding import SkippedError, attributes, first
from .process import peak_rss_bytes


def timing_rawcall(benchmark):
    """For `timeraw_`: run what the benchmark returns in a process of its own; answers in nanoseconds."""
    import subprocess
    import textwrap

    number = int(first(attributes(benchmark.sources, "number"), 1)) or 1
    extra = first(attributes(benchmark.sources, "env"), None) or {}
    environment = dict(os.environ, **{str(key): str(value) for key, value in extra.items()})

    def run():
        statement, setup = complete(benchmark.func, benchmark.arguments), ""
        if isinstance(statement, tuple):
            statement, setup = statement
        program = "from timeit import timeit\nprint(repr(timeit(%r, %r, number=%d)))" % (
            textwrap.dedent(statement),
            textwrap.dedent(setup),
            number,
        )
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        sys.stderr.write(done.stderr)
        if done.returncode:
            raise RuntimeError("the benchmark's own process ended with exit code %d" % done.returncode)
        return round(float(done.stdout.strip().splitlines()[-1]) / number * 1e9)

    return run


def single_value(benchmark):
    """What `track_`, `mem_` and `peakmem_` benchmarks measure: one number."""
    returned = benchmark.func(*benchmark.arguments)
    if is_coroutine(returned):
        returned = run_coroutine(returned)
    if benchmark.kind == "peakmem":
        if is_made_by(returned, benchmark.func):
            run_coroutine(exhaust_async(returned)) if hasattr(returned, "ag_code") else exhaust(returned)
        return peak_rss_bytes()
    if benchmark.kind == "mem":
        import copy

        from pympler.asizeof import asizeof  # asv installs it beside every suite

        return asizeof([returned, copy.copy(returned)]) - asizeof([returned, returned])
    try:
        value = float(returned)
    except (TypeError, ValueError, OverflowError):
        raise TypeError("a track_ benchmark must return a number; this one returned %.80r" % (returned,)) from None
    if value != value:
        raise SkippedError("the benchmark returned NaN")  # which is how asv writes "skipped"
    if value in (float("inf"), float("-inf")):
        raise ValueError("a track_ benchmark must return a finite number; this one returned %r" % value)
    return value
