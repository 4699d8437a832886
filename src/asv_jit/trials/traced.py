"""Shows what the JIT compiles of a whole program. Standard library only, Python 3.9 to 3.16.

    python traced.py RESULT STDIN SCRIPT ARGUMENTS...
    python traced.py RESULT STDIN -m MODULE ARGUMENTS...

Runs the program in this process as `python SCRIPT` or `python -m MODULE` would, interrupted by a sampling timer, then
lists the traces of its code. Nothing is timed, and the program's exit code is ignored: its untraced runs report that.
inside.py describes RESULT, which is missing if the program ends the process itself.
"""

import contextlib
import os
import sys
import time

ENTERED_NS = time.monotonic_ns()
HERE = os.path.dirname(os.path.abspath(__file__))
INTERVAL_S = 0.001


def load(name):
    """A file of child/, under a name that no program imports."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("asv_jit_child_" + name, os.path.join(HERE, "child", name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code_of_script(path, safe):
    """Return (code, origin, spec) of a file, or of the `__main__` in a folder or archive."""
    import io
    import zipfile

    if os.path.isdir(path) or zipfile.is_zipfile(path):
        sys.path.insert(0, os.path.abspath(path))
        return code_of_module("__main__")
    if not safe:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    with io.open_code(path) as stream:
        return compile(stream.read(), path, "exec"), path, None


def code_of_module(name):
    """Return (code, origin, spec) of what `-m` runs."""
    import importlib.util

    main = sys.modules.pop("__main__")  # it would be found instead of one in a folder
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(name + ".__main__")
    sys.modules["__main__"] = main
    if spec is None or spec.loader is None:
        raise ImportError("no module named %s" % name)
    return spec.loader.get_code(spec.name), spec.origin, spec


def prepare(arguments):
    """Make this process look like the program's own; return the code to run and its namespace."""
    safe = getattr(sys.flags, "safe_path", False)
    if not safe:
        del sys.path[0]  # the folder of this file
    if arguments[0] == "-m":
        if not safe:
            sys.path.insert(0, os.getcwd())
        code, origin, spec = code_of_module(arguments[1])
        sys.argv[:] = [origin, *arguments[2:]]
    else:
        code, origin, spec = code_of_script(arguments[0], safe)
        sys.argv[:] = arguments
    main = type(sys)("__main__")
    main.__file__ = origin
    main.__builtins__ = sys.modules["builtins"]
    main.__spec__ = spec
    main.__package__ = None if spec is None else spec.parent
    sys.modules["__main__"] = main
    return code, main.__dict__


def sampled(code, names):
    """Run `code` under a sampling timer; return {code: count} and the exception that ended it, with its frames."""
    counts = {}
    ending = None
    try:
        import signal

        def interrupted(signum, frame):
            if frame is not None:
                counts[frame.f_code] = counts.get(frame.f_code, 0) + 1

        signal.signal(signal.SIGPROF, interrupted)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    except (ImportError, AttributeError):  # Windows
        signal = None
    try:
        exec(code, names)
    except BaseException as error:  # noqa: BLE001 - SystemExit is the usual end, and any other is as good here
        ending = error
    if signal is not None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
    return counts, ending


def main(result_path, stdin, *arguments):
    import json

    evidence_file = load("evidence")
    available, enabled = load("process").jit_state()
    os.dup2(os.open(stdin, os.O_RDONLY), 0)
    code, names = prepare(list(arguments))
    # A function around the module's own code makes it one that the evidence can find.
    kept = [type(main)(code, names)]
    counts, ending = sampled(code, names)
    evidence = evidence_file.gather_evidence(False) if enabled else None
    del kept, ending
    samples = {}
    for place, count in counts.items():
        if not evidence_file.is_ours(place):
            name = evidence_file.function_name(place)
            samples[name] = samples.get(name, 0) + count
    answer = {
        "outcome": "ok",
        "entered_ns": ENTERED_NS,
        "python": sys.version,
        "jit_available": available,
        "jit_enabled": enabled,
        "kind": "timeraw",
        "evidence": evidence,
        "samples": sorted(samples.items(), key=lambda row: (-row[1], row[0])),
    }
    with open(result_path + ".part", "w", encoding="utf-8") as stream:
        json.dump(answer, stream)
    os.replace(result_path + ".part", result_path)
    with contextlib.suppress(AttributeError, OSError, ValueError):  # the program may have closed it
        sys.stdout.flush()
    os._exit(0)  # what the program left running has no more to say


if __name__ == "__main__":
    main(*sys.argv[1:])
