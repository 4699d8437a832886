"""Prints what a night did, or would do."""

from __future__ import annotations

from asv_jit.terminal.console import console, say
from asv_jit.workflows.nights.night import Night
from asv_jit.workflows.nights.report import event_line, headline, plan_lines, summary_lines


def print_night(night: Night) -> None:
    """Print the headline, what was done, what is open, and what went wrong."""
    screen = console()
    say(screen, headline(night), "bold red" if night.fresh else "bold")
    for line in summary_lines(night):
        say(screen, f"  {line}")
    for event in night.fresh:
        say(screen, f"NEW  {event_line(event)}", "red")
    for event in night.open_events:
        if event not in night.fresh:
            say(screen, f"open {event_line(event)}", "yellow")
    _print_remarks(night)


def print_plan(night: Night) -> None:
    """Print the steps with their reasons, and what there is no time for."""
    screen = console()
    for plan in night.plans:
        for line in plan_lines(plan):
            say(screen, line)
    _print_remarks(night)


def _print_remarks(night: Night) -> None:
    screen = console()
    for note in night.notes:
        say(screen, f"note: {note}")
    for problem in night.problems:
        say(screen, f"problem: {problem}", "yellow")
