"""The part of asv-jit that starts a whole program and waits for its end. Standard library only, Python 3.9 to 3.16.

    python -S outside.py RESULT STDIN STDOUT STDERR ARGUMENTS...

runs `python ARGUMENTS...` with the same interpreter, environment, folder and core, as a user would start it: nothing
of ours runs inside. RESULT is written when the program ended with exit code 0, whole or not at all; else the end of
STDERR is copied to standard error, and this process ends as the program did, by the same exit code or signal. What
RESULT holds is described in inside.py: `durations_ns` is the one time from start to end, `digest` is of all that the
program wrote to its standard output, `peak_rss_bytes` of the largest of its processes.

A process between the tool and the program is needed for its memory: what the kernel says of a process's peak starts
with the size of the one that started it. This one is as small as Python can be, so that what it hides is below any
program's own start. It sleeps while the program runs.
"""

import os
import sys
import time

ENTERED_NS = time.monotonic_ns()
KEPT_STDERR_BYTES = 64 * 1024


def run(stdin, stdout, stderr, arguments):
    """(wall time in nanoseconds, exit code, signal, resource usage or None) of the program."""
    command = [sys.executable, *arguments]
    if not hasattr(os, "posix_spawn"):  # Windows
        import subprocess

        with open(stdin, "rb") as given, open(stdout, "wb") as out, open(stderr, "wb") as err:
            start = time.perf_counter_ns()
            code = subprocess.call(command, stdin=given, stdout=out, stderr=err)
            return time.perf_counter_ns() - start, code, None, None
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, stdout, write, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, stderr, write, 0o600),
    ]
    start = time.perf_counter_ns()
    child = os.posix_spawn(sys.executable, command, os.environ, file_actions=files)
    _, status, usage = os.wait4(child, 0)
    wall_ns = time.perf_counter_ns() - start
    if os.WIFSIGNALED(status):
        return wall_ns, None, os.WTERMSIG(status), usage
    return wall_ns, os.WEXITSTATUS(status), None, usage


def copy_end(path):
    """The last bytes of a file, to standard error."""
    with open(path, "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - KEPT_STDERR_BYTES))
        sys.stderr.buffer.write(stream.read())
        sys.stderr.flush()


def end_as(signal_number):
    """End as the program did; what it left behind is enough, so that no core is dumped for this process."""
    import resource
    import signal

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if signal_number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(signal_number, signal.SIG_DFL)
    os.kill(os.getpid(), signal_number)


def digest_of(path):
    """A digest of a file of any size."""
    from _blake2 import blake2b

    state = blake2b(digest_size=16)
    with open(path, "rb") as stream:
        while True:
            part = stream.read(1 << 20)
            if not part:
                return state.hexdigest()
            state.update(part)


def jit_state():
    """(available, enabled) as this process says; the program runs on the same binary in the same environment."""
    jit = getattr(sys, "_jit", None)
    if jit is not None:
        return jit.is_available(), jit.is_enabled()
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from child import process

    return process.jit_state()


def as_json(value):
    """JSON of None, bool, int, str and lists of them: `json` might be a module of the user's."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(as_json(item) for item in value) + "]"
    return '"' + "".join(c if c not in '"\\' and 31 < ord(c) < 127 else "\\u%04x" % ord(c) for c in value) + '"'


def main(result, stdin, stdout, stderr, *arguments):
    del sys.path[0]  # the folder of this file
    wall_ns, code, signal_number, usage = run(stdin, stdout, stderr, list(arguments))
    if code != 0:
        copy_end(stderr)
        if signal_number is not None:
            end_as(signal_number)
        sys.exit(code)
    available, enabled = jit_state()
    own = os.times()
    size = None if usage is None else usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    used_s = None if usage is None else usage.ru_utime + usage.ru_stime + own.user + own.system
    answer = {
        "outcome": "ok",
        "entered_ns": ENTERED_NS,
        "python": sys.version,
        "jit_available": available,
        "jit_enabled": enabled,
        "kind": "timeraw",
        "durations_ns": [wall_ns],
        "digest": digest_of(stdout),
        "peak_rss_bytes": size,
        "involuntary_switches": None if usage is None else usage.ru_nivcsw,
        "cpu_ns": None if used_s is None else round(used_s * 1e9),
    }
    with open(result + ".part", "w") as stream:
        stream.write("{" + ", ".join(as_json(key) + ": " + as_json(value) for key, value in answer.items()) + "}")
    os.replace(result + ".part", result)


if __name__ == "__main__":
    main(*sys.argv[1:])
