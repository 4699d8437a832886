"""What this process says of itself: memory, processor time, switches and whether it has a JIT."""

import os
import re
import sys
import time


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
