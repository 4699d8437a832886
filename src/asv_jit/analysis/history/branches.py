"""Split series by branch: commits of two branches have no common order, so a series holds those of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from asv_jit.analysis.history.series import CaseSeries, Places

MAIN = ""


def by_branch(series: Sequence[CaseSeries], branches: Mapping[str, Places]) -> tuple[tuple[CaseSeries, ...], int]:
    """Return each series once per branch that it has points of, and the number of points on no branch.

    `branches`: places of each branch's commits, the first branch under the empty name; empty where git does not
    tell: then all points are one sequence. The series of another branch holds its whole past, that which it shares
    with the first one too, but there is none where it adds nothing.
    """
    if not branches:
        return tuple(series), 0
    length = 1 + max((int(places.max()) for places in branches.values() if len(places)), default=0)
    length = max(length, 1 + max((int(one.places.max()) for one in series if len(one.places)), default=0))
    masks = {name: _mask(places, length) for name, places in branches.items()}
    found: list[CaseSeries] = []
    beside = 0
    for one in series:
        beside += int(np.sum(~np.any([mask[one.places] for mask in masks.values()], axis=0)))
        for name, mask in masks.items():
            on = mask[one.places]
            adds = on if name == MAIN else on & ~masks[MAIN][one.places]
            if np.any(adds):
                found.append(replace(chosen_points(one, on), key=replace(one.key, branch=name)))
    return tuple(found), beside


def chosen_points(series: CaseSeries, chosen: npt.NDArray[np.bool_]) -> CaseSeries:
    """Return the points where `chosen`, shape (points,), is true, without metrics that have no value there."""
    if np.all(chosen):
        return series
    tracks = {
        metric: track.chosen(chosen)
        for metric, track in series.tracks.items()
        if np.any(~np.isnan(track.values[chosen]))
    }
    sessions, blocks, requirements, measured = (
        None if one is None else one[chosen]
        for one in (series.sessions, series.blocks, series.requirements, series.measured)
    )
    return replace(
        series,
        places=series.places[chosen],
        interpreters=series.interpreters[chosen],
        tracks=tracks,
        sessions=sessions,
        blocks=blocks,
        requirements=requirements,
        measured=measured,
    )


def _mask(places: Places, length: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(length, dtype=np.bool_)
    mask[places] = True
    return mask
