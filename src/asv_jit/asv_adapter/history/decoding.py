"""Decodes one result file of asv's API version 1 or 2.

Nearly every file is exactly as asv writes it and takes one typed decoding. Any other (version 1, NaN and Infinity,
which are not JSON, damage) is converted piece by piece, so that valid rows are used and invalid ones are reported.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from asv_jit.asv_adapter.history.columns import HUGE, SKIPPED, UNUSABLE, Head, JitMetric, RowKind, Sheet
from asv_jit.asv_adapter.history.names import is_commit, is_sound_name, is_text, shown
from asv_jit.asv_adapter.project import requirements_text
from asv_jit.store.lines import UNREADABLE

_COLUMNS = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"]
"""The first columns of asv's files of version 2."""

MAX_VALUES = 1_000_000
"""Limit of the combinations of one benchmark's parameters; more are damage."""

_MAX_STARTED_MS = 1000.0 * 2**31
"""The columns keep 32 bits for the second at which a row was measured."""

_MODES: Mapping[object, JitMetric] = {None: "plain", "0": "off", "1": "on"}
_NO_FILE_NAME = re.compile(r'[<>:"/\\^|?*\x00-\x1f]')
"""What asv replaces in the names of environments."""

_MODE_IN_NAME = re.compile(r"-?PYTHON_JIT[01](?=-|$)")

_Numbers = list[float | None]


class UnreadableError(Exception):
    """A file or a row is not as asv writes it; the message says what was expected and what was found."""


class _Row(Struct, array_like=True):
    """The first columns; msgspec ignores the others."""

    result: _Numbers | None = None
    params: msgspec.Raw = msgspec.Raw(b"[]")
    version: str | None = None
    started_at: float | None = None
    duration: msgspec.Raw = msgspec.Raw(b"null")
    low: _Numbers | None = None
    high: _Numbers | None = None


class _File(Struct):
    version: int
    commit_hash: str
    params: dict[str, Any]
    result_columns: list[Any] = []
    date: float | None = None
    python: str | None = None
    env_name: str | None = None
    env_vars: dict[str, str | None] = {}
    requirements: Any = None


class _UsualFile(_File):
    results: dict[str, _Row] = {}


_decoder = msgspec.json.Decoder(_UsualFile)
_params_decoder = msgspec.json.Decoder(tuple[tuple[str, ...], ...])


class _Rows:
    """The rows of one kind read so far: each row's file, and 1 or 3 parts with the values of all rows."""

    def __init__(self, kind: RowKind, parts: int) -> None:
        self.kind = kind
        self.size = kind.size
        self.failed: _Numbers = [None] * self.size
        self.files: list[int] = []
        self.measured: list[int] = []
        self.parts: tuple[_Numbers, ...] = tuple([] for _ in range(parts))

    def sheet(self) -> Sheet:
        """Return the rows as columns; huge values become `UNUSABLE`, huge bounds NaN."""
        shape = len(self.parts), len(self.files), self.size
        numbers = np.array(self.parts, dtype=np.float64).reshape(shape).transpose(0, 2, 1)  # None becomes NaN
        numbers[0, (np.abs(numbers[0]) >= HUGE) & (numbers[0] != SKIPPED)] = UNUSABLE
        if len(self.parts) == 3:
            numbers[1:, ~(np.abs(numbers[1:]) < HUGE).all(axis=0)] = np.nan
        files, measured = (np.array(column, dtype=np.int32) for column in (self.files, self.measured))
        return Sheet(self.kind, files, measured, numbers)


class FileDecoder:
    """Collects the rows of files."""

    def __init__(self) -> None:
        self._rows: dict[tuple[RowKind, int], _Rows] = {}
        # The latest rows of each benchmark: hundreds of files share the kind, which is then not parsed again.
        self._latest: dict[tuple[str, int], tuple[str | None, bytes, _Rows]] = {}

    def add(self, place: int, data: bytes, machine: str | None) -> tuple[Head, list[str]]:
        """Add the rows of the file with this place in `Columns.files`; return its head, and the problems of its rows.

        `machine` is what the folder's machine.json says, None if there is none. Raises UnreadableError if the whole
        file is unusable.
        """
        try:
            usual = _decoder.decode(data)
            is_usual = usual.version == 2 and usual.result_columns[: len(_COLUMNS)] == _COLUMNS
        except UNREADABLE:
            is_usual = False
        file, rows, row_of = (usual, usual.results, _as_decoded) if is_usual else _loosely(data)
        head = _head(file, machine)
        parts = 1 if head.metric == "plain" else 3  # see `analysis.history.series.Track`
        problems = []
        for name, row in rows.items():
            try:
                self._add_row(place, parts, name, row_of(name, row))
            except UnreadableError as error:
                problems.append(f"{shown(name)}: {error}")
        return head, problems

    def sheets(self) -> tuple[Sheet, ...]:
        """Return a sheet for each kind of row."""
        return tuple(rows.sheet() for rows in self._rows.values() if rows.files)

    def _add_row(self, place: int, parts: int, name: str, row: _Row) -> None:
        version, params, rows = self._latest.get((name, parts), (None, b"", None))
        if rows is None or version != row.version or params != bytes(row.params):
            kind = _kind(name, row)
            rows = self._rows.setdefault((kind, parts), _Rows(kind, parts))
            self._latest[name, parts] = (row.version, bytes(row.params), rows)
        if row.result is not None and len(row.result) != rows.size:
            expected = f"expected {rows.size} values, one a combination of its parameters"
            raise UnreadableError(f"{expected}, found {len(row.result)}")
        rows.files.append(place)
        started_ms = row.started_at or 0.0
        rows.measured.append(int(started_ms // 1000) if 0.0 < started_ms < _MAX_STARTED_MS else 0)
        rows.parts[0].extend(rows.failed if row.result is None else row.result)
        if parts == 3:
            bounded = row.low is not None and row.high is not None and len(row.low) == len(row.high) == rows.size
            rows.parts[1].extend(row.low if bounded and row.low else rows.failed)
            rows.parts[2].extend(row.high if bounded and row.high else rows.failed)


def _as_decoded(_: str, row: _Row) -> _Row:
    return row


def _kind(name: str, row: _Row) -> RowKind:
    if not is_sound_name(name):
        raise UnreadableError("expected the name of a benchmark, found what cannot be one")
    if row.version is not None and not is_text(row.version):
        raise UnreadableError(f"expected a benchmark's version as a text, found {shown(row.version)}")
    try:
        params = _params_decoder.decode(row.params) if bytes(row.params) != b"null" else ()
    except UNREADABLE as error:
        raise UnreadableError(f"expected lists of parameters as texts ({error})") from None
    kind = RowKind(name, row.version, params)
    if kind.size > MAX_VALUES:
        raise UnreadableError(f"expected at most {MAX_VALUES} combinations of parameters, found {kind.size}")
    return kind


def _head(file: _File, machine: str | None) -> Head:
    if not is_commit(file.commit_hash):
        raise UnreadableError(f"expected a commit's hash, found {shown(file.commit_hash)}")
    own_machine = file.params.get("machine")
    if not isinstance(own_machine, str) or not is_sound_name(own_machine):
        raise UnreadableError(f"expected the name of a machine in params, found {shown(own_machine)}")
    if machine is not None and own_machine != machine:
        raise UnreadableError(f"expected machine {shown(machine)} as machine.json says, found {shown(own_machine)}")
    if file.python is not None and not is_sound_name(file.python):
        raise UnreadableError(f"expected a Python version, found {shown(file.python)}")
    mode = file.env_vars.get("PYTHON_JIT")
    if mode not in _MODES:
        raise UnreadableError(f'expected PYTHON_JIT to be "0" or "1", found {shown(mode)}')
    name = _old_environment(file) if file.env_name is None else file.env_name
    if not is_sound_name(name):
        raise UnreadableError(f"expected the name of an environment, found {shown(name)}")
    if file.date is not None and not abs(file.date) < 1e15:
        raise UnreadableError(f"expected a date in milliseconds, found {shown(file.date)}")
    date_s = int((file.date or 0) // 1000)
    python, environment = file.python or "", _MODE_IN_NAME.sub("", name)
    return Head(own_machine, file.commit_hash, date_s, environment, python, _MODES[mode], _requirements(file))


def _requirements(file: _File) -> str:
    packages = file.requirements if isinstance(file.requirements, dict) else {}
    variables = {name: value or "" for name, value in file.env_vars.items() if name != "PYTHON_JIT"}
    return requirements_text({name: str(pin or "") for name, pin in packages.items()}, variables)


def _old_environment(file: _File) -> str:
    """Return the name that asv gives to the environment of a file without `env_name`."""
    requirements = file.requirements if isinstance(file.requirements, dict) else {}
    name = "-".join([f"py{file.python or ''}", *sorted(f"{name}{pin or ''}" for name, pin in requirements.items())])
    return _NO_FILE_NAME.sub("_", name)


def _loosely(data: bytes) -> tuple[_File, Mapping[str, Any], Callable[[str, Any], _Row]]:
    """Parse a file with Python's decoder, which accepts asv's NaN and Infinity.

    Returns the file, its rows by benchmark, and the function that converts a row.
    """
    try:
        content = json.loads(data)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"expected UTF-8, found something else at byte {error.start}") from None
    except RecursionError:
        raise UnreadableError("expected a result file, found endlessly nested lists") from None
    except ValueError as error:
        raise UnreadableError(f"not valid JSON ({error}): cut short?") from None
    if not isinstance(content, dict):
        raise UnreadableError(f"expected a table, found {shown(content)}")
    file = _converted(content, _File, "a result file of asv")
    if file.version not in (1, 2):
        raise UnreadableError(f"expected version 1 or 2 of asv's result files, found {file.version}")
    results = content.get("results")
    if not isinstance(results, dict):
        raise UnreadableError(f"expected a table of results, found {shown(results)}")
    if file.version == 2:
        return file, results, lambda _, row: _loose_row(row, file.result_columns)
    versions, started = (
        table if isinstance(table, dict) else {} for table in map(content.get, ("benchmark_version", "started_at"))
    )
    return file, results, lambda name, row: _old_row(row, versions.get(name), started.get(name))


def _loose_row(row: object, columns: Sequence[object]) -> _Row:
    """Convert a row of version 2, with any columns in any order."""
    cells = _converted(row, list[Any], "a list, one entry a column")
    by_name = {name: cell for name, cell in zip(columns, cells, strict=False) if isinstance(name, str)}
    return _checked_row(
        *map(by_name.get, ("result", "params", "version", "started_at", "stats_ci_99_a", "stats_ci_99_b"))
    )


def _old_row(row: object, version: object, started: object) -> _Row:
    """Convert a row of version 1: a value, or a table of result, params and stats."""
    table = row if isinstance(row, dict) else {"result": row}
    result, params, stats = table.get("result"), table.get("params"), table.get("stats")
    intervals = [
        entry.get("ci_99") if isinstance(entry, dict) else None
        for entry in (stats if isinstance(stats, list) else [stats])
    ]
    pairs = [pair if isinstance(pair, list) and len(pair) == 2 else [None, None] for pair in intervals]
    is_whole = isinstance(result, list) or (result is None and params)
    low, high = zip(*pairs, strict=True) if pairs else ((), ())
    return _checked_row(result if is_whole else [result], params, version, started, [*low], [*high])


def _checked_row(result: object, params: object, version: object, started: object, low: object, high: object) -> _Row:
    try:
        texts = msgspec.Raw(msgspec.json.encode([] if params is None else params))
    except (*UNREADABLE, OverflowError, UnicodeEncodeError) as error:
        raise UnreadableError(f"expected lists of parameters as texts ({error})") from None
    values = None if result is None else [_value(value) for value in _converted(result, list[Any], "a list of values")]
    text = _converted(version, str | None, "a benchmark's version as a text")
    started_ms = float(started) if isinstance(started, int | float) and abs(started) < HUGE else None
    return _Row(values, texts, text, started_ms, low=_bounds(low), high=_bounds(high))


def _value(value: object) -> float | None:
    """Convert a value; NaN, which means that asv skipped it, becomes SKIPPED, and infinity UNUSABLE."""
    if value is None:
        return None
    if not isinstance(value, int | float):  # a bool is an int: benchmarks of type `track` may return it
        raise UnreadableError(f"expected the result as numbers, found {shown(value)}")
    if math.isnan(value):
        return SKIPPED
    return float(value) if abs(value) < HUGE else UNUSABLE


def _bounds(bounds: object) -> _Numbers | None:
    """Convert an interval's bounds; invalid ones become None, and the values count without them."""
    if not isinstance(bounds, list):
        return None
    return [float(bound) if isinstance(bound, int | float) and abs(bound) < HUGE else None for bound in bounds]


def _converted(value: object, kind: Any, expected: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise UnreadableError(f"expected {expected}, found {shown(value)} ({error})") from None
