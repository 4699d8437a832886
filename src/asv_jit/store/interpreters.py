"""Which interpreters a machine measured with: `results/<machine>/interpreters.jsonl`, one line each, for ever.

A trial names its interpreter by identity alone; what that stands for (provider, GIL, JIT) must be known wherever the
results are read, also when the interpreter is long gone.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from asv_jit.interpreters.identity import Interpreter
from asv_jit.store.lines import append_lines, read_lines

FILE_NAME = "interpreters.jsonl"  # not *.json: asv takes every such file below results/ for a result


class KnownInterpreter(msgspec.Struct, frozen=True):
    """What is remembered of an interpreter; the fields are those of `Interpreter`."""

    identity: str
    version: str
    provider: str
    package_version: str | None
    jit: str
    free_threaded: bool
    line: str


def keep_interpreter(machine_folder: Path, interpreter: Interpreter) -> str | None:
    """Remember an interpreter, once; a warning where the file's last line was torn. Raises StorageError."""
    known = KnownInterpreter(**{name: getattr(interpreter, name) for name in KnownInterpreter.__struct_fields__})
    found, _ = known_interpreters(machine_folder)
    return append_lines(machine_folder / FILE_NAME, [known] if found.get(known.identity) != known else [])


def known_interpreters(machine_folder: Path) -> tuple[dict[str, KnownInterpreter], tuple[str, ...]]:
    """By identity, the last word counting; and a sentence for each line that cannot be read."""
    read = read_lines(machine_folder / FILE_NAME, KnownInterpreter, "an interpreter")
    return {one.identity: one for one in read.records}, read.problems
