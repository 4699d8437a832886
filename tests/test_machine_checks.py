from __future__ import annotations

from pathlib import Path

import pytest

from asv_jit import machine_checks
from asv_jit.interpreters.identity import Interpreter
from asv_jit.machine_checks import Check

CPU = "sys/devices/system/cpu"
# A server that is ready to measure: four cores, the last one isolated.
QUIET = {
    "proc/self/status": "Name:\tpython\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n",
    "proc/self/cgroup": "0::/user.slice\n",
    "proc/loadavg": "0.05 0.10 0.20 1/200 4242\n",
    "proc/stat": "cpu  40 0 40 4000 0 0 0 0 0 0\ncpu3 10 0 10 9970 0 0 0 10 0 0\n",
    "proc/meminfo": "MemTotal: 8000000 kB\nSwapTotal:  2097148 kB\nSwapFree:  2097148 kB\n",
    "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu sse2 avx2\n",
    "proc/sys/kernel/randomize_va_space": "2\n",
    f"{CPU}/online": "0-3\n",
    f"{CPU}/isolated": "3\n",
    f"{CPU}/nohz_full": "3\n",
    f"{CPU}/intel_pstate/no_turbo": "1\n",
    f"{CPU}/cpu3/cpufreq/scaling_governor": "performance\n",
    f"{CPU}/cpu3/topology/thread_siblings_list": "3\n",
    "sys/fs/cgroup/cpu.max": "max 100000\n",
    "sys/class/dmi/id/sys_vendor": "Acme\n",
}


def looked_at(root: Path, changes: dict[str, str | None] | None = None, **given: object) -> dict[str, Check]:
    """The checks of the quiet server with some files changed (None: taken away), by name."""
    for name, text in {**QUIET, **(changes or {})}.items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    options: dict[str, object] = {"environment": {}, "platform": "linux", "interpreters": [interpreter()]}
    return {one.name: one for one in machine_checks.check(root, **{**options, **given})}


def interpreter(*, debug: bool = False) -> Interpreter:
    return Interpreter(
        version="3.15.0",
        identity="3.15.0+0123abcd",
        executable=Path("/usr/bin/python3.15"),
        provider="debian",
        package_version=None,
        jit="off by default",
        free_threaded=False,
        debug=debug,
        sys_version="3.15.0 (main)",
    )


def test_nothing_is_wrong_with_a_quiet_server(tmp_path: Path) -> None:
    found = looked_at(tmp_path)
    assert [one for one in found.values() if one.state != "good"] == []
    assert all(one.found and not one.remedy for one in found.values())


@pytest.mark.parametrize(
    ("name", "changes", "says", "remedy"),
    [
        ("frequency governor", {f"{CPU}/cpu3/cpufreq/scaling_governor": "powersave"}, "powersave", "cpupower"),
        ("turbo", {f"{CPU}/intel_pstate/no_turbo": "0"}, "on", f"echo 1 | sudo tee /{CPU}/intel_pstate/no_turbo"),
        (
            "turbo",
            {f"{CPU}/intel_pstate/no_turbo": None, f"{CPU}/cpufreq/boost": "1"},
            "on",
            f"echo 0 | sudo tee /{CPU}/cpufreq/boost",
        ),
        ("shared core", {f"{CPU}/cpu3/topology/thread_siblings_list": "1,3"}, "with core 1", "cpu1/online"),
        ("isolated core", {f"{CPU}/isolated": "\n", f"{CPU}/nohz_full": "(null)"}, "no core", "isolcpus=3 nohz_full=3"),
        ("isolated core", {f"{CPU}/isolated": "1-2"}, "isolated is 1-2", "taskset --cpu-list 1-2"),
        ("swap", {"proc/meminfo": "SwapTotal: 2097152 kB\nSwapFree: 1048576 kB\n"}, "1,024 of 2,048 MiB", "swapoff"),
        ("load", {"proc/loadavg": "1.20 0.1 0.1 1/9 1"}, "1.20 on 4 cores", "stop other programs"),
        ("steal", {"proc/stat": "cpu3 100 0 0 800 0 0 0 100 0 0"}, "10.00% of core 3", "not shared"),
        ("cores", {"proc/self/status": "Cpus_allowed_list:\t3\n"}, "1 of 4 cores", "second core"),
        ("cores", {"proc/self/status": "Cpus_allowed_list:\t0-1\n"}, "core 3", "taskset --cpu-list 3"),
        ("processor time limit", {"sys/fs/cgroup/cpu.max": "50000 100000"}, "0.5 cores", "--cpus"),
        (
            "processor time limit",
            {
                "sys/fs/cgroup/cpu.max": None,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            "1.5 cores",
            "--cpus",
        ),
        ("virtual machine", {"proc/cpuinfo": "flags : fpu hypervisor avx\n"}, "yes", "real hardware"),
        (
            "virtual machine",
            {"proc/cpuinfo": "processor : 0\nFeatures : fp asimd\n", "sys/class/dmi/id/sys_vendor": "QEMU"},
            "QEMU",
            "real hardware",
        ),
    ],
)
def test_what_spoils_a_measurement_is_found(
    tmp_path: Path, name: str, changes: dict[str, str | None], says: str, remedy: str
) -> None:
    found = looked_at(tmp_path, changes, cpu=3)
    assert found[name].state == "bad"
    assert says in found[name].found
    assert remedy in found[name].remedy
    assert [other for other, one in found.items() if one.state == "bad"] == [name]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (
            "frequency governor",  # a fixed frequency is as good as any governor
            {
                f"{CPU}/cpu3/cpufreq/scaling_governor": "powersave",
                f"{CPU}/cpu3/cpufreq/scaling_min_freq": "2000000",
                f"{CPU}/cpu3/cpufreq/scaling_max_freq": "2000000",
            },
        ),
        ("turbo", {f"{CPU}/intel_pstate/no_turbo": None, f"{CPU}/cpufreq/boost": "0"}),
        ("shared core", {f"{CPU}/cpu3/topology/thread_siblings_list": "3,7"}),  # 7 is switched off
        ("swap", {"proc/meminfo": "SwapTotal: 0 kB\nSwapFree: 0 kB\n"}),
        ("swap", {"proc/meminfo": "SwapTotal: 2097152 kB\nSwapFree: 2090000 kB\n"}),
        ("processor time limit", {"sys/fs/cgroup/cpu.max": "400000 100000"}),
        # A bare-metal instance of a cloud: the processor knows better than the firmware.
        ("virtual machine", {"sys/class/dmi/id/sys_vendor": "Amazon EC2"}),
        ("address randomisation", {"proc/sys/kernel/randomize_va_space": "0"}),
    ],
)
def test_what_does_not_spoil_it_is_let_pass(tmp_path: Path, name: str, changes: dict[str, str | None]) -> None:
    assert looked_at(tmp_path, changes)[name].state == "good"


def test_a_virtual_machine_cannot_promise_a_core_of_its_own(tmp_path: Path) -> None:
    found = looked_at(tmp_path, {"proc/cpuinfo": "flags : fpu hypervisor avx\n"})["shared core"]
    assert found.state == "unknown"
    assert "as far as the virtual machine is told" in found.found
    assert "whoever runs the host" in found.remedy


def supply(**files: str) -> dict[str, str]:
    return {f"sys/class/power_supply/BAT0/{name}": text for name, text in files.items()}


@pytest.mark.parametrize(
    ("files", "state", "says"),
    [
        (supply(type="Battery", status="Discharging", capacity="80"), "bad", "on battery, 80% charged"),
        (supply(type="Battery", status="Charging", capacity="7"), "bad", "on mains, 7% charged"),
        (supply(type="Battery", status="Full", capacity="100"), "good", "on mains"),
        (supply(type="Battery", status="Unknown"), "good", "on mains"),
        (supply(type="Battery", scope="Device", status="Discharging", capacity="5"), "good", "no battery"),
        (supply(type="Mains", online="1"), "good", "no battery"),
    ],
)
def test_power(tmp_path: Path, files: dict[str, str | None], state: str, says: str) -> None:
    found = looked_at(tmp_path, files)["power"]
    assert found.state == state
    assert says in found.found


@pytest.mark.parametrize("changes", [{".dockerenv": ""}, {"proc/self/cgroup": "0::/kubepods/pod12"}])
def test_a_container_hides_what_its_host_does(tmp_path: Path, changes: dict[str, str | None]) -> None:
    found = looked_at(tmp_path, changes)["container"]
    assert (found.state, "host" in found.remedy) == ("unknown", True)


def test_what_cannot_be_read_is_unknown_and_never_good(tmp_path: Path) -> None:
    nothing = dict.fromkeys(QUIET, None)
    states = {name: one.state for name, one in looked_at(tmp_path, nothing).items()}
    good = {name for name, state in states.items() if state == "good"}
    # No power supply, no mark of a container, no variable: there, nothing is the finding.
    assert good == {"power", "container", "JIT variables", "debugging variables", "debug builds"}
    assert "bad" not in states.values()


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("JIT variables", {"PYTHON_JIT": "0"}),
        ("JIT variables", {"PYTHON_JIT_SIDE_EXIT_INITIAL_VALUE": "1"}),
        ("JIT variables", {"PYTHON_UOPS_OPTIMIZE": "0"}),
        ("debugging variables", {"PYTHONMALLOC": "debug"}),
        ("debugging variables", {"PYTHONDEVMODE": "1", "PYTHONPERFSUPPORT": "1"}),
    ],
)
def test_variables_of_the_shell(tmp_path: Path, name: str, environment: dict[str, str]) -> None:
    found = looked_at(tmp_path, environment={**environment, "HOME": "/home/me"})[name]
    assert found.state == "bad"
    assert found.remedy == "unset " + " ".join(environment)
    assert all(f"{key}={value}" in found.found for key, value in environment.items())


def test_an_empty_variable_is_unset_to_cpython(tmp_path: Path) -> None:
    assert looked_at(tmp_path, environment={"PYTHONMALLOC": ""})["debugging variables"].state == "good"


def test_debug_builds(tmp_path: Path) -> None:
    found = looked_at(tmp_path, interpreters=[interpreter(), interpreter(debug=True)])["debug builds"]
    assert found.state == "bad"
    assert "3.15.0+0123abcd" in found.found
    assert looked_at(tmp_path, interpreters=[])["debug builds"].state == "unknown"


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_are_not_judged(tmp_path: Path, platform: str) -> None:
    here, there = looked_at(tmp_path), looked_at(tmp_path, platform=platform, environment={"PYTHON_JIT": "1"})
    assert list(here) == list(there)
    assert {name for name, one in there.items() if one.state != "unknown"} == {
        "JIT variables",
        "debugging variables",
        "debug builds",
    }
    assert platform in there["turbo"].found
    assert there["JIT variables"].state == "bad"


def test_this_machine_can_be_looked_at() -> None:
    found = machine_checks.check()
    assert len({one.name for one in found}) == len(found)
    assert all(one.remedy for one in found if one.state == "bad")


@pytest.mark.parametrize(
    ("text", "cores"), [("0-2,5", (0, 1, 2, 5)), ("7", (7,)), ("", ()), ("(null)", ()), (" 1 , 3-4\n", (1, 3, 4))]
)
def test_lists_of_cores(text: str, cores: tuple[int, ...]) -> None:
    assert machine_checks.parse_cores(text) == cores


def test_a_check_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Check("load", "good", "0").state = "bad"
