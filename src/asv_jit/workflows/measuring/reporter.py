"""What a workflow tells whoever watches it: the command line shows it as bars or as lines, tests ignore it."""

from __future__ import annotations

from typing import Protocol, TypeAlias

Left: TypeAlias = tuple[float, float] | None
"""Between how many seconds a work still takes; None: not known."""


class Reporter(Protocol):
    """Receives progress; none of its methods may fail."""

    def stage(self, text: str) -> None:
        """A new step begins."""

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        """`done` of about `total` trials have run, `text` is next, `left_s` remain."""

    def warn(self, text: str) -> None:
        """Something that the user should know, and that does not stop the work."""


class Silent:
    """Says nothing."""

    def stage(self, text: str) -> None:
        """Say nothing."""

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        """Say nothing."""

    def warn(self, text: str) -> None:
        """Say nothing."""
