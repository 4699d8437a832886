"""How results and progress look in a terminal: tables and bars, or plain lines where stdout is none."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from asv_jit.analysis.summary import CaseSummary, SuiteSummary
from asv_jit.interpreters.identity import Interpreter
from asv_jit.site import figures, units
from asv_jit.workflows.doctor import Diagnosis
from asv_jit.workflows.reporter import Reporter, Silent
from asv_jit.workflows.run import Outcome

__all__ = ["print_diagnosis", "print_internal_error", "print_interpreters", "print_run", "progress", "suite_json"]

_MARKS = {"faster": "▲ faster", "slower": "▼ slower", "same": "= same", "unclear": "? unclear", "none": "no JIT"}
_STYLES = {"faster": "green", "slower": "red", "unclear": "yellow", "failed": "red"}
_STATES = {"good": "good   ", "bad": "BAD    ", "unknown": "unknown"}
_STATE_STYLES = {"good": "green", "bad": "red", "unknown": "yellow"}
_WIDE = 140
# Heading, alignment, and whether a narrow terminal does without it.
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


@contextmanager
def progress(*, quiet: bool) -> Iterator[Reporter]:
    """A reporter for the length of a `with` block: bars on a terminal, lines elsewhere, nothing if `quiet`."""
    if quiet:
        yield Silent()
    elif sys.stdout.isatty():
        console = Console()
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        with Progress(*columns, TextColumn("{task.fields[left]}"), console=console, transient=True) as bars:
            yield _Bars(bars)
    else:
        yield _Lines()


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("starting", total=None, left="")

    def stage(self, text: str) -> None:
        self._bars.update(self._task, description=text, total=None, left="")

    def advance(self, text: str, done: int, total: int, left_s: float | None) -> None:
        left = "" if left_s is None else f"about {_duration(left_s)} left"
        self._bars.update(self._task, description=text, completed=done, total=total, left=left)

    def warn(self, text: str) -> None:
        self._bars.console.print(f"warning: {text}", markup=False)


class _Lines:
    """A line for each tenth of the way, so that a log stays readable."""

    def __init__(self) -> None:
        self._next = 0.0

    def stage(self, text: str) -> None:
        self._next = 0.0
        print(text, flush=True)  # noqa: T201 - the output of a command

    def advance(self, text: str, done: int, total: int, left_s: float | None) -> None:
        share = done / max(total, 1)
        if share < self._next:
            return
        self._next = share + 0.1
        left = "" if left_s is None else f", about {_duration(left_s)} left"
        print(f"measuring: {done} of about {total} trials{left} ({text})", flush=True)  # noqa: T201 - as above

    def warn(self, text: str) -> None:
        print(f"warning: {text}", file=sys.stderr, flush=True)  # noqa: T201 - as above


def print_run(outcome: Outcome, suites: Sequence[SuiteSummary], *, alpha: float) -> None:
    """The table of what a run found, the means, the failures, and what was not measured again."""
    console = _console()
    for suite in suites:
        for case in suite.cases:
            _print_findings(console, case)
    console.print(_cases_table(suites, alpha=alpha, narrow=console.width < _WIDE))
    for suite in suites:
        if suite.mean is not None:
            mean = suite.mean
            _say(
                console,
                f"{suite.interpreter}: geometric mean {units.ratio(mean.ratio)} "
                f"({units.ratio(mean.low)} to {units.ratio(mean.high)}, 95%) over {units.count(mean.cases, 'case')}",
            )
    if outcome.measured == 0 and outcome.present:
        _say(console, f"nothing to measure: all {outcome.present} cells were measured before")
    else:
        _say(console, f"measured {units.count(outcome.measured, 'cell')} in {units.count(outcome.trials, 'trial')}")
    for key, reason in sorted(outcome.failed.items(), key=str):
        _say(console, f"not measured: {key.case} on {key.interpreter}: {reason}")


def _say(console: Console, text: str, style: str | None = None) -> None:
    """A line as it is: what comes from benchmarks is neither markup nor wrapped."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def print_interpreters(interpreters: Sequence[Interpreter]) -> None:
    """One line per interpreter."""
    table = Table(box=None, pad_edge=False)
    for heading in ("interpreter", "JIT", "line", "path"):
        table.add_column(heading, overflow="fold")
    for one in interpreters:
        jit = one.jit + (" (debug build)" if one.debug else "")
        table.add_row(one.identity, jit, one.line, str(one.executable))
    _console().print(table)


def print_diagnosis(report: Diagnosis) -> None:
    """What spoils measurements here with the remedies, then what was measured."""
    console = _console()
    for check in sorted(report.checks, key=lambda check: ("bad", "unknown", "good").index(check.state)):
        _say(console, f"{_STATES[check.state]}  {check.name}: {check.found}", _STATE_STYLES[check.state])
        if check.remedy:
            _say(console, f"      remedy: {check.remedy}")
    if report.noise is not None:
        noise = report.noise.pair_noise
        _say(
            console,
            f"pair noise of this machine: {noise.value:.2%} ({noise.low:.2%} to {noise.high:.2%}, 95%) "
            f"over {noise.pairs} pairs, {report.noise.disturbed} of them disturbed",
        )
        for needed in report.noise.needed:
            pairs = f"{needed.pairs} pairs" if needed.pairs else "more pairs than are practical"
            _say(console, f"  a change of {needed.change:.0%} is seen (9 times in 10) with {pairs}")
    if report.same_code is not None:
        runs = report.same_code
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(runs.verdicts.items()))
        _say(
            console,
            f"A/A: {len(runs.runs)} comparisons of a program with itself: {verdicts}; {runs.alarms} false alarms "
            f"({runs.low:.1%} to {runs.high:.1%}, 95%), {runs.pairs} pairs, pair noise {runs.pair_noise:.2%}",
        )


def print_internal_error() -> None:
    """A defect of the tool: the only traceback a user sees."""
    traceback.print_exc()
    print("error: this is a defect of asv-jit; please report it with the lines above", file=sys.stderr)  # noqa: T201


def suite_json(suite: SuiteSummary) -> dict[str, Any]:
    """A suite for --json: every number that the table has, and those it has no room for."""
    value: dict[str, Any] = msgspec.to_builtins(suite)
    return value


def _cases_table(suites: Sequence[SuiteSummary], *, alpha: float, narrow: bool) -> Table:
    """All columns need 140 characters; a narrow terminal gets those that answer the question."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("case", overflow="fold")
    for heading, justify, wide_only in _COLUMNS:
        if not (narrow and wide_only):
            table.add_column(heading.format(level=units.level(alpha)), justify=justify, no_wrap=True)
    rows = [(str(case.key.case), suite.interpreter, case) for suite in suites for case in suite.cases]
    for name, interpreter, case in sorted(rows, key=lambda row: (row[0], row[1])):
        cells = (interpreter.partition("+")[0] if narrow else interpreter, *_figures(case))
        shown = [cell for cell, (_, _, wide_only) in zip(cells, _COLUMNS, strict=True) if not (narrow and wide_only)]
        table.add_row(name, *shown)
    return table


def _figures(case: CaseSummary) -> tuple[str, ...]:
    speed = case.speedup
    style = _STYLES.get(case.verdict, "default")
    show = units.seconds if case.timed else units.number
    verdict = _MARKS.get(case.verdict, case.verdict)
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


def _print_findings(console: Console, case: CaseSummary) -> None:
    what = f"SUSPECTED JIT BUG: {case.key.case} on {case.key.interpreter}"
    again = f"to see it again: {figures.again(case)}"
    if case.answers is not None and case.answers.answers == "digest differs":
        seeds = ", ".join(map(str, case.answers.hash_seeds))
        _say(console, f"{what} answers differently with the JIT on (PYTHONHASHSEED {seeds}); {again}", "bold red")
    if case.crash is not None:
        signals = ", ".join(case.crash.signals)
        _say(console, f"{what} crashes with the JIT on only ({signals}); {again}", "bold red")


def _console() -> Console:
    if sys.stdout.isatty():
        return Console()
    return Console(width=_WIDE, no_color=True)


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
