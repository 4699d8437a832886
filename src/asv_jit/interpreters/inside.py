"""Runs under a candidate interpreter (CPython 3.9 to 3.16, `-I -S`) and prints one JSON line about it.

It uses old syntax and few modules of the standard library, because the candidate may be any Python.
"""

import json
import os
import platform
import sys
import sysconfig


def describe() -> "dict[str, object]":
    """Return the description that the probe parses, as JSON types."""
    return {
        "implementation": platform.python_implementation(),
        "version": "%d.%d.%d" % sys.version_info[:3],
        "sys_version": sys.version,
        "configuration": configuration(),
        "jit": jit(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "debug": hasattr(sys, "gettotalrefcount"),
        "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    }


def configuration() -> str:
    """Return the build's configuration, without words that contain a path."""
    names = ("CONFIG_ARGS", "PY_CFLAGS", "PY_LDFLAGS", "SOABI", "EXT_SUFFIX", "Py_DEBUG", "Py_GIL_DISABLED")
    words = [sysconfig.get_platform()]
    for name in names:
        value = str(sysconfig.get_config_var(name))
        words.append(name)
        words.extend(word for word in value.split() if "/" not in word and "\\" not in word)
    return " ".join(words)


def jit() -> str:
    """Return the build's default JIT mode: none, off by default or on by default (`-I` ignores PYTHON_JIT)."""
    arguments = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    if "--enable-experimental-jit=interpreter" in arguments:
        return "none"  # the micro-op interpreter alone generates no machine code
    state = getattr(sys, "_jit", None)
    if state is not None:
        if not state.is_available():
            return "none"
        return "on by default" if state.is_enabled() else "off by default"
    if tuple(sys.version_info)[:2] != (3, 13):  # the first with a JIT, the last without sys._jit
        return "none"
    if "--enable-experimental-jit=yes-off" in arguments:
        return "off by default"
    for word in arguments.replace("'", " ").split():
        if word in ("--enable-experimental-jit", "--enable-experimental-jit=yes"):
            return "on by default"
    return "none"


if __name__ == "__main__":
    print(json.dumps(describe()))
