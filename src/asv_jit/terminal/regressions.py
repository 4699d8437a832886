"""What `asv-jit regressions` found: a table of open regressions with the commands that bisect them, then the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from rich.table import Table
from rich.text import Text

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import History
from asv_jit.model import version_of
from asv_jit.terminal.console import WIDE, console, say
from asv_jit.text import units
from asv_jit.text.case_names import case_text
from asv_jit.text.event_words import bisect_command, cause_words, change_words, levels_words, metric_words, others_words
from asv_jit.text.units import day

_FEW = 10
_ASV = "asv"


class Shown(Struct, frozen=True):
    """The events to print, the history they come from, and what could not be read; `everything` lists closed ones, too.

    `uncounted`: a sentence for each kind of change that asv's own settings leave out. `ours`: the machines whose
    regressions somebody here can do something about; those of others are history.
    """

    history: History
    events: tuple[Event, ...]
    problems: tuple[str, ...]
    everything: bool = False
    uncounted: tuple[str, ...] = ()
    ours: frozenset[str] = frozenset()

    @property
    def open(self) -> tuple[Event, ...]:
        """The regressions that somebody here should do something about."""
        return tuple(event for event in self.events if event.is_open and event.key.machine in self.ours)

    @property
    def elsewhere(self) -> tuple[Event, ...]:
        """The open regressions of other machines."""
        return tuple(event for event in self.events if event.is_open and event.key.machine not in self.ours)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Results that are in no series, and changes that do not count."""
        return (*self.history.left_out, *self.uncounted)

    @property
    def between_lines(self) -> tuple[Event, ...]:
        """Differences between two minor versions of Python; those that are worse with the later one come first."""
        return tuple(sorted((event for event in self.events if event.between_lines), key=lambda event: not event.worse))


def print_regressions(shown: Shown) -> None:
    """Print open regressions, what to do about them, improvements, and the rest: counted, or all with `everything`."""
    screen = console()
    within = [event for event in shown.events if not event.between_lines]
    say(f"{units.count(len(shown.open), 'open regression')}{_where(shown)}", "bold")
    if shown.open:
        screen.print(_table(shown, shown.open, narrow=screen.width < WIDE))
        _print_commands(shown.open, everything=shown.everything)
    others = sorted({event.key.machine for event in shown.elsewhere})
    whose = "a machine" if len(others) == 1 else "machines"
    where = f" of {whose} that asv-jit does not measure ({', '.join(map(units.visible, others))})"
    _print_section(shown, "regression", shown.elsewhere, _FEW, where)
    if others:
        say("not counted: this is history; `--machine NAME` counts those of one machine")
    _print_section(shown, "improvement", [event for event in within if not event.worse], _FEW)
    closed = [event for event in within if event.worse and not event.is_open]
    _print_section(shown, "closed regression", closed, 0)
    _print_section(shown, "difference", shown.between_lines, _FEW, " between minor versions of Python")
    if shown.between_lines:
        say("not counted as regressions: each minor version has its own history")
    for text in shown.history.notes:
        say(f"note: {text}")
    for text in shown.left_out:
        say(f"left out: {text}")


def _print_section(shown: Shown, name: str, found: Sequence[Event], few: int, where: str = "") -> None:
    """Print a heading, a table of the first `few` (with `everything` of all), and how many more there are."""
    told = found if shown.everything else found[:few]
    if told:
        say(f"\n{units.count(len(found), name)}{where}", "bold")
        console().print(_table(shown, told, narrow=console().width < WIDE))
    if len(told) < len(found):
        more = " more" if told else ""
        say(f"{units.count(len(found) - len(told), name)}{more}: --all shows them")


def regressions_json(shown: Shown) -> dict[str, Any]:
    """Return each chosen event with its figures, whether it is open, and the command that bisects it, for scripts."""
    dates = _dates(shown.history)
    units_of = shown.history.units
    events = [
        {
            **msgspec.to_builtins(event),
            "case": str(event.key.case),
            "unit": units_of.get(event.key, "seconds"),
            "open": event.is_open and event.key.machine in shown.ours,
            "between_lines": event.between_lines,
            "date": dates.get(event.commit),
            "bisect": bisect_command(event),
        }
        for event in shown.events
    ]
    return {
        "open": len(shown.open),
        "elsewhere": len(shown.elsewhere),
        "between_lines": len(shown.between_lines),
        "events": events,
        "ordered_by": shown.history.ordered_by,
        "left_out": shown.left_out,
        "notes": shown.history.notes,
        "problems": shown.problems,
    }


def _where(shown: Shown) -> str:
    machines = sorted({key.machine for key in shown.history.units if key.machine in shown.ours})
    if shown.history.units and not machines:
        return " on a machine that asv-jit measures"
    named = f" on {machines[0]}" if len(machines) == 1 else f" on {len(machines)} machines"
    series = sum(key.machine in shown.ours for key in shown.history.units)
    return f" in {series:,} series{named}" if machines else ": nothing was measured yet"


def _table(shown: Shown, events: Sequence[Event], *, narrow: bool) -> Table:
    """Return a table with a row per event; a narrow terminal gets fewer columns."""
    dates = _dates(shown.history)
    units_of = shown.history.units
    several = len({key.machine for key in units_of}) > 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("case", overflow="fold", ratio=1)
    if not narrow:
        table.add_column("measured by", overflow="fold", max_width=30)
    table.add_column("change", overflow="fold")
    if not narrow:
        table.add_column("before → after (95%)", overflow="fold")
    table.add_column("since", overflow="fold")
    table.add_column("cause, state", overflow="fold")
    for event in events:
        row = [event.identity, units.visible(case_text(event.key.case)) + others_words(event)]
        unit = units_of.get(event.key, "seconds")
        if not narrow:
            row.append(units.visible(_measured_by(event, several=several)))
        row.append("\n".join(_changes(event, unit)))
        if not narrow:
            row.append("\n→ ".join(levels_words(event.headline, unit)))
        row += [_since(event, dates), f"{cause_words(event)}\n{event.state}"]
        table.add_row(*(Text(units.visible(cell)) for cell in row))
    return table


def _measured_by(event: Event, *, several: bool) -> str:
    return f"{event.key.line}\n{event.key.machine}" if several else event.key.line


def _changes(event: Event, unit: str) -> list[str]:
    """Return a line per metric, such as `JIT on: 12% slower`; memory benchmarks name the process's peak memory."""
    lines = []
    for change in event.metrics:
        words = change_words(change, unit)
        name = "" if change.metric == "speedup" else metric_words(change.metric)
        name = name if unit == "bytes" else name.replace("peak memory, ", "")
        lines.append(f"{name}: {words}" if name else words)
    return lines


def _since(event: Event, dates: Mapping[str, str]) -> str:
    if event.axis == "pythons":
        return f"{version_of(event.before)} → {version_of(event.after)}"
    if event.moved:
        return f"measured\n{day(event.measured_s)}"
    among = f"\n1 of {len(event.suspects)}" if len(event.suspects) > 1 else ""
    return f"{event.commit[:8]}\n{dates.get(event.commit, '')}{among}"


def _print_commands(events: Sequence[Event], *, everything: bool) -> None:
    """Print the command that searches each event's culprit; asv-jit cannot repeat what asv measured by itself."""
    found = [event for event in events if event.key.protocol != _ASV and event.bisection is None]
    commands = [command for command in map(bisect_command, found) if command]
    shown = commands if everything else commands[:_FEW]
    if shown:
        say("\nto find the culprit:")
    for command in shown:
        say(f"  {command}")
    if len(shown) < len(commands):
        say(f"  and {len(commands) - len(shown)} more: --all or --json shows them")
    if any(event.is_unsettled for event in found):
        say("to confirm candidates with new measurements: asv-jit regressions --confirm")
    say('to accept one: asv-jit accept ID --why "…"')


def _dates(history: History) -> dict[str, str]:
    return {commit: day(int(seconds)) for commit, seconds in zip(history.commits, history.dates, strict=True)}
