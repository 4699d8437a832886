"""Reads the current suite from results/benchmarks.json, API versions 1 and 2."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from asv_jit.asv_adapter.history.columns import RowKind
from asv_jit.asv_adapter.history.decoding import MAX_VALUES, UnreadableError
from asv_jit.asv_adapter.history.names import is_sound_name, shown
from asv_jit.model import CaseKey
from asv_jit.store.lines import UNREADABLE

_NEWEST_VERSION = 2
_UNITS = {"time": "seconds", "timeraw": "seconds", "mem": "bytes", "peakmem": "bytes"}


class Described(msgspec.Struct, frozen=True):
    """A benchmark as it is now; `version` and `title` (asv's `pretty_name`) are empty if the file has none."""

    name: str
    version: str
    unit: str
    params: tuple[tuple[str, ...], ...]
    title: str = ""

    @property
    def cases(self) -> tuple[CaseKey, ...]:
        """Every case, in the order of asv's product."""
        return tuple(CaseKey(self.name, texts) for texts in product(*self.params))

    @property
    def size(self) -> int:
        """Number of cases."""
        return math.prod(len(texts) for texts in self.params)

    def places_of(self, kind: RowKind) -> npt.NDArray[np.int64]:
        """Return the case's place for each value of a row of `kind`; -1 if the benchmark no longer has the case."""
        if kind.params == self.params:
            return np.arange(kind.size)
        places = {texts: place for place, texts in enumerate(product(*self.params))}
        return np.array([places.get(texts, -1) for texts in product(*kind.params)], dtype=np.int64)


class SuiteNow(msgspec.Struct, frozen=True):
    """The benchmarks by name (None if the file is invalid), and a sentence for each problem."""

    benchmarks: Mapping[str, Described] | None
    problems: tuple[str, ...] = ()


def read_entries(results_dir: Path) -> tuple[int, dict[str, Any]]:
    """Return the version of results/benchmarks.json and asv's description of each benchmark, unvalidated.

    Raises UnreadableError if the file is invalid.
    """
    try:
        text = (results_dir / "benchmarks.json").read_bytes()
    except FileNotFoundError:
        raise UnreadableError("missing") from None
    except OSError as error:
        raise UnreadableError(f"cannot be read ({error.strerror})") from None
    try:
        found = msgspec.json.decode(text)
    except UNREADABLE as error:
        try:
            found = json.loads(text)  # asv writes `timeout = inf` as Infinity, which is not JSON
        except (ValueError, RecursionError):
            raise UnreadableError(f"not valid JSON ({error})") from None
    if not isinstance(found, dict):
        raise UnreadableError(f"expected a table of benchmarks, found {shown(found)}")
    version = found.pop("version", 1)
    if version not in range(1, _NEWEST_VERSION + 1):
        raise UnreadableError(f"expected version 1 or 2, found {shown(version)}")
    return version, found


def read_suite(results_dir: Path) -> SuiteNow:
    """Read results/benchmarks.json; never raises for its content."""
    path = results_dir / "benchmarks.json"
    try:
        _, found = read_entries(results_dir)
    except UnreadableError as error:
        return SuiteNow(None, (f"{path}: {error}; the newest version of each benchmark in the results is used",))
    benchmarks, problems = {}, []
    for name, entry in found.items():
        described = _described(name, entry)
        if described is None:
            problems.append(f"{path}: {shown(name)}: not a benchmark as asv describes it; skipped")
        else:
            benchmarks[name] = described
    return SuiteNow(benchmarks, tuple(problems))


def from_rows(kinds: Mapping[RowKind, int]) -> dict[str, Described]:
    """Infer the suite from the results alone: each benchmark as in its newest row. `kinds` maps to the newest date."""
    newest: dict[str, RowKind] = {}
    for kind, _ in sorted(kinds.items(), key=lambda item: item[1]):
        newest[kind.benchmark] = kind
    return {name: Described(name, kind.version or "", _unit(name, None), kind.params) for name, kind in newest.items()}


def _described(name: str, entry: Any) -> Described | None:
    if not isinstance(entry, dict) or not is_sound_name(name) or entry.get("name") not in (None, name):
        return None
    try:
        described = Described(
            name,
            msgspec.convert(entry.get("version") or "", str, strict=False),
            _unit(name, entry.get("unit")),
            msgspec.convert(entry.get("params") or (), tuple[tuple[str, ...], ...]),
            _title(name, entry.get("pretty_name")),
        )
    except msgspec.ValidationError:
        return None
    return described if described.size <= MAX_VALUES else None


def _title(name: str, title: object) -> str:
    """Return the title; empty if it is missing, invalid or just the name."""
    return title.strip() if isinstance(title, str) and title.strip() != name else ""


def _unit(name: str, unit: object) -> str:
    if isinstance(unit, str) and unit:
        return unit
    return _UNITS.get(name.rsplit(".", 1)[-1].split("_", 1)[0].lower(), "unit")
