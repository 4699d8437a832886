"""Records of a machine: files of JSON lines, and folders with one JSON file for each record.

A new kind of record needs one constant: a `RecordFile` or a `RecordFolder`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from asv_jit.store.files import write_atomically
from asv_jit.store.lines import UNREADABLE, Lines, append_lines, read_lines

_Record = TypeVar("_Record")


class RecordFile(Struct, Generic[_Record], frozen=True):
    """A file of JSON lines in a machine's folder. `what` names a record in messages, such as "a night".

    Its name must not end in `.json`: asv reads every such file below results/ as a result.
    """

    name: str
    kind: type[_Record]
    what: str

    def read(self, machine_folder: Path) -> Lines[_Record]:
        """Return the valid records, oldest first, and a sentence for each invalid line."""
        return read_lines(machine_folder / self.name, self.kind, self.what)

    def append(self, machine_folder: Path, *records: _Record) -> str | None:
        """Append all records or none; return a warning if a torn line was removed. Raises StorageError."""
        return append_lines(machine_folder / self.name, records)


class RecordFolder(Struct, Generic[_Record], frozen=True):
    """A folder `name` of a machine with the files `<record>.json`, each replaced as a whole. `what` as above.

    The attribute `key`, a `model.Name`, names a record and its file.
    """

    name: str
    kind: type[_Record]
    what: str
    key: str

    def read(self, machine_folder: Path) -> Lines[_Record]:
        """Return the valid records, sorted by file name, and a sentence for each invalid file."""
        records, problems = [], []
        for path in sorted((machine_folder / self.name).glob("*.json")):
            try:
                record = msgspec.json.decode(path.read_bytes(), type=self.kind)
            except (OSError, *UNREADABLE) as error:
                problems.append(f"{path}: not {self.what} ({error}); skipped")
                continue
            named = getattr(record, self.key)
            if named == path.stem:
                records.append(record)
            else:
                problems.append(f"{path}: expected {self.what} {path.stem}, found that of {named}; skipped")
        return Lines(tuple(records), tuple(problems))

    def save(self, machine_folder: Path, record: _Record) -> Path:
        """Replace the record's file; return its path. Raises StorageError."""
        path = machine_folder / self.name / f"{getattr(record, self.key)}.json"
        write_atomically(path, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
        return path
