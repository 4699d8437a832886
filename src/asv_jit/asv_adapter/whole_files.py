"""Makes asv's writes atomic: asv writes to a temporary folder, and each file then replaces the old one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from asv_jit.store.files import storage_errors, write_atomically


def save_whole(folder: Path, save: Callable[[str], object]) -> None:
    """Let asv's method `save` write to a temporary folder, then move the files to `folder` atomically.

    Raises StorageError.
    """
    with storage_errors(folder), tempfile.TemporaryDirectory(prefix="asv-jit-") as beside:
        save(beside)
        for path in sorted(Path(beside).rglob("*")):
            if path.is_file():
                write_atomically(folder / path.relative_to(beside), path.read_bytes())
