"""Shows a bisection: the posterior as a picture while it runs, then the result."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.metrics import METRICS
from asv_jit.store.findings.bisections import Bisection, Result
from asv_jit.store.findings.confirmations import Effects
from asv_jit.terminal.console import say
from asv_jit.text import comparison_words, units
from asv_jit.text.event_words import form_of
from asv_jit.workflows.bisection.search import View, Watcher
from asv_jit.workflows.measuring.reporter import Left, Silent

_BLOCKS = " ▁▂▃▄▅▆▇█"
_WIDEST = 72


@contextmanager
def watching(*, quiet: bool) -> Iterator[Watcher]:
    """Yield a watcher: it draws a picture on a terminal, prints lines elsewhere, and nothing if `quiet`."""
    if quiet:
        yield Silent()
    elif sys.stdout.isatty():
        screen = Console()
        with Live(console=screen, auto_refresh=False, transient=True) as live:
            yield _Picture(screen, live)
    else:
        yield _Lines()


def bars(masses: Sequence[float], width: int) -> str:
    """Draw probabilities of points as bars of at most `width` columns; a column adds up neighbouring points.

    The highest bar fills its line; any value from 0.0001 on is at least a thin bar.
    """
    columns = max(1, min(width, len(masses)))
    sums = [0.0] * columns
    for place, mass in enumerate(masses):
        sums[place * columns // len(masses)] += mass
    top = max(sums, default=0.0)
    if top <= 0.0:
        return " " * columns
    return "".join(_BLOCKS[0 if value < 1e-4 else max(1, round(value / top * 8))] for value in sums)


def print_bisection(bisection: Bisection) -> None:
    """Print the outcome and what is known of the culprit."""
    result = bisection.result
    assert result is not None
    {
        "found": _print_found,
        "not_reproducible": _print_not_reproducible,
        "undecided": _print_undecided,
        "unbuildable": _print_unbuildable,
    }[result.outcome](bisection, result)
    for skipped in result.skipped:
        reason = units.reason_line(skipped.reason)
        if reason not in result.reason:
            say(f"skipped: {skipped.point[:14]}: {reason}")
    spent = f"{units.count(result.measurements, 'measurement')} at {units.count(result.builds, 'point')}"
    say(f"{spent}; stored as bisection {bisection.identity}")


class _Lines:
    """Prints a line per measurement, for logs."""

    def stage(self, text: str) -> None:
        self._say(text)

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        if done % 5 == 0:
            self._say(_progress_words(text, done, total, left_s))

    def warn(self, text: str) -> None:
        print(f"warning: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the output of a command

    def view(self, view: View) -> None:
        self._say(_line(view))

    def _say(self, text: str) -> None:
        print(text, flush=True)  # noqa: T201 - as above


class _Picture:
    """The posterior over the points as bars, below them which points were measured, then the last measurement."""

    def __init__(self, screen: Console, live: Live) -> None:
        self._screen = screen
        self._live = live
        self._picture = Text("")
        self._doing = Text("starting")

    def stage(self, text: str) -> None:
        self._show(doing=text)

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        self._show(doing=_progress_words(text, done, total, left_s))

    def warn(self, text: str) -> None:
        self._live.console.print(f"warning: {text}", markup=False, highlight=False)

    def view(self, view: View) -> None:
        width = max(1, min(_WIDEST, self._screen.width - 2))
        lines = [_line(view)]
        if view.posterior:
            lines = [bars(view.posterior, width), _marks(view, width), *lines]
        self._picture = Text("\n".join(lines), overflow="ellipsis")
        self._show(doing="measuring")

    def _show(self, doing: str) -> None:
        self._doing = Text(doing, overflow="ellipsis", no_wrap=True)
        self._live.update(Group(self._picture, self._doing), refresh=True)


def _progress_words(text: str, done: int, total: int, left_s: Left) -> str:
    if left_s is not None:  # counted trials: their number is known
        return f"{text}: {done} of {total}"
    blocks = f"{done} of at least {total} blocks" if done < total else units.count(done, "block")
    return f"{blocks} ({text})"


def _marks(view: View, width: int) -> str:
    """Return a mark for each column of the bars: `|` an end, `·` measured, `x` skipped."""
    columns = max(1, min(width, len(view.points)))
    marks = [" "] * columns
    for place, count in enumerate(view.measured):
        column = place * columns // len(view.points)
        if count and marks[column] == " ":
            marks[column] = "·"
    for place in view.skipped:
        marks[place * columns // len(view.points)] = "x"
    marks[0] = marks[-1] = "|"
    return "".join(marks)


def _line(view: View) -> str:
    point = f"{view.points[view.last][:14]} ({view.last + 1} of {len(view.points)})"
    got = "cannot be measured" if view.value is None else f"{comparison_words.percent(view.value)} of the good end"
    spent = f"{units.count(view.measurements, 'measurement')}, {units.count(view.builds, 'point')}"
    if not view.posterior:
        return f"{point}: {got}; reproducing the difference, {spent}"
    possible = [mass for mass in view.posterior if mass > 0.0]
    if min(possible) == max(possible):
        return f"{point}: {got}; {spent}; {len(possible)} left"
    best = max(range(len(view.posterior)), key=view.posterior.__getitem__)
    return f"{point}: {got}; {spent}; likeliest {view.points[best][:14]} {view.posterior[best]:.0%}"


def _print_found(bisection: Bisection, result: Result) -> None:
    what = "commit" if bisection.axis == "commits" else "release"
    name = result.culprit or ""
    sure = "" if bisection.counted else f" (probability {result.probability:.1%})"
    say(f"the first bad {what} is {name}{sure}", "bold")
    if result.author or result.subject:
        say(f"  author:  {units.visible(result.author)}")
        say(f"  subject: {units.visible(result.subject)}")
    say(f"  before:  {result.parent}")
    _print_figures(result)
    if result.diff_stat:
        say(units.visible(result.diff_stat))
    if result.traces:
        say("functions whose compiled traces changed:")
        for change in result.traces:
            say(f"  {comparison_words.trace_words(change)}")


def _print_figures(result: Result) -> None:
    for effect in result.effects:
        say(f"  {METRICS[effect.metric].phrase}: {_effect(effect)}")
        if effect.moved:
            say(f"    per call: {comparison_words.moved_words(effect.moved)}")
    moved = Attribution(result.cause, result.cause_probability, result.moved)  # type: ignore[arg-type]  # as stored
    say(f"  what moved: {comparison_words.attribution_words(moved)}")
    if result.confirmation:
        by = f" by {units.count(result.blocks, 'fresh block')}" if result.blocks else ""
        say(f"  {result.confirmation}{by}: {result.reason}")


def _effect(effect: Effects) -> str:
    if effect.metric.startswith("instructions"):
        return f"{effect.before:,.0f} → {effect.after:,.0f} ({effect.ratio - 1.0:+.2%}): {effect.verdict}"
    show, bounds = form_of(effect.metric, "seconds"), comparison_words.percents(effect.low, effect.high)
    ratio = comparison_words.percent(effect.ratio)
    return f"{show(effect.before)} to {show(effect.after)}, {ratio} ({bounds}) {effect.verdict}"


def _print_not_reproducible(bisection: Bisection, result: Result) -> None:
    say("not reproducible: the good and the bad end do not differ on this machine", "bold yellow")
    if result.reason:
        say(f"  {result.reason}")
    say(f"  the ends: {bisection.good[:14]} and {bisection.bad[:14]}, metric {bisection.metric}")


def _print_undecided(bisection: Bisection, result: Result) -> None:
    if bisection.counted:
        say(f"undecided: {result.reason or 'what lies between these cannot be counted'}", "bold yellow")
        _print_figures(result)
        say("the change is among these:")
    elif result.confirmation == "refuted":
        say(f"undecided: fresh blocks of {result.parent} and the suspect refute it: {result.reason}", "yellow")
        _print_figures(result)
        say(f"the search itself had blamed with probability {result.probability:.1%}:")
    else:
        say("undecided: the measurements do not tell these apart", "bold yellow")
        say(f"one of these is to blame with probability {result.probability:.1%}:")
    for candidate in result.candidates:
        say(f"  {candidate}")


def _print_unbuildable(bisection: Bisection, result: Result) -> None:
    say(f"not searched: {result.reason}", "bold red")
