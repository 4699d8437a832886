from __future__ import annotations

from itertools import pairwise

import pytest
from rich.console import Console

from asv_jit.terminal import progress
from asv_jit.text.units import duration_range


def test_a_log_says_each_tenth_and_is_never_silent_for_long(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.progress(quiet=False) as reporter:
        for done in range(100):  # the way grows as it is gone: always as far again
            now[0] += 10.0
            reporter.advance("case", done, done + 10, (130.0, 235.0))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "measuring: 0 of about 10 trials, about 2 to 4 min left (case)"
    said = [int(line.split()[1]) for line in lines]
    assert len(said) < 20
    assert max(later - before for before, later in pairwise(said)) <= 12


@pytest.mark.parametrize(
    ("low_s", "high_s", "words"),
    [
        (0.0, 0.0, "up to 10 s"),
        (34.0, 34.0, "about 30 to 40 s"),
        (30.0, 100.0, "up to 2 min"),
        (125.0, 235.0, "about 2 to 4 min"),
        (3700.0, 7300.0, "about 1 to 3 h"),
    ],
)
def test_a_range_of_times_is_rounded_outwards(low_s: float, high_s: float, words: str) -> None:
    assert duration_range(low_s, high_s) == words


def test_a_log_shows_the_results_so_far_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress(quiet=False) as reporter:
        for table in ("first", "second"):
            reporter.results(lambda _, table=table: f"the {table} table")
    assert capsys.readouterr().out.splitlines() == ["so far; measuring goes on:", "the first table"]


def test_a_terminal_shows_the_results_below_the_bar() -> None:
    shown = progress._Shown("text", console=Console(width=60))
    shown.table = "the table"
    assert list(shown.get_renderables())[1:] == ["the table"]
