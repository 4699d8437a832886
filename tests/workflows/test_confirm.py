"""What fresh blocks say about a suspected change, and that it is kept."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.comparison import Effect
from asv_jit.analysis.history.events import Change, Event
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.asv_adapter.project import load_project
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import CaseKey
from asv_jit.store.findings.bisections import read_bisections
from asv_jit.store.findings.confirmations import CONFIRMATIONS
from asv_jit.store.lines import Lines
from asv_jit.workflows import confirm as module
from asv_jit.workflows.confirm import judge
from asv_jit.workflows.measuring.reporter import Silent
from tests.workflows.histories import FAST, SLOW, make_history


def effect(low: float, high: float, verdict: str = "unclear") -> Effect:
    ratio = math.sqrt(low * high)
    return Effect("on", 1.0, ratio, ratio, low, high, 0.01, verdict)  # type: ignore[arg-type]  # a verdict


@pytest.mark.parametrize(
    ("found", "expected", "state"),
    [
        (effect(1.03, 1.07, "slower"), 1.05, "confirmed"),
        (effect(1.001, 1.02, "slower"), 1.05, "confirmed"),
        (effect(0.93, 0.97, "faster"), 1.05, "refuted"),
        (effect(0.99, 1.01, "same"), 1.05, "refuted"),
        (effect(0.99, 1.012, "same"), 1.015, "refuted"),
        (effect(0.98, 1.06), 1.05, "unclear"),
        (effect(0.93, 0.97, "faster"), 0.95, "confirmed"),
        (effect(0.99, 1.01, "same"), 0.95, "refuted"),
        (effect(0.0, math.inf), 1.05, "unclear"),
        (None, 1.05, "unclear"),
    ],
)
def test_fresh_blocks_confirm_refute_or_leave_it_open(found: Effect | None, expected: float, state: str) -> None:
    assert judge(found, expected, equivalence=0.02)[0] == state


def test_damaged_files_are_named_and_the_others_kept(tmp_path: Path) -> None:
    for folder in ("confirmations", "bisections"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "0123456789.json").write_text('{"format": "something else"')
    assert CONFIRMATIONS.read(tmp_path).records == ()
    assert read_bisections(tmp_path).records == ()
    for read in (CONFIRMATIONS.read, read_bisections):
        (problem,) = read(tmp_path).problems
        assert "0123456789.json" in problem


@pytest.mark.interpreters
def test_a_suspect_is_measured_against_its_parent_and_the_judgement_is_stored(
    tmp_path: Path, jit_interpreters: dict[str, Interpreter], monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter = jit_interpreters["3.15"]
    slow = SLOW.replace("range(8)", "range(40)")
    history = make_history(tmp_path / "project", [FAST, slow], [interpreter.executable], trial_seconds=0.02)
    for name in ("HOME", "ASV_JIT_CACHE_DIR"):
        monkeypatch.setenv(name, history.env[name])
    monkeypatch.chdir(history.folder)
    project = load_project(history.folder / "asv.conf.json")
    case = CaseKey("toys.time_work")
    change = Change("off", 1.0, 0.9, 1.1, 5.0, 4.9, 5.1, 1e-9)
    event = Event(
        identity="0123456789",
        key=SeriesKey(module.this_machine().name, interpreter.line, case, "1", "1"),
        axis="commits",
        worse=True,
        metrics=(change,),
        commit=history.commits[1],
        parent=history.commits[0],
        suspects=(history.commits[1],),
        before=interpreter.identity,
        after=interpreter.identity,
        attribution=Attribution("code", 0.9, "both"),
        state="candidate",
    )
    (found,) = module.confirm_events(project, [event], Silent())
    assert found.state == "confirmed"
    assert found.blocks >= module.FEWEST_BLOCKS
    assert found.effect is not None
    assert found.effect.ratio > 1.5
    (folder,) = (history.folder / "results").glob("*/confirmations")
    assert CONFIRMATIONS.read(folder.parent) == Lines((found,))
