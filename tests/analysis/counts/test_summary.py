"""What counts say now, on counts made by hand."""

from __future__ import annotations

import pytest

from asv_jit.analysis.counts.summary import current_counts, mean_jit_share, widest_disagreement
from asv_jit.model import CaseKey
from tests.site import contents

FAST, HEAP = CaseKey("cpu.time_fast"), CaseKey("cpu.time_heap")


def test_the_newest_commit_that_has_figures_counts() -> None:
    old, new = contents.COMMITS[1], contents.COMMITS[0]
    places = {new.hash: 0, old.hash: 1}
    counts = [
        *contents.counted(contents.counts(FAST, contents.WITH_JIT, commit=old)),
        *contents.counted(contents.counts(FAST, contents.WITH_JIT, commit=new, counter="callgrind 2")),
        *contents.counted(contents.counts(FAST, contents.WITH_JIT, commit=new, counter="callgrind 3", good=False)),
        *contents.counted(contents.counts(FAST, contents.OLDER, commit=old)),
    ]
    found = [(one.key.interpreter, one.key.commit, one.key.counter) for one in current_counts(counts, places)]
    assert found == [
        (contents.OLDER.identity, old.hash, contents.COUNTER),
        (contents.WITH_JIT.identity, new.hash, "callgrind 2"),
    ]


def test_each_case_counts_alike_in_the_shares_of_a_group() -> None:
    large = contents.counts(FAST, contents.WITH_JIT, off={"loop": 9_000, "interpreter": 1_000}, on={"jit": 5_000})
    small = contents.counts(HEAP, contents.WITH_JIT, off={"loop": 1, "libc": 9}, on={"jit": 1, "libc": 9})
    assert mean_jit_share(contents.counted([*large, *small])) == pytest.approx((1.0 + 0.1) / 2)
    assert mean_jit_share(contents.counted(contents.counts(FAST, contents.WITHOUT_JIT))) is None


def test_the_case_whose_count_and_time_disagree_most() -> None:
    trials = contents.pairs(FAST, contents.WITH_JIT, 2.1) + contents.pairs(HEAP, contents.WITH_JIT, 1.05, noise=0.001)
    (current,) = contents.content(trials).machines[0].current
    counts = contents.counted(
        [
            *contents.counts(FAST, contents.WITH_JIT, off={"loop": 174}, on={"jit": 100}),
            *contents.counts(HEAP, contents.WITH_JIT, off={"loop": 70}, on={"jit": 100}),
        ]
    )
    widest = widest_disagreement(counts, current.suite.cases)
    assert widest is not None
    assert widest.case == HEAP
    assert widest.counts == pytest.approx(0.7)
    assert widest.times == pytest.approx(1.05, rel=0.01)
    assert widest_disagreement(counts, ()) is None
