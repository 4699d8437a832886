"""Output of `asv-jit run`: suspected JIT bugs, the table, why cases are unclear or were not measured; counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.table import Table

from asv_jit.analysis.cells.summary import CaseSummary, SuiteSummary
from asv_jit.analysis.counts.summary import CaseCount, ModeCount
from asv_jit.analysis.history.requirement_sets import series_names
from asv_jit.model import build_of, version_of
from asv_jit.site.parts import figures
from asv_jit.terminal.console import MARKS, STYLES, WIDE, console, say
from asv_jit.text import units
from asv_jit.text.comparison_words import unclear_lines
from asv_jit.workflows.run import Outcome

# Heading, alignment, and whether only wide terminals show it.
_COLUMNS: tuple[tuple[str, Literal["left", "right"], bool], ...] = (
    ("CPython", "left", False),
    ("off", "right", False),
    ("on", "right", False),
    ("speedup", "right", False),
    ("{level} interval", "right", True),
    ("verdict", "left", False),
    ("pairs", "right", True),
    ("peak memory", "right", True),
    ("JIT adds", "right", True),
)
_COUNTED = ("off", "loop", "C", "libs", "on", "JIT", "loop", "C", "libs", "pays after")


def print_run(outcome: Outcome, *, alpha: float) -> None:
    """Print suspected JIT bugs, the table, the means and the failures."""
    screen = console()
    suites, builds = outcome.suites, _builds(outcome.suites)
    for suite in suites:
        for case in suite.cases:
            _print_findings(case)
    if suites:
        screen.print(cases_table(suites, alpha=alpha, narrow=screen.width < WIDE))
    for line in unclear_lines(
        (f"{case.key.case} on {name}", case.reason)
        for suite, name in zip(suites, builds, strict=True)
        for case in suite.cases
        if case.verdict == "unclear"
    ):
        say(line)
    for suite, name in zip(suites, builds, strict=True):
        if suite.mean is not None:
            mean = suite.mean
            say(
                f"{name}: geometric mean {units.ratio(mean.ratio)} "
                f"({units.ratio(mean.low)} to {units.ratio(mean.high)}, 95%) over {units.count(mean.cases, 'case')}"
            )
    tally = outcome.tally
    if tally.measured == 0 and tally.present:
        failed = min(len(tally.failed), tally.present)
        tried = f", and {units.count(failed, 'cell')} failed: --retry-failed measures again" if failed else ""
        say(f"nothing to measure: {units.count(tally.present - failed, 'cell')} measured before{tried}")
    elif tally.trials or not outcome.counts:
        say(f"measured {units.count(tally.measured, 'cell')} in {units.count(tally.trials, 'trial')}")
    for key, reason in sorted(tally.failed.items(), key=str):
        say(f"not measured: {key.case} on {key.interpreter}: {reason}")


def _builds(suites: Sequence[SuiteSummary]) -> list[str]:
    """Return each suite's interpreter, with its requirements if a commit was measured with several sets."""
    sets: dict[tuple[str, str], dict[str, list[int]]] = {}
    for suite in suites:
        sets.setdefault((suite.commit, suite.interpreter), {})[suite.requirements] = [0]
    names = {place: series_names(found) for place, found in sets.items()}
    return [build_of(one.interpreter, names[one.commit, one.interpreter][one.requirements]) for one in suites]


def cases_table(suites: Sequence[SuiteSummary], *, alpha: float, narrow: bool) -> Table:
    """Return the table of cases by name; a terminal below 140 columns gets the essential ones."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("case", overflow="fold")
    for heading, justify, wide_only in _COLUMNS:
        if not (narrow and wide_only):
            table.add_column(heading.format(level=units.level(alpha)), justify=justify, no_wrap=True)
    named = _builds(suites)
    rows = [(str(case.key.case), name, case) for suite, name in zip(suites, named, strict=True) for case in suite.cases]
    for name, interpreter, case in sorted(rows, key=lambda row: (row[0], row[1])):
        cells = (version_of(interpreter) if narrow else interpreter, *_figures(case))
        shown = [cell for cell, (_, _, wide_only) in zip(cells, _COLUMNS, strict=True) if not (narrow and wide_only)]
        table.add_row(name, *shown)
    return table


def _figures(case: CaseSummary) -> tuple[str, ...]:
    speed = case.speedup
    style = STYLES.get(case.verdict, "default")
    show = units.seconds if case.timed else units.number
    verdict = case.reason if case.verdict == "none" else MARKS.get(case.verdict, case.verdict)
    return (
        show(case.off.value) if case.off else "–",
        show(case.on.value) if case.on else "–",
        units.ratio(speed.ratio) if speed else "–",
        units.ratio_interval(speed.low, speed.high).removeprefix("no interval yet: ") if speed else "",
        f"[{style}]{verdict}[/]",
        str(case.pairs or ""),
        units.size(case.memory.off_bytes) if case.memory else units.size(case.peak_off_bytes),
        units.signed_size(case.memory.difference_bytes) if case.memory else "",
    )


def _print_findings(case: CaseSummary) -> None:
    what = f"SUSPECTED JIT BUG: {case.key.case} on {case.key.interpreter}"
    again = f"to see it again: {figures.again(case)}"
    if case.answers is not None and case.answers.answers == "digest differs":
        seeds = ", ".join(map(str, case.answers.hash_seeds))
        say(f"{what} gives a different answer with the JIT on (PYTHONHASHSEED {seeds}); {again}", "bold red")
    if case.only_on is not None:
        endings = " or ".join(case.only_on.endings)
        say(f"{what} ends with {endings} with the JIT on only; {again}", "bold red")


def print_counts(counts: Sequence[CaseCount]) -> None:
    """Print a row per case and interpreter, then the problems."""
    screen = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("case", overflow="fold")
    table.add_column("CPython")
    several = len({one.key.commit for one in counts}) > 1
    if several:
        table.add_column("commit", no_wrap=True)
    for heading in _COUNTED:
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
        "off, on: instructions per call in steady state, and of them in the interpreter's loop, in code made by the "
        "JIT, in the interpreter's C code, in libraries."
    )
    say("Only times say whether the JIT helps: its instructions and the interpreter's take different times.")
    for one in order:
        if one.problem:
            where = f"{one.key.interpreter} at {one.key.commit[:8]}" if several else one.key.interpreter
            say(f"{one.key.case} on {where}: {one.problem}")


def _shares(count: ModeCount | None, *, jit: bool = False) -> tuple[str, ...]:
    """Return the cells of one mode: instructions per call and the shares of its parts; `jit` adds the JIT's."""
    if count is None:
        return ("–", *("" for _ in range(4 if jit else 3)))
    split = count.split
    libraries = split.extensions + split.libc + split.other
    parts = (*((split.jit,) if jit else ()), split.loop, split.interpreter, libraries)
    return (units.exact(count.per_call), *(f"{part / split.total:.1%}" for part in parts))
