"""Dates and ages computed from recorded times; this module never reads the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def age_days(earlier: str, later: str) -> int | None:
    """Return the whole days between two ISO times in UTC; None if either is invalid."""
    try:
        first, second = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (earlier, later))
        return (second.astimezone(UTC) - first.astimezone(UTC)).days
    except (ValueError, OverflowError):
        return None


def time_of(seconds: int) -> datetime | None:
    """Return the UTC time `seconds` after 1970; None for 0, which means unknown.

    Also None for times out of the range of `datetime`: git and asv do not validate what they store.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=1 << 14)
def day(seconds: int) -> str:
    """Return the ISO date `seconds` after 1970; empty if the time is unknown or out of range."""
    time = time_of(seconds)
    return time.date().isoformat() if time is not None else ""
