"""The table of counted instructions: steady counts of both modes, and where they go."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from asv_jit.analysis.counts.summary import CaseCount, ModeCount
from asv_jit.model import build_of, version_of
from asv_jit.terminal.console import console, say
from asv_jit.text import units

_HEADINGS = ("off", "loop", "C", "libs", "on", "JIT", "loop", "C", "libs", "pays after")


def print_counts(counts: Sequence[CaseCount]) -> None:
    """A line for each case and interpreter, then what is wrong with any of them."""
    screen = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("case", overflow="fold")
    table.add_column("CPython")
    several = len({one.key.commit for one in counts}) > 1
    if several:
        table.add_column("commit", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    order = sorted(counts, key=lambda one: (str(one.key.case), one.key.interpreter))
    for one in (one for one in order if one.off or one.on):
        calls = one.break_even_calls
        pays = "" if one.on is None else "never" if calls is None else units.count(calls, "call")
        names = [str(one.key.case), version_of(build_of(one.key.interpreter, one.key.requirements))]
        table.add_row(
            *names, *([one.key.commit[:8]] if several else []), *_shares(one.off), *_shares(one.on, jit=True), pays
        )
    screen.print(table)
    say(
        screen,
        "off, on: instructions per call in steady state, and of them in the interpreter's loop, in code made by the "
        "JIT, in the interpreter's C code, in libraries.",
    )
    say(
        screen,
        "Only times say whether the JIT helps: its instructions and the interpreter's take different times.",
    )
    for one in order:
        if one.problem:
            where = f"{one.key.interpreter} at {one.key.commit[:8]}" if several else one.key.interpreter
            say(screen, f"{one.key.case} on {where}: {one.problem}")


def _shares(count: ModeCount | None, *, jit: bool = False) -> tuple[str, ...]:
    """Instructions per call and the shares of the parts; `jit`: that of the JIT's code before the others."""
    if count is None:
        return ("–", *("" for _ in range(4 if jit else 3)))
    split = count.split
    libraries = split.extensions + split.libc + split.other
    parts = (*((split.jit,) if jit else ()), split.loop, split.interpreter, libraries)
    return (units.exact(count.per_call), *(f"{part / split.total:.1%}" for part in parts))
