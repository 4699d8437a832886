"""Reads and writes files of JSON lines.

- A file holds one record per line. A record is stored once its final newline is on disk.
- `append_lines` writes whole lines and syncs them. It undoes a failed write.
- A kill can tear only the last line. Readers skip a torn line and report it. The next append removes it first and
  reports that too.
- Readers report any other invalid line by file and line number, and read the rest. The line stays in the file.

Callers that append or mend hold the folder's write lock, if there is one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Generic, TypeVar

import msgspec
from msgspec import Struct

from asv_jit.store.files import append_synced, storage_errors

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""The exceptions that decoding invalid content raises."""

_CHUNK_BYTES = 1 << 16
_Record = TypeVar("_Record")
_encoder = msgspec.json.Encoder()


class Lines(Struct, Generic[_Record], frozen=True):
    """The valid records, in order, and a sentence for each invalid line."""

    records: tuple[_Record, ...] = ()
    problems: tuple[str, ...] = ()


def read_lines(path: Path, kind: type[_Record], what: str) -> Lines[_Record]:
    """Read every record of a file; a missing file has none. `what` names a record in messages, such as "a trial"."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Lines()
    except OSError as error:
        return Lines(problems=(f"{path}: cannot be read ({error.strerror})",))
    return decode_lines(path, content, kind, what)


def decode_lines(path: Path, content: bytes, kind: type[_Record], what: str, *, heads: int = 0) -> Lines[_Record]:
    """Parse the records in `content` after `heads` header lines; `path` is for messages."""
    lines = content.split(b"\n")
    torn = lines.pop()  # empty if the file ends with a newline
    problems = [f"{path}: the last line is incomplete; skipped"] if torn else []
    decode = msgspec.json.Decoder(kind).decode
    records = []
    for number, line in enumerate(lines[heads:], start=heads + 1):
        try:
            records.append(decode(line))
        except UNREADABLE as error:
            problems.append(f"{path}:{number}: not {what} ({error}); line skipped")
    return Lines(tuple(records), tuple(problems))


def encode_lines(records: Sequence[object]) -> bytes:
    """Encode each record as one line."""
    return b"".join(_encoder.encode(record) + b"\n" for record in records)


def append_lines(path: Path, records: Sequence[object], *, head: bytes = b"") -> str | None:
    """Append all records or none, and sync them; a new file starts with `head`.

    Returns a warning if a torn line was removed first. Raises StorageError and then leaves the file unchanged.
    """
    if not records:
        return None
    warning = mend(path)
    with storage_errors(path):
        is_new = not path.exists() or path.stat().st_size == 0  # an empty file's first write failed
    append_synced(path, (head if is_new else b"") + encode_lines(records))
    return warning


def mend(path: Path) -> str | None:
    """Remove a torn last line, and the file if it held nothing else. Returns a warning if there was one."""
    with storage_errors(path):
        if not path.is_file():
            return None
        with path.open("r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            whole = _end_of_last_line(stream, size)
            if whole == size:
                return None
            stream.truncate(whole)
        if whole == 0:
            path.unlink()
    return f"{path}: removed an incomplete last line, left by a run that was killed while writing it"


def mend_all(machine_folder: Path) -> list[str]:
    """Mend every file of JSON lines of a machine; return a warning for each torn one."""
    paths = sorted(path for below in ("", "trials", "counts") for path in (machine_folder / below).glob("*.jsonl"))
    return [warning for path in paths if (warning := mend(path)) is not None]


def _end_of_last_line(stream: IO[bytes], size: int) -> int:
    """Return the offset after the last newline. Reads backwards: a complete file costs one byte."""
    end, chunk = size, 1
    while end > 0:
        begin = max(0, end - chunk)
        stream.seek(begin)
        place = stream.read(end - begin).rfind(b"\n")
        if place >= 0:
            return begin + place + 1
        end, chunk = begin, _CHUNK_BYTES
    return 0
