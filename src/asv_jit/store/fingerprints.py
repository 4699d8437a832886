"""What a machine was: `results/<machine>/fingerprints.jsonl`, one line for each fingerprint.

A trial names the machine that it ran on by eight hex digits; a line gives these as `fingerprint`, and beside it each
trait that they stand for (processor, memory, kernel and so on).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from asv_jit.store.lines import append_lines, read_lines

FILE_NAME = "fingerprints.jsonl"  # not *.json: asv takes every such file below results/ for a result
_NAME = "fingerprint"


def keep_fingerprint(machine_folder: Path, fingerprint: str, traits: Mapping[str, str]) -> str | None:
    """Remember what a fingerprint stands for, once; a warning where the last line was torn. Raises StorageError."""
    known, _ = known_fingerprints(machine_folder)
    line = {_NAME: fingerprint, **traits}
    return append_lines(machine_folder / FILE_NAME, [line] if known.get(fingerprint) != traits else [])


def known_fingerprints(machine_folder: Path) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """The traits by fingerprint, the last word counting; and a sentence for each line that cannot be read."""
    read = read_lines(machine_folder / FILE_NAME, dict[str, str], "a fingerprint with its traits")
    return {line.pop(_NAME): line for line in read.records if _NAME in line}, read.problems
