"""Text about events, for the terminal and the feed: what changed, by how much, why, and how to bisect it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping

from asv_jit.analysis.attribution import Cause
from asv_jit.analysis.history.detection import is_worse
from asv_jit.analysis.history.events import Change, Event
from asv_jit.analysis.metrics import COUNTED, METRICS, Metric
from asv_jit.model import minor_of
from asv_jit.text import units
from asv_jit.text.units import day

_TIMES: tuple[Metric, ...] = ("off", "on", "plain")
_MOST_PACKAGES = 4
_CAUSES: Mapping[Cause, str] = {
    "jit": "the JIT",
    "mixed": "the code, and differently with the JIT on",
    "unclear": "unclear",
}
"""The causes that are not `the code`, `the release` and so on."""


def metric_words(metric: Metric) -> str:
    """Name a metric, `JIT on` or `peak memory, JIT off`; empty for results that asv measured itself."""
    return METRICS[metric].words


def change_words(change: Change, unit: str) -> str:
    """Describe a change: `12% slower`, `9.1% less speedup`, `4.0% more memory`.

    `unit` is the unit of the case's values.
    """
    worse = is_worse(change.metric, change.before, change.after)
    if change.metric == "speedup":
        return f"{_share(change)} {'less' if worse else 'more'} speedup"
    if change.metric.startswith("peak_memory") or unit == "bytes":
        return f"{_share(change, 'bytes')} {'more' if worse else 'less'} memory"
    if change.metric in COUNTED:
        return f"{_share(change)} {'more' if worse else 'fewer'} instructions"
    if change.metric == "warmup_on":
        return f"warm-up {_share(change)} {'longer' if worse else 'shorter'}"
    if unit == "seconds":
        return f"{_share(change)} {'slower' if worse else 'faster'}"
    return f"{_share(change, unit)} {'more' if worse else 'less'}"


def headline_words(event: Event, unit: str) -> str:
    """Return the headline of an event.

    If time and memory (or warm-up) changed in opposite directions, the headline gives both, time first: `39% faster,
    but 3.5% more memory`.
    """
    times = [change for change in event.metrics if change.metric in _TIMES]
    costs = [change for change in event.metrics if change.metric not in (*_TIMES, "speedup")]
    lead = event.headline
    for time, cost in ((lead, change) for change in costs) if lead in times else ((change, lead) for change in times):
        if lead.metric != "speedup" and _is_loss(time) != _is_loss(cost):
            return f"{change_words(time, unit)}, but {change_words(cost, unit)}"
    return change_words(lead, unit)


def _is_loss(change: Change) -> bool:
    return is_worse(change.metric, change.before, change.after)


def levels_words(change: Change, unit: str) -> tuple[str, str]:
    """Format the levels before and after, each with its interval: `10.1 ms (10.0 to 10.2 ms)`."""
    form = form_of(change.metric, unit)
    before = _level(form, change.before, change.before_low, change.before_high)
    return before, _level(form, change.after, change.after_low, change.after_high)


def cause_words(event: Event) -> str:
    """Name the cause: `the JIT (97%)`, `the requirements: numpy==1.26 → numpy==2.1`, `unclear`."""
    if event.moved:
        return moved_words(event)
    attribution = event.attribution
    words = _CAUSES.get(attribution.cause, f"the {attribution.cause}")
    if attribution.cause == "requirements":
        return f"{words}: {requirements_words(event)}"
    if attribution.cause != "unclear" and not math.isnan(attribution.probability):
        words = f"{words} ({min(math.floor(attribution.probability * 100.0), 99)}%)"
    return f"{words}; {installed_words(event)}" if event.installed else words


def installed_words(event: Event) -> str:
    """Say which packages pip installed in other versions from the event on; empty if none."""
    some = ", ".join(event.installed[:_MOST_PACKAGES])
    more = len(event.installed) - _MOST_PACKAGES
    return f"{some}{f' and {more} more' if more > 0 else ''} installed from here on" if some else ""


def moved_words(event: Event) -> str:
    """Say what moved many cases at once with the date of measuring."""
    return (
        f"{len(event.moved)} cases moved with the measuring date {day(event.measured_s)}, not with a commit: "
        "the machine or its harness changed"
    )


def others_words(event: Event) -> str:
    """Count the other cases that an event stands for, ` and 12 more cases`; empty for an event of one case."""
    return f" and {units.count(len(event.moved) - 1, 'more case')}" if event.moved else ""


def requirements_words(event: Event) -> str:
    """Describe how the requirements changed, `numpy==1.26 → numpy==2.1`; empty if they are the same."""
    before, after = event.requirements_before.split(), event.requirements.split()
    gone = " ".join(pin for pin in before if pin not in after)
    new = " ".join(pin for pin in after if pin not in before)
    return f"{gone or 'without'} → {new or 'without'}" if gone or new else ""


def bisect_command(event: Event) -> str:
    """Return the command that bisects the event; for asv's own results, the command with the explicit range.

    It is empty where no commit is to blame, and where exact counts name the commit already.
    """
    if event.moved or (event.counted is not None and len(event.suspects) == 1):
        return ""
    if event.key.protocol == "asv":
        return range_command(event)
    return units.visible(
        shlex.join(["asv-jit", "bisect", event.identity])
    )  # a name from merged results may hold control characters


def range_command(event: Event) -> str:
    """Return the command that bisects the event's range on any machine, with its own build of that Python."""
    on_releases = event.axis == "pythons"
    ends = "..".join(event.ends if on_releases else (end[:12] + "^" * end.endswith("^") for end in event.ends))
    words = ["asv-jit", "bisect", str(event.key.case), ends, "--metric", METRICS[event.searched.metric].bisect]
    if on_releases:
        words += ["--axis", "pythons", "--commit", event.commit[:12]]
    else:
        asv = event.key.protocol == "asv"  # asv names environments, not interpreter lines
        words += ["--python", minor_of(event.after) if asv else event.key.line.partition(" from ")[0]]
    return units.visible(shlex.join(words))


def form_of(metric: Metric, unit: str) -> Callable[[float | None], str]:
    """Return the formatter for values of `metric`; `unit` is the unit of the case's values."""
    kind = METRICS[metric].kind
    if kind == "instructions":
        return units.exact
    return units.ratio if kind == "ratio" else units.form(unit if kind == "value" else kind)


def _level(form: Callable[[float | None], str], value: float, low: float, high: float) -> str:
    interval = units.interval(form(low), form(high))
    return f"{form(value)} ({interval})" if interval else form(value)


def _share(change: Change, unit: str = "") -> str:
    """Format the relative change, or the absolute difference if a value is not positive."""
    if change.before <= 0.0 or change.after <= 0.0:
        return units.quantity(abs(change.after - change.before), unit)
    ratio = change.after / change.before
    if not 1 / 3 < ratio < 3.0:
        return units.ratio(max(ratio, 1.0 / ratio))
    percent = abs(ratio - 1.0) * 100.0
    return f"{percent:.1f}%" if percent < 9.95 else f"{percent:.0f}%"
