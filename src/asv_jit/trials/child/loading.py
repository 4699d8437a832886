"""Which code a benchmark runs and which files it reads: two builds that agree in both need not both be counted."""

import os
import sys

from .timing import Again, Asked, Timed, clock

ITERATIONS, LOOPED_NS, ENOUGH_NS = 100, 1_000_000, 1_000_000_000  # about what a counted trial runs at the most
STARTS = ("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system")
CACHED = os.sep + "__pycache__" + os.sep
OPENED, STARTED, RAN = set(), [], set()


def watch():
    """Note from now on which files are opened, which code runs, and whether a process is started."""
    sys.addaudithook(note_event)
    if sys.version_info < (3, 12):
        import threading

        threading.setprofile(note_frame)
        sys.setprofile(note_frame)
    else:
        tool, starts = sys.monitoring.PROFILER_ID, sys.monitoring.events.PY_START
        sys.monitoring.use_tool_id(tool, "asv-jit")
        sys.monitoring.register_callback(tool, starts, note_code)
        sys.monitoring.set_events(tool, starts)


def note_event(event, arguments):
    if event in ("open", "sqlite3.connect") and isinstance(arguments[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if not (path.endswith(".py") and is_of_import(sys._getframe(1).f_code)):
            OPENED.add(path)
    elif event in STARTS:
        STARTED.append(event)


def is_of_import(code):
    """Whether it is the import system, which compiles a module only where no bytecode is kept."""
    return code.co_filename.startswith("<frozen importlib")


def note_code(code, offset):
    RAN.add(code)
    return sys.monitoring.DISABLE  # of this code: once is enough


def note_frame(frame, event, argument):
    RAN.add(frame.f_code)


def load(benchmark, request):
    """Make as many calls as a counted trial may, and say what ran and was read until then.

    Of a module's source only the code that ran matters: its file is not among the files, unless something opened it.
    """
    call_on(benchmark)
    files = {file for file in OPENED if CACHED not in file}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and not file.endswith(".py"):
            files.add(os.path.abspath(file))
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            files.update(line[line.index("/") :].rstrip("\n") for line in maps if "/" in line)
    except OSError:
        pass
    return {
        "files": sorted(map(os.path.realpath, files)),
        "code": digest_of_code([code for code in list(RAN) if not is_of_import(code)]),
        "starts_processes": bool(STARTED),
    }


def call_on(benchmark):
    """One call does not do: the code of later ones may be other code, where a cache has been filled, say."""
    timed, again, asked = Timed(benchmark), Again(benchmark), Asked(benchmark).inner_loops
    end_ns = clock() + ENOUGH_NS
    timed.first(1)
    loops = asked or 1
    for _ in range(ITERATIONS):
        if clock() > end_ns:
            break
        again()
        start = clock()
        timed.iterate(loops)
        if not asked and clock() - start < LOOPED_NS:
            loops *= 2


def digest_of_code(codes):
    """A digest of what they do, in any order: not of where they lie, and not of the code inside that did not run."""
    from _blake2 import blake2b

    texts = set()
    for code in codes:
        consts = [None if isinstance(const, type(code)) else const for const in code.co_consts]
        counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
        names = code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
        table = getattr(code, "co_exceptiontable", b"")
        texts.add(repr((os.path.basename(code.co_filename), names, counts, code.co_code, table, consts)))
    return blake2b("\n".join(sorted(texts)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
