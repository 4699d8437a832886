"""Files of JSON lines: the one reader and the one writer of all of them.

- A file holds one record a line. A record counts once the newline that ends it is on the disk.
- `append` writes whole lines and waits for the disk. A write that fails is taken back.
- A kill can tear the last line only. A reader leaves a torn line out and says so. Whoever appends next cuts it off
  first and says so too, so that the next record never becomes a part of it.
- Any other line that is not a record is named by file and number. It stays in the file, and the others are read.

Whoever appends or mends holds the lock of writing to the file's folder, where there is one.
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
"""What decoding strange bytes raises."""

_CHUNK_BYTES = 1 << 16
_Record = TypeVar("_Record")
_encoder = msgspec.json.Encoder()


class Lines(Struct, Generic[_Record], frozen=True):
    """The records that could be read, in order, and a sentence for each line that could not."""

    records: tuple[_Record, ...] = ()
    problems: tuple[str, ...] = ()


def read_lines(path: Path, kind: type[_Record], what: str) -> Lines[_Record]:
    """Every record of a file; none where there is no file. `what` names a record in problems, such as "a trial"."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Lines()
    except OSError as error:
        return Lines(problems=(f"{path}: cannot be read ({error.strerror})",))
    return decode_lines(path, content, kind, what)


def decode_lines(path: Path, content: bytes, kind: type[_Record], what: str, *, heads: int = 0) -> Lines[_Record]:
    """The records in `content`, behind as many lines of another kind as `heads` says; `path` is for the problems."""
    lines = content.split(b"\n")
    torn = lines.pop()  # empty where the file ends as it should
    problems = [f"{path}: the last line is cut short; it is left out"] if torn else []
    decode = msgspec.json.Decoder(kind).decode
    records = []
    for number, line in enumerate(lines[heads:], start=heads + 1):
        try:
            records.append(decode(line))
        except UNREADABLE as error:
            problems.append(f"{path}:{number}: not {what} ({error}); this line is left out, the others are kept")
    return Lines(tuple(records), tuple(problems))


def encode_lines(records: Sequence[object]) -> bytes:
    """One line for each record."""
    return b"".join(_encoder.encode(record) + b"\n" for record in records)


def append_lines(path: Path, records: Sequence[object], *, head: bytes = b"") -> str | None:
    """Add records, all or none, and wait until the disk has them; a new file begins with `head`.

    Returns a warning where a torn line had to be cut off first. Raises StorageError; then the file is as it was.
    """
    if not records:
        return None
    warning = mend(path)
    with storage_errors(path):
        is_new = not path.exists() or path.stat().st_size == 0  # empty: its first write failed
    append_synced(path, (head if is_new else b"") + encode_lines(records))
    return warning


def mend(path: Path) -> str | None:
    """Cut off a last line without its end, and remove a file that held no other. Returns a warning if there was one."""
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
    return f"{path}: the last line was cut short (a run was killed while writing it) and was removed"


def mend_all(machine_folder: Path) -> list[str]:
    """Mend every file of lines of a machine; a warning for each torn one."""
    paths = sorted(path for below in ("", "trials", "counts") for path in (machine_folder / below).glob("*.jsonl"))
    return [warning for path in paths if (warning := mend(path)) is not None]


def _end_of_last_line(stream: IO[bytes], size: int) -> int:
    """Where the last whole line ends, read from the back: one byte of a file that ends as it should."""
    end, chunk = size, 1
    while end > 0:
        begin = max(0, end - chunk)
        stream.seek(begin)
        place = stream.read(end - begin).rfind(b"\n")
        if place >= 0:
            return begin + place + 1
        end, chunk = begin, _CHUNK_BYTES
    return 0
