"""asv writes its files in place; here each is written elsewhere first, and then replaces the old one whole."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from asv_jit.store.files import storage_errors, write_atomically


def save_whole(folder: Path, save: Callable[[str], object]) -> None:
    """Let `save`, a method of asv's, write below a temporary folder, and put what it wrote below `folder`.

    Raises StorageError.
    """
    with storage_errors(folder), tempfile.TemporaryDirectory(prefix="asv-jit-") as beside:
        save(beside)
        for path in sorted(Path(beside).rglob("*")):
            if path.is_file():
                write_atomically(folder / path.relative_to(beside), path.read_bytes())
