"""What `asv-jit try --count` found, one paragraph an interpreter: the totals, where they go, the heaviest functions."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from asv_jit.model import FunctionCount, Split
from asv_jit.terminal.console import console, say
from asv_jit.text import units
from asv_jit.trials.counted_program import ProgramCount
from asv_jit.workflows.trying.counting_program import CountedOn, CountReport

_FUNCTIONS = 6
_PARTS = {
    "loop": "interpreter's loop",
    "jit": "code made by the JIT",
    "interpreter": "C code of the interpreter",
    "extensions": "extension modules",
    "libc": "libc",
    "other": "rest",
}


def print_try_counts(report: CountReport) -> None:
    """The program, each interpreter's counts, and what they do not say."""
    screen = console()
    counter = " ".join(report.counter.partition("+")[0].split()[:2])
    say(screen, f"{report.program}, the whole program once in each mode, instructions counted by {counter}", "bold")
    for result in report.results:
        say(screen, "")
        _print_result(screen, result)
    if report.interrupted:
        say(screen, "interrupted: " + ("this is what was counted" if report.results else "nothing was counted"))
    say(screen, "")
    for note in (*report.notes, *_notes(report)):
        say(screen, f"note: {note}")
    if any(result.off or result.on for result in report.results):
        say(
            screen,
            "Counts do not say whether the JIT makes it faster, as its instructions are not the interpreter's: "
            f"asv-jit try {report.program}",
        )


def _print_result(screen: Console, result: CountedOn) -> None:
    name = f"CPython {result.interpreter}"
    off, on = result.off, result.on
    if off is not None and on is not None:
        say(screen, f"{name}  {change(off.instructions, on.instructions)}", "bold")
    else:
        what = "only one mode was counted" if off or on else "not counted"
        say(screen, f"{name} ({result.executable}): {what}", "bold")
    for line in [*result.complaint.splitlines(), *result.remedy.splitlines()]:
        say(screen, f"  {line}")
    modes = [(mode, count) for mode, count in (("off", off), ("on", on)) if count is not None]
    if not modes:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("  instructions")
    for mode, _ in modes:
        table.add_column(f"JIT {mode}", justify="right")
        table.add_column("")
    table.add_row("  whole run", *(cell for _, count in modes for cell in (f"{count.instructions:,}", "")))
    for part, words in _PARTS.items():
        table.add_row(f"  {words}", *(cell for _, count in modes for cell in _share(count.split, part)))
    screen.print(table, markup=False, highlight=False)
    if on is not None:
        say(screen, f"  {compiled(on)}")
    for mode, count in modes:
        say(screen, f"  heaviest, JIT {mode}: {heaviest(count)}")


def change(off: int, on: int) -> str:
    """Both totals, exact, and what the JIT adds to or takes from the first."""
    return f"{off:,} instructions with the JIT off, {on:,} with it on ({on / off - 1:+.2%})"


def compiled(on: ProgramCount) -> str:
    """What compiling cost, as far as the names of functions tell. `split.jit` alone tells nothing: the kernel's code in
    no file is there, too."""
    if not on.compiling:
        return "no call of the JIT's compiler was seen: it compiled nothing, or this build lacks the function's name"
    share = on.compiling / on.instructions
    said = f"recording and compiling traces: {units.instructions(on.compiling)} ({share:.1%}), mostly C code above"
    if on.mostly_compiled is None or on.compiled is None:
        return said
    return f"{said}; 90% of it in the first {on.mostly_compiled:.0%} of the run, the last of it at {on.compiled:.0%}"


def heaviest(count: ProgramCount) -> str:
    """The heaviest functions with their shares; an address stands for a function without a name in the binary."""
    return "; ".join(
        f"{_named(one)} {one.instructions / count.instructions:.1%}" for one in count.functions[:_FUNCTIONS]
    )


def _named(function: FunctionCount) -> str:
    return f"JIT code at {function.name}" if function.part == "jit" else function.name


def _share(split: Split, part: str) -> tuple[str, str]:
    value: int = getattr(split, part)
    return (units.instructions(value), f"{value / split.total:.1%}") if value else (units.DASH, "")


def _notes(report: CountReport) -> list[str]:
    counts = [count for result in report.results for count in (result.off, result.on) if count is not None]
    if any(count.forks for count in counts):
        return ["the program forks: only its first process is counted"]
    return []
