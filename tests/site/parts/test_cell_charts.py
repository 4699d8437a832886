from __future__ import annotations

import math
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from asv_jit.model import CaseKey
from asv_jit.site.parts.charts import cell_charts
from asv_jit.site.parts.charts.svg import Scale, element, ticks
from tests.site.contents import WITH_JIT, pairs

_POSITIVE = st.floats(1e-9, 1e6)


def test_texts_and_attributes_are_escaped() -> None:
    made = element("text", "<b>&", class_='"><script>', stroke_width=1.0)
    assert made == '<text class="&#34;&gt;&lt;script&gt;" stroke-width="1">&lt;b&gt;&amp;</text>'


@given(_POSITIVE, st.floats(1.001, 1e9))
def test_ticks_lie_within_and_are_few(low: float, factor: float) -> None:
    found = ticks(low, low * factor, 6)
    assert len(found) <= 6
    assert all(low <= value <= low * factor for value in found)


@given(_POSITIVE)
def test_places_stay_within_the_axis(value: float) -> None:
    assert 10.0 <= Scale(0.5, 2.0, 10.0, 90.0).at(value) <= 90.0


def test_warm_up_is_the_time_per_call_of_each_bin() -> None:
    trials = pairs(CaseKey("a"), WITH_JIT, 2.0, noise=0.0, off_s=0.01)
    curve = cell_charts.warm_up_curve(trials, "on")
    assert curve is not None
    assert math.isclose(curve.call_s[0], 0.005 * 3.3)
    assert curve.call_s[-1] < 1.05 * 0.005
    assert curve.steady_from_s == curve.elapsed_s[6]
    drawn = str(cell_charts.warm_up([("on", curve)], curve.elapsed_s[3], "warm-up"))
    ElementTree.fromstring(drawn)
    assert "break-even" in drawn
    assert "steady, on" in drawn


def test_without_curves_there_is_no_chart() -> None:
    assert cell_charts.warm_up_curve([], "on") is None
    assert cell_charts.warm_up([], None, "none") == ""
