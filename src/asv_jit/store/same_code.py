"""What whole A/A runs measured on this machine, kept so that a campaign of hours may be interrupted and go on.

<user cache>/asv-jit/same-code/<interpreter>-<machine>.jsonl      one comparison of one case a line
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from asv_jit.store.lines import append_lines, read_lines


class SameCodeCase(msgspec.Struct, frozen=True, kw_only=True):
    """One case of one whole run: the steady times of both arms in seconds per call, paired by index.

    `rules` names what the trials depend on (protocol, length, suite), so that unlike runs are never mixed.
    """

    run: str
    case: str
    rules: str
    first: tuple[float, ...]
    second: tuple[float, ...]
    disturbed: int
    repeated: int


def keep_comparison(path: Path, comparison: SameCodeCase) -> str | None:
    """Append one line; a warning where the file's last line was torn. Raises StorageError."""
    return append_lines(path, [comparison])


def read_comparisons(path: Path, rules: str) -> list[SameCodeCase]:
    """The comparisons made by `rules`; what cannot be read is passed over: it is measured again."""
    return [
        one
        for one in read_lines(path, SameCodeCase, "a comparison").records
        if one.rules == rules and len(one.first) == len(one.second)
    ]
