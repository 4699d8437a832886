"""This machine, as asv describes it, and a fingerprint that changes when measurements stop being comparable."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asv import util
from asv.machine import Machine, MachineCollection

from asv_jit.asv_adapter.whole_files import save_whole
from asv_jit.store.files import storage_errors
from asv_jit.store.fingerprints import keep_fingerprint, known_fingerprints

# Left by docker, podman, and systemd-nspawn or lxc.
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")


@dataclass(frozen=True)
class ThisMachine:
    """`name` and `described` are asv's; `fingerprint` is eight hex digits over `traits`."""

    name: str
    described: dict[str, str]
    traits: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """Changes with the processor, its number, the memory, the kernel, the governor or the container."""
        text = "\n".join(f"{key}={value}" for key, value in sorted(self.traits.items()))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]

    def save(self, results_dir: Path) -> Path:
        """Write asv's machine.json and what the fingerprint stands for; returns the machine's folder."""
        folder = results_dir / self.name
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            machine = Machine()
            machine.__dict__.update(self.described)
            save_whole(results_dir, machine.save)
        keep_fingerprint(folder, self.fingerprint, self.traits)
        return folder

    def changes_since(self, fingerprint: str, results_dir: Path) -> str:
        """What is different since this machine had that `fingerprint`, for people; empty where nothing is."""
        if fingerprint == self.fingerprint:
            return ""
        known, _ = known_fingerprints(results_dir / self.name)
        before = known.get(fingerprint, {})
        changed = [
            f"{name} {before.get(name) or 'unknown'} → {value or 'unknown'}"
            for name, value in sorted(self.traits.items())
            if before.get(name, "") != value
        ]
        return "; ".join(changed) or "what changed is not recorded"


def this_machine(name: str | None = None) -> ThisMachine:
    """What asv's machine file says of this machine, else what asv would offer (then saved, as `asv machine --yes`)."""
    described: dict[str, Any] = {}
    wanted = name or Machine.get_unique_machine_name()
    try:
        described = dict(MachineCollection.load(wanted))
    except (util.UserError, OSError):
        described = {**Machine.get_defaults(), "machine": wanted}
        with storage_errors(Path(MachineCollection.get_machine_file_path())):
            MachineCollection.save(wanted, described)
    described.pop("version", None)
    return ThisMachine(wanted, {key: str(value) for key, value in described.items()}, _traits())


def fingerprint() -> str:
    """This machine's fingerprint, where nothing is to be written down about it."""
    return ThisMachine("", {}, _traits()).fingerprint


def _traits() -> dict[str, str]:
    return {
        "arch": platform.machine(),
        "cpu": str(util.get_cpu_info()),
        "cores": str(os.cpu_count()),
        "memory_gib": str(round(int(util.get_memsize() or 0) / 2**30)),
        "kernel": f"{platform.system()} {platform.release()}",
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "container": "yes" if any(Path(mark).exists() for mark in _CONTAINER_MARKS) else "no",
    }


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
