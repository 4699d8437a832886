"""Group the changes of a case's metrics at one place of the commit axis into an event, with its cause."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.arrays import Floats, Places
from asv_jit.analysis.attribution import Attribution, Sides, attribute
from asv_jit.analysis.counts.series import count_cause, is_confirmed
from asv_jit.analysis.history.detection import Found, is_worse
from asv_jit.analysis.history.events import Change, Event, identity_of
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.analysis.history.series import AnchorSeries, CaseSeries
from asv_jit.analysis.metrics import COUNTED, METRICS, Metric

_SLACK = 2
"""Changes of two metrics at most this many points apart form one event; a level has at least three points."""

_REACH = 30
"""The number of points on either side that an attribution uses; others were measured too long before or after."""

_FEWEST = 3
_UNKNOWN = Attribution("unclear", 1.0, "unclear")


class Scene(Struct, frozen=True):
    """The context of events: `History.commits`, `.interpreters`, `.requirement_sets`, and the equivalence.

    `branch`: the places of the series' branch, oldest first; None if all commits are one sequence.
    """

    commits: Sequence[str]
    interpreters: Sequence[str]
    equivalence: float
    branch: Places | None = None
    requirement_sets: Sequence[str] = ("",)

    def requirements(self, stretch: Stretch, point: int) -> str:
        """Return the set of requirements that a point was measured with; empty if unknown."""
        return "" if stretch.requirements is None else self.requirement_sets[stretch.requirements[point]]

    def between(self, last_good: int, first_bad: int) -> tuple[str, ...]:
        """Return the commits of the branch after one place, up to and including another."""
        if self.branch is None:
            return tuple(self.commits[last_good + 1 : first_bad + 1])
        start, stop = np.searchsorted(self.branch, [last_good, first_bad], side="right")
        return tuple(self.commits[place] for place in self.branch[start:stop])


def commit_events(
    series: CaseSeries,
    scene: Scene,
    changes: Iterable[tuple[Stretch, Sequence[Found]]],
    anchors: Sequence[AnchorSeries],
) -> list[Event]:
    """Return the events of one series, oldest first: candidates, and those fixed by a later event.

    `changes`: its stretches, the newest releases first, each with what `detection.find_changes` found in it;
    `anchors`: the machine's, with the series' fingerprint.
    """
    events: list[Event] = []
    for stretch, found in changes:
        groups = _grouped(found)
        bounds = [0, *(group[0].index for group in groups), len(stretch.places)]
        of_stretch = [
            _event(series, scene, stretch, group, (bounds[number], bounds[number + 2]), anchors)
            for number, group in enumerate(groups)
        ]
        events = fixed_by_level(of_stretch, scene.equivalence) + events
    return events


def joined(events: Sequence[Event], known: Collection[str]) -> list[Event]:
    """Merge events of counts and of times at the same place, so that nothing is reported twice.

    Two events of a case are merged if their suspects overlap, they go in the same direction, and one is of counts. The
    result keeps the exact place and cause from the counts, and the series of the times, whose unit its values have. Its
    identity is the one among `known` (already reported identities), else that of the counts.
    """
    by_case: dict[tuple[object, ...], list[Event]] = {}
    kept: list[Event] = []
    for event in sorted(events, key=lambda event: event.counted is None):
        key = event.key
        mine = by_case.setdefault(
            (key.machine, key.line, key.case, key.version, key.branch, event.axis, event.worse), []
        )
        near = [at for at, one in enumerate(mine) if one.counted and not event.moved and _overlap(one, event)]
        if near:
            nearest = max(near, key=lambda at: mine[at].commit == event.commit)
            mine[nearest] = _united(mine[nearest], event, known)
        else:
            mine.append(event)
    for mine in by_case.values():
        kept += mine
    return kept


def _overlap(one: Event, other: Event) -> bool:
    return not {one.commit, *one.suspects}.isdisjoint((other.commit, *other.suspects))


def _united(counted: Event, other: Event, known: Collection[str]) -> Event:
    metrics = {change.metric for change in counted.metrics}
    more = [change for change in other.metrics if change.metric not in metrics]
    name = other.identity if other.identity in known and counted.identity not in known else counted.identity
    key = counted.key if other.counted else other.key
    return replace(counted, key=key, metrics=headline_first([*counted.metrics, *more]), identity=name)


def is_event_worse(changes: Sequence[Change]) -> bool:
    """Return True for more time or memory, or a smaller speedup that a faster interpreter does not explain."""
    worse = {change.metric for change in changes if is_worse(change.metric, change.before, change.after)}
    off_gained = any(change.metric == "off" and change.metric not in worse for change in changes)
    return bool(worse - {"speedup"}) or ("speedup" in worse and not off_gained)


def headline_first(changes: Sequence[Change], *, neutral: bool = False) -> tuple[Change, ...]:
    """Sort changes: for the worse first, then times, the speedup, memory; of one metric's kind the larger one first.

    `neutral`: no change counts as worse, so that times come first.
    """
    if len(changes) == 1:  # always so in asv's own series
        return tuple(changes)
    gained = not is_event_worse(changes)

    def rank(change: Change) -> tuple[bool, int, float]:
        worse = is_worse(change.metric, change.before, change.after)
        return not neutral and worse == gained, METRICS[change.metric].order, -_size(change)

    return tuple(sorted(changes, key=rank))


def _size(change: Change) -> float:
    if change.before > 0.0 and change.after > 0.0:
        return abs(math.log(change.after / change.before))
    return abs(change.after - change.before)


def _grouped(changes: Sequence[Found]) -> list[list[Found]]:
    """Group changes by place, the most significant of each group first."""
    groups: list[list[Found]] = []
    for found in sorted(changes, key=lambda found: (found.change.p_value, found.index)):
        others = [group for group in groups if all(one.change.metric != found.change.metric for one in group)]
        near = [group for group in others if _is_near(found, group[0])]
        if near:
            min(near, key=lambda group: abs(group[0].index - found.index)).append(found)
        else:
            groups.append([found])
    return sorted(groups, key=lambda group: group[0].index)


def _is_near(one: Found, other: Found) -> bool:
    overlap = one.earliest <= other.latest and other.earliest <= one.latest
    return overlap or (abs(one.index - other.index) <= _SLACK and one.change.metric not in COUNTED)


def _event(
    series: CaseSeries,
    scene: Scene,
    stretch: Stretch,
    group: Sequence[Found],
    around: tuple[int, int],
    anchors: Sequence[AnchorSeries],
) -> Event:
    surest = group[0]
    changes = headline_first([found.change for found in group])
    last_good = _previous(stretch, surest.change.metric, surest.earliest)
    previous = _previous(stretch, surest.change.metric, surest.index)
    parent = scene.commits[stretch.places[previous]]
    sets = scene.requirements(stretch, last_good), scene.requirements(stretch, surest.latest)
    exact = surest.change.metric in COUNTED
    if exact:
        cause = count_cause(series.tracks, min(one.earliest for one in group), max(one.latest for one in group))
    else:
        cause = _cause(series, stretch, changes, surest, around, anchors, scene.equivalence)
    if all(sets) and sets[0] != sets[1] and cause.cause != "machine":
        cause = replace(cause, cause="requirements", probability=math.nan)
    commit = scene.commits[stretch.places[surest.index]]
    interpreter = scene.interpreters[stretch.interpreters[surest.index]]
    worse = is_event_worse(changes)
    return Event(
        identity=identity_of(series.key, "commits", commit, worse=worse),
        key=series.key,
        axis="commits",
        worse=worse,
        metrics=changes,
        commit=commit,
        parent=parent,
        suspects=scene.between(int(stretch.places[last_good]), int(stretch.places[surest.latest])),
        before=interpreter,
        after=interpreter,
        attribution=cause,
        state="confirmed" if exact and is_confirmed(changes) else "candidate",
        requirements=scene.requirements(stretch, surest.index),
        requirements_before=scene.requirements(stretch, previous),
    )


def _previous(stretch: Stretch, metric: Metric, index: int) -> int:
    """Return the last point before `index` at which the metric was measured."""
    values = stretch.values[metric]
    return next(place for place in range(index - 1, -1, -1) if not math.isnan(values[place]))


def _cause(
    series: CaseSeries,
    stretch: Stretch,
    changes: Sequence[Change],
    surest: Found,
    around: tuple[int, int],
    anchors: Sequence[AnchorSeries],
    equivalence: float,
) -> Attribution:
    off_name, on_name = _modes(changes)
    off = stretch.values.get(off_name)
    on = stretch.values.get(on_name) if on_name is not None else None
    before, after = _sides(surest, around)
    anchor = _anchor(series, stretch, before, after, anchors)
    if off is None or (on is None and anchor is None):
        return _UNKNOWN  # only the prior would decide between code and machine
    if np.any(off <= 0.0) or (on is not None and np.any(on <= 0.0)):
        return _UNKNOWN
    return attribute(
        (off[before], off[after]),
        None if on is None else (on[before], on[after]),
        anchor,
        axis="commits",
        equivalence=equivalence,
    )


def _modes(changes: Sequence[Change]) -> tuple[Metric, Metric | None]:
    """Return the two modes that decide the cause: times, or memory if only memory changed."""
    metrics = {change.metric for change in changes}
    if "plain" in metrics:
        return "plain", None
    if metrics <= {"peak_memory_off", "peak_memory_on"}:
        return "peak_memory_off", "peak_memory_on"
    return "off", "on"


def _sides(surest: Found, around: tuple[int, int]) -> tuple[slice, slice]:
    """Return the points before and after; points that may be on either side only if there are too few others."""
    first, end = around
    before = slice(max(first, surest.earliest - _REACH), surest.earliest)
    after = slice(surest.latest, min(end, surest.latest + _REACH))
    if before.stop - before.start < _FEWEST:
        before = slice(max(first, surest.index - _REACH), surest.index)
    if after.stop - after.start < _FEWEST:
        after = slice(surest.index, min(end, surest.index + _REACH))
    return before, after


def _anchor(
    series: CaseSeries, stretch: Stretch, before: slice, after: slice, anchors: Sequence[AnchorSeries]
) -> Sides | None:
    """Return the anchor's levels in the sessions of both sides: of this case if it is anchored, else of all cases."""
    if stretch.sessions is None:
        return None
    of_case = [anchor for anchor in anchors if anchor.case == series.key.case]
    for anchor in of_case or [anchor for anchor in anchors if anchor.case is None]:
        sides = [_levels(anchor, stretch.sessions[part]) for part in (before, after)]
        if min(len(side) for side in sides) >= 2:
            return sides[0], sides[1]
    return None


def _levels(anchor: AnchorSeries, sessions: Places) -> Floats:
    """Return the anchor's level in each distinct session, or in the last session before that measured it."""
    at = np.searchsorted(anchor.sessions, np.unique(sessions), side="right") - 1
    return anchor.levels[np.unique(at[at >= 0])]


def fixed_by_level(events: Sequence[Event], equivalence: float) -> list[Event]:
    """Mark events fixed whose old level a later improvement reached, in one stretch of commits, oldest first.

    `equivalence`: a fraction, by which the new level may still be worse.
    """
    return [
        replace(event, state="fixed") if event.worse and _is_back(event, events[at + 1 :], equivalence) else event
        for at, event in enumerate(events)
    ]


def fixed_by_ratio(events: Sequence[Event], equivalence: float) -> list[Event]:
    """Mark events fixed that later releases together reverted, for one line over its releases, oldest first."""
    return [
        replace(event, state="fixed") if event.worse and _is_made_up(event, events[at + 1 :], equivalence) else event
        for at, event in enumerate(events)
    ]


def _is_back(event: Event, later: Sequence[Event], equivalence: float) -> bool:
    headline = event.headline
    room = equivalence * abs(headline.before)
    for change in _later_changes(headline, later):
        if is_worse(change.metric, change.before, change.after):
            continue
        if not is_worse(change.metric, headline.before, change.after) or abs(change.after - headline.before) <= room:
            return True
    return False


def _is_made_up(event: Event, later: Sequence[Event], equivalence: float) -> bool:
    """Compare ratios only: each pair of releases was measured at its own commits."""
    headline = event.headline
    gone = math.log(headline.ratio)
    for change in _later_changes(headline, later):
        gone += math.log(change.ratio)
        loss = -gone if headline.metric == "speedup" else gone
        if loss <= math.log1p(equivalence):
            return True
    return False


def _later_changes(headline: Change, later: Sequence[Event]) -> list[Change]:
    return [change for event in later for change in event.metrics if change.metric == headline.metric]
