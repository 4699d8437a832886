"""The Markdown of a machine's results: whole tables, nothing that breaks them, and only what was measured."""

from __future__ import annotations

from asv_jit.analysis.cells.summary import Limits
from asv_jit.model import CaseKey
from asv_jit.site.parts.tables.results import markdown
from tests.site.contents import HOSTILE, OLDER, WITH_JIT, WITHOUT_JIT, content, pairs, rich, tracked


def _tables(text: str) -> list[list[str]]:
    """The lines of each table."""
    blocks = [block.splitlines() for block in text.split("\n\n")]
    return [block for block in blocks if block[-1].startswith("|")]


def test_every_row_has_every_column() -> None:
    text = markdown(rich().machines[0], Limits(), title="Results")
    for table in _tables(text):
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1, table[0]
    assert "| all | no JIT |" in text
    assert "3.15.2 speedup" in text
    assert "▲ 2.05× (" in text
    assert "failed" in text


def test_nothing_that_a_benchmark_is_called_breaks_a_table() -> None:
    trials = [one for name in HOSTILE for one in pairs(CaseKey(f"cpu|{name}|"), WITH_JIT, 1.2, count=3)]
    text = markdown(content(trials).machines[0], Limits(), title="a `title` <b>")
    assert "<" not in text
    for table in _tables(text):
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1, table[0]
    assert text.encode("utf-8")


def test_answers_tracked_values_and_quick_results_are_named() -> None:
    case = CaseKey("io_bound.Files.time_write")
    trials = (
        pairs(case, WITH_JIT, 1.0, noise=0.001) + pairs(case, OLDER, 1.0, noise=0.001) + pairs(case, WITHOUT_JIT, 1)
    )
    text = markdown(
        content(trials + tracked(), (WITH_JIT, OLDER, WITHOUT_JIT)).machines[0], Limits(), title="x", quick=True
    )
    assert "| Programs that wait for files, databases or the network do not gain. | holds | holds |" in text
    assert "| Services that run for long gain once they are warm. | not measured | not measured |" in text
    assert "`memory.track_objects`" in text
    assert "**From `run --quick`" in text
