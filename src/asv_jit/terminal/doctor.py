"""What `asv-jit doctor` found."""

from __future__ import annotations

from asv_jit.terminal.console import console, say
from asv_jit.workflows.doctor import Diagnosis

__all__ = ["print_diagnosis"]

_STATES = {"good": "good   ", "bad": "BAD    ", "unknown": "unknown"}
_STATE_STYLES = {"good": "green", "bad": "red", "unknown": "yellow"}


def print_diagnosis(report: Diagnosis) -> None:
    """What spoils measurements here with the remedies, then what was measured."""
    screen = console()
    for check in sorted(report.checks, key=lambda check: ("bad", "unknown", "good").index(check.state)):
        say(screen, f"{_STATES[check.state]}  {check.name}: {check.found}", _STATE_STYLES[check.state])
        if check.remedy:
            say(screen, f"      remedy: {check.remedy}")
    if report.noise is not None:
        noise = report.noise.pair_noise
        say(
            screen,
            f"pair noise of this machine: {noise.value:.2%} ({noise.low:.2%} to {noise.high:.2%}, 95%) "
            f"over {noise.pairs} pairs, {report.noise.disturbed} of them disturbed",
        )
        for needed in report.noise.needed:
            pairs = f"{needed.pairs} pairs" if needed.pairs else "more pairs than are practical"
            say(screen, f"  a change of {needed.change:.0%} is seen (9 times in 10) with {pairs}")
    if report.same_code is not None:
        runs = report.same_code
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(runs.verdicts.items()))
        say(
            screen,
            f"A/A: {len(runs.runs)} comparisons of a program with itself: {verdicts}; {runs.alarms} false alarms "
            f"({runs.low:.1%} to {runs.high:.1%}, 95%), {runs.pairs} pairs, pair noise {runs.pair_noise:.2%}",
        )
