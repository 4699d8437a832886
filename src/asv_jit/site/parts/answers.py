"""The answer for one release, in words: should the JIT be on, for which programs, and what does it cost."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.site.parts.values import Figure
from asv_jit.text import units

_FEW = 0.1
"""Share of cases that may be slower before "yes" becomes "for most programs"."""


class Answer(Struct, frozen=True):
    """`kind`: `yes`, `probably`, `mostly`, `same`, `no`, `open` or `none`; a reader is told `word` and `detail`."""

    kind: str
    word: str
    detail: str


def answer_of(current: Current | None, equivalence: float) -> Answer:
    """What the mean and the verdicts of a release say. `equivalence` is the share that counts as no difference."""
    mean = current.suite.mean if current is not None else None
    if current is None or mean is None:
        return Answer("none", "Not known yet", "no pair of trials has finished")
    counts = Counter(case.verdict for case in current.suite.cases)
    judged = sum(counts[verdict] for verdict in ("faster", "same", "slower", "unclear"))
    tally, verdict = _tally(counts, judged), mean.verdict(equivalence)
    wrong = sum(case.is_wrong for case in current.suite.cases)
    if wrong:
        what = f"{units.count(wrong, 'suspected bug')} of the JIT, listed above"
        return Answer("no", "Not yet", f"{what}; {units.change(mean.ratio)} on average without these; {tally}")
    if verdict == "faster":
        if counts["unclear"] > 0.5 * judged:
            return Answer("probably", "Probably", f"{units.change(mean.ratio)} on average; {tally}")
        if counts["slower"] <= _FEW * judged:
            return Answer("yes", "Yes", f"{units.change(mean.ratio)} on average; {tally}")
        return Answer("mostly", "For most programs", f"{units.change(mean.ratio)} on average, but {tally}")
    if verdict == "slower":
        return Answer("no", "No", f"{units.change(mean.ratio)} on average; {tally}")
    if counts["faster"] or counts["slower"]:
        return Answer("open", "It depends", f"little difference on average, but {tally}")
    if verdict == "same":
        return Answer("same", "It makes no difference", f"within {equivalence:.0%} on average; {tally}")
    return Answer("open", "Not clear yet", f"more pairs are needed; {tally}")


def costs_of(cases: Sequence[CaseSummary]) -> tuple[tuple[str, Figure], ...]:
    """What the JIT costs on a release: memory, and how long until it pays."""
    memory = [case.memory.difference_bytes for case in cases if case.memory is not None]
    lines = []
    if memory:
        between = units.interval(units.signed_size(min(memory)), units.signed_size(max(memory)))
        lines.append(("Memory", Figure(units.signed_size(statistics.median(memory)), f"median; cases {between}")))
    paying = [
        case.break_even.seconds if case.break_even.seconds is not None else math.inf
        for case in cases
        if case.break_even is not None and case.verdict == "faster"
    ]
    if paying:
        middle = statistics.median_low(paying)
        never = sum(math.isinf(value) for value in paying)
        text = "never" if math.isinf(middle) else "at once" if middle <= 0.0 else f"after {units.seconds(middle)}"
        most = max((value for value in paying if math.isfinite(value)), default=math.nan)
        worst = "" if math.isnan(most) else f"; at most {units.seconds(most)}"
        rest = f"; {never} of {len(paying)} never" if never else ""
        lines.append(("Pays off", Figure(text, f"median of the faster cases{worst}{rest}")))
    return tuple(lines)


def _tally(counts: Counter[str], judged: int) -> str:
    parts = [f"{counts[verdict]:,} {verdict}" for verdict in ("faster", "same", "slower", "unclear") if counts[verdict]]
    return f"of {units.count(judged, 'case')} {', '.join(parts)}" if parts else "no case has a verdict"
