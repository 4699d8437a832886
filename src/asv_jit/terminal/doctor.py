"""What `asv-jit doctor` found."""

from __future__ import annotations

from asv_jit.terminal.console import console, say
from asv_jit.text import units
from asv_jit.workflows.setup.doctor import Diagnosis
from asv_jit.workflows.setup.same_code import AaRuns

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
    if report.kept_in is not None:
        say(screen, f"  kept in {report.kept_in}; the site's page of machines shows it")
    if report.same_code is not None:
        _print_same_code(report.same_code)


def _print_same_code(runs: AaRuns) -> None:
    screen, rates = console(), runs.rates
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(rates.verdicts.items()))
    earlier = f", {runs.kept} of them earlier" if runs.kept else ""
    say(
        screen,
        f"A/A: {units.count(rates.runs, 'whole run')} of a suite against itself{earlier}: {rates.alerted} with a false "
        f"alert ({rates.low:.1%} to {rates.high:.1%}, 95%); comparisons: {verdicts}; {rates.pairs:,} pairs, "
        f"pair noise {rates.pair_noise:.2%}, {runs.disturbed} pairs disturbed",
    )
    say(
        screen,
        f"     the same pairs with their arms exchanged at random: {rates.resampled_alerted} of {rates.resampled:,} "
        f"runs with a false alert ({rates.resampled_alerted / rates.resampled:.2%}); the bar is 1%",
    )
    say(screen, f"     kept in {runs.kept_in}")
