"""A machine's results as Markdown, for a repository's own pages: all of it follows from the measurements."""

from __future__ import annotations

from collections.abc import Sequence

from asv_jit.analysis import guide
from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.summary import CaseSummary, Limits
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup, group_of
from asv_jit.model import CaseKey
from asv_jit.site.content.cells import version_order
from asv_jit.site.content.site_content import Machine
from asv_jit.site.parts import figures
from asv_jit.text import units
from asv_jit.text.case_names import case_text

_MARKS = {"faster": "▲", "slower": "▼", "same": "=", "unclear": "?", "failed": "failed", "skipped": "skipped"}


def markdown(machine: Machine, limits: Limits, *, title: str, quick: bool = False) -> str:
    """Return the means, the Guide's answers, and a table of every group; releases in columns, oldest first."""
    currents = sorted(machine.current, key=lambda current: version_order(current.interpreter))
    groups = sorted({group_of(case.key.case.benchmark) for current in currents for case in current.suite.cases})
    parts = [f"# {_plain(title)}", _about(machine, currents, limits, quick=quick), _means(currents, groups, limits)]
    parts.append(_rules(currents, limits))
    for group in groups:
        parts += [f"## `{_plain(group)}`", _times(currents, group), _costs(currents, group)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(machine: Machine, currents: Sequence[Current], limits: Limits, *, quick: bool) -> str:
    cases = [case for current in currents for case in current.suite.cases]
    measured = [units.moment(case.measured) for case in cases if case.measured]
    commits = sorted({case.key.commit[:8] for case in cases})
    traits = dict(machine.details)
    cores = f"{traits['num_cpu']} cores" if "num_cpu" in traits else ""
    ram = traits.get("ram", "")
    memory = f"{units.size(float(ram))} of memory" if ram.isdecimal() else ram
    details = ", ".join(part for part in (traits.get("cpu", ""), cores, memory, traits.get("os", "")) if part)
    measured_on = (
        f"Measured on `{_plain(machine.name)}` ({_plain(details)}), {min(measured, default='')} to "
        f"{max(measured, default='')}, at {', '.join(f'`{commit}`' for commit in commits)}. Made by "
        "`asv-jit export --format markdown`; nothing here is written by hand."
    )
    meaning = (
        f"A speedup is the time with the JIT off ÷ the time with it on, of pairs of processes on one binary: above 1 "
        f"the JIT helps. Intervals are at {units.level(limits.alpha)} for a case and at 95% for a mean. "
        f"▲ faster, ▼ slower, = the same within {limits.equivalence * 100:.6g}%, ? unclear."
    )
    warning = "**From `run --quick`: short trials and few pairs, only to see that it works.**\n\n" if quick else ""
    return f"{warning}{measured_on}\n\n{meaning}"


def _means(currents: Sequence[Current], groups: Sequence[str], limits: Limits) -> str:
    rows = [["all", *(_mean(current, current.suite.mean, limits) for current in currents)]]
    for group in groups:
        means = [next((one.mean for one in current.groups if one.group == group), None) for current in currents]
        rows.append([f"`{_plain(group)}`", *(_mean(c, mean, limits) for c, mean in zip(currents, means, strict=True))])
    return "## Means\n\n" + _table(["group", *map(_name, currents)], rows)


def _mean(current: Current, mean: SuiteSpeedup | None, limits: Limits) -> str:
    if mean is None:
        return units.DASH if _has_jit(current) else "no JIT"
    between = units.ratio_interval(mean.low, mean.high)
    mark = _MARKS[mean.verdict(limits.equivalence)]
    return f"{mark} {units.ratio(mean.ratio)} ({between}), {units.count(mean.cases, 'case')}"


def _rules(currents: Sequence[Current], limits: Limits) -> str:
    paired = [current for current in currents if _has_jit(current)]
    rows = []
    for rule in guide.RULES if paired else ():
        found = guide.answer(rule, [current.suite for current in paired], limits)
        answers = {one.interpreter: one.answer for one in found.releases if one.about}
        rows.append([rule.text, *(answers.get(current.interpreter, units.DASH) for current in paired)])
    return "## What is said of the JIT\n\n" + _table(["rule", *map(_name, paired)], rows) if paired else ""


def _times(currents: Sequence[Current], group: str) -> str:
    """Return times (or tracked values) of both modes and their ratio."""
    head = ["case"]
    for current in currents:
        version = _name(current)
        head += [f"{version} off", f"{version} on", f"{version} speedup"] if _has_jit(current) else [version]
    rows = []
    for key in _keys(currents, group):
        row = [f"`{_plain(case_text(key))}`"]
        for current in currents:
            row += _figures(_case(current, key), has_jit=_has_jit(current))
        rows.append(row)
    return _table(head, rows)


def _figures(case: CaseSummary | None, *, has_jit: bool) -> list[str]:
    if case is None:
        return [units.DASH] * (3 if has_jit else 1)
    levels = [figures.level_of(level, figures.format_of(case)).text for level in (case.off, case.on)]
    if not has_jit:
        return levels[:1]
    ratio = case.speedup or case.tracked
    if ratio is None:
        return [*levels, _MARKS.get(case.verdict, units.DASH)]
    mark = _MARKS.get(case.verdict, "") if case.timed else ""
    return [*levels, f"{mark} {units.ratio(ratio.ratio)} ({units.ratio_interval(ratio.low, ratio.high)})".strip()]


def _costs(currents: Sequence[Current], group: str) -> str:
    """Return what the JIT adds to the peak memory, and when it has paid."""
    paired = [current for current in currents if _has_jit(current)]
    head = ["case"]
    for current in paired:
        head += [f"{_name(current)} peak memory off", "JIT adds", "pays off after"]
    rows = [
        [f"`{_plain(case_text(key))}`", *(cost for current in paired for cost in _cost(_case(current, key)))]
        for key in _keys(paired, group)
    ]
    return _table(head, rows) if paired else ""


def _cost(case: CaseSummary | None) -> list[str]:
    if case is None:
        return [units.DASH] * 3
    adds = figures.memory_change_of(case)
    more = f"{adds.text} ({adds.detail})" if adds.detail else adds.text
    return [units.size(case.peak_off_bytes), more, figures.break_even_of(case).text]


def _keys(currents: Sequence[Current], group: str) -> list[CaseKey]:
    keys = {case.key.case for current in currents for case in current.suite.cases}
    return sorted(key for key in keys if group_of(key.benchmark) == group)


def _case(current: Current, key: CaseKey) -> CaseSummary | None:
    return next((case for case in current.suite.cases if case.key.case == key), None)


def _has_jit(current: Current) -> bool:
    return any(case.pairs for case in current.suite.cases)


def _name(current: Current) -> str:
    return current.interpreter.partition("+")[0]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _plain(text: str) -> str:
    """Return text that can be neither markup nor the end of a line or of a code span."""
    return " ".join(units.visible(text).replace("`", "'").replace("<", "‹").replace(">", "›").split())
