"""Results of A/A runs on this machine, stored so that an interrupted campaign of hours can resume.

<user cache>/asv-jit/same-code/<interpreter>-<machine>.jsonl      one comparison of one case per line
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from asv_jit.store.lines import append_lines, read_lines


class SameCodeCase(msgspec.Struct, frozen=True, kw_only=True):
    """One case of one run: the steady times of both arms in seconds per call, paired by index.

    `rules` names what the trials depend on (protocol, length, suite), so that different runs are never mixed.
    """

    run: str
    case: str
    rules: str
    first: tuple[float, ...]
    second: tuple[float, ...]
    disturbed: int
    repeated: int


def keep_comparison(path: Path, comparison: SameCodeCase) -> str | None:
    """Append one comparison; return a warning if a torn line was removed. Raises StorageError."""
    return append_lines(path, [comparison])


def read_comparisons(path: Path, rules: str) -> list[SameCodeCase]:
    """Return the comparisons made with `rules`. Invalid lines are skipped, and their cases are measured again."""
    return [
        one
        for one in read_lines(path, SameCodeCase, "a comparison").records
        if one.rules == rules and len(one.first) == len(one.second)
    ]
