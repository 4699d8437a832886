"""Names of cases as tables and pages show them."""

from __future__ import annotations

from asv_jit.model import CaseKey
from asv_jit.text import units

_LIMIT = 160


def case_text(key: CaseKey, limit: int = _LIMIT) -> str:
    """Return the whole name, cut in the middle if it is longer than `limit`."""
    return units.shown(str(key), limit)


def own_name(key: CaseKey) -> str:
    """Return the benchmark's own name, without the file and class that it is in."""
    return units.shown(key.benchmark.rpartition(".")[2] or key.benchmark or "(no name)", _LIMIT)


def owner_name(key: CaseKey) -> str:
    """Return the file and class that the benchmark is in, or an empty text."""
    return units.shown(key.benchmark.rpartition(".")[0], _LIMIT)


def params_text(key: CaseKey, limit: int = _LIMIT) -> str:
    """Return `(10, 'a')`, or an empty text."""
    return units.shorten(f"({', '.join(map(units.visible, key.params))})", limit) if key.params else ""
