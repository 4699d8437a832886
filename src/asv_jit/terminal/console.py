"""The console, and marks for verdicts."""

from __future__ import annotations

import sys

from rich.console import Console

MARKS = {"faster": "▲ faster", "slower": "▼ slower", "same": "= same", "unclear": "? unclear", "none": "no JIT"}
STYLES = {"faster": "green", "slower": "red", "unclear": "yellow", "failed": "red"}
WIDE = 140  # columns that a whole table needs; the width of output to a file or pipe


def console() -> Console:
    """Return a console for the terminal; a wide one without colours if stdout is not a terminal."""
    if sys.stdout.isatty():
        return Console()
    return Console(width=WIDE, no_color=True)


def say(text: str, style: str | None = None) -> None:
    """Print a line verbatim: texts of benchmarks are not markup, and lines are not wrapped."""
    console().print(text, style=style, markup=False, highlight=False, soft_wrap=True)
