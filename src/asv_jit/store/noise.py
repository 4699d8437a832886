"""Noise measured by `asv-jit doctor --measure`: `results/<machine>/noise.jsonl`, one measurement per line.

Both arms ran the same code, so any difference between them is the machine's noise.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from asv_jit.store.lines import Lines, append_lines, read_lines

FILE_NAME = "noise.jsonl"  # not *.json: asv reads every .json file below results/ as a result


class KnownNoise(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of pair noise, over pairs of the same code.

    `at` is when it ended (UTC, ISO 8601); `fingerprint` is the machine's. `value` is the standard deviation of a pair's
    log ratio (0.01 is about 1%), over `pairs` pairs; `low` and `high` are its 95% interval. `disturbed` counts pairs
    that shared their core with another process. `false_alarm` is true if the arms differed significantly.
    """

    at: str
    fingerprint: str
    interpreter: str
    pairs: int
    value: float
    low: float
    high: float
    disturbed: int
    false_alarm: bool


def keep_noise(machine_folder: Path, noise: KnownNoise) -> str | None:
    """Append a measurement; return a warning if a torn line was removed. Raises StorageError."""
    return append_lines(machine_folder / FILE_NAME, [noise])


def known_noise(machine_folder: Path) -> Lines[KnownNoise]:
    """Return all measurements, sorted by time."""
    read = read_lines(machine_folder / FILE_NAME, KnownNoise, "a measurement of noise")
    return Lines(tuple(sorted(read.records, key=lambda one: (one.at, one.interpreter))), read.problems)
