"""Each metric has its row in the one table."""

from __future__ import annotations

from typing import get_args

from asv_jit.analysis.history.detection import is_worse
from asv_jit.analysis.metrics import COMPARED, JUDGED, METRICS, SEARCHED, SERIES_METRIC, Metric
from asv_jit.text.event_words import form_of


def test_every_metric_has_a_row() -> None:
    assert set(METRICS) == set(get_args(Metric))


def test_direction_and_unit_follow_from_the_row() -> None:
    assert [metric for metric in METRICS if is_worse(metric, 2.0, 1.0)] == ["speedup"]
    said = {metric: form_of(metric, "bytes")(1024.0) for metric in METRICS}
    assert said["speedup"].endswith("×")
    assert said["warmup_on"] == "17.1 min"
    assert {said[metric] for metric in ("off", "on", "plain", "peak_memory_off", "peak_memory_on")} == {"1.00 KiB"}


def test_what_is_searched_compared_and_blamed() -> None:
    assert SEARCHED == ("off", "on", "plain", "speedup", "peak_memory_off", "peak_memory_on")
    assert COMPARED == ("off", "on", "speedup", "peak_memory_off", "peak_memory_on", "warmup_on")
    assert JUDGED == ("off", "on", "peak_memory_off", "peak_memory_on")
    assert SERIES_METRIC == {
        "on": "on",
        "off": "off",
        "speedup": "speedup",
        "peak_memory": "peak_memory_on",
        "peak_memory_off": "peak_memory_off",
        "warmup": "warmup_on",
        "instructions": "instructions_on",
        "instructions_off": "instructions_off",
    }
