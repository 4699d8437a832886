"""One line of the acceptance table: a figure of merit, its bar, what came out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured against which bar; `interval` is that of `result`, as text, or empty."""

    figure: str
    what: str
    bar: str
    result: str
    interval: str
    passed: bool
