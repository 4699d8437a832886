from __future__ import annotations

import msgspec
import pytest

from asv_jit.analysis.stats.drift import anchor_levels
from asv_jit.model import CaseKey, Trial
from tests.site.contents import WITH_JIT, trial

_OLD, _NEW = CaseKey("a.time_old"), CaseKey("a.time_new")


def _anchor(session: str, day: int, case: CaseKey, seconds: float) -> Trial:
    made = trial(case, WITH_JIT, "off", block=day, seconds=seconds)
    started = f"2026-11-{day:02d}T04:00:00Z"
    return msgspec.structs.replace(made, session=session, purpose="anchor", started=started)


def test_a_slower_machine_shows_and_a_new_case_moves_nothing() -> None:
    trials = [
        _anchor("c", 3, _NEW, 7.0),
        _anchor("a", 1, _OLD, 1.0),
        _anchor("b", 2, _OLD, 1.1),
        _anchor("b", 2, _NEW, 7.0),
        _anchor("c", 3, _OLD, 1.1),
    ]
    levels = anchor_levels(trials)
    assert [one.ratio for one in levels] == [1.0, pytest.approx(1.1), pytest.approx(1.1)]
    assert [one.trials for one in levels] == [1, 2, 2]


def test_only_good_anchors_count() -> None:
    plain = trial(_OLD, WITH_JIT, "off", block=1, seconds=1.0)
    failed = msgspec.structs.replace(_anchor("a", 1, _OLD, 1.0), outcome="failed", steady_s=None)
    assert anchor_levels([plain, failed]) == ()
