"""The evidence at a small size, where no test of tests/analysis runs it already, and the table that shows it.

A bar is slackened here by three standard errors of the small sample, so that a sound method does not fail.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from asv_jit.analysis.changes import detector, segmentation
from tests.acceptance import __main__ as command
from tests.acceptance import (
    asv_steps,
    attribution_causes,
    figure_3_series,
    figure_6_speed_changes,
    segmentations,
    unsettled,
)
from tests.acceptance.rows import Row

SERIES = 150


def slackened(bar: float, sign: int) -> float:
    return bar + sign * 3.0 * math.sqrt(bar * (1.0 - bar) / SERIES)


def failed(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row.passed]


def found_rows(step: float, after: int, bar: float) -> list[Row]:
    return figure_3_series.found_rows(step, after, slackened(bar, -1), SERIES, np.random.default_rng(3))


@pytest.mark.parametrize(
    ("noise", "bar"),
    [
        (figure_3_series.gaussian, 0.01),
        (figure_3_series.student, 0.025),
        (figure_3_series.autoregressive, 0.025),
        (figure_3_series.spiky, 0.025),
    ],
)
def test_few_false_alarms_in_a_series(noise: Callable[..., object], bar: float) -> None:
    row = figure_3_series.false_alarm_row("", noise, slackened(bar, 1), SERIES, np.random.default_rng(3))
    assert failed([row]) == []


def test_trials_that_never_settle_make_no_verdict_wrong_and_let_no_slow_down_pass() -> None:
    assert failed(unsettled.evidence(0.1, 1)) == []


@pytest.mark.parametrize(("step", "after", "bar"), [(0.05, 5, 0.99), (0.02, 10, 0.85), (0.02, 50, 0.90)])
def test_steps_in_a_series_are_found(step: float, after: int, bar: float) -> None:
    found, errors, _ = found_rows(step, after, bar)  # the third has no bar that could be slackened
    assert failed([found, errors]) == []


def test_a_blind_detector_would_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "detect_many", lambda many, **_: [[] for _ in many])
    assert len(failed(found_rows(0.05, 5, 0.99))) == 3


def test_a_fit_that_overlooks_short_levels_would_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    draw, bar = segmentations.KINDS["levels of 3 points"]
    assert failed([segmentations.row("", draw, bar, 20, np.random.default_rng(3))]) == []
    monkeypatch.setattr(segmentation, "_PAIRS", ((4, 4),))
    assert failed([segmentations.row("", draw, bar, 20, np.random.default_rng(3))])


def test_causes_are_attributed() -> None:
    assert failed(attribution_causes.evidence(0.05, seed=7)) == []


def test_steps_are_seen_no_later_than_by_asv() -> None:
    assert failed(asv_steps.evidence(0.05, seed=7)) == []


def test_the_detector_can_be_timed() -> None:
    # A timing is never asserted here: `make acceptance` does.
    assert len(figure_6_speed_changes.evidence(0.01, seed=7)) == 4


def test_all_evidence_is_in_the_table() -> None:
    modules = {
        path.stem for path in Path(command.__file__).parent.glob("*.py") if "\ndef evidence(" in path.read_text()
    }
    assert modules - {"__main__"} == set(command.MODULES)


@pytest.mark.parametrize(
    ("figures", "count"), [([], 15), (["6"], 2), (["figure_6"], 2), (["effort", "1"], 2), (["figure_4_culprit"], 1)]
)
def test_figures_are_chosen_by_name_or_number(figures: list[str], count: int) -> None:
    chosen = command.chosen(figures)
    assert len(chosen) == count
    assert chosen == [module for module in command.MODULES if module in chosen]


def stub(monkeypatch: pytest.MonkeyPatch, *, passed: bool) -> None:
    row = Row("2", "a 5% change", ">= 90%", "91%", "90% to 92%", passed)
    monkeypatch.setattr(command, "evidence", lambda module, scale, seed: [row])


@pytest.mark.parametrize(("passed", "code", "word"), [(True, 0, "yes"), (False, 1, "NO")])
def test_the_exit_code_says_whether_all_passed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], passed: bool, code: int, word: str
) -> None:
    stub(monkeypatch, passed=passed)
    assert command.main(["figure_2", "--scale", "0.01"]) == code
    printed = capsys.readouterr().out
    assert all(text in printed for text in ("a 5% change", ">= 90%", "91%", "90% to 92%", word))
    assert f"{int(passed)} of 1 rows meet their bar" in printed


def test_timings_are_taken_at_the_full_size_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, passed=True)
    assert command.main(["6", "--scale", "0.5"]) == 0
    assert "0 of 0 rows" in capsys.readouterr().out
    assert command.main(["6"]) == 0
    assert "2 of 2 rows" in capsys.readouterr().out


def test_an_unknown_figure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["figure_99"]) == 2
    assert "figure_2_power" in capsys.readouterr().err


def test_a_module_is_run_by_its_name() -> None:
    assert {row.figure for row in command.evidence("figure_2_power", 0.001, 1)} == {"2"}
