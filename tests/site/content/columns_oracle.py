"""Reads a data file as the Data page says, one character at a time: the oracle of what the site writes."""

from __future__ import annotations

import json
from typing import Any


def read(content: bytes) -> dict[str, Any]:
    """The JSON in a data file."""
    text = content.decode("utf-8")
    found: dict[str, Any] = json.loads(text[text.index("(") + 1 : text.rindex(")")])
    return found


def steps(text: str, start: int, middle: int, *, running: bool) -> list[int | None]:
    """The numbers that a column's text stands for."""
    found: list[int | None] = []
    total, place = start, 0
    while place < len(text):
        if text[place] == " ":
            found.append(None)
        else:
            step = ord(text[place]) - middle
            if text[place] == "~":
                end = text.index(";", place)
                step, place = int(text[place + 1 : end]), end
            total = total + step if running else step
            found.append(total)
        place += 1
    return found


def values(column: dict[str, Any]) -> list[float | None]:
    """A column's values."""
    counts = steps(column["values"], column["zero"], 63, running=True)
    return [None if count is None else count * column["step"] for count in counts]


def bounds(column: dict[str, Any]) -> list[tuple[float, float] | None]:
    """A column's intervals."""
    counts = steps(column["values"], column["zero"], 63, running=True)
    below = steps(column["below"], 0, 35, running=False) if column.get("below") else [None] * len(counts)
    above = steps(column["above"], 0, 35, running=False) if column.get("above") else below
    found: list[tuple[float, float] | None] = []
    for count, low, high in zip(counts, below, above, strict=True):
        if count is None or low is None or high is None:
            found.append(None)
        else:
            found.append(((count - low) * column["step"], (count + high) * column["step"]))
    return found
