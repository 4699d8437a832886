"""The result of `asv-jit try`: figures of each interpreter, suspected JIT bugs, and reasons for missing figures."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.model import ARMS, Trial


class TriedOn(Struct, frozen=True):
    """The result on one interpreter. `summary` is None if no pair finished.

    `suspicions`: what happened in mode `on` only; `complaint`: why there are no figures; `remedy`: what to do.
    """

    interpreter: str
    executable: str
    summary: CaseSummary | None
    suspicions: tuple[str, ...] = ()
    complaint: str = ""
    remedy: str = ""


class TryReport(Struct, frozen=True):
    """The result of `asv-jit try`; `interrupted`: the user stopped it."""

    program: str
    results: tuple[TriedOn, ...]
    notes: tuple[str, ...]
    alpha: float
    out_of_time: bool
    interrupted: bool


def complaint(trial: Trial) -> str:
    """Describe how a failed run ended, with the end of its stderr."""
    ending = {
        "timeout": f"still ran after {trial.duration_s:.0f} s: give it work that ends, or a longer --timeout",
        "crashed": f"was killed by {trial.signal}",
    }.get(trial.outcome, f"ended with exit code {trial.exit}")
    words = "\n".join(trial.stderr.strip().splitlines()[-12:])
    return f"with the JIT {trial.mode} it {ending}" + (f"\n{words}" if words else "")


def why_none(trials: Sequence[Trial]) -> str:
    """Return the reason for fewer than two pairs."""
    bad = [trial for trial in trials if trial.outcome != "ok"]
    return complaint(bad[-1]) if bad else "stopped before two pairs were measured"


def suspicions_of(trials: Sequence[Trial], summary: CaseSummary | None) -> tuple[str, ...]:
    """Describe what happened in mode `on` only."""
    timed = [trial for trial in trials if trial.arm in ARMS]
    off = [trial for trial in timed if trial.mode == "off"]
    bad = [trial for trial in timed if trial.mode == "on" and trial.outcome in ("crashed", "failed", "timeout")]
    found = []
    if bad and off and all(trial.outcome == "ok" for trial in off):
        how = " or ".join(sorted({_end_of(trial) for trial in bad}))
        runs = sum(trial.mode == "on" for trial in timed)
        found.append(f"{len(bad)} of {runs} runs with the JIT on {how}, none of {len(off)} with it off")
    if summary is not None and summary.answers is not None and summary.answers.answers == "digest differs":
        found.append("it prints something else with the JIT on than with it off, and each mode repeats itself")
    return tuple(found)


def _end_of(trial: Trial) -> str:
    if trial.outcome == "timeout":
        return "did not end in time"
    return f"ended with {trial.signal or f'exit code {trial.exit}'}"
