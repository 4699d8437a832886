"""Which interpreters a machine measured with: `results/<machine>/interpreters.jsonl`, one line each, for ever.

A trial names its interpreter by identity alone; what that stands for (provider, GIL, JIT) must be known wherever the
results are read, also when the interpreter is long gone.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from asv_jit.interpreters.identity import Interpreter
from asv_jit.store.files import append_synced

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


def keep_interpreter(machine_folder: Path, interpreter: Interpreter) -> None:
    """Remember an interpreter, once. Raises StorageError."""
    known = KnownInterpreter(
        interpreter.identity,
        interpreter.version,
        interpreter.provider,
        interpreter.package_version,
        interpreter.jit,
        interpreter.free_threaded,
        interpreter.line,
    )
    path = machine_folder / FILE_NAME
    found, _ = known_interpreters(machine_folder)
    if found.get(known.identity) != known:
        torn = path.exists() and not path.read_bytes().endswith(b"\n")  # by a kill: keep that apart from this line
        append_synced(path, b"\n" * torn + msgspec.json.encode(known) + b"\n")


def known_interpreters(machine_folder: Path) -> tuple[dict[str, KnownInterpreter], list[str]]:
    """By identity, the last word counting; and a sentence for each line that cannot be read."""
    path = machine_folder / FILE_NAME
    if not path.exists():
        return {}, []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        return {}, [f"{path}: cannot be read ({error.strerror}); interpreter lines are named without their provider"]
    known: dict[str, KnownInterpreter] = {}
    problems = []
    for number, line in enumerate(lines, start=1):
        if line:
            try:
                one = msgspec.json.decode(line, type=KnownInterpreter)
                known[one.identity] = one
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                problems.append(f"{path}:{number}: not an interpreter ({error}); this line is left out")
    return known, problems
