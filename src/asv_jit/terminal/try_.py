"""What `asv-jit try` found, one paragraph per interpreter: times with what they rest on, or with --count the counts."""

from __future__ import annotations

from rich.table import Table

from asv_jit.analysis.cells.levels import Level
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.model import FunctionCount, Split, version_of
from asv_jit.site.parts import figures
from asv_jit.terminal.console import MARKS, STYLES, console, say
from asv_jit.text import units
from asv_jit.trials.program import ProgramCount
from asv_jit.workflows.trying.counting_program import CountedOn, CountReport
from asv_jit.workflows.trying.report import TriedOn, TryReport

_SHORT_S = 0.2
_FUNCTIONS = 4
_WIDEST = 100.0  # wider intervals are not shown
_HEAVIEST = 6
_PARTS = {
    "loop": "interpreter's loop",
    "jit": "code made by the JIT",
    "interpreter": "C code of the interpreter",
    "extensions": "extension modules",
    "libc": "libc",
    "other": "rest",
}


def print_try(report: TryReport) -> None:
    """Print the program, each interpreter's answer, notes, and what to do next."""
    say(f"{report.program}, the whole program as run: start-up and warm-up included", "bold")
    for result in report.results:
        say("")
        _print_result(report, result)
    if not report.results:
        say("stopped before anything was measured")
    if report.results:
        say("")
    for note in _notes(report):
        say(f"note: {note}")
    for advice in _advice(report):
        say(f"next: {advice}")


def _print_result(report: TryReport, result: TriedOn) -> None:
    for suspicion in result.suspicions:
        say(f"SUSPECTED JIT BUG on CPython {result.interpreter}: {suspicion}", "bold red")
    case = result.summary
    if case is None:
        say(f"CPython {result.interpreter} ({result.executable}): not measured", "bold")
        for line in [*result.complaint.splitlines(), *result.remedy.splitlines()]:
            say(f"  {line}")
        return
    style = STYLES.get(case.verdict)
    say(f"CPython {result.interpreter}  {MARKS.get(case.verdict, case.verdict)}  {_answer(case, report)}", style)
    if case.reason:
        say(f"  {'why':<12} {case.reason}")
    for name, text in (
        ("wall time", _both(case.off, case.on)),
        ("peak memory", _memory(case)),
        ("break-even", _break_even(case)),
        ("compiled", _compiled(case)),
        ("hot", _hot(case)),
    ):
        if text:
            say(f"  {name:<12} {text}")
    for amount, what in ((count, what) for what, count in case.failures):
        say(f"  {'failed':<12} {units.count(amount, 'run')} {what}")


def _answer(case: CaseSummary, report: TryReport) -> str:
    found = case.speedup
    if found is None:
        return "no pair came to its end"
    between = f"{units.ratio_interval(found.low, found.high)}, {units.level(report.alpha)}"
    return f"{units.ratio(found.ratio)} speedup ({between}; {units.count(case.pairs, 'pair')})"


def _both(off: Level | None, on: Level | None) -> str:
    return f"off {_time(off)}, on {_time(on)}"


def _time(level: Level | None) -> str:
    if level is None:
        return units.DASH
    if level.low is None or level.high is None or level.high > _WIDEST * level.low:
        return units.seconds(level.value)
    between = units.interval(units.seconds(level.low), units.seconds(level.high))
    return f"{units.seconds(level.value)} ({between})" if between else units.seconds(level.value)


def _memory(case: CaseSummary) -> str:
    if case.memory is None:
        return "not told on this system"
    change = figures.memory_change_of(case)
    detail = f" ({change.detail})" if change.detail else ""
    both = f"off {units.size(case.memory.off_bytes)}, on {units.size(case.memory.on_bytes)}"
    return f"{both}: the JIT adds {change.text}{detail}"


def _break_even(case: CaseSummary) -> str:
    """Return whether the JIT paid for itself within a run: whole runs cannot tell when."""
    if case.on is None:
        return ""
    if case.verdict == "faster":
        return f"within the run: the JIT has paid for itself by the end ({units.seconds(case.on.value)})"
    if case.verdict == "slower":
        return f"not within the run: {units.seconds(case.on.value)} did not pay for it"
    return "no clear difference to pay off"


def _compiled(case: CaseSummary) -> str:
    entries, note = figures.compiled_of(case.evidence)
    if not entries:
        return "not known: the extra run for it did not come to its end" if case.evidence is None else note
    shown = [f"{entry.function} ({entry.executors}, {entry.code})" for entry in entries[:_FUNCTIONS]]
    more = f" and {len(entries) - _FUNCTIONS} more" if len(entries) > _FUNCTIONS else ""
    functions = units.count(len(entries), "function")
    return f"{functions} at the program's end (traces, machine code): {'; '.join(shown)}{more}"


def _hot(case: CaseSummary) -> str:
    return "; ".join(f"{one.function} {one.share} {one.compiled}" for one in figures.hot_of(case)[:_FUNCTIONS])


def _notes(report: TryReport) -> list[str]:
    notes = list(report.notes)
    measured = [result.summary for result in report.results if result.summary is not None]
    if report.interrupted:
        notes.append("interrupted: this is what was measured until then; nothing is kept")
    elif report.out_of_time:
        notes.append("the time was up before all intervals were as narrow as 1%: --seconds gives more")
    if any(case.answers is not None and case.answers.answers == "no check" for case in measured):
        notes.append("the output differs from run to run, so that it says nothing about right or wrong answers")
    busy = sum(case.disturbed for case in measured)
    if busy:
        notes.append(f"something else used the core in {units.count(busy, 'pair')}: run `asv-jit doctor`")
    return notes


def _advice(report: TryReport) -> list[str]:
    """The next step that the figures suggest."""
    advice = []
    cases = [result.summary for result in report.results if result.summary is not None]
    if any(result.suspicions for result in report.results):
        advice.append(
            "unless the program asks for the JIT itself, this is a bug of CPython: "
            "https://github.com/python/cpython/issues wants to know, with the program"
        )
    faster = [case for case in cases if case.verdict == "faster"]
    if faster:
        version = version_of(faster[-1].key.interpreter)
        advice.append(f"on {version}: PYTHON_JIT=1 python {report.program}")
    elif any(case.off is not None and case.off.value < _SHORT_S for case in cases):
        advice.append("much of a run this short is start-up; try the program with more work, too")
    if any(case.verdict == "unclear" for case in cases) and not report.interrupted:
        advice.append("for a clear answer: a quieter machine (`asv-jit doctor`), or more pairs with a larger --seconds")
    if cases:
        advice.append("to follow a function over commits and releases, warmed up: `asv-jit init`")
    return advice


def print_try_counts(report: CountReport) -> None:
    """Print the program, each interpreter's counts, and what they do not say."""
    counter = " ".join(report.counter.partition("+")[0].split()[:2])
    say(f"{report.program}, the whole program once in each mode, instructions counted by {counter}", "bold")
    for result in report.results:
        say("")
        _print_counts(result)
    if report.interrupted:
        say("interrupted: " + ("this is what was counted" if report.results else "nothing was counted"))
    say("")
    counts = [count for result in report.results for count in (result.off, result.on) if count is not None]
    forks = ["the program forks: only its first process is counted"] if any(one.forks for one in counts) else []
    for note in (*report.notes, *forks):
        say(f"note: {note}")
    if counts:
        say(
            "Counts do not say whether the JIT makes it faster, as its instructions are not the interpreter's: "
            f"asv-jit try {report.program}"
        )


def _print_counts(result: CountedOn) -> None:
    name = f"CPython {result.interpreter}"
    off, on = result.off, result.on
    if off is not None and on is not None:
        adds = on.instructions / off.instructions - 1
        both = f"{off.instructions:,} instructions with the JIT off, {on.instructions:,} with it on ({adds:+.2%})"
        say(f"{name}  {both}", "bold")
    else:
        what = "only one mode was counted" if off or on else "not counted"
        say(f"{name} ({result.executable}): {what}", "bold")
    for line in [*result.complaint.splitlines(), *result.remedy.splitlines()]:
        say(f"  {line}")
    modes = [(mode, count) for mode, count in (("off", off), ("on", on)) if count is not None]
    if not modes:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("  instructions")
    for mode, _ in modes:
        table.add_column(f"JIT {mode}", justify="right")
        table.add_column("")
    table.add_row("  whole run", *(cell for _, count in modes for cell in (f"{count.instructions:,}", "")))
    for part, words in _PARTS.items():
        table.add_row(f"  {words}", *(cell for _, count in modes for cell in _share(count.split, part)))
    console().print(table, markup=False, highlight=False)
    if on is not None:
        say(f"  {compiling_words(on)}")
    for mode, count in modes:
        shares = (f"{_named(f)} {f.instructions / count.instructions:.1%}" for f in count.functions[:_HEAVIEST])
        say(f"  heaviest, JIT {mode}: {'; '.join(shares)}")


def compiling_words(on: ProgramCount) -> str:
    """Return what compiling cost, by function names: `split.jit` does not tell, as it includes the kernel's code."""
    if not on.compiling:
        return "no call of the JIT's compiler was seen: it compiled nothing, or this build lacks the function's name"
    share = on.compiling / on.instructions
    said = f"recording and compiling traces: {units.instructions(on.compiling)} ({share:.1%}), mostly C code above"
    if on.mostly_compiled is None or on.compiled is None:
        return said
    return f"{said}; 90% of it in the first {on.mostly_compiled:.0%} of the run, the last of it at {on.compiled:.0%}"


def _named(function: FunctionCount) -> str:
    """The function's name; the JIT's code has none in the binary, only an address."""
    return f"JIT code at {function.name}" if function.part == "jit" else function.name


def _share(split: Split, part: str) -> tuple[str, str]:
    value: int = getattr(split, part)
    return (units.instructions(value), f"{value / split.total:.1%}") if value else (units.DASH, "")
