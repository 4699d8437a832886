"""The part of asv-jit that runs inside the interpreter under test: its entry, and its protocol.

    python inside.py REQUEST RESULT

The rest lies in child/. Standard library only, Python 3.9 to 3.16; a file is loaded when it is needed.

REQUEST is a JSON file, RESULT is written at the very end, whole or not at all. Standard output and standard
error belong to the benchmarked code. The exit code is 0 when RESULT was written; anything else is a failure of
the benchmarked code (its traceback is on standard error) or the end of the process.

REQUEST, an object:
    operation       "measure" | "calibrate" | "setup_cache" | "sample" | "count" | "load"
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
    code            a digest of the code that ran in up to a second of calls                  ("load")
    files           absolute paths of what it opened, mapped and imported, but for the source ("load")
    starts_processes    whether it started a process, whose files are not among these         ("load")

A benchmark whose first call returns a coroutine is awaited at every call, one that yields is exhausted, both within the
time; `setup`, `teardown` and `setup_cache` may be coroutines too. All run on one event loop.

asv's `number`, `timer`, `warmup_time = 0` and, with that, `repeat` are honoured; see docs/asv-semantics.md.
"""

import time

ENTERED_NS = time.monotonic_ns()

import importlib.machinery
import json
import os
import sys

# No suite can import our files by accident, and none of its own hides one of ours: the folder of this file leaves
# sys.path, and the files of child/ are found through a package of a name that no suite has. (A counted trial runs this
# file through a link, which sys.path follows.)
HERE = os.path.dirname(os.path.abspath(__file__))
if sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(HERE):
    del sys.path[0]
CHILD = type(sys)("asv_jit_child")
CHILD.__path__ = [os.path.join(HERE, "child")]
sys.modules["asv_jit_child"] = CHILD


class Compiled(importlib.machinery.SourceFileLoader):
    """Compiles a file at each start: its bytecode may not be kept yet, or from where its path had another length.

    Either moves what lies in memory, and so what counted trials count.
    """

    def get_code(self, fullname):
        return self.source_to_code(self.get_data(self.path), self.path)


class ChildFinder:
    """Finds the files of child/."""

    @staticmethod
    def find_spec(fullname, path, target=None):
        package, _, name = fullname.rpartition(".")
        if package != "asv_jit_child":
            return None
        file = os.path.join(HERE, "child", name + ".py")
        spec = importlib.machinery.ModuleSpec(fullname, Compiled(fullname, file), origin=file)
        spec.has_location = True
        return spec


sys.meta_path.insert(0, ChildFinder)

from asv_jit_child.coroutines import EVENT_LOOPS, end_event_loop
from asv_jit_child.finding import SkippedError, SuiteFinder, find_benchmark, make_cache
from asv_jit_child.process import cpu_ns, jit_state, peak_rss_bytes, usage

clock = time.perf_counter_ns


def operation_of(name):
    """The function that does what a request asks for. Its file is loaded only now."""
    if name == "measure":
        from asv_jit_child.timing import measure as operation
    elif name == "calibrate":
        from asv_jit_child.calibrating import calibrate as operation
    elif name == "sample":
        from asv_jit_child.sampling import sample as operation
    elif name == "load":
        from asv_jit_child.loading import load as operation
    else:
        from asv_jit_child.counting import count as operation
    return operation


def evidence_of(micro_ops):
    """What the JIT compiled. The benchmark may have left too little for an import: that must not cost the trial."""
    try:
        from asv_jit_child.evidence import gather_evidence
    except Exception as error:  # noqa: BLE001 - a benchmark may have changed anything that an import needs
        return {"functions": [], "harness": [], "error": "%s: %s" % (type(error).__name__, error)}
    return gather_evidence(micro_ops)


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
    if request["operation"] == "load":
        from asv_jit_child.loading import watch

        watch()
    counted = request["operation"] == "count"
    if counted:
        from asv_jit_child.counting import lay_out

        lay_out()
    start = clock()
    sys.meta_path.insert(0, SuiteFinder(request["benchmark_dir"], Compiled if counted else None))
    benchmark = find_benchmark(request["benchmark_dir"], request["benchmark"])
    result["import_ns"] = clock() - start
    result["kind"] = benchmark.kind
    if request["operation"] == "setup_cache":
        make_cache(benchmark, request["cache"])
        return result
    operation = operation_of(request["operation"])
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
            result.update(operation(benchmark, request))
        except NotImplementedError as error:
            if type(error).__name__ != "SkipNotImplemented":  # asv_runner's class, not imported here
                raise
            raise SkippedError("the benchmark raised %r" % error) from None
        finally:
            result.update(usage())
            result["peak_rss_bytes"] = peak_rss_bytes()  # before the evidence is gathered, which needs memory too
            if enabled and request["operation"] in ("measure", "sample", "count"):
                result["evidence"] = evidence_of(request["micro_ops"])
            benchmark.run_teardown()
    except SkippedError as reason:
        result["outcome"] = "skipped"
        result["message"] = str(reason)
    return result


def main(request_path, result_path):
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
