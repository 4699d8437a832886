"""One cell's results as figures: what a summary says, in words and numbers that a reader can take in."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Sequence

from msgspec import Struct

from asv_jit.analysis.cells.levels import Level, level
from asv_jit.analysis.cells.summary import CaseSummary, start_up_s
from asv_jit.model import Evidence, Trace, Trial, interpreter_of
from asv_jit.site.content.cells import MeasuredCell
from asv_jit.site.content.site_content import Release
from asv_jit.site.parts.values import Badge, Figure
from asv_jit.text import units
from asv_jit.text.folders import without_folders

_NONE = Figure(units.DASH)
_NAME_LIMIT = 160
_STDERR_LIMIT = 6_000
_WIDEST_INTERVAL = 10.0
_TOP_NAMES = 6
_KINDS = {
    "flat": "flat from the start",
    "warmup": "after a warm-up",
    "slowdown": "slower than at the start",
    "no_steady_state": "never",
    "good_inconsistent": "flat or warm-up, by process",
    "bad_inconsistent": "differs by process",
}
_SYMBOLS = {"faster": "▲", "slower": "▼", "same": "=", "unclear": "?", "failed": "✕", "skipped": "–", "none": "○"}


class Alert(Struct, frozen=True):
    """A suspected bug of the JIT."""

    cell: MeasuredCell
    what: str
    detail: str


class Failure(Struct, frozen=True):
    """Trials that gave no figure: how many and how, and the end of what one of them wrote to stderr."""

    counts: str
    end: str
    stderr: str


class Compiled(Struct, frozen=True):
    """What the JIT made of one function; `harness` if the code stands in the traces of our own loop."""

    function: str
    executors: str
    code: str
    micro_ops: str
    top: str
    harness: bool


class HotFunction(Struct, frozen=True):
    """A function in which the time goes, its share, and whether the JIT has a trace of it."""

    function: str
    share: str
    compiled: str


def format_of(case: CaseSummary) -> Callable[[float | None], str]:
    """How this case's figures are written: as times, or as the values that were tracked, in their unit."""
    return units.seconds if case.timed else lambda value: units.quantity(value, case.unit)


def level_of(level: Level | None, form: Callable[[float | None], str]) -> Figure:
    """A figure over trials with its interval; one of two trials may span ages, and then says nothing."""
    if level is None:
        return _NONE
    if level.low is not None and level.high is not None and 0.0 < level.low * _WIDEST_INTERVAL < level.high:
        return Figure(form(level.value), "no interval yet: too few trials", repr(level.value))
    return Figure(form(level.value), units.interval(form(level.low), form(level.high)), repr(level.value))


def off_of(case: CaseSummary) -> Figure:
    """Return the level with the JIT off, or without one."""
    return level_of(case.off, format_of(case))


def on_of(case: CaseSummary, release: Release) -> Figure:
    """Return the level with the JIT on."""
    return level_of(case.on, format_of(case)) if release.has_jit else Figure("no JIT")


def pairs_text(case: CaseSummary) -> str:
    """Return `9 pairs`, or `5 trials` if there is no second mode; says so if no trial gave a figure."""
    if case.pairs:
        return units.count(case.pairs, "pair")
    return units.count(case.off.trials, "trial") if case.off is not None else "no valid trial"


def speedup_of(case: CaseSummary, release: Release) -> Figure:
    """The speedup with its interval; in words where there can be none."""
    if not release.has_jit:
        return Figure("no JIT")
    speedup = case.speedup
    if speedup is None or math.isnan(speedup.ratio):
        return _NONE if case.timed else Figure(units.DASH, "not a timing")
    return Figure(units.ratio(speedup.ratio), units.ratio_interval(speedup.low, speedup.high), repr(speedup.ratio))


def badge_of(case: CaseSummary) -> Badge:
    """The verdict; a cell that has none says why."""
    if case.verdict == "none":
        return Badge("none", _SYMBOLS["none"], case.reason or "no JIT", "")
    return Badge(case.verdict, _SYMBOLS.get(case.verdict, "?"), case.verdict, case.reason)


def badge(verdict: str, word: str = "") -> Badge:
    """Return a verdict alone, as counts and means show it; `word` says it in another word."""
    return Badge(verdict, _SYMBOLS.get(verdict, "?"), word or verdict)


def memory_change_of(case: CaseSummary) -> Figure:
    """What mode on takes more."""
    memory = case.memory
    if memory is None:
        return _NONE
    known = math.isfinite(memory.low_bytes) and math.isfinite(memory.high_bytes)
    between = units.interval(units.signed_size(memory.low_bytes), units.signed_size(memory.high_bytes)) if known else ""
    return Figure(units.signed_size(memory.difference_bytes), between, repr(memory.difference_bytes))


def break_even_of(case: CaseSummary) -> Figure:
    """When the JIT has paid; between two arms that are alike that would be chance, and is not shown."""
    break_even = case.break_even
    if break_even is None:
        return _NONE
    if case.verdict not in ("faster", "slower"):
        return Figure(units.DASH, "no clear difference to pay off")
    if break_even.seconds is None:
        return Figure("never", f"in {break_even.never} of {break_even.pairs} pairs", "inf")
    low, high = ("never" if end is None else units.seconds(end) for end in (break_even.low_s, break_even.high_s))
    between = units.interval(low, high) if low != high else ""
    if break_even.kind == "at once":
        return Figure("at once", between, "0")
    calls = "" if break_even.calls is None else units.count(break_even.calls, "call")
    mark = "≈ " if break_even.extrapolated else ""
    parts = (between, calls, "extrapolated" if break_even.extrapolated else "")
    text = f"{mark}{units.seconds(break_even.seconds)}"
    return Figure(text, ", ".join(filter(None, parts)), repr(break_even.seconds))


def break_even_s(case: CaseSummary) -> float | None:
    """Return when the JIT has paid, in seconds of running; None if it never does or the modes do not differ."""
    found = case.break_even if case.verdict in ("faster", "slower") else None
    return None if found is None else found.seconds


def facts_of(case: CaseSummary, trials: Sequence[Trial], alpha: float) -> tuple[tuple[str, Figure, Figure], ...]:
    """The comparison of the modes: name, off, on. Of `trials`, those that count are behind each level's interval."""
    lost = {trial.block for trial in trials if trial.outcome != "ok"}
    off, on = ([one for one in trials if one.mode == mode and one.block not in lost] for mode in ("off", "on"))

    def levels(
        name: str, read: Callable[[Trial], float | None], form: Callable[[float | None], str] = units.seconds
    ) -> tuple[str, Figure, Figure]:
        return name, _level(list(map(read, off)), alpha, form), _level(list(map(read, on)), alpha, form)

    form = format_of(case)
    lines = [
        ("Steady time per call" if case.timed else "Value", level_of(case.off, form), level_of(case.on, form)),
        levels("First call", lambda trial: trial.first_call_s),
        levels("Running time before steady state", lambda trial: trial.warmup_s),
        ("How it settles", _kind(case.steady_off), _kind(case.steady_on)),
        levels("Start-up", start_up_s),
        levels("Peak memory", lambda trial: trial.peak_rss_bytes, units.size),
    ]
    return tuple(line for line in lines if (line[1].text, line[2].text) != (units.DASH, units.DASH))


def alerts_of(cell: MeasuredCell) -> tuple[Alert, ...]:
    """Return the suspected bugs of the JIT in a cell."""
    case, alerts = cell.summary, []
    if case.answers is not None and case.answers.answers == "digest differs":
        seeds = ", ".join(str(seed) for seed in case.answers.hash_seeds[:8])
        detail = (
            "The first call returns a different value with the JIT on than with it off, under "
            f"PYTHONHASHSEED={seeds}; each mode repeats its own answer."
        )
        alerts.append(Alert(cell, "Wrong answer with the JIT on", detail))
    only_on = case.only_on
    if only_on is not None:
        detail = (
            f"{only_on.bad} of {units.count(only_on.on_trials, 'trial')} with the JIT on ended with "
            f"{' and '.join(only_on.endings)}; none of {units.count(only_on.off_trials, 'trial')} with it off did."
        )
        alerts.append(Alert(cell, "Fails only with the JIT on", detail))
    return tuple(alerts)


def failure_of(cell: MeasuredCell) -> Failure | None:
    """Return how trials of a cell ended without a figure, with the end of what the last one wrote to stderr."""
    case = cell.summary
    if not case.failures:
        return None
    counts = ", ".join(f"{units.count(amount, 'trial')} {what}" for what, amount in case.failures)
    bad = [trial for trial in cell.trials if trial.outcome != "ok"]
    last = max(bad, key=lambda trial: trial.started, default=None)
    stderr = units.visible(without_folders(last.stderr if last is not None else case.complaint))
    end = ""
    if last is not None and last.signal:
        end = f"signal {last.signal}"
    elif last is not None and last.exit is not None:
        end = f"exit {last.exit}"
    return Failure(counts, end, stderr[-_STDERR_LIMIT:].strip())


def compiled_of(evidence: Evidence | None) -> tuple[tuple[Compiled, ...], str]:
    """What the JIT compiled, the largest first, and a sentence where there is nothing to list."""
    if evidence is None:
        return (), "No evidence was recorded."
    largest = sorted(evidence.functions, key=lambda trace: -trace.code_bytes)
    entries = [_compiled(trace, harness=False) for trace in largest]
    entries += [_compiled(trace, harness=True) for trace in evidence.harness]
    if evidence.error:
        return tuple(entries), f"Reading the JIT's traces failed: {units.visible(evidence.error)}"
    return tuple(entries), "" if entries else "The JIT compiled nothing here."


def hot_of(case: CaseSummary) -> tuple[HotFunction, ...]:
    """Where the time goes with the JIT on, the hottest first."""
    return tuple(
        HotFunction(
            function=units.shown(hot.function, _NAME_LIMIT),
            share=f"{hot.share:.0%}",
            compiled="compiled" if hot.compiled else "no trace of its own",
        )
        for hot in case.hot
    )


def _compiled(trace: Trace, *, harness: bool) -> Compiled:
    top = sorted(trace.names.items(), key=lambda item: (-item[1], item[0]))[:_TOP_NAMES]
    name = ", ".join(trace.mentions) or trace.function if harness else trace.function
    return Compiled(
        function=units.shown(name, _NAME_LIMIT),
        executors=f"{trace.executors:,}",
        code=units.size(trace.code_bytes),
        micro_ops=f"{trace.micro_ops:,}",
        top=units.visible(", ".join(f"{op} ×{amount}" for op, amount in top)),
        harness=harness,
    )


def again(case: CaseSummary) -> str:
    """The command that measures a case once more, on the same commit and interpreter."""
    name = "^" + re.escape(str(case.key.case)) + "$"
    python = interpreter_of(case.key.interpreter)
    command = ["asv-jit", "run", case.key.commit, "--python", python, "--bench", name, "--again"]
    return units.visible(shlex.join(command))


def _level(values: Sequence[float | None], alpha: float, form: Callable[[float | None], str]) -> Figure:
    """Of trials, in a unit that knows nothing below zero: where some are zero, an interval may reach there."""
    mean = level([value for value in values if value is not None], alpha)
    if mean is None or mean.low is None or mean.high is None:
        return level_of(mean, form)
    return Figure(form(mean.value), units.interval(form(max(mean.low, 0.0)), form(mean.high)), repr(mean.value))


def _kind(kind: str) -> Figure:
    return Figure(_KINDS.get(kind, units.DASH))
