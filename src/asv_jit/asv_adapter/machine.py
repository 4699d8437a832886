"""asv's description of this machine, and a fingerprint that changes when results are no longer comparable."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asv import util
from asv.machine import Machine, MachineCollection

from asv_jit.asv_adapter.history.names import is_sound_name
from asv_jit.errors import UsageError
from asv_jit.store.files import save_whole, storage_errors
from asv_jit.store.machines import keep_fingerprint, known_fingerprints

# Left by docker, podman, and systemd-nspawn or lxc.
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")


@dataclass(frozen=True)
class ThisMachine:
    """This machine; `name` and `described` are asv's, and `fingerprint` is eight hex digits of a hash of `traits`."""

    name: str
    described: dict[str, str]
    traits: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that change with the processor, cores, memory, kernel, governor or container."""
        text = "\n".join(f"{key}={value}" for key, value in sorted(self.traits.items()))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]

    def save(self, results_dir: Path) -> Path:
        """Write asv's machine.json and the fingerprint's traits; return the machine's folder."""
        folder = results_dir / self.name
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            machine = Machine()
            machine.__dict__.update(self.described)
            save_whole(results_dir, machine.save)
        keep_fingerprint(folder, self.fingerprint, self.traits)
        return folder

    def changes_since(self, fingerprint: str, results_dir: Path) -> str:
        """Describe the changes since this machine had `fingerprint`; empty if there are none."""
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
    """Load this machine from asv's machine file; if it is missing, save asv's defaults, as `asv machine --yes` does.

    Raises UsageError where the name cannot be a folder's.
    """
    described: dict[str, Any] = {}
    wanted = name or Machine.get_unique_machine_name()
    if not is_sound_name(wanted) or wanted.startswith("."):  # it becomes a folder of the results
        raise UsageError(f"expected the name of a machine, which becomes a folder of the results, found {wanted!r}")
    try:
        described = dict(MachineCollection.load(wanted))
    except (util.UserError, OSError):
        described = {**Machine.get_defaults(), "machine": wanted}
        with storage_errors(Path(MachineCollection.get_machine_file_path())):
            MachineCollection.save(wanted, described)
    described.pop("version", None)
    return ThisMachine(wanted, {key: str(value) for key, value in described.items()}, _traits())


def fingerprint() -> str:
    """Return this machine's fingerprint without writing any file."""
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
