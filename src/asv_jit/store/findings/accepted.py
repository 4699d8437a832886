"""Accepted regressions: `accepted-regressions.toml` next to asv.conf.json, meant to be reviewed.

    [[accepted]]
    id = "3f9a01b2c4"
    why = "the new parser checks more, and the release notes say so"
    on = 2026-11-23
    case = "parsing.Json.time_loads(1000)"        # from here on: a description for readers, and to
    line = "3.15 from debian"                     # recognise the event if its id changes
    machine = "ci-1"
    commits = "<last good>..<first bad>"
    change = "on: 12% slower"

`id` and `why` are required. The file may be edited by hand: asv-jit only appends entries, so comments stay.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from asv_jit.errors import DamagedFileError, UsageError
from asv_jit.store.files import storage_errors, write_atomically

FILE_NAME = "accepted-regressions.toml"
_HEAD = """\
# Accepted regressions. `asv-jit accept ID --why "…"` adds an entry at the end;
# take one out to open its regression again.
"""
_TABLE = re.compile(r"\s*\[\[\s*accepted\s*\]\]")


class Accepted(Struct, frozen=True):
    """One accepted regression."""

    id: str
    why: str
    on: date | None = None
    case: str = ""
    line: str = ""
    machine: str = ""
    commits: str = ""
    change: str = ""


def read_accepted(folder: Path) -> tuple[Accepted, ...]:
    """Read the accepted regressions; a missing file has none. Raises DamagedFileError with file and line."""
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DamagedFileError(f"{path}: cannot be read ({error.strerror}); check the file's permissions") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DamagedFileError(f"{path}:{line}: expected UTF-8; save the file in that encoding") from None
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # RecursionError: deep nesting
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise DamagedFileError(f"{path}:{line}: not valid TOML: {error}") from None
    return tuple(_entries(content, path, [n for n, row in enumerate(text.split("\n"), 1) if _TABLE.match(row)]))


def add_accepted(folder: Path, entry: Accepted) -> Path:
    """Append an entry to the file. Raises DamagedFileError, StorageError."""
    read_accepted(folder)  # raises for an invalid file, which must not grow
    path = folder / FILE_NAME
    with storage_errors(path):
        text = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    lines = [f"{name} = {value}" for name in _names() if (value := _toml(getattr(entry, name)))]
    write_atomically(path, text.rstrip("\n") + "\n\n[[accepted]]\n" + "\n".join(lines) + "\n")
    return path


def _names() -> list[str]:
    return [field.name for field in fields(Accepted)]


def _entries(content: Mapping[str, Any], path: Path, lines: list[int]) -> list[Accepted]:
    for name in content:
        if name != "accepted":
            raise DamagedFileError(f"{path}: expected entries [[accepted]] only, found {name!r}")
    tables = content.get("accepted", [])
    if not isinstance(tables, list):
        raise DamagedFileError(f"{path}: expected entries that begin with [[accepted]], with two brackets")
    lines += [lines[-1] if lines else 1] * (len(tables) - len(lines))  # an inline array has no line of its own
    return [_entry(table, f"{path}:{line}") for table, line in zip(tables, lines, strict=False)]


def _entry(table: object, where: str) -> Accepted:
    if not isinstance(table, dict):
        raise DamagedFileError(f"{where}: expected an entry with id and why, found {table!r}")
    for name in table:
        if name not in _names():
            near = difflib.get_close_matches(name, _names(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_names())}"
            raise DamagedFileError(f"{where}: unknown key {name!r} in this entry; {hint}")
    for name in ("id", "why"):
        if not str(table.get(name, "")).strip():
            raise DamagedFileError(f"{where}: this entry has no {name!r}; every decision needs one")
    for name, value in table.items():
        wanted = date if name == "on" else str
        if not isinstance(value, wanted):
            kind = "a date such as 2026-11-23" if name == "on" else "a text in quotes"
            raise DamagedFileError(f"{where}: {name}: expected {kind}, found {value!r}")
    return Accepted(**table)


def _toml(value: object) -> str:
    """Format a value as TOML; empty for an empty value. Raises UsageError if it is not valid UTF-8."""
    if isinstance(value, date):
        return value.isoformat()
    if not value:
        return ""
    try:
        str(value).encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(f"expected text, found bytes that are not UTF-8 in {value!a}") from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
