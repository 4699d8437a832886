"""What in a result file may name a thing: names become folders, links and headings, so not every text will do."""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST_SHOWN = 60
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_UNSOUND = re.compile(r"[\x00-\x1f\x7f-\x9f/\\<>\u2028\u2029\ud800-\udfff]")


def is_sound_name(name: str) -> bool:
    """Whether `name` can name a benchmark, a machine or an environment: one line, no path, no markup; of any length."""
    return bool(name) and _UNSOUND.search(name) is None and ".." not in name


def is_commit(name: str) -> bool:
    """Whether `name` is (the start of) a commit's hash."""
    return _COMMIT.fullmatch(name) is not None


def is_text(text: str) -> bool:
    """Whether `text` can be written down again: JSON may hold halves of characters, which UTF-8 has no form for."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def path_text(path: str | Path) -> str:
    """A path for a message: what of its name cannot be printed is escaped."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def shown(value: object) -> str:
    """Anything found in a file as one short piece of ASCII for a message."""
    text = ascii(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
