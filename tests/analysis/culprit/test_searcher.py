"""Noisy bisection: exact without noise, honest with it, and its posterior against a slow oracle."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from asv_jit.analysis.culprit import searcher
from asv_jit.analysis.culprit.posterior import culprit_posterior, expected_information
from asv_jit.analysis.culprit.searcher import Culprit, Search, Unbuildable, compare_ends, search
from tests.acceptance import figure_4_culprit


def history(
    count: int,
    first_bad: int,
    *,
    factor: float,
    noise: float = 0.0,
    unbuildable: frozenset[int] = frozenset(),
    seed: int = 0,
) -> Callable[[int], float]:
    rng = np.random.default_rng(seed)
    assert first_bad < count

    def measure(index: int) -> float:
        if index in unbuildable:
            raise Unbuildable
        return 0.002 * (factor if index >= first_bad else 1.0) * math.exp(noise * rng.standard_normal())

    return measure


# --- without noise: as exact and as cheap as textbook bisection


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_deterministic_metric_is_bisected_exactly(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 300))
    first_bad = data.draw(st.integers(1, count - 1))
    factor = data.draw(st.sampled_from([0.3, 0.999, 1.0001, 1.05, 40.0]))
    found = search(count, history(count, first_bad, factor=factor), seed=data.draw(st.integers(0, 9)))
    assert (found.outcome, found.index, found.candidates) == ("found", first_bad, (first_bad,))
    assert found.probability == pytest.approx(found.posterior[first_bad])
    assert found.probability >= 0.95
    assert found.builds <= 2 + math.ceil(math.log2(count - 1))


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_unbuildable_commits_are_never_guessed(data: st.DataObject) -> None:
    count = data.draw(st.integers(3, 60))
    first_bad = data.draw(st.integers(1, count - 1))
    unbuildable = data.draw(st.frozensets(st.integers(1, count - 2), max_size=count - 2))
    assume(len(unbuildable) < count - 2)
    measured: list[int] = []
    plain = history(count, first_bad, factor=1.1, unbuildable=unbuildable)

    def measure(index: int) -> float:
        assert index not in unbuildable.intersection(measured), "asked for a commit that failed to build"
        measured.append(index)
        return plain(index)

    answer = search(count, measure)
    before = max(index for index in range(first_bad) if index not in unbuildable)
    after = min(index for index in range(first_bad, count) if index not in unbuildable)
    alike = range(before + 1, after + 1)
    assert answer.builds == len(set(measured))
    assert answer.measurements == len([index for index in measured if index not in unbuildable])
    if len(alike) == 1:
        assert (answer.outcome, answer.index) == ("found", first_bad)
    else:
        assert (answer.outcome, answer.index) == ("undecided", None)
        assert set(answer.candidates) <= set(alike)
        assert answer.probability >= 0.95
        assert len(answer.candidates) >= 0.95 * len(alike)  # alike candidates share the probability evenly


@pytest.mark.parametrize("unbuildable", [{0}, {9}, set(range(1, 9))])
def test_without_an_end_or_anything_between_the_outcome_is_unbuildable(unbuildable: set[int]) -> None:
    answer = search(10, history(10, 4, factor=2.0, unbuildable=frozenset(unbuildable)))
    assert (answer.outcome, answer.index) == ("unbuildable", None)
    assert answer.builds >= len(unbuildable)


@given(st.floats(1e-9, 1e12), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_equal_ends_are_not_reproducible_and_nothing_between_is_built(value: float, seed: int) -> None:
    answer = search(100, lambda index: value, seed=seed)
    assert answer == Culprit(None, 0.0, "not_reproducible", answer.measurements, 2, (), ())
    assert answer.measurements < 100


# --- with noise


def test_a_wild_measurement_does_not_mislead() -> None:
    first_bad, calls = 77, iter(range(10_000))
    plain = history(128, first_bad, factor=1.05, noise=0.01, seed=3)

    def measure(index: int) -> float:
        return plain(index) * (3.0 if next(calls) % 7 == 6 else 1.0)

    assert search(128, measure).index == first_bad


def test_a_change_that_fades_after_the_ends_differed_is_reported_as_such() -> None:
    calls = iter(range(10_000))
    plain = history(64, 20, factor=1.03, noise=0.01, seed=5)
    gone = history(64, 20, factor=1.0, noise=0.01, seed=6)

    def measure(index: int) -> float:
        return plain(index) if next(calls) < 12 else gone(index)

    answer = search(64, measure)
    assert answer.outcome in {"not_reproducible", "undecided"}


def test_a_spent_budget_leaves_candidates() -> None:
    answer = search(256, history(256, 100, factor=1.01, noise=0.01, seed=1), max_measurements=100)
    assert (answer.outcome, answer.index, answer.measurements) == ("undecided", None, 100)
    assert sum(answer.posterior[index] for index in answer.candidates) == pytest.approx(answer.probability)
    assert answer.probability >= 0.95
    least = min(answer.posterior[index] for index in answer.candidates)
    assert answer.probability - least < 0.95, "a smaller set would have held as much"


def test_the_seed_alone_decides_the_order() -> None:
    def asked(seed: int) -> list[int]:
        order: list[int] = []
        plain = history(256, 200, factor=1.02, noise=0.01, seed=4)

        def measure(index: int) -> float:
            order.append(index)
            return plain(index)

        search(256, measure, seed=seed)
        return order

    assert asked(1) == asked(1)
    assert asked(1)[:8] != asked(2)[:8]
    assert all(sorted(asked(3)[start : start + 2]) == [0, 255] for start in range(0, 8, 2)), "ends in pairs"


@pytest.mark.long
def test_dear_builds_are_fewer_builds() -> None:
    def builds(cost: float) -> int:
        runs = (history(256, 40 * k + 9, factor=1.015, noise=0.01, seed=k) for k in range(6))
        return sum(search(256, run, build_cost=cost).builds for run in runs)

    assert builds(100.0) < builds(0.0)


# --- step by step


@pytest.mark.long
def test_a_search_resumes_from_what_was_recorded() -> None:
    measure = history(256, 31, factor=1.015, noise=0.01, unbuildable=frozenset({30, 31, 127, 64}), seed=8)
    whole = Search(256, seed=5)
    recorded: list[tuple[int, float | None]] = []
    while (index := whole.next_index()) is not None:
        resumed = Search(256, seed=5)
        if len(recorded) % 10 == 0:
            for commit, value in recorded:
                resumed.record_unbuildable(commit) if value is None else resumed.record(commit, value)
            assert resumed.next_index() == index
            assert np.array_equal(resumed.posterior, whole.posterior)
            assert resumed.culprit().outcome == "undecided"
        try:
            value = measure(index)
        except Unbuildable:
            recorded.append((index, None))
            whole.record_unbuildable(index)
        else:
            recorded.append((index, value))
            whole.record(index, value)
    again = history(256, 31, factor=1.015, noise=0.01, unbuildable=frozenset({30, 31, 127, 64}), seed=8)
    assert whole.culprit() == search(256, again, seed=5)
    assert whole.culprit().candidates == (30, 31, 32)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_measurement_must_be_positive_and_finite(value: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        search(5, lambda index: value)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Search(1),
        lambda: Search(0),
        lambda: Search(5, confidence=1.0),
        lambda: Search(5, confidence=0.5),
        lambda: Search(5, build_cost=-1.0),
        lambda: Search(5, build_cost=math.nan),
    ],
)
def test_nonsense_arguments_are_refused(build: Callable[[], Search]) -> None:
    with pytest.raises(ValueError, match=r"must lie|at least"):
        build()


def test_a_commit_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="found 5"):
        Search(5).record(5, 1.0)


# --- the ends


def test_the_ends_differ_at_the_t_of_the_textbook() -> None:
    rng = np.random.default_rng(2)
    seen = set()
    for size in (4, 7, 30):
        for shift in np.linspace(0, 4, 30):
            good, bad = rng.standard_normal(size), rng.standard_normal(size) + shift
            differ = compare_ends(good, bad, limit=120) == "differ"
            assert differ == (abs(stats.ttest_ind(good, bad).statistic) >= 5)
            seen.add(differ)
    assert seen == {True, False}


def test_too_few_or_enough_measurements_of_the_ends() -> None:
    close = np.array([1.0, 2.0, 3.0, 4.0])
    assert compare_ends(close[:3], close[:3] + 100, limit=120) == "more"
    assert compare_ends(close, close + 2.5, limit=120) == "more"
    assert compare_ends(close, close + 2.5, limit=4) == "alike"


def test_rounding_does_not_make_equal_ends_differ() -> None:
    value = -1.3564597521425483  # means of 48 and of 49 differ in the last digit, "significantly"
    assert compare_ends(np.full(48, value), np.full(49, value), limit=120) == "alike"


# --- the posterior


def slow_posterior(count: int, commits: list[int], logs: list[float]) -> list[float]:
    """By sums over wide, fine grids of both levels, the scale and the tails, for every culprit by itself."""
    levels = np.linspace(-4.0, 8.0, 241)
    mass = [0.0]
    for first_bad in range(1, count):
        total = 0.0
        for freedom in (1, 4, 30):
            for scale in np.exp(np.linspace(-2.5, 2.5, 51)):
                sides = [np.ones(levels.size), np.ones(levels.size)]
                for commit, value in zip(commits, logs, strict=True):
                    sides[commit >= first_bad] *= stats.t.pdf((value - levels) / scale, freedom) / scale
                total += float(sides[0].sum() * sides[1].sum())
        mass.append(total)
    return [value / sum(mass) for value in mass]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_posterior_is_that_of_a_slow_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    commits = [0] * 6 + [6] * 6 + [3, 3, 2, 5, 5, 3]
    logs = [float(4.0 * (commit >= 3) + rng.standard_t(4)) for commit in commits]
    fast = culprit_posterior(7, commits, logs).mass
    np.testing.assert_allclose(fast, slow_posterior(7, commits, logs), atol=0.02)


@given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(0.01, 100))
@settings(max_examples=40, deadline=None)
def test_the_posterior_knows_neither_unit_nor_direction_nor_order(seed: int, shift: float, factor: float) -> None:
    rng = np.random.default_rng(seed)
    commits = np.concatenate([[0] * 4, [40] * 4, rng.integers(1, 40, 8)])
    logs = 3.0 * (commits >= 17) + rng.standard_normal(16)
    posterior = culprit_posterior(41, commits, logs)
    assert posterior.mass[0] == 0
    assert posterior.mass.sum() == pytest.approx(1)
    order = rng.permutation(16)

    def same(one: np.ndarray, other: np.ndarray) -> None:
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)

    same(culprit_posterior(41, commits[order], logs[order]).mass, posterior.mass)
    same(culprit_posterior(41, commits, logs * factor + shift).mass, posterior.mass)
    same(culprit_posterior(41, commits, -logs).mass, posterior.mass)
    mirrored = culprit_posterior(41, 40 - commits, logs).mass
    same(mirrored[1:], posterior.mass[:0:-1])


def test_the_posterior_needs_both_ends() -> None:
    with pytest.raises(ValueError, match="both ends"):
        culprit_posterior(5, [0, 0, 3], [1.0, 1.0, 2.0])


@pytest.mark.parametrize("p", [0.5, 0.1, 0.003])
@pytest.mark.parametrize("separation", [0.3, 1.0, 2.5])
def test_the_information_is_the_mutual_information(p: float, separation: float) -> None:
    def density(x: float) -> float:
        good, bad = (1 - p) * stats.norm.pdf(x), p * stats.norm.pdf(x - separation)
        both = good + bad
        return float(good * math.log2(good / both / (1 - p)) + bad * math.log2(bad / both / p))

    expected, _ = integrate.quad(density, -9, 9 + separation, limit=200)
    assert float(expected_information(p, separation)) == pytest.approx(expected, rel=0.02, abs=1e-6)


@given(st.floats(0, 1), st.floats(0, 50))
def test_information_lies_between_nothing_and_the_entropy(p: float, separation: float) -> None:
    bits = float(expected_information(p, separation))
    entropy = float(stats.entropy([p, 1 - p], base=2))
    assert 0 <= bits <= entropy + 1e-9
    assert float(expected_information(1 - p, separation)) == pytest.approx(bits, abs=1e-6)


# --- the acceptance figure


@pytest.mark.long
def test_the_figure_holds_at_a_small_size() -> None:
    rows = figure_4_culprit.evidence(scale=0.02, seed=11)
    assert [row for row in rows if not row.passed] == []


def test_the_figure_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searcher, "_DOUBT_USED", 12.0)  # stops at a posterior of 40%
    ended = figure_4_culprit.repeat(figure_4_culprit.PLAIN, 2.0, 24, 11, figure_4_culprit.searched)
    assert not figure_4_culprit._search_row(figure_4_culprit.PLAIN, 2.0, ended, 70.0).passed
