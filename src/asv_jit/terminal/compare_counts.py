"""What `asv-jit compare --count` found: a line a case and mode in the terminal, a comment, JSON."""

from __future__ import annotations

from typing import Any

from asv_jit.analysis.cells.evidence import trace_counts
from asv_jit.analysis.counts.summary import moved
from asv_jit.terminal.console import console, say
from asv_jit.text import units
from asv_jit.text.comparison_words import moved_words
from asv_jit.workflows.compare_counts import CountedSides, CountOutcome, ModeChange

_WORDS = {"same": "same", "more": "slower", "fewer": "faster", "not repeatable": "not repeatable"}
_LEGEND = "slower, faster: in instructions per call, within one mode. A count does not say whether the JIT helps."


def print_count_comparison(outcome: CountOutcome) -> None:
    """A line for each case and mode, and below a change what moved."""
    screen = console()
    for one in outcome.sides:
        say(screen, _title(one), "bold")
        for change in one.changes:
            say(screen, f"{change.case}, {change.mode}: {_figures(change)}: {_verdict(change)}")
            if change.found.verdict in ("more", "fewer"):
                say(screen, f"  what moved, per call: {_moved_text(change)}")
                if text := _traces_text(change):
                    say(screen, f"  {text}")
        for case, reason in one.missing:
            say(screen, f"{case}: {reason}", "yellow")
        if one.unaffected:
            say(screen, _unaffected(one))
    for name, reason in outcome.unbuilt:
        say(screen, f"{name} could not be built: {reason}", "yellow")
    for note in outcome.notes:
        say(screen, f"note: {note}")
    say(screen, _LEGEND)
    say(screen, verdict(outcome), "bold red" if outcome.is_worse else "bold")


def verdict(outcome: CountOutcome) -> str:
    """The one answer: whether anything is worse, and what could not be compared."""
    changes = [change for one in outcome.sides for change in one.changes]
    broken = sum(len(one.broken) for one in outcome.sides)
    grew = units.count(len(outcome.worse), "count") if outcome.worse else "no count"
    parts = [f"{grew} of {len(changes)} grew by {100 * outcome.fail_on:.3g}% or more"]
    parts += [f"{units.count(broken, 'case')} failed only after the change"] if broken else []
    parts += [f"{len(outcome.undecided)} undecided, as they are not repeatable"] if outcome.undecided else []
    missing = sum(len(one.missing) for one in outcome.sides) - broken
    parts += [f"{units.count(missing, 'answer')} missing"] if missing > 0 else []
    parts += [f"{units.count(len(outcome.unbuilt), 'side')} not built"] if outcome.unbuilt else []
    unaffected = sum(len(one.unaffected) for one in outcome.sides)
    parts += [f"{units.count(unaffected, 'case')} not affected"] if unaffected else []
    return f"{'worse' if outcome.is_worse else 'not worse'}: {', '.join(parts)}"


def count_markdown(outcome: CountOutcome) -> str:
    """A comment for a pull request."""
    lines = [f"### asv-jit: {verdict(outcome)}", ""]
    for one in outcome.sides:
        lines += [f"#### {_title(one)}", ""]
        lines += ["| case | mode | instructions per call | verdict |", "|---|---|---|---|"] if one.changes else []
        lines += [f"| `{_cell(c.case)}` | {c.mode} | {_figures(c)} | {_verdict(c)} |" for c in one.changes]
        lines.append("")
        moved = [change for change in one.changes if change.found.verdict in ("more", "fewer")]
        lines += [f"- `{_cell(c.case)}`, {c.mode}, what moved per call: {_cell(_moved_text(c))}" for c in moved]
        lines += [f"- `{_cell(c.case)}`, {c.mode}, {_cell(text)}" for c in moved if (text := _traces_text(c))]
        lines += [f"- `{_cell(case)}`: {_cell(reason)}" for case, reason in one.missing]
        lines += [f"- {_unaffected(one)}"] if one.unaffected else []
        lines.append("")
    lines += [f"- {_cell(name)} could not be built: {_cell(reason)}" for name, reason in outcome.unbuilt]
    lines += [f"- note: {_cell(note)}" for note in outcome.notes]
    return "\n".join([*lines, "", _LEGEND, ""])


def count_json(outcome: CountOutcome) -> dict[str, Any]:
    """All figures."""
    return {
        "verdict": "worse" if outcome.is_worse else "not worse",
        "fail_on": outcome.fail_on,
        "notes": list(outcome.notes),
        "worse": [{"case": one.case, "mode": one.mode} for one in outcome.worse],
        "unbuilt": [{"what": name, "reason": reason} for name, reason in outcome.unbuilt],
        "comparisons": [
            {
                "before": _side_json(one.before.commit.hash, one.before.interpreter.identity),
                "after": _side_json(one.after.commit.hash, one.after.interpreter.identity),
                "changes": [_change_json(change) for change in one.changes],
                "broken": list(one.broken),
                "missing": [{"case": case, "reason": reason} for case, reason in one.missing],
                "unaffected": list(one.unaffected),
            }
            for one in outcome.sides
        ],
    }


def _side_json(commit: str, interpreter: str) -> dict[str, str]:
    return {"commit": commit, "interpreter": interpreter}


def _change_json(one: ModeChange) -> dict[str, Any]:
    came, went = trace_counts(one.before.evidence, one.after.evidence)
    return {
        "case": one.case,
        "mode": one.mode,
        "verdict": _WORDS[one.found.verdict],
        "change": one.found.change,
        "reason": one.found.reason,
        "before": one.before.per_call,
        "after": one.after.per_call,
        "moved": [{"what": what, "instructions_per_call": by} for what, by in moved(one.before, one.after)],
        "traces": {"came": came, "went": went},
    }


def _title(one: CountedSides) -> str:
    return f"{one.before} → {one.after}"


def _unaffected(one: CountedSides) -> str:
    cases = units.count(len(one.unaffected), "case")
    return (
        f"{cases} not counted: they run the same code on both sides, or their first calls execute the same instructions"
    )


def _figures(one: ModeChange) -> str:
    change = "" if one.found.change is None else f" ({one.found.change:+.2%})"
    return f"{one.before.per_call:,.0f} → {one.after.per_call:,.0f}{change}"


def _verdict(one: ModeChange) -> str:
    return _WORDS[one.found.verdict] + (f": {one.found.reason}" if one.found.reason else "")


def _moved_text(one: ModeChange) -> str:
    return moved_words(moved(one.before, one.after))


def _traces_text(one: ModeChange) -> str:
    """`traces: +2 (app.py:parse, app.py:walk) −1 (app.py:join)`: what the JIT compiled on one side only."""
    sides = zip("+−", trace_counts(one.before.evidence, one.after.evidence), strict=True)
    parts = [f"{sign}{sum(found.values())} ({', '.join(found)})" for sign, found in sides if found]
    return f"traces: {' '.join(parts)}" if parts else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ").replace("<", "&lt;")
