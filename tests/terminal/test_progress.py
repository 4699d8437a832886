from __future__ import annotations

from itertools import pairwise

from asv_jit.terminal import progress


def test_a_log_says_each_tenth_and_is_never_silent_for_long(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.progress(quiet=False) as reporter:
        for done in range(100):  # the way grows as it is gone: always as far again
            now[0] += 10.0
            reporter.advance("case", done, done + 10, 60.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "measuring: 0 of about 10 trials, about 1 min 0 s left (case)"
    said = [int(line.split()[1]) for line in lines]
    assert len(said) < 20
    assert max(later - before for before, later in pairwise(said)) <= 12
