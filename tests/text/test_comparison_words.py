"""Each kind of reason is listed once with its cases and what helps."""

from __future__ import annotations

from asv_jit.analysis import reasons
from asv_jit.text.comparison_words import REMEDIES, unclear_lines


def test_every_kind_says_once_what_helps() -> None:
    found = [
        ("c", reasons.too_imprecise(45, "pairs")),
        ("a", "not steady: 9 of 22 trials with the JIT off never settled"),
        ("b", "not steady: 8 of 22 trials with the JIT on never settled"),
    ]
    assert unclear_lines(found) == [
        "unclear, not steady (2 cases):",
        "  a: 9 of 22 trials with the JIT off never settled",
        "  b: 8 of 22 trials with the JIT on never settled",
        f"  what helps: {REMEDIES['not steady']}",
        "unclear, too imprecise (1 case):",
        "  c: 45 pairs cannot tell faster from slower",
        f"  what helps: {REMEDIES['too imprecise']}",
    ]


def test_a_long_list_is_cut_with_the_number_of_the_rest_and_unknown_reasons_stay() -> None:
    lines = unclear_lines([(f"case {n}", reasons.disturbed(6, 9)) for n in range(15)] + [("old", "no reason known")])
    assert lines[11:] == [
        "  and 5 more",
        f"  what helps: {REMEDIES['disturbed']}",
        "unclear (1 case):",
        "  old: no reason known",
    ]


def test_every_reason_that_is_made_has_a_kind() -> None:
    made = (reasons.disturbed(1, 2), reasons.too_imprecise(5, "blocks"), reasons.too_short(30))
    assert all(reasons.kind_of(reason) in REMEDIES for reason in made)
