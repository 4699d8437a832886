"""Days and ages, from times that the content brings: nothing here looks at the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def age_days(earlier: str, later: str) -> int | None:
    """Whole days between two ISO times in UTC; None where one of them is no time."""
    try:
        first, second = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (earlier, later))
        return (second.astimezone(UTC) - first.astimezone(UTC)).days
    except (ValueError, OverflowError):
        return None


def time_of(seconds: int) -> datetime | None:
    """The time of so many seconds since 1970; None for 0, which means that nobody knows.

    None too for what no calendar holds: git and asv store whatever they are told.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=1 << 14)
def day(seconds: int) -> str:
    """The day of so many seconds since 1970; empty where there is no such time."""
    time = time_of(seconds)
    return time.date().isoformat() if time is not None else ""
