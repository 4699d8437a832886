"""Progress that workflows report; the terminal shows it as bars or lines."""

from __future__ import annotations

from typing import Protocol, TypeAlias

Left: TypeAlias = tuple[float, float] | None
"""Least and most seconds left; None if unknown."""


class Reporter(Protocol):
    """Receives progress. Its methods never raise."""

    def stage(self, text: str) -> None:
        """Say that a new step begins."""

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        """Say that `done` of about `total` trials have run, `text` is next, and `left_s` remain."""

    def warn(self, text: str) -> None:
        """Warn the user; the work goes on."""


class Silent:
    """Ignores all progress, interim results and views of a bisection."""

    def stage(self, text: str) -> None:
        """Say nothing."""

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        """Say nothing."""

    def warn(self, text: str) -> None:
        """Say nothing."""

    def results(self, table: object) -> None:
        """Show nothing."""

    def view(self, view: object) -> None:
        """Show nothing."""
