"""What whole A/A runs measured on this machine, kept so that a campaign of hours may be interrupted and go on.

<user cache>/asv-jit/same-code/<interpreter>-<machine>.jsonl      one comparison of one case a line
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from asv_jit.store.files import append_synced

_encoder = msgspec.json.Encoder()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
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


_decoder = msgspec.json.Decoder(Comparison)


def keep_comparison(path: Path, comparison: Comparison) -> None:
    """Append one line, synced; the newline before it ends a line that a kill may have torn. Raises StorageError."""
    append_synced(path, b"\n" + _encoder.encode(comparison) + b"\n")


def read_comparisons(path: Path, rules: str) -> list[Comparison]:
    """The comparisons made by `rules`; lines that a kill tore are passed over: they are measured again."""
    if not path.is_file():
        return []
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            comparison = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if comparison.rules == rules and len(comparison.first) == len(comparison.second):
            found.append(comparison)
    return found
