"""Events on the release axis: the effect of a new Python release on a case at an unchanged commit.

Two releases are compared at commits measured with both (`bridges`). The layout of a binary alone makes a difference of
a percent or two, so changes within the equivalence are ignored. As a release has many cases, its alerts are corrected
by Benjamini and Hochberg.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.attribution import Attribution, attribute
from asv_jit.analysis.cells.levels import level
from asv_jit.analysis.history.events import Change, Event, identity_of, is_one_line
from asv_jit.analysis.history.grouping import fixed_by_ratio, headline_first, is_event_worse
from asv_jit.analysis.history.levelling import ReleaseShift, bridge_shift, metric_figures, noise_of
from asv_jit.analysis.history.series import Bridge, CaseSeries, SeriesKey
from asv_jit.analysis.metrics import SEARCHED, Metric
from asv_jit.analysis.stats import suite_mean

_LEVEL = 0.05


class _Test(Struct, frozen=True):
    bridge: Bridge
    metric: Metric
    step: ReleaseShift


def release_events(
    bridges: Sequence[Bridge], series: Sequence[CaseSeries], commits: Sequence[str], *, equivalence: float
) -> list[Event]:
    """Return the events of all bridges, as candidates.

    `series`: those of the bridges, which give the noise between sessions; `commits`: `History.commits`.
    """
    noise = {
        (one.key, metric): noise_of(one.tracks[metric].values)
        for one in series
        for metric in SEARCHED
        if metric in one.tracks
    }
    tests: dict[tuple[str, str, str, str], list[_Test]] = {}
    for bridge in bridges:
        for metric in SEARCHED:
            step = bridge_shift(bridge, metric, noise.get((bridge.key, metric), 0.0))
            if step is not None:
                pair = (bridge.key.machine, bridge.key.fingerprint, bridge.before, bridge.after)
                tests.setdefault(pair, []).append(_Test(bridge, metric, step))
    events = []
    for together in tests.values():
        flags = suite_mean.alerts([test.step.p_value for test in together])
        moved: dict[int, list[_Test]] = {}
        for test, flag in zip(together, flags, strict=True):
            if flag and abs(test.step.shift) > math.log1p(equivalence):
                moved.setdefault(id(test.bridge), []).append(test)
        events += [_event(found, commits, equivalence) for found in moved.values()]
    return _with_fixes(events, equivalence)


def _with_fixes(events: Sequence[Event], equivalence: float) -> list[Event]:
    """Mark fixed events, only within a line: each release of a line is compared with the other line anew."""
    lines: dict[SeriesKey, list[Event]] = {}
    for event in events:
        lines.setdefault(event.key, []).append(event)
    return [
        event
        for mine in lines.values()
        for event in (
            *(event for event in mine if not is_one_line(event.before, event.after)),
            *fixed_by_ratio([event for event in mine if is_one_line(event.before, event.after)], equivalence),
        )
    ]


def _event(tests: Sequence[_Test], commits: Sequence[str], equivalence: float) -> Event:
    bridge = tests[0].bridge
    neutral = not is_one_line(bridge.before, bridge.after)
    changes = headline_first([_change(test) for test in tests], neutral=neutral)
    worse = is_event_worse(changes)
    commit = commits[bridge.place]
    return Event(
        identity=identity_of(bridge.key, "pythons", _pair(bridge), worse=worse),
        key=bridge.key,
        axis="pythons",
        worse=worse,
        metrics=changes,
        commit=commit,
        parent=commit,
        suspects=(),
        before=bridge.before,
        after=bridge.after,
        attribution=_cause(bridge, changes, equivalence),
        state="candidate",
        requirements=bridge.requirements,
        requirements_before=bridge.requirements,
    )


def _pair(bridge: Bridge) -> str:
    """Return the name of the step: the two releases, or two lines without their patch releases."""
    ends = (bridge.before, bridge.after)
    return ">".join(ends if is_one_line(*ends) else (identity.rpartition(".")[0] for identity in ends))


def _change(test: _Test) -> Change:
    sides = metric_figures(test.bridge, test.metric)
    assert sides is not None  # there is a step
    known = [side[~np.isnan(side)] for side in sides]
    before, after = map(_level, known)
    return Change(test.metric, *before, *after, test.step.p_value, (len(known[0]), len(known[1])))


def _level(figures: Floats) -> tuple[float, float, float]:
    found = level(figures, _LEVEL)
    assert found is not None
    assert found.low is not None
    assert found.high is not None  # there is a step, so there are two figures at least
    return found.value, found.low, found.high


def _cause(bridge: Bridge, changes: Sequence[Change], equivalence: float) -> Attribution:
    memory = all(change.metric.startswith("peak_memory") for change in changes)
    names: tuple[Metric, Metric] = ("peak_memory_off", "peak_memory_on") if memory else ("off", "on")
    off, on = (bridge.figures.get(name) for name in names)
    if off is None:
        return Attribution("unclear", 1.0, "unclear")
    return attribute(off, on, None, axis="pythons", equivalence=equivalence)
