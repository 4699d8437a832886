"""One result file, decoded: asv's api versions 1 and 2.

Nearly every file is as asv writes it and goes through one typed decoding. Whatever is not (version 1, NaN and
Infinity, which JSON has no words for, damage) is looked at piece by piece, so that what is sound is used and what is
not is named.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from asv_jit.asv_adapter.history.columns import (
    HUGE,
    SKIPPED,
    UNUSABLE,
    ColumnsBuilder,
    Head,
    JitMetric,
    RowKind,
    Rows,
)
from asv_jit.asv_adapter.history.names import is_commit, is_sound_name, is_text, shown
from asv_jit.asv_adapter.project import requirements_text

_COLUMNS = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"]
"""What asv's columns begin with, in every file of version 2."""

_MOST_VALUES = 1_000_000
"""Combinations of one benchmark's parameters; more is no suite but a damaged list."""

_LATEST_MS = 1000.0 * 2**31
"""The columns keep 32 bits for the second at which a row was measured."""

_MODES: Mapping[object, JitMetric] = {None: "plain", "0": "off", "1": "on"}
_MODE_IN_NAME = re.compile(r"-?PYTHON_JIT[01](?=-|$)")


class UnreadableError(Exception):
    """A file, or a row of one, is not what asv writes; the message says what was expected and what is there."""


class _Row(msgspec.Struct, array_like=True):
    result: list[float | None] | None = None
    params: msgspec.Raw = msgspec.Raw(b"[]")
    version: str | None = None
    started_at: float | None = None
    duration: msgspec.Raw = msgspec.Raw(b"null")
    low: list[float | None] | None = None
    high: list[float | None] | None = None


class _File(msgspec.Struct):
    version: int
    commit_hash: str
    params: dict[str, Any]
    result_columns: list[str]
    results: dict[str, _Row]
    date: float | None = None
    python: str | None = None
    env_name: str | None = None
    env_vars: dict[str, str | None] = {}
    requirements: Any = None


_decoder = msgspec.json.Decoder(_File)
_params_decoder = msgspec.json.Decoder(tuple[tuple[str, ...], ...])


_NOTHING = (None, b"", None)


class FileDecoder:
    """Decodes files into `builder`; remembers the latest kind of each benchmark, which hundreds of files share."""

    def __init__(self, builder: ColumnsBuilder) -> None:
        self._builder = builder
        self._latest: dict[tuple[str, bool], tuple[str | None, bytes, Rows]] = {}

    def add(self, data: bytes, machine: str | None) -> list[str]:
        """Add the rows of one file; returns what is wrong with some of them.

        `machine`: what the folder's machine.json says, None where there is none. Raises UnreadableError where
        nothing of the file can be used.
        """
        try:
            file = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._add_loose(_loosely(data), machine)
        if file.version != 2 or file.result_columns[: len(_COLUMNS)] != _COLUMNS:
            return self._add_loose(_loosely(data), machine)
        head = _head(
            file.params,
            file.commit_hash,
            file.date,
            file.python,
            file.env_name,
            file.env_vars,
            file.requirements,
            machine,
        )
        number, bounded = self._builder.add_file(head), _has_bounds(head)
        problems = []
        for name, row in file.results.items():
            try:
                self._add_row(number, name, row, bounded=bounded)
            except UnreadableError as error:
                problems.append(f"{shown(name)}: {error}")
        return problems

    def _add_row(self, file: int, name: str, row: _Row, *, bounded: bool) -> None:
        version, params, rows = self._latest.get((name, bounded)) or _NOTHING
        if rows is None or version != row.version or params != bytes(row.params):
            rows = self._new_kind(name, row.version, _params(row.params), bounded=bounded)
            self._latest[name, bounded] = (row.version, bytes(row.params), rows)
        values = row.result
        if values is not None and len(values) != rows.size:
            raise UnreadableError(
                f"expected {rows.size} values, one a combination of its parameters, found {len(values)}"
            )
        rows.add(file, _started_s(row.started_at), values, row.low, row.high)

    def _new_kind(self, name: str, version: str | None, params: tuple[tuple[str, ...], ...], *, bounded: bool) -> Rows:
        if not is_sound_name(name):
            raise UnreadableError("expected the name of a benchmark, found what cannot be one")
        if version is not None and not is_text(version):
            raise UnreadableError(f"expected a benchmark's version as a text, found {shown(version)}")
        kind = RowKind(name, version, params)
        if kind.size > _MOST_VALUES:
            raise UnreadableError(f"expected at most {_MOST_VALUES} combinations of parameters, found {kind.size}")
        return self._builder.rows_of(kind, bounded=bounded)

    def _add_loose(self, found: Mapping[str, Any], machine: str | None) -> list[str]:
        version = found.get("version")
        if version not in (1, 2) or isinstance(version, bool):
            raise UnreadableError(f"expected version 1 or 2 of asv's result files, found {shown(version)}")
        results = found.get("results")
        if not isinstance(results, dict):
            raise UnreadableError(f"expected a table of results, found {shown(results)}")
        columns = found.get("result_columns") if version == 2 else []
        if not isinstance(columns, list):
            raise UnreadableError(f"expected a list of result_columns, found {shown(columns)}")
        head = _head(
            found.get("params"),
            found.get("commit_hash"),
            found.get("date"),
            found.get("python"),
            found.get("env_name"),
            found.get("env_vars", {}),
            found.get("requirements"),
            machine,
        )
        number, bounded = self._builder.add_file(head), _has_bounds(head)
        problems = []
        for name, row in results.items():
            try:
                loose = _loose_row(row, columns) if version == 2 else _old_row(row, name, found)
                self._add_row(number, name, loose, bounded=bounded)
            except UnreadableError as error:
                problems.append(f"{shown(name)}: {error}")
        return problems


def _has_bounds(head: Head) -> bool:
    """Whether intervals are kept: see `analysis.history.series.Track`."""
    return head.metric != "plain"


def _loosely(data: bytes) -> dict[str, Any]:
    """The file as Python's decoder sees it, which takes NaN and Infinity as asv writes them."""
    try:
        found = json.loads(data)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"expected UTF-8, found something else at byte {error.start}") from None
    except RecursionError:
        raise UnreadableError("expected a result file, found endlessly nested lists") from None
    except ValueError as error:
        raise UnreadableError(f"not valid JSON ({error}): cut short?") from None
    if not isinstance(found, dict):
        raise UnreadableError(f"expected a table, found {shown(found)}")
    return found


def _head(
    params: object,
    commit: object,
    date: object,
    python: object,
    environment: object,
    variables: object,
    requirements: object,
    machine: str | None,
) -> Head:
    if not isinstance(commit, str) or not is_commit(commit):
        raise UnreadableError(f"expected a commit's hash, found {shown(commit)}")
    own_machine = params.get("machine") if isinstance(params, dict) else None
    if not isinstance(own_machine, str) or not is_sound_name(own_machine):
        raise UnreadableError(f"expected the name of a machine in params, found {shown(own_machine)}")
    if machine is not None and own_machine != machine:
        raise UnreadableError(f"expected machine {shown(machine)} as machine.json says, found {shown(own_machine)}")
    if python is not None and not (isinstance(python, str) and is_sound_name(python)):
        raise UnreadableError(f"expected a Python version, found {shown(python)}")
    mode = variables.get("PYTHON_JIT") if isinstance(variables, dict) else None
    if mode not in _MODES:
        raise UnreadableError(f'expected PYTHON_JIT to be "0" or "1", found {shown(mode)}')
    name = _old_environment(python, requirements) if environment is None else environment
    if not isinstance(name, str) or not is_sound_name(name):
        raise UnreadableError(f"expected the name of an environment, found {shown(name)}")
    packages, others = (
        {key: str(value or "") for key, value in found.items() if key != "PYTHON_JIT"}
        if isinstance(found, dict)
        else {}
        for found in (requirements, variables)
    )
    return Head(
        own_machine,
        commit,
        _seconds(date),
        _MODE_IN_NAME.sub("", name),
        python or "",
        _MODES[mode],
        requirements_text(packages, others),
    )


def _old_environment(python: str | None, requirements: object) -> str:
    """The name that asv gives to an environment of a file that does not name it."""
    texts = sorted(f"{k}{v or ''}" for k, v in requirements.items()) if isinstance(requirements, dict) else []
    return "-".join([f"py{python or ''}", *texts])


def _seconds(milliseconds: object) -> int:
    if milliseconds is None:
        return 0
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or not abs(milliseconds) < 1e15:
        raise UnreadableError(f"expected a date in milliseconds, found {shown(milliseconds)}")
    return int(milliseconds // 1000)


def _started_s(milliseconds: float | None) -> int:
    """Seconds since 1970; 0 for what cannot be a time of measuring, for the values count without it."""
    return int(milliseconds // 1000) if milliseconds is not None and 0.0 < milliseconds < _LATEST_MS else 0


def _params(raw: msgspec.Raw) -> tuple[tuple[str, ...], ...]:
    try:
        return _params_decoder.decode(raw) if bytes(raw) != b"null" else ()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(f"expected lists of parameters as texts ({error})") from None


def _loose_row(row: object, columns: Sequence[object]) -> _Row:
    """A row of version 2, of any columns in any order."""
    if not isinstance(row, list):
        raise UnreadableError(f"expected a list, one entry a column, found {shown(row)}")
    by_name = {name: value for name, value in zip(columns, row, strict=False) if isinstance(name, str)}
    return _checked_row(
        by_name.get("result"),
        by_name.get("params"),
        by_name.get("version"),
        by_name.get("started_at"),
        by_name.get("stats_ci_99_a"),
        by_name.get("stats_ci_99_b"),
    )


def _old_row(row: object, name: str, found: Mapping[str, Any]) -> _Row:
    """A row of version 1: a value, or a table of result, params and stats; versions are in a table of their own."""
    table = row if isinstance(row, dict) else {"result": row}
    versions, started = found.get("benchmark_version"), found.get("started_at")
    stats = table.get("stats")
    intervals = [
        entry.get("ci_99") if isinstance(entry, dict) else None
        for entry in (stats if isinstance(stats, list) else [stats])
    ]
    pairs = [pair if isinstance(pair, list) and len(pair) == 2 else [None, None] for pair in intervals]
    result = table.get("result")
    return _checked_row(
        result if isinstance(result, list) or (result is None and table.get("params")) else [result],
        table.get("params"),
        versions.get(name) if isinstance(versions, dict) else None,
        started.get(name) if isinstance(started, dict) else None,
        [pair[0] for pair in pairs],
        [pair[1] for pair in pairs],
    )


def _checked_row(result: object, params: object, version: object, started: object, low: object, high: object) -> _Row:
    if not (version is None or isinstance(version, str)):
        raise UnreadableError(f"expected a benchmark's version as a text, found {shown(version)}")
    try:
        texts = msgspec.Raw(msgspec.json.encode([] if params is None else params))
    except (msgspec.MsgspecError, RecursionError, OverflowError, UnicodeEncodeError) as error:
        raise UnreadableError(f"expected lists of parameters as texts ({error})") from None
    started_ms = float(started) if isinstance(started, int | float) and abs(started) < HUGE else None
    return _Row(_values(result), texts, version, started_ms, low=_bounds(low), high=_bounds(high))


def _values(found: object) -> list[float | None] | None:
    """A list of numbers, null for a failure; NaN, for asv a refusal, comes out as SKIPPED, the infinite as UNUSABLE."""
    if found is None:
        return None
    if not isinstance(found, list):
        raise UnreadableError(f"expected the result as a list of numbers, found {shown(found)}")
    return [None if value is None else _value(value) for value in found]


def _value(value: object) -> float:
    if not isinstance(value, int | float):  # a bool is one: benchmarks of type `track` may return it
        raise UnreadableError(f"expected the result as numbers, found {shown(value)}")
    if math.isnan(value):
        return SKIPPED
    return float(value) if abs(value) < HUGE else UNUSABLE


def _bounds(found: object) -> list[float | None] | None:
    """An interval's bounds; what is not one is unknown, for the values count without it."""
    if not isinstance(found, list):
        return None
    return [float(value) if isinstance(value, int | float) and abs(value) < HUGE else None for value in found]
