"""What an event is called: time and memory that part are told together, the time first."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from asv_jit.analysis.history.events import Change, Event
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.analysis.metrics import Metric
from asv_jit.model import CaseKey
from asv_jit.text.event_words import bisect_command, headline_words
from tests.site import histories

_KNOWN = histories.commits(2)
_KEY = SeriesKey("m", "3.15 from debian", CaseKey("a.time_a"), "1", "1")


def _event(*metrics: tuple[Metric, float]) -> Event:
    changes = tuple(Change(metric, 1.0, 0.99, 1.01, ratio, ratio, ratio, 1e-9) for metric, ratio in metrics)
    return replace(histories.event(_KEY, _KNOWN[1], _KNOWN[0], identity="e"), metrics=changes)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ([("on", 1.08), ("speedup", 0.93)], "8.0% slower"),
        ([("on", 0.61), ("peak_memory_on", 1.035)], "39% faster, but 3.5% more memory"),
        ([("peak_memory_on", 1.035), ("on", 0.61)], "39% faster, but 3.5% more memory"),
        ([("on", 1.08), ("peak_memory_on", 1.035)], "8.0% slower"),
        ([("on", 1.08), ("peak_memory_off", 0.5)], "8.0% slower, but 50% less memory"),
        ([("peak_memory_on", 1.035), ("on", 1.08)], "3.5% more memory"),
        ([("speedup", 0.9), ("peak_memory_on", 0.9)], "10% less speedup"),
        ([("peak_memory_on", 1.035), ("speedup", 1.2)], "3.5% more memory"),
        ([("peak_memory_on", 1.035)], "3.5% more memory"),
    ],
)
def test_what_names_an_event(metrics: list[tuple[Metric, float]], words: str) -> None:
    assert headline_words(_event(*metrics), "seconds") == words


def test_nothing_is_searched_where_counts_name_the_commit() -> None:
    """One suspect that was timed may be noise; one that was counted is the culprit."""
    timed, counted = _event(("on", 1.08)), _event(("instructions_on", 1.08))
    assert len(counted.suspects) == 1
    assert bisect_command(timed) == "asv-jit bisect e"
    assert bisect_command(counted) == ""
    assert bisect_command(replace(counted, suspects=(_KNOWN[0], _KNOWN[1]))) == "asv-jit bisect e"
