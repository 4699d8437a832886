"""The interpreters that a machine measured: `results/<machine>/interpreters.jsonl`, one line each, never deleted.

A trial stores only its interpreter's identity. This file keeps the rest (provider, GIL, JIT), so that results can be
read on any machine and after the interpreter is removed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from asv_jit.interpreters.identity import Interpreter
from asv_jit.store.lines import append_lines, read_lines

FILE_NAME = "interpreters.jsonl"  # not *.json: asv reads every .json file below results/ as a result


class KnownInterpreter(msgspec.Struct, frozen=True):
    """The stored fields of an `Interpreter`, with the same names."""

    identity: str
    version: str
    provider: str
    package_version: str | None
    jit: str
    free_threaded: bool
    line: str


def keep_interpreter(machine_folder: Path, interpreter: Interpreter) -> str | None:
    """Store an interpreter, unless already stored. Returns a warning about a torn line. Raises StorageError."""
    known = KnownInterpreter(**{name: getattr(interpreter, name) for name in KnownInterpreter.__struct_fields__})
    found, _ = known_interpreters(machine_folder)
    return append_lines(machine_folder / FILE_NAME, [known] if found.get(known.identity) != known else [])


def known_interpreters(machine_folder: Path) -> tuple[dict[str, KnownInterpreter], tuple[str, ...]]:
    """Return the interpreters by identity (the last line wins), and a sentence for each invalid line."""
    read = read_lines(machine_folder / FILE_NAME, KnownInterpreter, "an interpreter")
    return {one.identity: one for one in read.records}, read.problems
