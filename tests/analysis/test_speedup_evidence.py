"""The acceptance figures of the speedup at a small size, and that they can fail."""

from __future__ import annotations

import pytest

from asv_jit.analysis import speedup
from tests.acceptance import effort, figure_1_same_code, figure_2_power


@pytest.mark.parametrize("figure", [pytest.param(figure_1_same_code, marks=pytest.mark.long), figure_2_power, effort])
def test_the_figures_hold_at_a_small_size(figure) -> None:
    # A thousand suites are few for a rate of 0.6% under a bar of 1%: one seed in twenty would miss it by chance.
    failed = [row for row in figure.evidence(scale=0.02, seed=11) if not row.passed]
    assert failed == []


@pytest.mark.long
def test_a_naive_loop_would_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speedup, "toll", lambda pairs: 1.0)
    monkeypatch.setattr(speedup, "looks", lambda low, high: tuple(range(low, high + 1)))
    rows = figure_1_same_code.evidence(scale=0.02, seed=7)
    failed = {row.what for row in rows if not row.passed}
    assert "A/A through the loop, pair noise 1.4% Gaussian: intervals at 95% cover" in failed


def test_a_wider_interval_would_lack_power(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speedup, "toll", lambda pairs: 1.1)
    assert not all(row.passed for row in figure_2_power.evidence(scale=0.02, seed=7))
