"""What all printing shares: one console, lines that are neither markup nor wrapped, marks for verdicts."""

from __future__ import annotations

import sys

from rich.console import Console

MARKS = {"faster": "▲ faster", "slower": "▼ slower", "same": "= same", "unclear": "? unclear", "none": "no JIT"}
STYLES = {"faster": "green", "slower": "red", "unclear": "yellow", "failed": "red"}
WIDE = 140  # what a whole table needs; output that no terminal shows is that wide


def console() -> Console:
    """The terminal as it is; a wide one without colours where stdout is none."""
    if sys.stdout.isatty():
        return Console()
    return Console(width=WIDE, no_color=True)


def say(screen: Console, text: str, style: str | None = None) -> None:
    """A line as it is: what comes from benchmarks is neither markup nor wrapped."""
    screen.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
