"""A night's report: Markdown for CI summaries and mail, plain lines for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from asv_jit.analysis.history.events import Change, Event
from asv_jit.analysis.planning import Plan, Step
from asv_jit.analysis.remaining import Range
from asv_jit.settings import duration_text
from asv_jit.text import units
from asv_jit.text.comparison_words import unclear_lines
from asv_jit.text.event_words import bisect_command
from asv_jit.workflows.nights.night import Night

_MOST_LINES = 20


def headline(night: Night) -> str:
    """Return the outcome in one line."""
    where = f"{night.project} on {night.machine}"
    if night.fresh:
        return f"{where}: {units.count(len(night.fresh), 'new regression')}"
    if not night.finished:
        return f"{where}: the night was interrupted; the next one continues from there"
    if night.open_events:
        return f"{where}: nothing new, {units.count(len(night.open_events), 'open regression')}"
    return f"{where}: no regression"


def summary_lines(night: Night) -> list[str]:
    """Return what was done, a line each, in order."""
    tally = night.tally
    lines = [f"installed CPython {', '.join(night.installed)}"] if night.installed else []
    lines += _counted_lines(night)
    budget = "" if night.budget_s is None else f" of {duration_text(night.budget_s)}"
    left = f", {units.count(tally.left, 'cell')} not finished in time" if tally.left else ""
    lines.append(
        f"measured {units.count(tally.measured, 'cell')} in {units.count(tally.trials, 'trial')}{left}; "
        f"{duration_text(night.spent_s)}{budget}"
    )
    if night.confirmed or night.refuted or night.unsettled:
        lines.append(
            f"candidates: {night.confirmed} confirmed, {night.refuted} refuted, {night.unsettled} not settled yet"
        )
    lines += night.bisected
    lines += unclear_lines(
        (f"{key.case} on {key.interpreter} at {key.commit[:8]}", reason)
        for key, reason in sorted(night.unclear.items())
    )
    reasons = [f"not measured: {key.case} on {key.interpreter}: {reason}" for key, reason in tally.failed.items()]
    lines += _shortened(sorted(reasons))
    if night.plans:
        lines += [f"left for another night: {line}" for line in _left_lines(night.plans[-1])]
    if night.published:
        lines.append(f"published: {night.published}")
    return lines


def _counted_lines(night: Night) -> list[str]:
    counted = night.counted
    if counted is None:
        return []
    places = f"{units.count(counted.cases, 'case')} at {units.count(len(counted.commits), 'commit')}"
    what = f"counted {places} in {units.count(counted.trials, 'trial')}" if counted.trials else "nothing new to count"
    left = f", {units.count(counted.left, 'cell')} not counted in time" if counted.left else ""
    lines = [f"{what}{left}; {units.count(len(counted.moves), 'count')} moved"]
    moves = [
        f"moved: {move.case} on {move.interpreter} at {move.commit[:8]}: {move} since {move.before[:8]}"
        + (", so it was timed first" if (move.commit, move.interpreter, move.case) in night.timed_first else "")
        for move in counted.moves
    ]
    failures = [f"not counted: {one.key.case} on {one.key.interpreter}: {one.problem}" for one in counted.failed]
    return lines + _shortened(moves) + _shortened(failures)


def plan_lines(plan: Plan) -> list[str]:
    """Return a plan: a line for each step, the total, and what does not fit the budget."""
    lines = [_step_line(step) for step in plan.steps]
    budget = "no budget" if plan.budget_s == float("inf") else f"{duration_text(plan.budget_s)} to measure"
    lines.append(f"{units.count(len(plan.steps), 'step')}, {_range(plan.seconds)}; {budget}")
    return lines + [f"left for another night: {line}" for line in _left_lines(plan)]


def event_line(event: Event) -> str:
    """Return an event as one line of plain text."""
    name, case, line, size, where, cause, state = _cells(event)
    return f"{name} {state}: {case} on {line}: {size} at {where}; cause: {cause}"


def _cells(event: Event) -> tuple[str, ...]:
    """Return what a report says of an event: name, case, interpreter line, change, place, cause, state."""
    where = event.commit[:8] if event.axis == "commits" else f"{event.after} (was {event.before})"
    size, cause = _size(event.headline), event.attribution.cause
    return event.identity, str(event.key.case), event.key.line, size, where, cause, event.state


def _size(change: Change) -> str:
    """Format a change: `on ×1.052`, or both levels if one of them is 0."""
    factor = (
        f"×{change.ratio:{'.3f' if change.ratio < 1000 else '.4g'}}"
        if change.ratio > 0.0
        else f"{change.before:.4g} → {change.after:.4g}"
    )
    return f"{change.metric} {factor}"


def markdown(night: Night) -> str:
    """Return the whole report as Markdown."""
    parts = [f"## {_plain(headline(night))}"]
    if night.fresh:
        parts.append("### New regressions\n\n" + _event_table(night.fresh))
    known = [event for event in night.open_events if event not in night.fresh]
    if known:
        parts.append("### Open regressions\n\n" + _event_table(known))
    searchable = [event for event in night.open_events if event.key.protocol != "asv" and event.bisection is None]
    commands = [command for command in map(bisect_command, searchable) if command]
    if commands:
        parts.append("To find what caused one:\n\n```\n{}\n```".format("\n".join(commands[:_MOST_LINES])))
    parts.append("### What was done\n\n" + _bullets(summary_lines(night)))
    for title, lines in (("Notes", night.notes), ("Problems", night.problems)):
        if lines:
            parts.append(f"### {title}\n\n" + _bullets(_shortened(lines)))
    return "\n\n".join(parts) + "\n"


def _event_table(events: Sequence[Event]) -> str:
    rows = ["| event | case | CPython | change | where | cause | state |", "|---|---|---|---|---|---|---|"]
    rows += ["| " + " | ".join(_plain(cell) for cell in _cells(event)) + " |" for event in events[:_MOST_LINES]]
    if len(events) > _MOST_LINES:
        rows.append(f"\nand {len(events) - _MOST_LINES} more: `asv-jit regressions`")
    return "\n".join(rows)


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {_plain(line)}" for line in lines)


def _plain(text: str) -> str:
    """Escape untrusted text, such as names and messages, for Markdown: one line, no markup, links or mentions."""
    flat = " ".join(text.split())
    escaped = "".join(f"\\{one}" if one in "\\`*_[]|~#!" else one for one in flat)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")


def _shortened(lines: Sequence[str]) -> list[str]:
    shown = [line.splitlines()[0] if line else "" for line in lines[:_MOST_LINES]]
    return shown + ([f"and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else [])


def _step_line(step: Step) -> str:
    where = f"{units.count(len(step.cases), 'case')} at {step.commit[:8]} on {', '.join(step.interpreters)}"
    return f"{step.kind}: {where}, {_range(step.seconds)}: {step.reason}"


def _left_lines(plan: Plan) -> list[str]:
    return [f"{units.count(left.cells, 'cell')} ({left.kind}), {_range(left.seconds)}" for left in plan.left]


def _range(seconds: Range) -> str:
    return units.duration_range(seconds.low, seconds.high)
