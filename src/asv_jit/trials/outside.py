"""Starts a whole program and waits for its end. Standard library only, Python 3.9 to 3.16.

    python -S outside.py RESULT STDIN STDOUT STDERR ARGUMENTS...

Runs `python ARGUMENTS...` with the same interpreter, environment, folder and core, as a user would: none of our code
runs in its process. If the program ends with exit code 0, RESULT is written atomically; otherwise the end of STDERR is
copied to standard error, and this process ends with the program's exit code or signal. inside.py describes RESULT:
`durations_ns` is the one time from start to end, `digest` is of the program's standard output, `peak_rss_bytes` is of
the largest of its processes.

The program needs a small parent process to measure its memory, because a process's peak in the kernel starts with the
size of its parent. This one is smaller than any Python program. It sleeps while the program runs.
"""

import os
import sys
import time

ENTERED_NS = time.monotonic_ns()
KEPT_STDERR_BYTES = 64 * 1024


def run(stdin, stdout, stderr, arguments):
    """Run the program; return (wall time in nanoseconds, exit code, signal, resource usage or None)."""
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
    """Copy the last bytes of a file to standard error."""
    with open(path, "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - KEPT_STDERR_BYTES))
        sys.stderr.buffer.write(stream.read())
        sys.stderr.flush()


def end_as(signal_number):
    """End by the same signal as the program, without another core dump."""
    import resource
    import signal

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if signal_number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(signal_number, signal.SIG_DFL)
    os.kill(os.getpid(), signal_number)


def digest_of(path):
    """Return the digest of a file."""
    from _blake2 import blake2b

    state = blake2b(digest_size=16)
    with open(path, "rb") as stream:
        while True:
            part = stream.read(1 << 20)
            if not part:
                return state.hexdigest()
            state.update(part)


def jit_state():
    """Return (available, enabled) of this process; the program has the same binary and environment."""
    jit = getattr(sys, "_jit", None)
    if jit is not None:
        return jit.is_available(), jit.is_enabled()
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from child import process

    return process.jit_state()


def as_json(value):
    """Encode None, bool, int, str and lists of them as JSON: `json` might be the user's own module."""
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
