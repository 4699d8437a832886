"""The part of asv-jit that runs inside the interpreter under test. Standard library only, Python 3.9 to 3.16.

    python inside.py REQUEST RESULT

REQUEST is a JSON file, RESULT is written at the very end, whole or not at all. Standard output and standard
error belong to the benchmarked code. The exit code is 0 when RESULT was written; anything else is a failure of
the benchmarked code (its traceback is on standard error) or the end of the process.

REQUEST, an object:
    operation       "measure" | "calibrate" | "setup_cache" | "sample" | "count"
    benchmark_dir   absolute path of the suite, a package
    benchmark       asv's name of the benchmark, without parameters
    param_index     position in the product of `params`, or null
    cache           path of the pickled result of `setup_cache`, or null; "setup_cache" writes it there
    inner_loops     calls per iteration                    ("measure", "sample", "count"; there 0: find it)
    iterations      how many iterations, from cold         ("measure", "sample")
    iteration_ns    an iteration should last at least this ("calibrate")
    budget_ns       what all iterations may take together  ("calibrate"), or take at least ("sample")
    patience_ns     what they may take at the very most    ("calibrate")
    min_iterations                                         ("calibrate")
    max_iterations                                         ("calibrate", "count")
    micro_ops       whether the evidence counts micro-operations by name
    counts          where callgrind writes: a path that it ends with `.1`, `.2` …              ("count")
    max_instructions    what all iterations take at most                                      ("count")
    loop_instructions                     an iteration should take at least this              ("count")

RESULT, an object; times in integer nanoseconds:
    outcome         "ok" | "skipped"
    entered_ns      time.monotonic_ns() as this file began: the parent knows when it started the process
    python          sys.version
    jit_available, jit_enabled    what this very process says of itself; null where it cannot say
    kind            "time" | "timeraw" | "track" | "mem" | "peakmem"
    import_ns, setup_ns, first_call_ns
    inner_loops, iterations       as used; "calibrate" answers with the ones to use
    first_calls     whether the benchmark asks for the time of its first calls, so that none is to be left out
    durations_ns    one entry an iteration, each for `inner_loops` calls   (time, timeraw), by the benchmark's timer
    value           a number                                               (track, mem, peakmem)
    fixed_work      [[iteration, nanoseconds], ...]: how long the same piece of work took after some iterations (time)
    digest          of the first call's result, or null: no check
    peak_rss_bytes, involuntary_switches
    cpu_ns          of the whole process, the evidence included, and of the children that it waited for
    evidence        what the JIT compiled, or null where that cannot be asked
    samples         [[function, count], ...] most frequent first ("sample")
    instructions    one entry an iteration from cold; the first two are single calls ("count")
    parts           the number of the file that each of these ends in                ("count")

A benchmark whose first call returns a coroutine is awaited at every call, one that yields is exhausted, both within the
time; `setup`, `teardown` and `setup_cache` may be coroutines too. All run on one event loop.

asv's `number`, `timer`, `warmup_time = 0` and, with that, `repeat` are honoured here; see docs/asv-semantics.md.

What asv_runner 0.3 does with `setup`, `teardown`, `setup_cache`, `params`, `skip_params` and the skip exceptions
is done here too, without importing it: it would add its own imports to every start-up that is measured.
"""

import time

ENTERED_NS = time.monotonic_ns()

import gc
import importlib
import importlib.machinery
import itertools
import json
import os
import re
import sys

clock = time.perf_counter_ns
FunctionType = type(lambda: None)  # `types` and `inspect` are not worth their imports
GeneratorType = type(item for item in ())

# In asv_runner's order: the first pattern that matches the function's name decides. (asv's patterns anchor only
# one side of their alternatives; `match` makes that harmless.)
KINDS = (
    ("mem", re.compile(r"^(Mem[A-Z_].+)|(mem_.+)$")),
    ("peakmem", re.compile(r"^(PeakMem[A-Z_].+)|(peakmem_.+)$")),
    ("time", re.compile(r"^(Time[A-Z_].+)|(time_.+)$")),
    ("timeraw", re.compile(r"^(Timeraw[A-Z_].+)|(timeraw_.+)$")),
    ("track", re.compile(r"^(Track[A-Z_].+)|(track_.+)$")),
)


class Benchmark:
    """One benchmark with one combination of parameters, found as asv_runner finds it."""

    def __init__(self, name, func, sources, attribute):
        self.name = name
        self.func = func
        # The attribute's name, as in asv: a decorated function may call itself `wrapper`.
        self.kind = kind_of(getattr(func, "benchmark_name", attribute).rsplit(".", 1)[-1])
        self.sources = sources
        self.setups = list(attributes(sources, "setup", any_case=True))[::-1]
        self.teardowns = list(attributes(sources, "teardown", any_case=True))
        self.setup_cache = first(attributes(sources, "setup_cache"), None)
        self.skip_params = first(attributes(sources, "skip_params"), [])
        self.params = ()
        self.cache = None

    def select(self, param_index):
        """Choose the combination of parameters, counted as `itertools.product` counts."""
        if param_index is None:
            return
        params = list(first(attributes(self.sources, "params"), []))
        if params and not isinstance(params[0], (tuple, list)):
            params = [params]
        self.params = next(itertools.islice(itertools.product(*params), param_index, None))

    @property
    def arguments(self):
        return self.params if self.cache is None else (self.cache, *self.params)

    @property
    def skipped(self):
        return tuple(self.params) in self.skip_params

    def run_setup(self):
        for setup in self.setups:
            complete(setup, self.arguments)

    def run_teardown(self):
        for teardown in self.teardowns:
            complete(teardown, self.arguments)


class SkippedError(Exception):
    """The benchmark asked not to be run with these parameters."""


def attributes(sources, name, any_case=False):
    """Yield `name` from each source that has it: the function, then its instance, then its module."""
    for source in sources:
        if not any_case:
            names = [name]
        else:
            names = [key for key in dir(source) if key.lower() == name]
            if len(names) > 1:
                raise ValueError("%r has more than one %s: %s" % (source, name, ", ".join(names)))
        for key in names:
            value = getattr(source, key, None)
            if value is not None:
                yield value


def first(iterable, default):
    return next(iter(iterable), default)


def kind_of(function_name):
    for kind, pattern in KINDS:
        if pattern.match(function_name):
            return kind
    raise ValueError("expected a time_, timeraw_, track_, mem_ or peakmem_ benchmark, found %r" % function_name)


class SuiteFinder:
    """Makes the suite importable under its folder's name without putting the folder beside it on sys.path."""

    def __init__(self, root):
        self.folder, self.name = os.path.split(os.path.abspath(root))

    def find_spec(self, fullname, path, target=None):
        if fullname == self.name and path is None:
            return importlib.machinery.PathFinder.find_spec(fullname, [self.folder], target)
        return None


def find_benchmark(root, name):
    """Import what is needed for the benchmark called `name`, and return it."""
    suite = os.path.basename(os.path.abspath(root))
    parts = name.split(".")
    for owners in (1, 2):  # a module's function, or a class's method
        module_parts, path = parts[:-owners], parts[-owners:]
        candidate = os.path.join(root, *module_parts)
        package = os.path.join(candidate, "__init__.py")
        if not os.path.isfile(candidate + ".py") and not (module_parts and os.path.isfile(package)):
            continue
        found = benchmark_in(importlib.import_module(".".join([suite, *module_parts])), path, name)
        if found is not None:
            return found
    for module in modules_below(suite):  # names made with `benchmark_name`, or defined in __init__.py
        for path, function in functions_of(module):
            made_up = getattr(function, "benchmark_name", None)
            if not any(pattern.match((made_up or path[-1]).rsplit(".", 1)[-1]) for _, pattern in KINDS):
                continue  # a helper may share the name of a benchmark: `<lambda>`
            named = [function.__name__] if len(path) == 1 else path  # asv names functions so, methods by attribute
            if name in (made_up, ".".join([*module.__name__.split(".")[1:], *named])):
                found = benchmark_in(module, path, name)
                if found is not None:
                    return found
    raise LookupError("the suite %s has no benchmark called %r" % (root, name))


def functions_of(module):
    """Yield (path, function) for a module's public functions and the members of its public classes."""
    for owner_name, owner in list(vars(module).items()):
        if owner_name.startswith("_"):
            continue
        if isinstance(owner, FunctionType):
            yield [owner_name], owner
        elif isinstance(owner, type):
            for member in dir(owner):
                yield [owner_name, member], getattr(owner, member, None)


def benchmark_in(module, path, name):
    owner = getattr(module, path[0], None)
    if len(path) == 1:
        return Benchmark(name, owner, [owner, module], path[0]) if isinstance(owner, FunctionType) else None
    if not isinstance(owner, type) or not callable(getattr(owner, path[1], None)):
        return None
    instance = owner()
    function = getattr(instance, path[1])
    return Benchmark(name, function, [function, instance, module], path[1])


def modules_below(package_name):
    import pkgutil

    package = importlib.import_module(package_name)
    yield package
    for _, name, _ in pkgutil.iter_modules(getattr(package, "__path__", ()), package_name + "."):
        for module in modules_below(name):
            yield module


# --- coroutines and generators ---------------------------------------------------------------------------------


def complete(function, arguments):
    """Call a function that is not timed and return what it gives in the end: a coroutine is run to its end."""
    returned = function(*arguments)
    if is_coroutine(returned):
        return run_coroutine(returned)
    if is_made_by(returned, function):
        raise TypeError(
            "%s contains `yield`, so that a call runs nothing of it: return instead, or yield in the benchmark only"
            % getattr(function, "__qualname__", function)
        )
    return returned


def is_coroutine(value):
    """Whether to await it. Futures are no coroutines: a benchmark that returns one may time how it is made."""
    return hasattr(type(value), "__await__") and hasattr(type(value), "send")


def is_made_by(value, function):
    """Whether `value` is the generator, synchronous or not, that the body of `function` is, decorators looked through.

    Any other generator is what the benchmark returns, and making it is what the benchmark times.
    """
    code = getattr(value, "gi_code", None) or getattr(value, "ag_code", None)
    if code is None:
        return False
    while not hasattr(function, "__code__") or hasattr(function, "__wrapped__"):
        inner = [getattr(function, name, None) for name in ("__wrapped__", "__func__", "func")]
        function = next((found for found in inner if found is not None), None)
        if function is None:
            return False
    return function.__code__ is code


EVENT_LOOPS = []  # the one of this process, made for its first coroutine: asyncio takes longer to import than Python


def run_coroutine(coroutine):
    if not EVENT_LOOPS:
        import asyncio

        EVENT_LOOPS.append(asyncio.new_event_loop())
        asyncio.set_event_loop(EVENT_LOOPS[0])
    return EVENT_LOOPS[0].run_until_complete(coroutine)


def end_event_loop():
    """Cancel what the benchmark left running and close the loop, as `asyncio.run` does."""
    import asyncio

    async def cancel_others():
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    run_coroutine(cancel_others())
    loop = EVENT_LOOPS.pop()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def exhaust(generator):
    for _ in generator:
        pass


async def exhaust_async(generator):
    async for _ in generator:
        pass


async def listed(generator):
    return [item async for item in generator]


# --- timing ----------------------------------------------------------------------------------------------------


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


def measure(benchmark, request):
    """Run the iterations from cold; a dict of what they gave."""
    if benchmark.kind == "timeraw":
        return {"durations_ns": [timing_rawcall(benchmark)()], "inner_loops": 1, "iterations": 1}
    if benchmark.kind != "time":
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


def count(benchmark, request):
    """Run iterations from cold until their counts have settled, and let callgrind count each.

    `mark` takes the place of the clock: whenever its C function is entered, callgrind writes its counters to the next
    file and resets them. So each even file holds an iteration, and each odd one what lies between two: reading the
    counts here is not counted.

    Asked to find how many calls make an iteration, it ends as soon as that is known, unless it is one. So whatever is
    counted ran the same code from cold, whether the number was known before or not.
    """
    if benchmark.kind != "time":
        raise SkippedError("only time_ benchmarks are counted")
    instrument(START)
    try:
        # Through C: callgrind names the functions that are entered after its start, the interpreter's loop among them.
        (result,) = map(count_iterations, [benchmark], [request])
    finally:
        instrument(STOP)
    return result


def mark():
    """A C function that little else calls. It always answers 0: to make a number that is not kept ready is counted."""
    from _functools import partial

    return partial(os.sched_get_priority_max, os.SCHED_OTHER)


def count_iterations(benchmark, request):
    again, timed = Again(benchmark), Timed(benchmark)
    timed.timer = mark()
    counts, parts = [], [0]
    asked, loops, jit = Asked(benchmark).inner_loops, 1, bool(jit_state()[1])
    _, _, digest = timed.first(1)
    while len(counts) < request["max_iterations"] and sum(counts) < request["max_instructions"]:
        if len(counts) == 2:
            while loops * counts[1] < request["loop_instructions"]:
                loops *= 2
            loops = request["inner_loops"] or asked or loops
            if loops > 1 and not request["inner_loops"]:
                return {"inner_loops": loops, "iterations": 2}
        if counts:
            again()
            timed.iterate(loops)
        files = written(request["counts"], parts[-1])
        if not files:
            raise RuntimeError("callgrind wrote no counts at a call of sched_get_priority_max")
        # A coroutine's first call is counted in two pieces: how it is made, and how it runs.
        if len(files) != 2 and (counts or len(files) != 4):
            raise SkippedError("it calls os.sched_get_priority_max, which marks the ends of counted iterations")
        counts.append(sum(files[1::2]))
        parts.append(parts[-1] + len(files))
        if settled(counts[2:] if loops > 1 else counts, jit):
            break
    return {
        "digest": digest,
        "inner_loops": loops,
        "iterations": len(counts),
        "instructions": counts,
        "parts": parts[1:],
    }


def written(path, last):
    """What callgrind counted in each file after the one numbered `last`."""
    counts = []
    while os.path.exists("%s.%d" % (path, last + 1)):
        last += 1
        with open("%s.%d" % (path, last), "rb") as stream:
            header = stream.read(4096)
        counts.append(int(header[header.index(b"summary:") + 8 :].split(None, 1)[0]))
    return counts


def settled(counts, jit):
    """Whether the counts ran long enough, and were on one level for the last half of them, but for single ones."""
    total = sum(counts)
    if len(counts) < (LEAST_ITERATIONS[jit] if total < LONG_INSTRUCTIONS[jit] else 4):
        return False
    # A small benchmark with a setup is one call an iteration: many of them would mostly be setups.
    if total < LEAST_INSTRUCTIONS[jit] and len(counts) < MANY_ITERATIONS[jit]:
        return False
    half = counts[len(counts) // 2 :]
    middle = len(half) // 2
    earlier, later = (sorted(part)[(len(part) - 1) // 2] for part in (half[:middle], half[middle:]))
    near = later * SAME_LEVEL
    return abs(earlier - later) <= near and 2 * sum(abs(one - later) <= near for one in half) > len(half)


SAME_LEVEL = 0.0002

# How long a trial is at least, by whether the JIT is on. CPython compiles a loop after some 4,000 passes, and what
# leaves its trace often after as many more, so that the level falls once more when it seemed steady. Beside the level
# after 1.5e9 instructions, six programs on 3.15.2 were 0.15 to 9.4% too high with (6, 5e7), which is enough with the
# JIT off; up to 9.4% with (10, 3e8); at most 0.22% with (16, 3e8), for 2.9 times the instructions.
LEAST_ITERATIONS = {False: 6, True: 16}
LEAST_INSTRUCTIONS = {False: 50_000_000, True: 300_000_000}
LONG_INSTRUCTIONS = {False: 400_000_000, True: 1_000_000_000}  # in as many a trace is compiled, if it ever is
MANY_ITERATIONS = {False: 30, True: 100}

# Callgrind's client requests: their numbers from its header callgrind.h, and a sequence of instructions that does
# nothing elsewhere. Without instrumentation a program starts two to three times as fast.
START, STOP = 0x43540004, 0x43540005
REQUEST_CODE = {"x86_64": "4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3"}


def instrument(request):
    """Have callgrind begin or end counting, on processors whose sequence is known here."""
    code = REQUEST_CODE.get(os.uname().machine)
    if code is None:
        return
    import ctypes
    import mmap

    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(bytes.fromhex(code))
    place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p)(place)((ctypes.c_size_t * 6)(request))


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


def calibrate(benchmark, request):
    """Find how many calls make an iteration, and how many iterations a trial: in a process that is thrown away."""
    if benchmark.kind != "time":
        return {"inner_loops": 1, "iterations": 1}
    asked = Asked(benchmark)
    again = Again(benchmark)
    timed = Timed(benchmark)
    loops = asked.inner_loops or 1
    begin = started = clock()
    _, per_iteration, _ = timed.first(loops)
    # Warm caches first, then more loops until an iteration is long enough, where the benchmark leaves that to us.
    while not asked.first_calls and clock() - begin < request["budget_ns"] // 4:
        again()
        per_iteration = elapsed_ns(timed, loops)
        if asked.inner_loops or per_iteration >= request["iteration_ns"]:
            continue
        loops = max(loops + 1, min(loops * 10, loops * request["iteration_ns"] * 11 // (max(per_iteration, 1) * 10)))
    # Three, unless the next one might not fit: a call that takes half the time-out must not cost a whole one.
    wholes = []  # with their setup and teardown
    while len(wholes) < 3 and clock() - started + per_iteration < request["patience_ns"]:
        begin = clock()
        again()
        per_iteration = elapsed_ns(timed, loops)
        wholes.append(clock() - begin)
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
    start = clock()
    timed.iterate(loops)
    return clock() - start


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


# --- what the process says of itself ---------------------------------------------------------------------------


# In items: a second or so. A list that holds itself would never end.
LARGEST_RESULT = 1_000_000


def digest_of(value):
    """A digest of None, bool, int, float, str, bytes and nested list, tuple, dict of them; None for all else."""
    # hashlib would load OpenSSL: milliseconds and megabytes that are not the benchmark's.
    from _blake2 import blake2b

    state = blake2b(digest_size=16)
    pending = [value]
    patience = LARGEST_RESULT
    plain = {type(None), bool, int, float, str, bytes}
    while pending:
        patience -= 1
        if patience < 0:
            return None
        item = pending.pop()
        kind = type(item)
        if kind in plain:
            data = plain_bytes(item, kind)
            state.update(b"%s %d " % (kind.__name__.encode(), len(data)))
            state.update(data)
        elif kind in (list, tuple, dict):
            state.update(b"%s %d " % (kind.__name__.encode(), len(item)))
            pending.extend(reversed(list(itertools.chain.from_iterable(item.items())) if kind is dict else item))
        else:
            return None
    return state.hexdigest()


def plain_bytes(item, kind):
    if kind is bytes:
        return item
    # hex() because str() of a very long int is refused
    text = item.hex() if kind is float else hex(item) if kind is int else str(item)
    return text.encode("utf-8", "surrogatepass")


def peak_rss_bytes():
    """The peak resident size of this process alone: ru_maxrss would remember the parent's across exec."""
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def usage():
    try:
        import resource
    except ImportError:
        return {}
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "involuntary_switches": used.ru_nivcsw,
    }


def cpu_ns():
    """What this process and the children that it waited for used of the processor: none of it is a disturbance."""
    try:
        import resource
    except ImportError:
        return time.process_time_ns()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time_ns() + round((children.ru_utime + children.ru_stime) * 1e9)


def jit_state():
    """(available, enabled) as this process says; None where it cannot say."""
    jit = getattr(sys, "_jit", None)
    if jit is not None:
        return jit.is_available(), jit.is_enabled()
    if sys.version_info < (3, 13):
        return False, False
    import sysconfig  # 3.13: no sys._jit; a build either has the JIT, and then the variable decides, or has none

    options = re.findall(r"--enable-experimental-jit(?:=([\w-]+))?", sysconfig.get_config_var("CONFIG_ARGS") or "")
    built = bool(options) and options[-1] not in ("no", "interpreter")
    default = options[-1] != "yes-off" if built else False
    return built, built and os.environ.get("PYTHON_JIT", "1" if default else "0") != "0"


def gather_evidence(micro_ops):
    """What hangs on code objects that were compiled: {"functions": [...], "harness": [...]}, or None.

    Private to CPython and different in each release, so that every step may be missing. Static counts: nothing
    here tells how often a trace ran. Operands hold addresses and are dropped, but for those of known functions:
    they name what a trace inlined.
    """
    try:
        from _opcode import get_executor
    except ImportError:
        return None
    try:
        marker = enter_executor_opcode()
        if marker is None:
            return None
        living = [thing for thing in gc.get_objects() if type(thing) is FunctionType]
        # All executors first, and held: CPython drops traces that have not run for a while, and what follows
        # runs long enough to make the benchmark's look cold.
        traces = [
            (code, found)
            for code in all_code_objects(living)
            for found in [executors_of(code, get_executor, marker)]
            if found
        ]
        names = {id(function): function_name(function.__code__) for function in living}
        names.update({id(function.__code__): function_name(function.__code__) for function in living})
        found = {"functions": [], "harness": []}
        for code, executors in traces:
            if code.co_filename != __file__:
                found["functions"].append(described(code, executors, names, micro_ops))
            elif code.co_name in TIMED_BY_US:  # and not what was compiled while this evidence was gathered
                found["harness"].append(described(code, executors, names, micro_ops))
        for entries in found.values():
            entries.sort(key=lambda entry: (-entry["code_bytes"], entry["function"]))
        return found
    except Exception as error:  # noqa: BLE001 - a private interface that changed must not cost us the trial
        return {"functions": [], "harness": [], "error": "%s: %s" % (type(error).__name__, error)}


TIMED_BY_US = (
    "iteration", "awaited_iteration", "exhaust", "exhaust_async", "first", "measure", "count_iterations", "<lambda>",
)  # fmt: skip


def enter_executor_opcode():
    for module_name in ("opcode", "_opcode_metadata", "dis"):
        try:
            module = importlib.import_module(module_name)
        except ImportError:
            continue
        for table in ("opmap", "_specialized_opmap", "_all_opmap"):
            number = getattr(module, table, {}).get("ENTER_EXECUTOR")
            if number is not None:
                return bytes([number])
    return None


def all_code_objects(functions):
    """Every code object that a living function, or the code inside it, holds."""
    seen = set()
    pending = [function.__code__ for function in functions]
    code_type = type(all_code_objects.__code__)
    while pending:
        code = pending.pop()
        if id(code) in seen:
            continue
        seen.add(id(code))
        yield code
        pending.extend(constant for constant in code.co_consts if type(constant) is code_type)


def executors_of(code, get_executor, marker):
    """The executors that hang on one code object, in the order of their places."""
    adaptive = code._co_code_adaptive
    if marker not in adaptive[::2]:
        return []
    found = []
    offset = adaptive.find(marker)
    while offset >= 0:
        if offset % 2 == 0:
            try:
                found.append(get_executor(code, offset))
            except (ValueError, RuntimeError):
                found.append(None)  # an inline cache that happens to look like the opcode
        offset = adaptive.find(marker, offset + 1)
    return [executor for executor in found if executor is not None]


def described(code, executors, names, micro_ops):
    """The traces that start in one code object, added up."""
    entry = {"function": function_name(code), "executors": 0, "code_bytes": 0, "micro_ops": 0, "names": {}}
    mentioned = set()
    for executor in executors:
        machine_code = executor.get_jit_code() if hasattr(executor, "get_jit_code") else None
        entry["executors"] += 1
        entry["code_bytes"] += len(machine_code) if machine_code else 0
        for operation in executor:
            entry["micro_ops"] += 1
            if micro_ops:
                entry["names"][operation[0]] = entry["names"].get(operation[0], 0) + 1
            if operation[0] in ("_PUSH_FRAME", "_LOAD_CONST_INLINE", "_LOAD_CONST_INLINE_BORROW"):
                mentioned.update(names[operand] for operand in operation[1:] if operand in names)
    entry["mentions"] = sorted(mentioned - {entry["function"]})
    return entry


def function_name(code):
    """`file:qualified.name`, without the folders that differ between installations."""
    place = re.split(r"[\\/](?:python3\.\d+t?[\\/])?site-packages[\\/]|[\\/]python3\.\d+t?[\\/]", code.co_filename)[-1]
    place = os.path.basename(place) if os.path.isabs(place) else place
    return "%s:%s" % (place, getattr(code, "co_qualname", code.co_name))


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
            started = clock()
            measure(benchmark, request)
            again, timed = Again(benchmark), Timed(benchmark)
            again()
            timed.first(request["inner_loops"])
            while clock() - started < enough_ns:
                again()
                timed.iterate(request["inner_loops"])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    rows = [[function_name(code), count] for code, count in counts.items() if code.co_filename != __file__]
    rows.sort(key=lambda row: (-row[1], row[0]))
    return {"samples": rows, "inner_loops": request["inner_loops"], "iterations": request["iterations"]}


# --- the operations ---------------------------------------------------------------------------------------------


def make_cache(benchmark, path):
    import inspect
    import pickle

    for setup in benchmark.setups:  # asv runs a module's parameter-free setup before setup_cache, too
        if not inspect.ismethod(setup):
            try:
                inspect.signature(setup).bind()
            except TypeError:
                continue
            complete(setup, ())
    with open(path, "wb") as stream:
        pickle.dump(complete(benchmark.setup_cache, ()), stream)


def perform(request):
    """Do what `request` asks for; the content of RESULT."""
    available, enabled = jit_state()
    result = {
        "outcome": "ok",
        "entered_ns": ENTERED_NS,
        "python": sys.version,
        "jit_available": available,
        "jit_enabled": enabled,
    }
    start = clock()
    sys.meta_path.insert(0, SuiteFinder(request["benchmark_dir"]))
    benchmark = find_benchmark(request["benchmark_dir"], request["benchmark"])
    result["import_ns"] = clock() - start
    result["kind"] = benchmark.kind
    if request["operation"] == "setup_cache":
        make_cache(benchmark, request["cache"])
        return result
    start = clock()
    benchmark.select(request["param_index"])
    if request["cache"] is not None:
        import pickle

        with open(request["cache"], "rb") as stream:
            benchmark.cache = pickle.load(stream)
    try:
        if benchmark.skipped:
            raise SkippedError("listed in skip_params")
        try:
            benchmark.run_setup()
        except NotImplementedError as error:
            benchmark.run_teardown()  # asv does, though nothing ran
            raise SkippedError("setup raised %r" % error) from None
        result["setup_ns"] = clock() - start
        try:
            result.update(OPERATIONS[request["operation"]](benchmark, request))
        except NotImplementedError as error:
            if type(error).__name__ != "SkipNotImplemented":  # asv_runner's class, not imported here
                raise
            raise SkippedError("the benchmark raised %r" % error) from None
        finally:
            result.update(usage())
            result["peak_rss_bytes"] = peak_rss_bytes()  # before the evidence is gathered, which needs memory too
            if enabled and request["operation"] in ("measure", "sample", "count"):
                result["evidence"] = gather_evidence(request["micro_ops"])
            benchmark.run_teardown()
    except SkippedError as reason:
        result["outcome"] = "skipped"
        result["message"] = str(reason)
    return result


OPERATIONS = {"measure": measure, "calibrate": calibrate, "sample": sample, "count": count}


def main(request_path, result_path):
    # The folder of this file must not be importable by the benchmarked code.
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    with open(request_path, encoding="utf-8") as stream:
        request = json.load(stream)
    try:
        result = perform(request)
    except SystemExit as error:  # which Python obeys without a word
        import traceback

        traceback.print_exc()
        sys.stderr.write("the benchmark's code called sys.exit(%r)\n" % (error.code,))
        sys.exit(error.code if isinstance(error.code, int) and error.code % 256 else 1)
    finally:
        if EVENT_LOOPS and not EVENT_LOOPS[0].is_closed():
            end_event_loop()
    result["cpu_ns"] = cpu_ns()
    beside = result_path + ".part"
    with open(beside, "w", encoding="utf-8") as stream:
        json.dump(result, stream)
    os.replace(beside, result_path)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
