"""Machine fingerprints: `results/<machine>/fingerprints.jsonl`, one line for each fingerprint.

A trial records its machine as a fingerprint of eight hex digits. A line holds the fingerprint and the traits that it
is computed from (processor, memory, kernel and so on).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from asv_jit.store.lines import append_lines, read_lines

FILE_NAME = "fingerprints.jsonl"  # not *.json: asv reads every .json file below results/ as a result
_NAME = "fingerprint"


def keep_fingerprint(machine_folder: Path, fingerprint: str, traits: Mapping[str, str]) -> str | None:
    """Store a fingerprint's traits, unless already stored. Returns a warning about a torn line. Raises StorageError."""
    known, _ = known_fingerprints(machine_folder)
    line = {_NAME: fingerprint, **traits}
    return append_lines(machine_folder / FILE_NAME, [line] if known.get(fingerprint) != traits else [])


def known_fingerprints(machine_folder: Path) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """Return traits by fingerprint (the last line wins), and a sentence for each invalid line."""
    read = read_lines(machine_folder / FILE_NAME, dict[str, str], "a fingerprint with its traits")
    return {line.pop(_NAME): line for line in read.records if _NAME in line}, read.problems
