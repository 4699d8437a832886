"""The table of `asv-jit pythons`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from asv_jit.interpreters.identity import Interpreter
from asv_jit.terminal.console import console


def print_interpreters(interpreters: Sequence[Interpreter]) -> None:
    """One line per interpreter."""
    table = Table(box=None, pad_edge=False)
    for heading in ("interpreter", "JIT", "line", "path"):
        table.add_column(heading, overflow="fold")
    for one in interpreters:
        jit = one.jit + (" (debug build)" if one.debug else "")
        table.add_row(one.identity, jit, one.line, str(one.executable))
    console().print(table)
