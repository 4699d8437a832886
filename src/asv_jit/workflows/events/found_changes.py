"""Finds the changes of many series: cached ones are reused, the others are searched on all cores."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
from msgspec import Struct

from asv_jit.analysis import metrics, verdict
from asv_jit.analysis.changes import boundaries, cleaning, detector, segmentation, splits
from asv_jit.analysis.history import detection, levelling
from asv_jit.analysis.history.detection import Found, find_changes
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.analysis.history.series import CaseSeries
from asv_jit.analysis.metrics import SEARCHED
from asv_jit.analysis.stats import robust
from asv_jit.store.analysis_cache import AnalysisCache
from asv_jit.system.processes import cores, in_parallel_with

Changes: TypeAlias = Iterator[tuple[int, list[tuple[Stretch, list[Found]]]]]
"""For each series with a change: its number, and its stretches with their change points."""

_Named: TypeAlias = list[tuple[str, list[Found] | None]]
"""Stretch digest, and its change points or None if they are cached; one pair per stretch of a series."""

_ENTRY = "changes-1"
"""The cache's entry of the series as they are; the order of measuring has an entry of its own."""

_CHUNKS_A_CORE = 8
_FEW_POINTS = 20_000
"""Below this a fork costs more than it saves."""

_METHOD = (boundaries, cleaning, detection, detector, levelling, metrics, robust, segmentation, splits, verdict)
_decoder = msgspec.json.Decoder(dict[str, list[Found]])


class _Search(Struct, frozen=True):
    """All series, the function that splits one into stretches, and the cached change points by stretch digest."""

    series: Sequence[CaseSeries]
    part: Callable[[CaseSeries], list[Stretch]]
    known: dict[str, list[Found]]


def changes_of(
    results_dir: Path, series: Sequence[CaseSeries], part: Callable[[CaseSeries], list[Stretch]], entry: str = _ENTRY
) -> Changes:
    """What `find_changes` finds in the stretches that `part` makes of each series.

    The workers begin at once, and changes come as they are found, in no order. The cache is named by the values and by
    the method itself, so that it can never be out of date; what was found is kept when all was asked for.
    """
    store = AnalysisCache(results_dir)
    search = _Search(series, part, _load(store, entry))
    return _told(store, entry, search, _searched(search))


def _told(store: AnalysisCache, entry: str, search: _Search, searched: Iterable[tuple[int, _Named]]) -> Changes:
    series, part = search.series, search.part
    wanted: dict[str, list[Found]] = {}
    for number, named in searched:
        told = [(name, search.known[name] if found is None else found) for name, found in named]
        wanted.update(told)
        if any(found for _, found in told):
            # Splitting again takes microseconds; to receive the stretches from the worker takes longer.
            yield number, [(stretch, found) for stretch, (_, found) in zip(part(series[number]), told, strict=True)]
    if wanted.keys() - search.known or len(search.known) > 2 * len(wanted):
        store.write(entry, msgspec.json.encode(wanted))


def _load(store: AnalysisCache, entry: str) -> dict[str, list[Found]]:
    content = store.read(entry)
    if content is None:
        return {}
    try:
        return _decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _searched(search: _Search) -> Iterator[tuple[int, _Named]]:
    points = sum(len(one.places) * len(one.tracks) for one in search.series)
    # Chunks mix machines and benchmarks, because the series of a machine without new results are cached.
    count = min(_CHUNKS_A_CORE * cores(), len(search.series))
    chunks = [range(first, len(search.series), count) for first in range(count)]
    # The series are what the workers share: to pickle 54 MB of small arrays for them took 0.2 s.
    found = in_parallel_with(search, _find_some, chunks, workers=1 if points < _FEW_POINTS else None)
    return chain.from_iterable(zip(some, named, strict=True) for some, named in zip(chunks, found, strict=True))


def _find_some(search: _Search, some: Iterable[int]) -> list[_Named]:
    named: list[list[str]] = []
    jobs: dict[str, tuple[Stretch, str]] = {}
    for number in some:
        series = search.series[number]
        parted = search.part(series)
        names = [_digest(stretch, series.unit) for stretch in parted]
        named.append(names)
        jobs.update(
            (name, (stretch, series.unit))
            for name, stretch in zip(names, parted, strict=True)
            if name not in search.known
        )
    fresh = dict(zip(jobs, find_changes(list(jobs.values())), strict=True))
    return [[(name, fresh.get(name)) for name in mine] for mine in named]


def _digest(stretch: Stretch, unit: str) -> str:
    whole = hashlib.sha256(_method() + unit.encode("utf-8", "surrogatepass"))
    if stretch.releases.any():  # else they are as many as the values, all of them 0
        whole.update(stretch.releases.tobytes())
    for metric in SEARCHED:
        if metric in stretch.values:
            whole.update(metric.encode())
            whole.update(np.ascontiguousarray(stretch.values[metric]).data)
            whole.update(repr(stretch.steps[metric]).encode())
    return whole.hexdigest()[:32]


@cache
def _method() -> bytes:
    """A digest of the code that finds changes."""
    sources = [Path(module.__file__).read_bytes() for module in _METHOD if module.__file__]
    return hashlib.sha256(b"".join(sources)).digest()
