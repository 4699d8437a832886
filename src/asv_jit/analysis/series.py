"""Series: one metric of one case on one interpreter line, by commit; what detection works on and charts show.

A `CaseSeries` holds all metrics of a case on one line of one machine, in columns, so that thousands of
series of a thousand points stay small. `History` is all of them over one order of commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from asv_jit.model import CaseKey

__all__ = ["CaseSeries", "Floats", "History", "Metric", "SeriesKey", "Track"]

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int32]

Metric = Literal["off", "on", "speedup", "peak_memory_off", "peak_memory_on", "warmup_on", "plain"]
"""`off`, `on`: the steady time in seconds per call (or the tracked value in its unit) in that mode; `speedup`:
off / on; `peak_memory_*`: bytes; `warmup_on`: seconds of running before the steady state with the JIT on;
`plain`: what asv measured by itself, without `PYTHON_JIT` set."""


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """What names the series of a case: `line` is an interpreter line such as `3.15 from debian`, or, for results
    that asv wrote by itself, the name of its environment. `version` is the benchmark's, `protocol` as in a trial
    (`asv` for asv's own measurements): series never mix either."""

    machine: str
    line: str
    case: CaseKey
    version: str
    protocol: str


@dataclass(frozen=True, slots=True)
class Track:
    """One metric at each of a series' points, each shape (points,): the value, and its interval; NaN = missing."""

    values: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class CaseSeries:
    """All metrics of a case on one line. Points are ordered by commit, then by interpreter release.

    `unit`: of `off`, `on` and `plain` (`seconds`, `bytes` or whatever a `track_` benchmark says). `places`: shape
    (points,), each point's commit as its place in `History.commits`. `interpreters`: each point's place in
    `History.interpreters`, shape (points,); the exact build, because patch releases join a line.
    """

    key: SeriesKey
    unit: str
    places: Places
    interpreters: Places
    tracks: Mapping[Metric, Track]


@dataclass(frozen=True, slots=True)
class History:
    """Everything that was measured, as series.

    `commits`: full hashes (or what of a hash is known), oldest first, as git orders the first parents of the
    configured branches; `dates`: seconds since 1970 of each, shape (commits,). `ordered_by`: `git`, or `date` where no
    repository knows the commits. `interpreters`: identities (or asv's Python versions). `left_out`: a sentence
    with a count for each kind of thing that is not in the series.
    """

    commits: tuple[str, ...]
    dates: npt.NDArray[np.int64]
    ordered_by: Literal["git", "date"]
    interpreters: tuple[str, ...]
    series: tuple[CaseSeries, ...]
    left_out: tuple[str, ...] = ()
