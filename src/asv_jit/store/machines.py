"""Records of what a machine is: its fingerprints, the interpreters it measured, its noise.

results/<machine>/fingerprints.jsonl    the traits (processor, memory, kernel …) of each fingerprint in the trials
results/<machine>/interpreters.jsonl    the interpreters measured, never deleted: a trial names only the identity
results/<machine>/installations.jsonl   the packages of each installation, as pip resolved what the matrix does not pin
results/<machine>/noise.jsonl           what `asv-jit doctor --measure` found
<user cache>/asv-jit/same-code/<interpreter>-<machine>.jsonl    A/A runs, stored so that hours of them can resume
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from asv_jit.interpreters.identity import Interpreter
from asv_jit.store.lines import Lines, append_lines, read_lines
from asv_jit.store.records import RecordFile

_FINGERPRINT = "fingerprint"


class KnownInterpreter(Struct, frozen=True):
    """The stored fields of an `Interpreter`, with the same names."""

    identity: str
    version: str
    provider: str
    package_version: str | None
    jit: str
    free_threaded: bool
    line: str


class KnownPackages(Struct, frozen=True):
    """The packages of an installation, `numpy==2.1.0`, sorted by name, and since when (UTC, ISO 8601).

    An installation that was removed and built again has a line for each build that differs.
    """

    installation: str
    since: str
    packages: tuple[str, ...]


class KnownNoise(Struct, frozen=True, kw_only=True):
    """One measurement of pair noise. Both arms ran the same code, so any difference is the machine's noise.

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


class SameCodeCase(Struct, frozen=True, kw_only=True):
    """One case of one A/A run: the steady times of both arms in seconds per call, paired by index.

    `rules` names what the trials depend on (protocol, length, suite), so that different runs are never mixed.
    """

    run: str
    case: str
    rules: str
    first: tuple[float, ...]
    second: tuple[float, ...]
    disturbed: int
    repeated: int


FINGERPRINTS = RecordFile("fingerprints.jsonl", dict[str, str], "a fingerprint with its traits")
INTERPRETERS = RecordFile("interpreters.jsonl", KnownInterpreter, "an interpreter")
INSTALLATIONS = RecordFile("installations.jsonl", KnownPackages, "an installation with its packages")
NOISE = RecordFile("noise.jsonl", KnownNoise, "a measurement of noise")


def keep_fingerprint(machine_folder: Path, fingerprint: str, traits: Mapping[str, str]) -> str | None:
    """Store a fingerprint's traits, unless already stored. Returns a warning about a torn line. Raises StorageError."""
    known, _ = known_fingerprints(machine_folder)
    line = {_FINGERPRINT: fingerprint, **traits}
    return FINGERPRINTS.append(machine_folder, *([line] if known.get(fingerprint) != traits else []))


def known_fingerprints(machine_folder: Path) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """Return traits by fingerprint (the last line wins), and a sentence for each invalid line."""
    read = FINGERPRINTS.read(machine_folder)
    return {line.pop(_FINGERPRINT): line for line in read.records if _FINGERPRINT in line}, read.problems


def keep_interpreter(machine_folder: Path, interpreter: Interpreter) -> str | None:
    """Store an interpreter, unless already stored. Returns a warning about a torn line. Raises StorageError."""
    record = msgspec.convert(interpreter, KnownInterpreter, from_attributes=True)
    known, _ = known_interpreters(machine_folder)
    return INTERPRETERS.append(machine_folder, *([record] if known.get(record.identity) != record else []))


def known_interpreters(machine_folder: Path) -> tuple[dict[str, KnownInterpreter], tuple[str, ...]]:
    """Return the interpreters by identity (the last line wins), and a sentence for each invalid line."""
    read = INTERPRETERS.read(machine_folder)
    return {record.identity: record for record in read.records}, read.problems


def keep_packages(machine_folder: Path, record: KnownPackages) -> str | None:
    """Store an installation's packages if they are new. Returns a warning about a torn line. Raises StorageError."""
    known = {one.installation: one.packages for one in INSTALLATIONS.read(machine_folder).records}
    return INSTALLATIONS.append(
        machine_folder, *([record] if known.get(record.installation) != record.packages else [])
    )


def known_noise(machine_folder: Path) -> Lines[KnownNoise]:
    """Return all measurements, sorted by time."""
    read = NOISE.read(machine_folder)
    return Lines(tuple(sorted(read.records, key=lambda noise: (noise.at, noise.interpreter))), read.problems)


def keep_comparison(path: Path, comparison: SameCodeCase) -> str | None:
    """Append a case of an A/A run; return a warning if a torn line was removed. Raises StorageError."""
    return append_lines(path, [comparison])


def read_comparisons(path: Path, rules: str) -> list[SameCodeCase]:
    """Return the cases measured with `rules`. Invalid lines are skipped, and their cases are measured again."""
    records = read_lines(path, SameCodeCase, "a comparison").records
    return [case for case in records if case.rules == rules and len(case.first) == len(case.second)]
