"""Checks this machine for conditions that disturb measurements, and suggests a remedy for each.

All checks read Linux's /proc and /sys below a root folder, which tests replace. An unreadable value is `unknown`,
never `good`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

from asv_jit.interpreters.identity import Interpreter
from asv_jit.trials.disturbance import STEAL_LIMIT

State = Literal["good", "bad", "unknown"]

LOAD_LIMIT = 0.25  # mean share of busy cores: more load competes for caches, memory and turbo
SWAP_LIMIT_KIB = 64 * 1024  # any machine swaps out less than this after a long uptime
LOW_BATTERY = 20  # per cent
LEAST_QUOTA_CORES = 2.0  # one for the trial, one for asv-jit

# Variables that slow down or change CPython or all processes. The JIT's variables are matched by prefix.
_HEAVY_VARIABLES = (
    "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "LD_AUDIT", "LD_PRELOAD", "MALLOC_CHECK_", "MALLOC_PERTURB_",
    "PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONDUMPREFS", "PYTHONMALLOC", "PYTHONMALLOCSTATS",
    "PYTHONPERFSUPPORT", "PYTHONPROFILEIMPORTTIME", "PYTHONTRACEMALLOC", "PYTHON_PERF_JIT_SUPPORT",
)  # fmt: skip
_JIT_PREFIXES = ("PYTHON_JIT", "PYTHON_UOPS")
_DESKTOP_ADVICE = "close other programs, plug the machine in, and choose the power mode that does not save energy"
_CPU_FOLDER = "sys/devices/system/cpu"


class Check(Struct, frozen=True):
    """The result of one check; `remedy` says what to do and is empty if nothing is needed."""

    name: str
    state: State
    found: str
    remedy: str = ""


_Finding: TypeAlias = tuple[State, str] | tuple[State, str, str]
"""The state, what was found and the remedy of a `Check`."""


class _Machine(Struct, frozen=True):
    """A Linux machine, read from its files; `cpu` is the core that trials are pinned to."""

    root: Path
    cpu: int
    allowed: tuple[int, ...]

    def read(self, path: str) -> str | None:
        """Return the stripped text of a file; None if it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    @property
    def online(self) -> tuple[int, ...]:
        """The online cores; the allowed ones if the kernel does not list them."""
        return parse_cores(self.read(f"{_CPU_FOLDER}/online") or "") or self.allowed


def check(
    root: Path = Path("/"),
    *,
    cpu: int | None = None,
    interpreters: Sequence[Interpreter] = (),
    environment: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> list[Check]:
    """Run all checks of this machine, in a fixed order.

    `root` is the folder that holds `proc` and `sys`; `cpu` the core that trials are pinned to (default: the last
    allowed one, as in `run`); `interpreters` those to be measured; `environment` the shell's. Never raises for what it
    finds: an unreadable value is `unknown`.
    """
    variables = os.environ if environment is None else environment
    of_python = [
        _variables("JIT variables", variables, (key for key in variables if key.startswith(_JIT_PREFIXES))),
        _variables("debugging variables", variables, _HEAVY_VARIABLES),
        _debug_builds(interpreters),
    ]
    if platform != "linux":
        return [*(_not_linux(name, platform) for name in _LINUX_CHECKS), *of_python]
    machine = _linux(root, cpu)
    return [*(Check(name, *look(machine)) for name, look in _LINUX_CHECKS.items()), *of_python]


def default_cpu() -> int | None:
    """Return the default core for trials: the last allowed one; None on other systems than Linux."""
    return max(os.sched_getaffinity(0)) if sys.platform == "linux" else None


def parse_cores(text: str) -> tuple[int, ...]:
    """Parse the kernel's list format: `0-2,5` gives (0, 1, 2, 5); other text (`(null)`, ``) gives no cores."""
    cores: list[int] = []
    for part in text.strip().split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if match is None:
            continue
        first, last = int(match[1]), int(match[2] or match[1])
        cores.extend(range(first, last + 1))
    return tuple(cores)


def _linux(root: Path, cpu: int | None) -> _Machine:
    status = _Machine(root, 0, ()).read("proc/self/status") or ""
    match = re.search(r"^Cpus_allowed_list:\s*(\S+)", status, re.MULTILINE)
    allowed = parse_cores(match[1]) if match else ()
    return _Machine(root, max(allowed, default=0) if cpu is None else cpu, allowed)


def _not_linux(name: str, platform: str) -> Check:
    return Check(
        name, "unknown", f"not looked at: asv-jit reads this on Linux only, this is {platform}", _DESKTOP_ADVICE
    )


def _cores(machine: _Machine) -> _Finding:
    if not machine.allowed:
        return "unknown", "/proc/self/status does not say which cores may be used"
    found = f"{len(machine.allowed)} of {len(machine.online)} cores may be used, trials run on core {machine.cpu}"
    if machine.cpu not in machine.allowed:
        return "bad", found, f"start asv-jit with `taskset --cpu-list {machine.cpu}`, or change jit.cpu"
    if len(machine.allowed) < 2:
        remedy = "give it a second core: with one, everything else interrupts the trial"
        return "bad", found, remedy
    return "good", found


def _quota(machine: _Machine) -> _Finding:
    second = (machine.read("sys/fs/cgroup/cpu.max") or "").split()  # control groups, version 2
    first = [machine.read(f"sys/fs/cgroup/cpu/cpu.cfs_{part}_us") or "" for part in ("quota", "period")]
    quota, period = second if len(second) == 2 else first
    if not quota:
        return "unknown", "no control group shows a limit"
    if not (quota.isdigit() and period.isdigit()):  # `max` in version 2, -1 in version 1
        return "good", "no limit"
    cores = int(quota) / max(int(period), 1)
    found = f"a control group allows {cores:.3g} cores' worth of time"
    if cores >= LEAST_QUOTA_CORES:
        return "good", found
    return "bad", found, "lift the limit (docker run --cpus, Kubernetes limits.cpu): it stops trials midway"


def _governor(machine: _Machine) -> _Finding:
    folder = f"{_CPU_FOLDER}/cpu{machine.cpu}/cpufreq"
    governor = machine.read(f"{folder}/scaling_governor")
    if governor is None:
        return "unknown", f"core {machine.cpu} does not show its frequency governor", _if_virtual(machine)
    least, most = (machine.read(f"{folder}/scaling_{end}_freq") for end in ("min", "max"))
    if least is not None and least == most:
        return "good", f"{governor}, at a fixed frequency"
    if governor in ("performance", "userspace"):
        return "good", governor
    return "bad", governor, "sudo cpupower frequency-set --governor performance"


def _turbo(machine: _Machine) -> _Finding:
    for path, on in (("intel_pstate/no_turbo", "0"), ("cpufreq/boost", "1")):
        value = machine.read(f"{_CPU_FOLDER}/{path}")
        if value in ("0", "1"):
            if value != on:
                return "good", "off"
            other = "1" if on == "0" else "0"
            return ("bad", "on: the speed depends on heat and on the other cores",
                         f"echo {other} | sudo tee /{_CPU_FOLDER}/{path}")  # fmt: skip
    return "unknown", "the kernel shows no switch for turbo or boost", _if_virtual(machine)


def _siblings(machine: _Machine) -> _Finding:
    listed = machine.read(f"{_CPU_FOLDER}/cpu{machine.cpu}/topology/thread_siblings_list")
    if listed is None:
        return "unknown", f"core {machine.cpu} does not show what it shares", _if_virtual(machine)
    others = [core for core in parse_cores(listed) if core != machine.cpu and core in machine.online]
    if not others and _is_virtual(machine):  # the other half of its core may be another machine's, or ours
        found = f"core {machine.cpu} shares with no other, as far as the virtual machine is told"
        return "unknown", found, _if_virtual(machine)
    if not others:
        return "good", f"core {machine.cpu} shares with no other"
    shared = ", ".join(map(str, others))
    switch = " && ".join(f"echo 0 | sudo tee /{_CPU_FOLDER}/cpu{core}/online" for core in others)
    return "bad", f"core {machine.cpu} shares its execution units and caches with core {shared}", switch


def _isolation(machine: _Machine) -> _Finding:
    text = machine.read(f"{_CPU_FOLDER}/isolated")
    if text is None:
        return "unknown", "the kernel does not say which cores are isolated"
    isolated = parse_cores(text)
    if machine.cpu in isolated:
        tickless = parse_cores(machine.read(f"{_CPU_FOLDER}/nohz_full") or "")
        ticks = "without timer ticks" if machine.cpu in tickless else "with timer ticks (nohz_full would stop them)"
        return "good", f"core {machine.cpu} is isolated, {ticks}"
    if isolated:
        found = f"trials run on core {machine.cpu}, isolated is {text}"
        return "bad", found, f"start asv-jit with `taskset --cpu-list {text}`"
    core = machine.cpu
    remedy = (
        f"boot with isolcpus={core} nohz_full={core} rcu_nocbs={core}, start asv-jit with `taskset --cpu-list {core}`"
    )
    return "bad", "no core is isolated: the scheduler may put anything beside a trial", remedy


def _load(machine: _Machine) -> _Finding:
    text = (machine.read("proc/loadavg") or "").split()
    if not text or not machine.online:
        return "unknown", "/proc/loadavg does not show the load"
    load, cores = float(text[0]), len(machine.online)
    found = f"a load of {load:.2f} on {cores} cores over the last minute"
    if load <= LOAD_LIMIT * cores:
        return "good", found
    return "bad", found, "stop other programs and jobs, or measure when they are done (see `top`)"


def _steal(machine: _Machine) -> _Finding:
    for line in (machine.read("proc/stat") or "").splitlines():
        fields = line.split()
        if fields and fields[0] == f"cpu{machine.cpu}" and len(fields) >= 9:
            ticks = [int(field) for field in fields[1:9]]  # the guest times that follow are already included in user
            share = ticks[7] / max(sum(ticks), 1)
            found = f"the hypervisor took {share:.2%} of core {machine.cpu}'s time since boot"
            if share <= STEAL_LIMIT:
                return "good", found
            return "bad", found, "move to a machine, or a kind of instance, whose cores are not shared"
    return "unknown", f"/proc/stat does not show core {machine.cpu}"


def _swap(machine: _Machine) -> _Finding:
    sizes = dict(re.findall(r"^(Swap(?:Total|Free)):\s*(\d+) kB", machine.read("proc/meminfo") or "", re.MULTILINE))
    if len(sizes) < 2:
        return "unknown", "/proc/meminfo does not show the swap"
    total, used = int(sizes["SwapTotal"]), int(sizes["SwapTotal"]) - int(sizes["SwapFree"])
    if total == 0:
        return "good", "none"
    found = f"{used / 1024:,.0f} of {total / 1024:,.0f} MiB in use"
    if used <= SWAP_LIMIT_KIB:
        return "good", found
    return "bad", found, "close what uses the memory, then `sudo swapoff --all && sudo swapon --all`"


def _power(machine: _Machine) -> _Finding:
    supplies = machine.root / "sys/class/power_supply"
    batteries: list[tuple[str, int | None]] = []
    for folder in sorted(supplies.glob("*")):
        at = f"sys/class/power_supply/{folder.name}"
        if machine.read(f"{at}/type") != "Battery" or machine.read(f"{at}/scope") == "Device":
            continue  # the battery of a device such as a mouse
        charge = machine.read(f"{at}/capacity")
        batteries.append((machine.read(f"{at}/status") or "", int(charge) if charge and charge.isdigit() else None))
    if not batteries:
        return "good", "no battery"
    lowest = min((charge for _, charge in batteries if charge is not None), default=None)
    found = "on battery" if any(status == "Discharging" for status, _ in batteries) else "on mains"
    found += "" if lowest is None else f", {lowest}% charged"
    if found.startswith("on battery"):
        return "bad", found, "plug the machine in: on battery it saves energy"
    if lowest is not None and lowest < LOW_BATTERY:
        return "bad", found, "let it charge first: with a low battery many machines hold the processor back"
    return "good", found


def _virtual(machine: _Machine) -> _Finding:
    cpuinfo = machine.read("proc/cpuinfo")
    makers = [machine.read(f"sys/class/dmi/id/{part}") for part in ("sys_vendor", "product_name")]
    maker = " ".join(part for part in makers if part)
    known = re.search(r"QEMU|KVM|VMware|VirtualBox|innotek|Xen|Virtual Machine|Bochs|Amazon EC2|Google Compute", maker)
    # Bare-metal cloud instances have a cloud vendor's name too, so the processor's flag takes precedence.
    flagged = cpuinfo is not None and re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE)
    tells = cpuinfo is not None and re.search(r"^flags\s*:", cpuinfo, re.MULTILINE)
    if flagged or (known and not tells):
        found = f"yes ({maker})" if maker else "yes"
        return "bad", found, "measure on real hardware, or on a dedicated host; else watch the steal rate"
    if tells or maker:
        return "good", "no"
    return "unknown", "neither the processor nor the firmware says whether there is a hypervisor"


def _container(machine: _Machine) -> _Finding:
    groups = machine.read("proc/self/cgroup") or ""
    marked = any((machine.root / mark).exists() for mark in (".dockerenv", "run/.containerenv"))
    if not marked and not re.search(r"docker|kubepods|containerd|libpod|/lxc", groups):
        return "good", "no"
    found = "yes: what its host runs beside it may not show in here"
    return "unknown", found, "run `asv-jit doctor` on the host too"


def _layout(machine: _Machine) -> _Finding:
    """Report address randomisation, for information: over many processes, random addresses average out."""
    names = {"0": "off: every process has the same layout", "1": "partly on", "2": "on"}
    value = machine.read("proc/sys/kernel/randomize_va_space")
    if value not in names:
        return "unknown", "the kernel does not say whether addresses are random"
    return "good", f"{names[value]} (for information)"


def _is_virtual(machine: _Machine) -> bool:
    return _virtual(machine)[0] == "bad"


def _if_virtual(machine: _Machine) -> str:
    if _is_virtual(machine):
        return "ask whoever runs the host: a virtual machine cannot see or set this"
    return "see the BIOS settings"


def _variables(name: str, variables: Mapping[str, str], names: Iterable[str]) -> Check:
    present = sorted(key for key in names if variables.get(key))
    if not present:
        return Check(name, "good", "none set")
    found = " ".join(f"{key}={variables[key]}" for key in present)
    found += " (asv-jit's own trials do not see them, `asv run` and all else does)"
    return Check(name, "bad", found, f"unset {' '.join(present)}")


def _debug_builds(interpreters: Sequence[Interpreter]) -> Check:
    name = "debug builds"
    if not interpreters:
        return Check(name, "unknown", "no interpreters were looked at", "asv-jit pythons list")
    debug = [f"{build.identity} ({build.executable})" for build in interpreters if build.debug]
    if not debug:
        return Check(name, "good", f"none of {len(interpreters)} interpreters")
    return Check(name, "bad", ", ".join(debug), "measure release builds: `asv-jit pythons install` brings some")


_LINUX_CHECKS: Mapping[str, Callable[[_Machine], _Finding]] = {
    "cores": _cores,
    "processor time limit": _quota,
    "frequency governor": _governor,
    "turbo": _turbo,
    "shared core": _siblings,
    "isolated core": _isolation,
    "load": _load,
    "steal": _steal,
    "swap": _swap,
    "power": _power,
    "virtual machine": _virtual,
    "container": _container,
    "address randomisation": _layout,
}
