"""Output of `asv-jit run`: suspected JIT bugs, the table, and why cases are unclear or were not measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.console import Console
from rich.table import Table

from asv_jit.analysis.cells.summary import CaseSummary, SuiteSummary
from asv_jit.analysis.history.requirement_sets import series_names
from asv_jit.model import build_of, version_of
from asv_jit.site.parts import figures
from asv_jit.terminal.console import MARKS, STYLES, WIDE, console, say
from asv_jit.text import units
from asv_jit.text.unclear import unclear_lines
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


def print_run(outcome: Outcome, suites: Sequence[SuiteSummary], *, alpha: float) -> None:
    """Print suspected JIT bugs, the table, the means and the failures."""
    screen = console()
    for suite in suites:
        for case in suite.cases:
            _print_findings(screen, case)
    if suites:
        screen.print(cases_table(suites, alpha=alpha, narrow=screen.width < WIDE))
    for line in unclear_lines(
        (f"{case.key.case} on {name}", case.reason)
        for suite, name in zip(suites, _builds(suites), strict=True)
        for case in suite.cases
        if case.verdict == "unclear"
    ):
        say(screen, line)
    for suite, name in zip(suites, _builds(suites), strict=True):
        if suite.mean is not None:
            mean = suite.mean
            say(
                screen,
                f"{name}: geometric mean {units.ratio(mean.ratio)} "
                f"({units.ratio(mean.low)} to {units.ratio(mean.high)}, 95%) over {units.count(mean.cases, 'case')}",
            )
    if outcome.measured == 0 and outcome.present:
        say(screen, f"nothing to measure: all {outcome.present} cells were measured before")
    elif outcome.trials or not outcome.counts:
        say(screen, f"measured {units.count(outcome.measured, 'cell')} in {units.count(outcome.trials, 'trial')}")
    for key, reason in sorted(outcome.failed.items(), key=str):
        say(screen, f"not measured: {key.case} on {key.interpreter}: {reason}")


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
        f"{units.ratio(speed.low)}–{units.ratio(speed.high)}" if speed and case.pairs > 1 else "",
        f"[{style}]{verdict}[/]",
        str(case.pairs or ""),
        units.size(case.memory.off_bytes) if case.memory else units.size(case.peak_off_bytes),
        units.signed_size(case.memory.difference_bytes) if case.memory else "",
    )


def _print_findings(screen: Console, case: CaseSummary) -> None:
    what = f"SUSPECTED JIT BUG: {case.key.case} on {case.key.interpreter}"
    again = f"to see it again: {figures.again(case)}"
    if case.answers is not None and case.answers.answers == "digest differs":
        seeds = ", ".join(map(str, case.answers.hash_seeds))
        say(screen, f"{what} gives a different answer with the JIT on (PYTHONHASHSEED {seeds}); {again}", "bold red")
    if case.only_on is not None:
        endings = " or ".join(case.only_on.endings)
        say(screen, f"{what} ends with {endings} with the JIT on only; {again}", "bold red")
