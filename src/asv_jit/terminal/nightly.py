"""Prints what a night did, or would do."""

from __future__ import annotations

from asv_jit.terminal.console import say
from asv_jit.workflows.nights.night import Night
from asv_jit.workflows.nights.report import event_line, headline, plan_lines, summary_lines


def print_night(night: Night) -> None:
    """Print the headline, what was done, what is open, and what went wrong."""
    say(headline(night), "bold red" if night.fresh else "bold")
    for line in summary_lines(night):
        say(f"  {line}")
    for event in night.fresh:
        say(f"NEW  {event_line(event)}", "red")
    for event in night.open_events:
        if event not in night.fresh:
            say(f"open {event_line(event)}", "yellow")
    _print_remarks(night)


def print_plan(night: Night) -> None:
    """Print the steps with their reasons, and what there is no time for."""
    for plan in night.plans:
        for line in plan_lines(plan):
            say(line)
    _print_remarks(night)


def _print_remarks(night: Night) -> None:
    for note in night.notes:
        say(f"note: {note}")
    for problem in night.problems:
        say(f"problem: {problem}", "yellow")
