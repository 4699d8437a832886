"""Result trees as asv writes them, small."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

COLUMNS = [
    "result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b", "stats_q_25",
    "stats_q_75", "stats_number", "stats_repeat", "samples", "profile",
]  # fmt: skip
DAY_MS = 86_400_000


def commit(number: int) -> str:
    """A full hash that says its number."""
    return f"{number:040x}"


def described(name: str, params: list[list[str]] | None = None, version: str = "v1", **others: Any) -> dict[str, Any]:
    """An entry of benchmarks.json."""
    params = params or []
    kind = name.rsplit(".", 1)[-1].split("_")[0]
    unit = {"time": "seconds", "peakmem": "bytes", "mem": "bytes"}.get(kind, "unit")
    names = [f"p{place}" for place in range(len(params))]
    return {"name": name, "params": params, "param_names": names, "version": version, "unit": unit, **others}


def row(
    result: Any, params: list[list[str]] | None = None, version: str | None = "v1", width: float | None = 0.01
) -> list[Any]:
    """A row of version 2; `width`: half of the interval, as a share."""
    cells: list[Any] = [result, params or [], version, 1_700_000_000_000, 1.5]
    if width is not None and result is not None:
        known = [value if isinstance(value, float) and math.isfinite(value) else None for value in result]
        cells += [[None if v is None else v * (1 + sign * width) for v in known] for sign in (-1, 1)]
    return cells


def file(number: int, rows: dict[str, Any], *, machine: str = "box", **others: Any) -> dict[str, Any]:
    """A result file of version 2."""
    return {
        "commit_hash": commit(number), "env_name": "virtualenv-py3.12", "date": number * DAY_MS,
        "params": {"machine": machine, "python": "3.12"}, "python": "3.12", "requirements": {}, "env_vars": {},
        "result_columns": COLUMNS, "results": rows, "durations": {}, "version": 2, **others,
    }  # fmt: skip


class Tree:
    """A results folder that is being filled."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "results"
        self.results.mkdir()

    def suite(self, *entries: dict[str, Any], version: int = 2) -> None:
        """Write benchmarks.json."""
        self.write("benchmarks.json", {**{entry["name"]: entry for entry in entries}, "version": version})

    def add(self, content: dict[str, Any], name: str | None = None) -> Path:
        """Write a result file, and its machine.json."""
        machine = content["params"]["machine"]
        self.write(f"{machine}/machine.json", {"machine": machine, "version": 1})
        name = name or f"{content['commit_hash'][-8:]}-{content.get('env_name', 'py3.12')}"
        return self.write(f"{machine}/{name}.json", content)

    def write(self, name: str, content: Any) -> Path:
        """Write anything as JSON, NaN and Infinity as asv does."""
        path = self.results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


def combinations(params: list[list[str]]) -> list[tuple[str, ...]]:
    """asv's order of cases."""
    return list(itertools.product(*params))
