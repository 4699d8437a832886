"""Detects other activity on the core during a trial, from rates only, never from the trial's durations.

A rule on durations would select the fast trials and make every interval too narrow.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType

from msgspec import Struct

from asv_jit.model import Disturbance

# A trial is disturbed if more than this share of it went to the hypervisor or to other processes on its core.
STEAL_LIMIT = 0.01
OTHERS_LIMIT = 0.05
# Or if the fixed work took this much longer or shorter than during the first trial of its block: a core that shares
# its execution units with a busy neighbour, here or in another virtual machine, loses a third of its speed.
SPEED_LIMIT = 0.10
# The kernel counts in ticks of 10 ms: shares of fewer ticks are ignored.
_LEAST_TICKS = 3


class Watched(Struct, frozen=True):
    """Raw observations of one trial, for `judge`; None if the platform does not report them."""

    wall_s: float
    steal_s: float | None
    busy_s: float | None
    own_s: float | None
    load: float | None
    involuntary: int | None
    frequency_mhz: float | None
    tick_s: float


class Watch:
    """Reads the core's counters before and after a trial: `with Watch(cpu) as watch: …; watch.result(…)`."""

    def __init__(self, cpu: int | None) -> None:
        self._cpu = cpu

    def __enter__(self) -> Watch:
        self._load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        self._before = _core_seconds(self._cpu)
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wall_s = time.monotonic() - self._began
        self._after = _core_seconds(self._cpu)

    def result(self, own_cpu_ns: int | None, involuntary: int | None) -> Watched:
        """Return the observations; `own_cpu_ns` is the CPU time that the trial itself used."""
        steal_s = busy_s = None
        if self._before is not None and self._after is not None:
            steal_s = self._after[0] - self._before[0]
            busy_s = self._after[1] - self._before[1]
        return Watched(
            wall_s=self._wall_s,
            steal_s=steal_s,
            busy_s=busy_s,
            own_s=None if own_cpu_ns is None else own_cpu_ns / 1e9,
            load=self._load,
            involuntary=involuntary,
            frequency_mhz=_frequency_mhz(self._cpu),
            tick_s=1 / _ticks_per_second(),
        )


def judge(watched: Watched, *, work_s: float | None = None, first_work_s: float | None = None) -> Disturbance:
    """Convert observations to rates, and list what disturbed the trial.

    `work_s` is the time of the fixed work during the trial, `first_work_s` during the first trial of its block.
    """
    wall_s = max(watched.wall_s, 1e-9)
    steal = others = None
    reasons = []
    noise = _LEAST_TICKS * watched.tick_s / wall_s
    if watched.steal_s is not None:
        steal = max(0.0, watched.steal_s) / wall_s
        if steal > max(STEAL_LIMIT, noise):
            reasons.append(f"the hypervisor took {steal:.0%} of the core's time")
    if watched.busy_s is not None and watched.own_s is not None:
        others = max(0.0, watched.busy_s - watched.own_s) / wall_s
        if others > max(OTHERS_LIMIT, noise):
            reasons.append(f"other processes used {others:.0%} of the core's time")
    if work_s and first_work_s and max(work_s, first_work_s) > (1.0 + SPEED_LIMIT) * min(work_s, first_work_s):
        slower = work_s > first_work_s
        share = abs(work_s / first_work_s - 1.0)
        reasons.append(
            f"the core was {share:.0%} {'slower' if slower else 'quicker'} than for the first trial of the block"
        )
    return Disturbance(
        steal=None if steal is None else round(steal, 4),
        others=None if others is None else round(others, 4),
        load=None if watched.load is None else round(watched.load, 2),
        involuntary_per_s=None if watched.involuntary is None else round(watched.involuntary / wall_s, 2),
        frequency_mhz=watched.frequency_mhz,
        fixed_work_s=work_s,
        reasons=tuple(reasons),
    )


def _ticks_per_second() -> float:
    return float(os.sysconf("SC_CLK_TCK")) if hasattr(os, "sysconf") else 100.0


def _core_seconds(cpu: int | None) -> tuple[float, float] | None:
    """Return a core's (stolen, busy) seconds since boot from Linux's /proc/stat; None on other systems."""
    name = "cpu" if cpu is None else f"cpu{cpu}"
    try:
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if fields and fields[0] == name and cpu is not None:
            user, nice, system, _idle, _iowait, irq, softirq, steal = (int(field) for field in fields[1:9])
            return steal / _ticks_per_second(), (user + nice + system + irq + softirq) / _ticks_per_second()
    return None


def _frequency_mhz(cpu: int | None) -> float | None:
    try:
        kilohertz = Path(f"/sys/devices/system/cpu/cpu{cpu or 0}/cpufreq/scaling_cur_freq").read_text(encoding="ascii")
    except OSError:
        return None
    return int(kilohertz) / 1000
