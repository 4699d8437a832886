"""Text about a comparison, shared by the terminal's table, Markdown and the report of a bisection."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import get_args

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.cells.evidence import TraceChange
from asv_jit.analysis.comparison import CaseComparison, Effect, Worsening
from asv_jit.analysis.metrics import METRICS, Metric
from asv_jit.analysis.reasons import KINDS, Kind, kind_of
from asv_jit.model import Part
from asv_jit.text import units

_CAUSES = {
    "code": "the code: both modes moved alike",
    "jit": "the JIT: only mode on moved",
    "interpreter": "the interpreter: only mode off moved",
    "mixed": "mixed: both modes moved, by different amounts",
    "unclear": "unclear",
}
_MOVED = {"both": "both modes alike", "on": "mode on only", "off": "mode off only", "unlike": "both modes, differently"}
_TOP_NAMES = 4
_TIMES: tuple[Metric, ...] = ("off", "on")
_MANY_TIMES = 11.0  # the ratio of `1000% slower`; above it percents are hard to read
_FROM_TIMES = 99.5  # percent; larger changes are written as a multiple


def percent(ratio: float) -> str:
    """Format a ratio as a signed change: `+3.1%`."""
    change = (ratio - 1.0) * 100.0
    return (
        f"{change:+.2f}%"
        if abs(change) < 0.995
        else f"{change:+.1f}%"
        if abs(change) < _FROM_TIMES
        else units.ratio(ratio)
    )


def percents(low: float, high: float) -> str:
    """Format an interval of ratios, both bounds in one unit: `+1.2% to +3.1%`, `1.86× to 2.12×`."""
    if abs(high - 1.0) * 100.0 < _FROM_TIMES:
        return f"{percent(low)} to {percent(high)}"
    return f"{units.ratio(low)} to {units.ratio(high)}"


def effect_words(effect: Effect | None, *, interval: bool = False) -> str:
    """Format an effect with its verdict, `+3.1% worse`; `interval` adds the confidence interval."""
    if effect is None:
        return units.DASH
    bounds = f" ({percents(effect.low, effect.high)})" if interval and effect.low > 0.0 else ""
    return f"{percent(effect.ratio)}{bounds} {effect.verdict}"


def change_words(effect: Effect) -> str:
    """Describe the change of one metric, for use within a sentence: `3.1% slower with the JIT on`."""
    if effect.metric in ("off", "on"):
        return f"{time_words(effect.ratio)} with the JIT {effect.metric}"
    return f"{METRICS[effect.metric].words} {percent(effect.ratio)}"


def time_words(ratio: float) -> str:
    """Describe a ratio of times (after / before): `3.1% slower`, `25% faster`; twice the time is `100% slower`."""
    times = ratio if ratio >= 1.0 else 1.0 / ratio if ratio > 0.0 else math.inf
    share = times - 1.0
    if share < 0.0005:
        return "as fast"
    if times >= _MANY_TIMES:
        return f"{units.ratio(times).rstrip('×')} times {'the time' if ratio > 1.0 else 'as fast'}"
    return f"{share:.1%} {'slower' if ratio > 1.0 else 'faster'}"


def summary_words(case: CaseComparison) -> str:
    """Summarize a case in one sentence: `3% faster with the JIT off, so the JIT gains less: …`."""
    parts = [change_words(e) for m in ("off", "on") if (e := case.effect(m)) is not None and e.verdict != "unclear"]
    gain = case.effect("speedup")
    if gain is not None and gain.verdict in ("better", "worse"):
        parts.append(f"so the JIT gains {'more' if gain.verdict == 'better' else 'less'}: {percent(gain.ratio)}")
    return ", ".join(parts)


def unclear_words(cases: Sequence[CaseComparison]) -> list[tuple[str, str]]:
    """Return each unclear time as (change, reason)."""
    return [
        (f"{case.case}: {change_words(e)} ({percents(e.low, e.high)})", e.reason)
        for case in cases
        for m in _TIMES
        if (e := case.effect(m)) is not None and e.verdict == "unclear"
    ]


def remarks(case: CaseComparison) -> tuple[str, ...]:
    """Describe what the clear verdicts on times hold despite."""
    shows = [e for m in _TIMES if (e := case.effect(m)) is not None and e.verdict != "unclear" and e.reason]
    return tuple(dict.fromkeys(e.reason for e in shows))


def attribution_words(found: Attribution) -> str:
    """Name the cause of a change, with its probability."""
    words = _CAUSES.get(found.cause, f"the {found.cause}")
    if found.cause == "release" and found.moved in _MOVED:
        words += f": {_MOVED[found.moved]}"
    sure = found.cause == "unclear" or found.probability == 1.0  # as only counts are
    return words if sure else f"{words} ({found.probability:.0%})"


def trace_words(change: TraceChange) -> str:
    """Describe how the traces of one function changed."""
    if change.before is None and change.after is not None:
        return f"{change.function}: compiled now ({units.count(change.after.executors, 'trace')})"
    if change.after is None and change.before is not None:
        return f"{change.function}: no longer compiled (had {units.count(change.before.executors, 'trace')})"
    assert change.before is not None
    assert change.after is not None
    names = ", ".join(f"{by:+d} {name}" for name, by in change.micro_ops[:_TOP_NAMES])
    more = len(change.micro_ops) - _TOP_NAMES
    rest = f" and {more} more" if more > 0 else ""
    traces = f"{change.before.executors} to {units.count(change.after.executors, 'trace')}"
    return f"{change.function}: {traces}{'; ' + names + rest if names else ''}"


def moved_words(moved: Sequence[tuple[str, float]]) -> str:
    """List the instructions per call that parts gained or lost, then those of functions, which lie in the parts:
    `loop +1,234, interpreter -30 (within these: _PyEval_Vector -17)`.
    """
    parts = ", ".join(f"{name} {by:+,.0f}" for name, by in moved if name in get_args(Part))
    functions = ", ".join(f"{name} {by:+,.0f}" for name, by in moved if name not in get_args(Part))
    return f"{parts} (within these: {functions})" if parts and functions else parts or functions


def worsening_words(one: Worsening) -> str:
    """Describe a confirmed worsening without naming its case: `JIT on: 5.2% slower`."""
    if one.metric is None or one.by is None:
        return "no longer gives figures"
    return f"{METRICS[one.metric].words}: {_worse_words(one.metric, one.by)}"


def undecided_words(one: Worsening) -> str:
    """Describe what may have become worse without naming its case: `JIT on: up to 5.2% slower`."""
    assert one.metric is not None
    assert one.by is not None
    most = f"up to {_worse_words(one.metric, one.by)}" if math.isfinite(one.by) else "by any amount"
    return f"{METRICS[one.metric].words}: {most}"


def _worse_words(metric: Metric, by: float) -> str:
    if metric in _TIMES:
        return time_words(1.0 + by)
    return f"{by:.1%} more" if 1.0 + by < _MANY_TIMES else f"{units.ratio(1.0 + by).rstrip('×')} times as much"


def gate_words(worse: Sequence[Worsening], undecided: Sequence[Worsening], fail_on: float) -> str:
    """Say in one sentence what became worse and what may have."""
    known, open_ = ({one.case for one in found} for found in (worse, undecided))
    may = units.count(len(open_ - known), "other case" if known else "case")
    rest = f"{may} may have, which these blocks cannot tell" if open_ - known else ""
    if known:
        said = f"{units.count(len(known), 'case')} became worse by {fail_on:.1%} or more"
        return f"{said}; {rest}" if rest else said
    return (
        f"nothing is known to be worse by {fail_on:.1%} or more; {rest}"
        if rest
        else (f"nothing became worse by {fail_on:.1%} or more")
    )


def findings(case: CaseComparison) -> Sequence[str]:
    """List the suspected JIT bugs, failures and changed answers of a case."""
    sides = {"a": "before the change", "b": "after the change"}
    bug = "SUSPECTED JIT BUG:"
    found = [f"{bug} gives a different answer with the JIT on, {sides[side]}" for side in case.wrong_answers]
    found += [f"{bug} fails only with the JIT on, {sides[side]}" for side in case.only_on]
    if case.fails_on:
        found.append(f"gives no figures {' and '.join(sides[side] for side in case.fails_on)}: {case.complaint}")
    if case.answers == "changed":
        found.append("gives a different answer after the change")
    return found


_MOST_LINES = 10
REMEDIES: MappingProxyType[Kind, str] = MappingProxyType(
    {
        "not steady": "`asv-jit doctor` names what disturbs this machine; a larger jit.trial_seconds in asv.conf.json "
        "gives trials more time to settle",
        "disturbed": "stop what else runs, or measure on another core (jit.cpu in asv.conf.json); `asv-jit doctor` "
        "checks the machine",
        "too imprecise": "a quieter machine (`asv-jit doctor`), or more pairs (jit.pairs.max in asv.conf.json; not "
        "`--quick`); `--count` counts instructions, which show a change within a mode despite noise",
        "too short": "give the benchmark a longer timeout, or a call less work",
    }
)


def unclear_lines(reasons: Iterable[tuple[str, str]]) -> list[str]:
    """Return the lines that list the cases of each kind with their details, followed by the remedy.

    `reasons` holds pairs of case name and reason. Reasons of no known kind come last, without a remedy.
    """
    by_kind: dict[Kind | None, list[str]] = {}
    for name, reason in reasons:
        kind = kind_of(reason)
        detail = reason if kind is None else reason.partition(": ")[2]
        by_kind.setdefault(kind, []).append(f"{name}: {detail}")
    lines = []
    for kind in (*KINDS, None):
        found = by_kind.get(kind, [])
        if found:
            lines.append(f"unclear{f', {kind}' if kind else ''} ({units.count(len(found), 'case')}):")
            lines += [f"  {line}" for line in found[:_MOST_LINES]]
            lines += [f"  and {len(found) - _MOST_LINES} more"] if len(found) > _MOST_LINES else []
            lines += [f"  what helps: {REMEDIES[kind]}"] if kind else []
    return lines
