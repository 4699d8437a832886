"""What `asv-jit compare` found, in times or with --count: a table in the terminal, a pull request comment, JSON."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from rich.markup import escape
from rich.table import Table

from asv_jit.analysis.cells.evidence import trace_counts
from asv_jit.analysis.comparison import CaseComparison, Effect
from asv_jit.analysis.counts.summary import moved
from asv_jit.analysis.metrics import METRICS, Metric
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup
from asv_jit.terminal.console import STYLES, WIDE, console, say
from asv_jit.text import comparison_words, units
from asv_jit.text.comparison_words import moved_words, unclear_lines
from asv_jit.workflows.compare import Comparison, Outcome, Side
from asv_jit.workflows.compare_counts import CountedSides, CountOutcome, ModeChange

_SHOWN: tuple[Metric, ...] = ("off", "on", "speedup", "peak_memory_on", "warmup_on")
_NARROW: tuple[Metric, ...] = ("off", "on", "speedup")
_HEADINGS = {"speedup": "JIT's gain", "peak_memory_on": "peak memory", "warmup_on": "warm-up"}
_NOTICEABLE = ("faster", "slower", "better", "worse")
_TRACES_SHOWN = 6
_UNDECIDED_SHOWN = 10
_COUNT_WORDS = {"more": "slower", "fewer": "faster"}
_LEGEND = "slower, faster: in instructions per call, within one mode. A count does not say whether the JIT helps."


def print_comparison(outcome: Outcome) -> None:
    """Print a table for each interpreter, the significant changes below it, then what could not be measured."""
    screen = console()
    for one in outcome.comparisons:
        say(_title(one), "bold")
        for case in one.cases:
            for found in comparison_words.findings(case):
                say(f"{case.case}: {found}", "bold red" if "SUSPECTED" in found else "yellow")
        screen.print(_table(one, narrow=screen.width < WIDE))
        for case in one.cases:
            _print_details(case)
        for line in unclear_lines(comparison_words.unclear_words(one.cases)):
            say(line, "yellow")
        for text in _means(one):
            say(text)
    for note in outcome.notes:
        say(f"note: {note}")
    for side, reason in outcome.unbuilt:
        say(f"not measured: {side}: {units.reason_line(reason)}")
    style = "bold red" if outcome.worse else "bold yellow" if outcome.undecided else "bold"
    say(comparison_words.gate_words(outcome.worse, outcome.undecided, outcome.fail_on), style)
    for worse in outcome.worse:
        say(f"  {worse.case} on {worse.interpreter}: {comparison_words.worsening_words(worse)}", "red")
    for may in outcome.undecided:
        say(f"  undecided: {may.case} on {may.interpreter}: {comparison_words.undecided_words(may)}", "yellow")


def comparison_markdown(outcome: Outcome) -> str:
    """Return a comment for a pull request: the important lines first, then all cases and compiled code, folded."""
    gate = comparison_words.gate_words(outcome.worse, outcome.undecided, outcome.fail_on)
    lines = [f"### asv-jit: {gate}", ""]
    lines += [
        f"- **{_code(str(w.case))}** on {w.interpreter}: {comparison_words.worsening_words(w)}" for w in outcome.worse
    ]
    lines += [
        f"- {_code(str(may.case))} on {may.interpreter}, undecided: {comparison_words.undecided_words(may)}"
        for may in outcome.undecided[:_UNDECIDED_SHOWN]
    ]
    more = len(outcome.undecided) - _UNDECIDED_SHOWN
    lines += [f"- {more} more are undecided, see below"] if more > 0 else []
    for one in outcome.comparisons:
        for case in one.cases:
            found = *comparison_words.findings(case), *comparison_words.remarks(case)
            lines += [f"- {_code(str(case.case))}: {_plain(text)}" for text in found]
        bad = {w.case for w in outcome.worse}
        better = [
            case
            for case in one.cases
            if case.case not in bad and any(e.metric in ("off", "on") and e.verdict == "faster" for e in case.effects)
        ]
        lines += [f"- {_code(str(case.case))}: {comparison_words.summary_words(case)}" for case in better]
    lines += [f"- not measured: {_plain(side)}: {_code(units.reason_line(why))}" for side, why in outcome.unbuilt]
    for one in outcome.comparisons:
        lines += ["", *_folded(f"All {units.count(len(one.cases), 'case')}: {_title(one, code=True)}", _rows(one))]
        compiled = [
            f"- {_code(str(case.case))}: {_code(comparison_words.trace_words(change))}"
            for case in one.cases
            for change in case.traces[:_TRACES_SHOWN]
        ]
        if compiled:
            lines += ["", *_folded("What the JIT compiled differently", compiled)]
    lines += ["", *(f"<sub>{_plain(note)}.</sub>" for note in outcome.notes)]
    return "\n".join(lines) + "\n"


def comparison_json(outcome: Outcome) -> dict[str, Any]:
    """Return every number, condition and name, for scripts."""
    return {
        "comparisons": [
            {
                "axis": one.axis,
                "before": _side_json(one.before),
                "after": _side_json(one.after),
                "cases": msgspec.to_builtins(one.cases),
                "means": msgspec.to_builtins(one.means),
            }
            for one in outcome.comparisons
        ],
        "worse": msgspec.to_builtins(outcome.worse),
        "undecided": msgspec.to_builtins(outcome.undecided),
        "fail_on": outcome.fail_on,
        "unbuilt": [{"side": side, "reason": reason} for side, reason in outcome.unbuilt],
        "notes": outcome.notes,
    }


def _title(one: Comparison, *, code: bool = False) -> str:
    before, after = one.before, one.after
    quoted = _code if code else str
    if one.axis == "pythons":
        a, b = before.interpreter.identity, after.interpreter.identity
        return f"CPython {a} to {b} at {before.commit.short} {quoted(before.commit.subject)}"
    sides = (
        f"{before.commit.short} {quoted(before.commit.subject)} to {after.commit.short} {quoted(after.commit.subject)}"
    )
    return f"{sides} on CPython {after.interpreter.identity}"


def _table(one: Comparison, *, narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("case", overflow="fold")
    shown = [m for m in (_NARROW if narrow else _SHOWN) if any(case.effect(m) for case in one.cases)]
    for metric in shown:
        table.add_column(_HEADINGS.get(metric, METRICS[metric].words), justify="right")
    if not narrow:
        table.add_column("what moved", overflow="fold")
        table.add_column("blocks", justify="right")
    for case in one.cases:
        cells = [_cell(case.effect(metric), narrow) for metric in shown]
        rest = (
            [] if narrow else [comparison_words.attribution_words(case.attribution).partition(":")[0], str(case.blocks)]
        )
        table.add_row(escape(str(case.case)), *cells, *rest)
    return table


def _cell(effect: Effect | None, narrow: bool) -> str:
    if effect is None:
        return units.DASH
    style = "green" if effect.verdict == "better" else "red" if effect.verdict == "worse" else ""
    style = style or STYLES.get(effect.verdict, "default")
    wanted = not narrow and effect.metric in _NARROW
    return f"[{style}]{comparison_words.effect_words(effect, interval=wanted)}[/]"


def _print_details(case: CaseComparison) -> None:
    """Print a sentence for each case that changed significantly, the attribution, and the traces that differ."""
    if not any(effect.verdict in _NOTICEABLE for effect in case.effects if effect.metric in _NARROW):
        return
    say(f"{case.case}: {comparison_words.summary_words(case)}; {comparison_words.attribution_words(case.attribution)}")
    for remark in comparison_words.remarks(case):
        say(f"  {remark}")
    for change in case.traces[:_TRACES_SHOWN]:
        say(f"  {comparison_words.trace_words(change)}")
    if len(case.traces) > _TRACES_SHOWN:
        say(f"  and {len(case.traces) - _TRACES_SHOWN} more functions, see --json")


def _means(one: Comparison) -> list[str]:
    return [
        f"geometric mean over {units.count(mean.cases, 'case')}, with the JIT {metric}: "
        f"{comparison_words.time_words(1.0 / mean.ratio)} ({_interval(mean)}, 95%)"
        for metric, mean in one.means.items()
    ]


def _interval(mean: SuiteSpeedup) -> str:
    return comparison_words.percents(*(1.0 / end if end > 0.0 else math.inf for end in (mean.high, mean.low)))


def _rows(one: Comparison) -> list[str]:
    shown = [m for m in _SHOWN if any(case.effect(m) for case in one.cases)]
    headings = ["case", *(_HEADINGS.get(m, METRICS[m].words) for m in shown), "what moved", "blocks"]
    rows = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    for case in one.cases:
        cells = [comparison_words.effect_words(case.effect(m), interval=m in _NARROW) for m in shown]
        moved = comparison_words.attribution_words(case.attribution)
        rows.append("| " + " | ".join([_code(str(case.case)), *cells, moved, str(case.blocks)]) + " |")
    unclear = unclear_lines(comparison_words.unclear_words(one.cases))
    listed = [f"{line[: len(line) - len(line.lstrip())]}- {_plain(line.lstrip())}" for line in unclear]
    return [*rows, "", *_means(one), "", *listed]


def _folded(title: str, lines: list[str]) -> list[str]:
    return ["<details>", f"<summary>{_summary(title)}</summary>", "", *lines, "", "</details>"]


def _summary(text: str) -> str:
    """Turn code spans into elements, because Markdown is not parsed inside HTML."""
    parts = text.split("`")
    return "".join(f"<code>{_plain(part)}</code>" if n % 2 else _plain(part) for n, part in enumerate(parts))


def _code(text: str) -> str:
    """Return a code span in which nothing is markup, a mention or the end of a table cell."""
    clean = units.visible(text).replace("`", "'").replace("\n", " ").replace("|", "¦")
    return f"`{clean}`"


def _plain(text: str) -> str:
    """Escape untrusted text: no markup, no mentions, no end of a table cell."""
    safe = units.visible(text).replace("\n", " ").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace("@", "&#64;").replace("|", "¦").replace("`", "'")


def print_count_comparison(outcome: CountOutcome) -> None:
    """Print a line for each case and mode, and below a change what moved."""
    for one in outcome.sides:
        say(f"{one.before} → {one.after}", "bold")
        for change in one.changes:
            say(f"{change.case}, {change.mode}: {_figures(change)}: {_verdict(change)}")
            if change.found.verdict in ("more", "fewer"):
                say(f"  what moved, per call: {moved_words(moved(change.before, change.after))}")
                if text := _traces_text(change):
                    say(f"  {text}")
        for case, reason in one.missing:
            say(f"{case}: {reason}", "yellow")
        if one.unaffected:
            say(_unaffected(one))
    for name, reason in outcome.unbuilt:
        say(f"{name} could not be built: {reason}", "yellow")
    for note in outcome.notes:
        say(f"note: {note}")
    say(_LEGEND)
    say(count_verdict(outcome), "bold red" if outcome.is_worse else "bold")


def count_verdict(outcome: CountOutcome) -> str:
    """Return the verdict in a sentence: whether anything is worse, and what could not be compared."""
    changes = [change for one in outcome.sides for change in one.changes]
    broken = sum(len(one.broken) for one in outcome.sides)
    grew = units.count(len(outcome.worse), "count") if outcome.worse else "no count"
    parts = [f"{grew} of {len(changes)} grew by {100 * outcome.fail_on:.3g}% or more"]
    parts += [f"{units.count(broken, 'case')} failed only after the change"] if broken else []
    why = " or ".join(sorted({one.found.verdict for one in outcome.undecided}))
    parts += [f"{len(outcome.undecided)} undecided, as they are {why}"] if outcome.undecided else []
    missing = sum(len(one.missing) for one in outcome.sides) - broken
    parts += [f"{units.count(missing, 'answer')} missing"] if missing > 0 else []
    parts += [f"{units.count(len(outcome.unbuilt), 'side')} not built"] if outcome.unbuilt else []
    unaffected = sum(len(one.unaffected) for one in outcome.sides)
    parts += [f"{units.count(unaffected, 'case')} not affected"] if unaffected else []
    return f"{'worse' if outcome.is_worse else 'not worse'}: {', '.join(parts)}"


def count_markdown(outcome: CountOutcome) -> str:
    """Return a comment for a pull request."""
    lines = [f"### asv-jit: {count_verdict(outcome)}", ""]
    for one in outcome.sides:
        lines += [f"#### {one.before} → {one.after}", ""]
        lines += ["| case | mode | instructions per call | verdict |", "|---|---|---|---|"] if one.changes else []
        lines += [f"| {_code(c.case)} | {c.mode} | {_figures(c)} | {_verdict(c)} |" for c in one.changes]
        lines.append("")
        changed = [change for change in one.changes if change.found.verdict in ("more", "fewer")]
        lines += [
            f"- {_code(c.case)}, {c.mode}, what moved per call: {_plain(moved_words(moved(c.before, c.after)))}"
            for c in changed
        ]
        lines += [f"- {_code(c.case)}, {c.mode}, {_plain(text)}" for c in changed if (text := _traces_text(c))]
        lines += [f"- {_code(case)}: {_plain(reason)}" for case, reason in one.missing]
        lines += [f"- {_unaffected(one)}"] if one.unaffected else []
        lines.append("")
    lines += [f"- {_plain(name)} could not be built: {_plain(reason)}" for name, reason in outcome.unbuilt]
    lines += [f"- note: {_plain(note)}" for note in outcome.notes]
    return "\n".join([*lines, "", _LEGEND, ""])


def count_json(outcome: CountOutcome) -> dict[str, Any]:
    """Return all figures, for scripts."""
    return {
        "verdict": "worse" if outcome.is_worse else "not worse",
        "fail_on": outcome.fail_on,
        "notes": list(outcome.notes),
        "worse": [{"case": one.case, "mode": one.mode} for one in outcome.worse],
        "undecided": [{"case": one.case, "mode": one.mode} for one in outcome.undecided],
        "unbuilt": [{"what": name, "reason": reason} for name, reason in outcome.unbuilt],
        "comparisons": [
            {
                "before": _side_json(one.before),
                "after": _side_json(one.after),
                "changes": [_change_json(change) for change in one.changes],
                "broken": list(one.broken),
                "missing": [{"case": case, "reason": reason} for case, reason in one.missing],
                "unaffected": list(one.unaffected),
            }
            for one in outcome.sides
        ],
    }


def _side_json(side: Side) -> dict[str, str]:
    return {"commit": side.commit.hash, "interpreter": side.interpreter.identity}


def _change_json(one: ModeChange) -> dict[str, Any]:
    came, went = trace_counts(one.before.evidence, one.after.evidence)
    return {
        "case": one.case,
        "mode": one.mode,
        "verdict": _COUNT_WORDS.get(one.found.verdict, one.found.verdict),
        "change": one.found.change,
        "reason": one.found.reason,
        "before": one.before.per_call,
        "after": one.after.per_call,
        "moved": [{"what": what, "instructions_per_call": by} for what, by in moved(one.before, one.after)],
        "traces": {"came": came, "went": went},
    }


def _unaffected(one: CountedSides) -> str:
    reason = "they run the same code on both sides, or their first calls execute the same instructions"
    return f"{units.count(len(one.unaffected), 'case')} not counted: {reason}"


def _figures(one: ModeChange) -> str:
    change = "" if one.found.change is None else f" ({one.found.change:+.2%})"
    return f"{one.before.per_call:,.0f} → {one.after.per_call:,.0f}{change}"


def _verdict(one: ModeChange) -> str:
    return _COUNT_WORDS.get(one.found.verdict, one.found.verdict) + (
        f": {one.found.reason}" if one.found.reason else ""
    )


def _traces_text(one: ModeChange) -> str:
    """Name what the JIT compiled on one side only: `traces: +2 (app.py:parse, app.py:walk) −1 (app.py:join)`."""
    sides = zip("+−", trace_counts(one.before.evidence, one.after.evidence), strict=True)
    parts = [f"{sign}{sum(found.values())} ({', '.join(found)})" for sign, found in sides if found]
    return f"traces: {' '.join(parts)}" if parts else ""
