"""Results for the digest. Nothing here needs a package, so that any interpreter can run it."""

import importlib
import os
import sys

calls = []


def time_state():
    calls.append(1)
    return len(calls)


def time_one():
    return 1


def time_nested():
    return {"a": [1, 2.5, None, True, (b"x", "y")], "b": {}}


def time_nan():
    return [float("nan"), float("inf"), -0.0]


def time_surrogate():
    return "\ud800 lone"


def time_huge():
    return 10**6000


def time_set():
    return {1, 2}


def time_object():
    return [1, object()]


def time_subclass():
    class Text(str):
        __slots__ = ()

    return Text("1")


def time_cycle():
    ring = [1]
    ring.append(ring)
    return ring


def time_noise():
    print('{"outcome": "ok", "entered_ns": 1}')
    sys.stdout.flush()
    os.write(1, b"\xff\xfe not text\n")
    os.write(2, b"warned \xff\n")
    return 1


def time_garbage():
    with open(sys.argv[2], "wb") as stream:  # noqa: PTH123
        stream.write(b'{"outcome": "ok\xff')
    os._exit(0)


def time_forged():
    with open(sys.argv[2], "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(
            '{"outcome": "ok", "entered_ns": 1, "python": "", "jit_available": null, "jit_enabled": null,'
            '"inner_loops": 0, "durations_ns": [0, 1]}'
        )
    os._exit(0)


def time_leaves():
    os._exit(0)


def time_leaves_with_code():
    os._exit(3)


def time_exits():
    sys.exit(3)


def time_exits_well():
    sys.exit()


def time_exits_with_text():
    sys.exit("no database")


def time_raises():
    raise ValueError("meant")


thousand = [None] * 1000


def time_raises_late():
    try:
        thousand.pop()
    except IndexError:
        raise ValueError("meant") from None


def time_segfault():
    import ctypes

    ctypes.string_at(0)


def time_forever():
    while True:
        pass


def time_with_child():
    """Starts a process that would outlive this one, says which, and hangs."""
    import subprocess

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(os.environ["TINY_LOG"], "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(str(child.pid))
    child.wait()


def track_environment():
    import json

    with open(os.environ["TINY_LOG"], "w", encoding="utf-8") as stream:  # noqa: PTH123
        json.dump(dict(os.environ), stream)
    return len(sys.path)


def track_core():
    return len(os.sched_getaffinity(0))


def timeraw_busy():
    return """
        import os, time
        sum(range(1_000_000))
        with open(os.environ["TINY_LOG"], "w") as stream:
            stream.write(str(time.process_time_ns()))
    """


class Loop:
    def time_hot(self):
        total = 0
        for i in range(20_000):
            total = (total + i * i) % 1_000_003
        return total


def helper(value):
    return value + 1


def time_calls():
    value = 0
    for _ in range(20_000):
        value = helper(value)
    return value


def time_hot_among_many():
    """A hot loop in a process with so many functions that looking at them all takes a while."""
    for name in (
        "argparse",
        "asyncio",
        "concurrent.futures",
        "email.message",
        "logging",
        "unittest.mock",
        "xml.dom.minidom",
    ):
        importlib.import_module(name)
    total = 0
    for number in range(20000):
        total += number & 3
    return total
