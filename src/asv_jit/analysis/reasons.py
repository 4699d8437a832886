"""The reasons of `unclear` verdicts: texts of the form `KIND: observation`, with the mode named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, get_args

from asv_jit.model import Mode, Trial

Kind: TypeAlias = Literal["not steady", "disturbed", "too imprecise", "too short"]
KINDS: tuple[Kind, ...] = get_args(Kind)

UNSTEADY_SHARE = 0.3
"""The largest acceptable fraction of an arm's trials without a steady state; above it the verdict is unclear."""

DISTURBED_SHARE = 0.5
"""The largest acceptable fraction of disturbed blocks.

Another process that takes the core costs the same few milliseconds in both modes, but hits the slower arm more often:
the ratio is biased, and more pairs do not help.
"""


def not_steady(arms: Iterable[tuple[str, Sequence[Trial | None]]]) -> str:
    """`not steady: 9 of 22 trials with the JIT off never settled`; empty where no arm is unsteady.

    `arms`: of each the words after "trials" that name it, and its trials; None stands for a missing one.
    """
    counted = [
        (words, sum(trial is not None and trial.never_settled for trial in trials), len(trials))
        for words, trials in arms
    ]
    found = [f"{bad} of {most} trials {words}" for words, bad, most in counted if bad > UNSTEADY_SHARE * most]
    return f"not steady: {' and '.join(found)} never settled" if found else ""


def withstood(reason: str) -> str:
    """Return the remark on a verdict that holds whatever the reason for a doubt did."""
    return f"{reason.partition(': ')[2]}; the verdict holds wherever their levels lay" if reason else ""


def with_the_jit(mode: Mode) -> str:
    """Return `with the JIT off` or `with the JIT on`."""
    return f"with the JIT {mode}"


def disturbed(blocks: int, most: int) -> str:
    """Return the reason for too many disturbed blocks."""
    return f"disturbed: something else used the core in {blocks} of {most} blocks"


def too_imprecise(blocks: int, noun: str) -> str:
    """Return the reason for an interval that allows several verdicts; `noun` is the plural of what was counted."""
    return f"too imprecise: {blocks} {noun} cannot tell faster from slower"


def too_short(fewest: int) -> str:
    """Return the reason for trials that time out before `fewest` iterations."""
    return f"too short: fewer than {fewest} iterations fit into the benchmark's time-out"


def kind_of(reason: str) -> Kind | None:
    """Return the kind of a reason; None for other text."""
    head = reason.partition(":")[0]
    return next((kind for kind in KINDS if kind == head), None)
