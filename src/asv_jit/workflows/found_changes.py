"""Finds the changes of many series: those that a former call has seen from the cache, the others on all cores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from asv_jit.analysis import changes
from asv_jit.analysis.history import (
    boundaries,
    cleaning,
    cubics,
    detection,
    levelling,
    robust,
    segmentation,
    splits,
    strung,
)
from asv_jit.analysis.history.detection import DETECTED, Found, find_changes_of_many
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.processes import cores, in_parallel_with
from asv_jit.store.analysis_cache import AnalysisCache

__all__ = ["changes_of"]

_ENTRY = "changes-1"
_CHUNKS_A_CORE = 4
_FEW_POINTS = 20_000
"""Below this a fork costs more than it saves."""

_METHOD = (boundaries, changes, cleaning, cubics, detection, levelling, robust, segmentation, splits, strung)
_decoder = msgspec.json.Decoder(dict[str, list[Found]])


def changes_of(
    results_dir: Path, parted: Sequence[Sequence[Stretch]], units: Sequence[str]
) -> list[list[tuple[Stretch, list[Found]]]]:
    """What `find_changes` finds in the stretches of each series; `units`: of each series.

    The cache is named by the values and by the method itself, so that it can never be out of date.
    """
    store = AnalysisCache(results_dir)
    known = _load(store)
    digests = [[_digest(stretch, unit) for stretch in mine] for mine, unit in zip(parted, units, strict=True)]
    jobs = {
        digest: (stretch, unit)
        for mine, names, unit in zip(parted, digests, units, strict=True)
        for stretch, digest in zip(mine, names, strict=True)
        if digest not in known
    }
    fresh = dict(zip(jobs, _find(list(jobs.values())), strict=True))
    wanted = {digest for names in digests for digest in names}
    if fresh or len(known) > 2 * len(wanted):
        known = {digest: found for digest, found in {**known, **fresh}.items() if digest in wanted}
        store.write(_ENTRY, msgspec.json.encode(known))
    return [
        [(stretch, known[digest]) for stretch, digest in zip(mine, names, strict=True)]
        for mine, names in zip(parted, digests, strict=True)
    ]


def _load(store: AnalysisCache) -> dict[str, list[Found]]:
    content = store.read(_ENTRY)
    if content is None:
        return {}
    try:
        return _decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _find(jobs: Sequence[tuple[Stretch, str]]) -> list[list[Found]]:
    points = sum(len(stretch.places) * len(stretch.values) for stretch, _ in jobs)
    if points < _FEW_POINTS:
        return find_changes_of_many(jobs)
    size = -(-len(jobs) // (_CHUNKS_A_CORE * cores()))
    chunks = [slice(start, start + size) for start in range(0, len(jobs), size)]
    # The jobs are what the workers share: to pickle 54 MB of small arrays for them took 0.2 s.
    return [found for chunk in in_parallel_with(jobs, _find_some, chunks) for found in chunk]


def _find_some(jobs: Sequence[tuple[Stretch, str]], some: slice) -> list[list[Found]]:
    return find_changes_of_many(jobs[some])


def _digest(stretch: Stretch, unit: str) -> str:
    whole = hashlib.blake2b(_method() + unit.encode("utf-8", "surrogatepass"), digest_size=16)
    if stretch.releases.any():  # else they are as many as the values, all of them 0
        whole.update(stretch.releases.tobytes())
    for metric in DETECTED:
        if metric in stretch.values:
            whole.update(metric.encode())
            whole.update(np.ascontiguousarray(stretch.values[metric]).data)
            whole.update(repr(stretch.steps[metric]).encode())
    return whole.hexdigest()


@cache
def _method() -> bytes:
    """A digest of the code that finds changes."""
    sources = [Path(module.__file__).read_bytes() for module in _METHOD if module.__file__]
    return hashlib.blake2b(b"".join(sources), digest_size=16).digest()
