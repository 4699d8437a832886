"""The table of `run --count`."""

from __future__ import annotations

import pytest

from asv_jit.model import CaseKey
from asv_jit.terminal.run import print_counts
from tests.site.contents import COMMITS, WITH_JIT, counted, counts


def test_rows_of_several_commits_name_theirs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    case = CaseKey("cpu.time_one")
    newest, older = (counted(counts(case, WITH_JIT, commit=commit)) for commit in COMMITS[:2])
    print_counts([*newest, *older])
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("cpu.")]
    assert [row[2] for row in rows] == [commit.hash[:8] for commit in COMMITS[:2]]
    print_counts(newest)
    assert COMMITS[0].hash[:8] not in capsys.readouterr().out
