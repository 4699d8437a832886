"""One rule: what is shown of one comparison says the same everywhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis import guide
from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.cells.summary import Limits
from asv_jit.analysis.speedup import estimate
from asv_jit.analysis.verdict import decide, narrowing, quantile
from asv_jit.model import CaseKey
from asv_jit.site.pages import home, releases
from asv_jit.site.parts.answers import answer_of
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.tables.results import markdown
from tests.site import contents

_CASE = CaseKey("cpu.Loops.time_run")
MEAN, ERROR = -0.0125, 0.0037


def logs(pairs: int) -> Floats:
    """Log speedups with exactly this mean and standard error."""
    spread = np.linspace(-1.0, 1.0, pairs)
    return MEAN + spread * (ERROR * math.sqrt(pairs) / float(np.std(spread, ddof=1)))


def site_of(pairs: int) -> Publication:
    """A site of one case with those pairs."""
    trials = [
        contents.trial(_CASE, contents.WITH_JIT, mode, block=block, seconds=0.01 * scale)
        for block, log in enumerate(logs(pairs))
        for mode, scale in (("off", math.exp(log)), ("on", 1.0))
    ]
    content = contents.content(trials)
    return Publication.of(content)


@pytest.mark.parametrize(("pairs", "of_case"), [(20, "unclear"), (21, "same")])
def test_one_comparison_has_one_verdict_on_every_page(pairs: int, of_case: str) -> None:
    """At 20 pairs the adaptive loop may have stopped, so the single case (not a mean) pays its toll."""
    site = site_of(pairs)
    (current,) = site.content.machines[0].current
    (case,) = current.suite.cases
    assert case.verdict == estimate(np.exp(logs(pairs)), np.ones(pairs), alpha=0.002, equivalence=0.02).verdict
    assert case.verdict == of_case
    (rule,) = (rule for rule in guide.RULES if rule.key == "cpu")
    (answer,) = guide.answer(rule, [current.suite], Limits()).releases
    assert answer.mean is not None
    assert current.suite.mean is not None
    assert [one.verdict for one in answer.tested] == [of_case]
    assert answer.mean.verdict(0.02) == current.suite.mean.verdict(0.02) == "same"
    assert answer_of(current, 0.02).kind == "same"
    page = home.make(site)
    assert page.groups[0].cells[0][0].word == "same"
    assert page.rows[0].cell.summary.verdict == of_case
    (drawn,) = releases.make(site).maps
    assert drawn.means[0].word == drawn.groups[0].cells[0].word == "same"
    assert "| all | = " in markdown(site.content.machines[0], Limits(), title="t")


@given(
    mean=st.floats(-0.2, 0.2),
    half=st.floats(0.0, 0.3),
    narrow=st.floats(0.0, 0.3),
    equivalence=st.sampled_from([0.0, 0.02, 0.05]),
)
def test_exchanging_the_sides_mirrors_the_verdict(mean: float, half: float, narrow: float, equivalence: float) -> None:
    mirrored = {"faster": "slower", "slower": "faster"}
    found = decide(mean, half, narrow, equivalence)
    assert decide(-mean, half, narrow, equivalence) == mirrored.get(found, found)


def test_the_bound_is_the_same_factor_both_ways() -> None:
    inside, outside = math.log(1.0199), math.log(1.0201)
    for sign in (1.0, -1.0):
        assert decide(sign * inside, 0.0, 0.0, 0.02) == "same"
        assert decide(sign * outside, 0.0, 0.0, 0.02) == ("faster" if sign > 0.0 else "slower")
        assert decide(sign * 0.03, 0.031, 0.02, 0.02) == "unclear"


def test_unknown_widths_decide_nothing() -> None:
    assert decide(0.5, math.inf, math.inf, 0.02) == "unclear"
    assert decide(0.5, math.nan, math.nan, 0.02) == "unclear"


def test_the_narrow_interval_follows_from_the_wide_one() -> None:
    assert narrowing(9, 0.002) == pytest.approx(quantile(8.0, 0.1) / quantile(8.0, 0.002))
    assert narrowing(0, 0.002) == pytest.approx(1.6449 / 3.0902, rel=1e-4)
    assert math.isnan(narrowing(1, 0.002))
