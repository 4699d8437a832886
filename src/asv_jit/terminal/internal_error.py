"""What a user sees of a defect; without the libraries for tables, which every other ending may do without."""

from __future__ import annotations

import sys
import traceback


def print_internal_error() -> None:
    """A defect of the tool: the only traceback a user sees."""
    traceback.print_exc()
    print("error: this is a defect of asv-jit; please report it with the lines above", file=sys.stderr)  # noqa: T201
