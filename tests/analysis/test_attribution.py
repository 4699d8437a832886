"""Attribution: each cause from times that show it, no blame without proof, and symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asv_jit.analysis.attribution import attribute

shifts = st.sampled_from([0.0, 0.05, 0.1, -0.05])


def sides(shift, seed, blocks=15, noise=0.005):
    rng = np.random.default_rng(seed)
    before, after = np.exp(noise * rng.normal(size=(2, blocks)))
    return before, after * np.exp(shift)


def say(off, on, anchor=0.0, *, axis="commits", noise=0.005, blocks=15, **options):
    parts = [None if s is None else sides(s, i, blocks, noise) for i, s in enumerate((off, on, anchor))]
    return attribute(*parts, axis=axis, equivalence=0.02, **options)


@pytest.mark.parametrize(
    ("off", "on", "anchor", "cause", "moved"),
    [
        (0.05, 0.05, 0.0, "code", "both"),
        (-0.05, -0.05, 0.0, "code", "both"),
        (0.0, 0.05, 0.0, "jit", "on"),
        (0.05, 0.0, 0.0, "interpreter", "off"),
        (0.05, 0.15, 0.0, "mixed", "unlike"),
        (0.05, -0.05, 0.0, "mixed", "unlike"),
        (0.05, 0.05, 0.05, "machine", "none"),
        (0.05, 0.10, 0.05, "jit", "on"),
        (0.0, 0.0, 0.0, "unclear", "none"),
        (0.05, None, 0.0, "code", "both"),
        (0.05, None, 0.05, "machine", "none"),
    ],
)
def test_causes_between_commits(off, on, anchor, cause, moved):
    answer = say(off, on, anchor)
    assert (answer.cause, answer.moved) == (cause, moved)
    assert answer.probability > 0.7


@pytest.mark.parametrize(
    ("off", "on", "moved"), [(0.05, 0.05, "both"), (0.0, 0.05, "on"), (0.05, 0.0, "off"), (0.05, 0.15, "unlike")]
)
def test_between_releases_every_change_is_the_releases(off, on, moved):
    answer = say(off, on, axis="pythons")
    assert (answer.cause, answer.moved) == ("release", moved)


@given(off=shifts, on=shifts, anchor=shifts, noise=st.sampled_from([0.002, 0.01, 0.05]))
@settings(deadline=None, max_examples=60)
def test_never_blamed_on_a_commit_between_releases(off, on, anchor, noise):
    answer = say(off, on, anchor, axis="pythons", noise=noise)
    assert answer.cause in {"release", "machine", "unclear"}
    assert 0.0 <= answer.probability <= 1.0


def test_only_the_jit_needs_proof_that_off_stood_still():
    # The contrast is significant, for the blocks share their noise, but `off` alone is too noisy to be equivalent.
    rng = np.random.default_rng(4)
    shared, own = 0.05 * rng.normal(size=(2, 15)), 0.002 * rng.normal(size=(4, 15))
    off = np.exp(shared[0] + own[0]), np.exp(shared[1] + own[1])
    on = np.exp(shared[0] + own[2]), np.exp(shared[1] + own[3] + 0.05)
    anchor = sides(0.0, 9)
    answer = attribute(off, on, anchor, axis="commits", equivalence=0.02)
    assert answer.cause == "unclear"
    quiet = attribute(sides(0.0, 1), sides(0.05, 2), anchor, axis="commits", equivalence=0.02)
    assert quiet.cause == "jit"


def test_without_an_anchor_the_machine_stays_a_suspect():
    assert say(0.05, 0.05, None).probability < say(0.05, 0.05, 0.0).probability - 0.05
    # A machine does not slow one mode only.
    assert say(0.0, 0.05, None).probability > 0.85


@given(seed=st.integers(0, 10_000), off=shifts, on=shifts, factor=st.floats(1e-6, 1e6))
@settings(deadline=None, max_examples=30)
def test_the_unit_and_the_order_of_blocks_do_not_matter(seed, off, on, factor):
    o, n, a = sides(off, seed), sides(on, seed + 1), sides(0.0, seed + 2)
    order = np.random.default_rng(seed).permutation(15)
    plain = attribute(o, n, a, axis="commits", equivalence=0.02)
    other = attribute(
        (factor * o[0][order], factor * o[1][order]),
        (factor * n[0][order], factor * n[1][order]),
        a,
        axis="commits",
        equivalence=0.02,
    )
    assert (other.cause, other.moved) == (plain.cause, plain.moved)
    assert other.probability == pytest.approx(plain.probability, abs=1e-6)


@given(off=shifts, on=shifts)
@settings(deadline=None, max_examples=20)
def test_the_two_modes_are_treated_alike(off, on):
    mirror = {"jit": "interpreter", "interpreter": "jit"}
    o, n, a = sides(off, 1), sides(on, 2), sides(0.0, 3)
    forth = attribute(o, n, a, axis="commits", equivalence=0.02)
    back = attribute(n, o, a, axis="commits", equivalence=0.02)
    assert back.cause == mirror.get(forth.cause, forth.cause)


def test_blocks_with_a_missing_mode_are_left_out_whole():
    off, on, anchor = sides(0.0, 1), sides(0.05, 2), sides(0.0, 3)
    holed = (np.append(off[0], 9.0), off[1]), (np.append(on[0], np.nan), on[1])
    assert attribute(*holed, anchor, axis="commits", equivalence=0.02) == attribute(
        off, on, anchor, axis="commits", equivalence=0.02
    )


def test_shifts_are_reported_as_ratios():
    answer = say(0.0, 0.05, 0.0)
    assert answer.on is not None
    assert answer.on.low < np.exp(0.05) < answer.on.high
    assert answer.off is not None
    assert answer.off.low < 1.0 < answer.off.high

    assert answer.anchor is not None
    assert answer.anchor.low < 1.0 < answer.anchor.high
    moved = say(0.05, 0.05, 0.1).anchor
    assert moved is not None
    assert moved.ratio == pytest.approx(np.exp(0.1), abs=0.01)
    assert say(0.0, 0.05, None).anchor is None


@given(
    off=st.floats(-0.06, 0.06),
    on=st.floats(-0.06, 0.06),
    noise=st.sampled_from([0.002, 0.005, 0.01, 0.02, 0.04]),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=300)
def test_each_cause_has_its_proof(off, on, noise, seed):
    """What is blamed has moved for certain, and what is said to stand still is within the equivalence."""
    answer = attribute(
        sides(off, seed, noise=noise), sides(on, seed + 1, noise=noise), None, axis="commits", equivalence=0.02
    )
    assert answer.off is not None
    assert answer.on is not None
    off_moved, on_moved = (not shift.low <= 1.0 <= shift.high for shift in (answer.off, answer.on))
    off_still, on_still = (abs(np.log(shift.ratio)) < 0.02 for shift in (answer.off, answer.on))
    alike = abs(np.log(answer.off.ratio / answer.on.ratio)) < 0.0203
    assert {
        "code": off_moved and on_moved and alike,
        "jit": off_still,
        "interpreter": on_still,
        "mixed": off_moved and on_moved,
        "unclear": True,
    }[answer.cause]
    assert answer.cause == "unclear" or answer.probability >= 0.5


def test_blocks_of_both_sides_cancel_what_they_share():
    """Compared block by block, a change of 5% is told where the machine sways by 20% between blocks."""
    rng = np.random.default_rng(1)
    sway, own = 0.2 * rng.normal(size=15), 0.003 * rng.normal(size=(4, 15))
    off = np.exp(sway + own[0]), np.exp(sway + own[1])
    on = np.exp(sway + own[2]), np.exp(sway + own[3] + 0.05)
    options = {"axis": "commits", "equivalence": 0.02}
    answer = attribute(off, on, None, interleaved=True, **options)
    assert (answer.cause, answer.moved) == ("jit", "on")
    assert answer.on.low < np.exp(0.05) < answer.on.high < 1.06
    slower = attribute((on[0], on[1]), None, None, interleaved=True, **options)
    assert (slower.cause, slower.moved) == ("code", "both")
    assert attribute(off, on, None, **options).cause == "unclear"


@pytest.mark.parametrize("interleaved", [False, True])
def test_one_block_says_nothing(interleaved):
    answer = attribute(([1.0], [2.0]), ([1.0], [2.0]), None, axis="commits", equivalence=0.02, interleaved=interleaved)
    assert (answer.cause, answer.probability, answer.off) == ("unclear", 1.0, None)


def test_times_without_noise_are_no_accident():
    still, moved = ([1.0] * 5, [1.0] * 5), ([1.0] * 5, [1.05] * 5)
    assert attribute(still, moved, still, axis="commits", equivalence=0.02).cause == "jit"


@pytest.mark.parametrize(
    ("off", "on", "options", "message"),
    [
        (([1.0, 2.0], [1.0, 2.0]), ([1.0], [1.0, 2.0]), {}, "shape"),
        (([0.0, 2.0], [1.0, 2.0]), None, {}, "positive"),
        (([1.0, 2.0], [np.inf, 2.0]), None, {}, "finite"),
        (([1.0, 2.0], [1.0, 2.0]), None, {"equivalence": 0.0}, "equivalence"),
        (([1.0, 2.0], [1.0, 2.0]), None, {"equivalence": 1.0}, "equivalence"),
        (([1.0, 2.0], [1.0, 2.0]), None, {"axis": "machines"}, "machines"),
    ],
)
def test_what_cannot_be_meant_is_refused(off, on, options, message):
    with pytest.raises(ValueError, match=message):
        attribute(off, on, None, **({"axis": "commits", "equivalence": 0.02} | options))
