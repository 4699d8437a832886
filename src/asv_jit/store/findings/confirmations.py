"""Confirmations: the verdict of fresh blocks of both sides on an event detected in history.

    results/<machine>/confirmations/<event's identity>.json      the latest of each event, replaced as a whole

The blocks themselves are in the journals, with purpose `confirm`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from asv_jit.analysis.history.series import Metric
from asv_jit.model import CaseKey
from asv_jit.store.files import write_atomically

State = Literal["confirmed", "refuted", "unclear"]


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """One metric on both sides: levels in its unit, and after / before with its interval at level 1 - alpha."""

    metric: Metric
    before: float
    after: float
    ratio: float
    low: float
    high: float
    verdict: str


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: `confirmed` if fresh blocks show the change in the same direction, `refuted` if they show none or the
    opposite, else `unclear`; `reason` says why. `before`, `after`: full commits, on the axis `pythons` identities of
    interpreters. `effects` has every measured metric; `metric` is the event's. `at` is UTC."""

    event: str
    state: State
    reason: str
    metric: Metric
    case: CaseKey
    version: str
    axis: str
    commit: str
    interpreter: str
    before: str
    after: str
    blocks: int
    effects: tuple[Effects, ...]
    cause: str
    moved: str
    probability: float
    at: str
    format: str = "asv-jit-confirmation"

    @property
    def effect(self) -> Effects | None:
        """The figures of the event's metric."""
        return next((one for one in self.effects if one.metric == self.metric), None)


def save_confirmation(machine_folder: Path, confirmation: Confirmation) -> Path:
    """Store a confirmation, replacing an older one of the same event. Raises StorageError."""
    path = machine_folder / "confirmations" / f"{confirmation.event}.json"
    write_atomically(path, msgspec.json.format(msgspec.json.encode(confirmation), indent=1) + b"\n")
    return path


def read_confirmations(machine_folder: Path) -> tuple[dict[str, Confirmation], tuple[str, ...]]:
    """Read the confirmations of a machine, by event; return them and a sentence for each invalid file."""
    found: dict[str, Confirmation] = {}
    problems = []
    for path in sorted((machine_folder / "confirmations").glob("*.json")):
        try:
            one = msgspec.json.decode(path.read_bytes(), type=Confirmation)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            problems.append(f"{path}: not a confirmation ({error}); skipped")
        else:
            found[one.event] = one
    return found, tuple(problems)
