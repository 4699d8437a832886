"""Ages, from times that the content brings: nothing here looks at the clock."""

from __future__ import annotations

from datetime import UTC, datetime


def age_days(earlier: str, later: str) -> int | None:
    """Whole days between two ISO times in UTC; None where one of them is no time."""
    try:
        first, second = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (earlier, later))
        return (second.astimezone(UTC) - first.astimezone(UTC)).days
    except (ValueError, OverflowError):
        return None
