"""Validates names in result files: names become folders, links and headings, so not every text is allowed."""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST_SHOWN = 60
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNSOUND = re.compile(r"[\x00-\x1f\x7f-\x9f/\\<>\u2028\u2029\ud800-\udfff]")


def is_sound_name(name: str) -> bool:
    """Return True if a benchmark, machine or environment may have this name: one line, no path, no markup."""
    return name not in ("", ".", "..") and _UNSOUND.search(name) is None


def is_commit(name: str) -> bool:
    """Return True if `name` is a commit's hash or the start of one."""
    return _COMMIT.fullmatch(name) is not None


def is_text(text: str) -> bool:
    """Return True if UTF-8 can encode `text`: JSON may hold lone surrogates."""
    return _SURROGATE.search(text) is None


def path_text(path: str | Path) -> str:
    """Format a path for a message, escaped if it is not printable."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def shown(value: object) -> str:
    """Format a value from a file for a message, as at most 60 characters of ASCII."""
    text = ascii(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
