"""Confirmations: the verdict of fresh blocks of both sides on an event detected in history.

    results/<machine>/confirmations/<event's identity>.json      the latest of each event, replaced as a whole

The blocks themselves are in the journals, with purpose `confirm`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from asv_jit.analysis.metrics import Metric
from asv_jit.model import CaseKey, MaybeName, Name, Probability
from asv_jit.store.records import RecordFolder

State = Literal["confirmed", "refuted", "unclear"]


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """One metric on both sides: levels in its unit, and after / before with its interval at level 1 - alpha.

    Of instructions, `low` and `high` are the least and the greatest ratio of a hash seed; `moved`: the instructions per
    call that parts of the process and functions gained or lost."""

    metric: Metric
    before: float
    after: float
    ratio: float
    low: float
    high: float
    verdict: str
    moved: tuple[tuple[str, float], ...] = ()


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: `confirmed` if fresh blocks show the change in the same direction, `refuted` if they show none or the
    opposite, else `unclear`; `reason` says why. `before`, `after`: full commits, on the axis `pythons` identities of
    interpreters. `effects` has every measured metric; `metric` is the event's. `at` is UTC."""

    event: Name
    state: State
    reason: str
    metric: Metric
    case: CaseKey
    version: str
    axis: str
    commit: MaybeName
    interpreter: MaybeName
    before: Name
    after: Name
    blocks: int
    effects: tuple[Effects, ...]
    cause: str
    moved: str
    probability: Probability
    at: str
    format: str = "asv-jit-confirmation"

    @property
    def effect(self) -> Effects | None:
        """The figures of the event's metric."""
        return next((effect for effect in self.effects if effect.metric == self.metric), None)


CONFIRMATIONS = RecordFolder("confirmations", Confirmation, "a confirmation", key="event")
