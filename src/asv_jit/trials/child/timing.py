"""The timed loop: the iterations of a `time_` benchmark, from cold."""

import gc
import itertools
import time

from .coroutines import exhaust, exhaust_async, is_coroutine, is_made_by, listed, run_coroutine
from .digests import digest_of
from .finding import attributes, first

clock = time.perf_counter_ns
GeneratorType = type(item for item in ())


def iteration(call, loops, timer):
    """Time `loops` calls together, with the collector off, as `timeit` does. In the timer's unit."""
    repeats = itertools.repeat(None, loops)
    collecting = gc.isenabled()
    gc.disable()
    start = timer()
    for _ in repeats:
        call()
    duration = timer() - start
    if collecting:
        gc.enable()
    return duration


async def awaited_iteration(call, loops, timer):
    """`iteration` for coroutines, within one run of the event loop: starting that is not the benchmark's."""
    repeats = itertools.repeat(None, loops)
    collecting = gc.isenabled()
    gc.disable()
    start = timer()
    for _ in repeats:
        await call()
    duration = timer() - start
    if collecting:
        gc.enable()
    return duration


async def timed_await(coroutine, timer):
    start = timer()
    returned = await coroutine
    return timer() - start, returned


class Asked:
    """What asv's attributes ask of a timed benchmark. Read after its setup, which may change them.

    `first_calls`: no warm-up, as asv says it: `warmup_time = 0` and a known `number`. Then the first calls of a process
    are what the benchmark is about, `least` to `most` of them, and no more once `enough_ns` are over.
    """

    def __init__(self, benchmark):
        sources = benchmark.sources
        number = int(first(attributes(sources, "number"), 0))
        rounds = int(first(attributes(sources, "rounds"), first(attributes(sources, "processes"), 2)))
        repeat = first(attributes(sources, "repeat"), 0)
        # With a setup each call has one of its own, so that more of them are more iterations.
        self.inner_loops = 1 if benchmark.setups else number
        self.first_calls = self.inner_loops > 0 and first(attributes(sources, "warmup_time"), -1) == 0
        try:
            self.least, self.most, enough_s = repeat
        except (TypeError, ValueError):
            self.least = self.most = repeat
            enough_s = 1e9
            if repeat == 0:
                self.least, self.most, enough_s = (1, 5, 10.0) if rounds > 1 else (1, 10, 20.0)
        self.enough_ns = int(enough_s * 1e9)
        if benchmark.setups and number > 1:
            self.least, self.most = self.least * number, self.most * number


class Timed:
    """A benchmark's timed call, and the clock that it is timed by. All answers in nanoseconds.

    Whether it is a coroutine or a generator shows in what the first call returns: decorators may hide it before.
    """

    def __init__(self, benchmark):
        self.function = benchmark.func
        self.call = timing_call(benchmark)
        self.awaits = False
        self.timer = first(attributes(benchmark.sources, "timer"), time.perf_counter)
        if self.timer is time.perf_counter:
            self.timer = clock

    def nanoseconds(self, duration):
        return duration if self.timer is clock else round(duration * 1e9)

    def iterate(self, loops):
        """Time `loops` calls together."""
        if self.awaits:
            return self.nanoseconds(run_coroutine(awaited_iteration(self.call, loops, self.timer)))
        return self.nanoseconds(iteration(self.call, loops, self.timer))

    def first(self, loops):
        """Time the first call apart, take the digest of what it returned before anything can change it, go on.

        Answers (nanoseconds of the first call, of all, digest).
        """
        collecting = gc.isenabled()
        gc.disable()
        start = self.timer()
        returned = self.call()
        first_call = self.timer() - start
        more, returned = self.completed(returned)
        if collecting:
            gc.enable()
        first_call = self.nanoseconds(first_call + more)
        digest = digest_of(returned)
        del returned
        return first_call, first_call + (self.iterate(loops - 1) if loops > 1 else 0), digest

    def completed(self, returned):
        """Run what the first call returned to its end, if it has one, and all later calls alike: (time, result)."""
        call = self.call
        if is_coroutine(returned):
            self.awaits = True
            return run_coroutine(timed_await(returned, self.timer))
        if not is_made_by(returned, self.function):
            return 0, returned
        if type(returned) is not GeneratorType:
            self.awaits = True
            self.call = lambda: exhaust_async(call())
            return run_coroutine(timed_await(listed(returned), self.timer))
        self.call = lambda: exhaust(call())
        start = self.timer()
        items = list(returned)
        return self.timer() - start, items


def timing_call(benchmark):
    """The callable to be timed: bound to its arguments, without the cost of unpacking them at each call."""
    func, arguments = benchmark.func, benchmark.arguments
    if not arguments:
        return func
    if len(arguments) == 1:
        only = arguments[0]
        return lambda: func(only)
    return lambda: func(*arguments)


def measure(benchmark, request):
    """Run the iterations from cold; a dict of what they gave."""
    if benchmark.kind == "timeraw":
        from .values import timing_rawcall

        return {"durations_ns": [timing_rawcall(benchmark)()], "inner_loops": 1, "iterations": 1}
    if benchmark.kind != "time":
        from .values import single_value

        return {"value": single_value(benchmark), "inner_loops": 1, "iterations": 1}
    asked = Asked(benchmark)
    loops = asked.inner_loops or request["inner_loops"]
    count = min(request["iterations"], asked.most) if asked.first_calls else request["iterations"]
    again = Again(benchmark)
    timed = Timed(benchmark)
    durations = [0] * count
    works = []
    first_call, durations[0], digest = timed.first(loops)
    worked = clock()
    for index in range(1, count):
        again()
        durations[index] = timed.iterate(loops)
        if clock() - worked >= WORK_EVERY_NS:
            works.append((index, fixed_work()))
            worked = clock()
    return {
        "durations_ns": durations,
        "fixed_work": works,
        "first_call_ns": first_call,
        "digest": digest,
        "inner_loops": loops,
        "iterations": count,
        "first_calls": asked.first_calls,
    }


WORK_EVERY_NS = 10_000_000  # about 1% of the time
WORK = 3, (1 << 255) - 19, (1 << 192) - 237


def fixed_work():
    """Nanoseconds that always the same arithmetic takes: how fast the core is, whatever the benchmark does.

    A core that shares its units with a busy one, or that clocks down, shows nowhere else in a virtual machine. The
    first time is not timed: it brings back into the caches what the benchmark threw out.
    """
    pow(*WORK)
    start = clock()
    pow(*WORK)
    return clock() - start


class Again:
    """Before each iteration but the first: teardown and setup once more."""

    def __init__(self, benchmark):
        self.benchmark = benchmark

    def __call__(self):
        self.benchmark.run_teardown()
        self.benchmark.run_setup()
