"""What `asv-jit doctor --measure` found on a machine: `results/<machine>/noise.jsonl`, one measurement a line.

Cells tell of the noise too, but only of cases that differ between the modes; here both arms ran the same code, so that
whatever differs is the machine's.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from asv_jit.store.lines import Lines, append_lines, read_lines

FILE_NAME = "noise.jsonl"  # not *.json: asv takes every such file below results/ for a result


class KnownNoise(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of the pair noise, over pairs of the same code.

    `at` is when it ended (UTC, ISO 8601), `fingerprint` what the machine was, `interpreter` what ran. `value` is the
    standard deviation of the log ratio of a pair (0.01 is about 1%), `low` and `high` its interval at 95%, over `pairs`
    pairs; `disturbed` of them had something else on their core. `false_alarm`: whether the same code was called
    different.
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
    """Append a measurement; a warning where the file's last line was torn. Raises StorageError."""
    return append_lines(machine_folder / FILE_NAME, [noise])


def known_noise(machine_folder: Path) -> Lines[KnownNoise]:
    """All measurements, in the order of their ends."""
    read = read_lines(machine_folder / FILE_NAME, KnownNoise, "a measurement of noise")
    return Lines(tuple(sorted(read.records, key=lambda one: (one.at, one.interpreter))), read.problems)
