"""What in a result file may name a thing: names become folders, links and headings, so not every text will do."""

from __future__ import annotations

import re

__all__ = ["LONGEST_NAME", "is_commit", "is_sound_name", "shown"]

LONGEST_NAME = 500
_LONGEST_SHOWN = 60
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_UNSOUND = re.compile(r"[\x00-\x1f\x7f-\x9f/\\<>\u2028\u2029\ud800-\udfff]")


def is_sound_name(name: str) -> bool:
    """Whether `name` can be a benchmark's, a machine's or an environment's: one line, no path, no markup."""
    return 0 < len(name) <= LONGEST_NAME and _UNSOUND.search(name) is None and ".." not in name


def is_commit(name: str) -> bool:
    """Whether `name` is (the start of) a commit's hash."""
    return _COMMIT.fullmatch(name) is not None


def shown(value: object) -> str:
    """Anything found in a file as one short piece of ASCII for a message."""
    text = ascii(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
