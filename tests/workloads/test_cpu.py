"""The algorithms do what their names say: checked against slower ways to the same answer, and known answers."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jit_workloads.cpu.dijkstra import Graph, dijkstra, dijkstra_on, random_graph
from jit_workloads.cpu.expressions import NAMES, evaluate_on, random_program
from jit_workloads.cpu.factory import factory
from jit_workloads.cpu.fannkuch import fannkuch
from jit_workloads.cpu.levenshtein import distance, levenshtein, levenshtein_on, random_pairs
from jit_workloads.cpu.mandelbrot import mandelbrot
from jit_workloads.cpu.n_body import n_body
from jit_workloads.cpu.n_queens import n_queens
from jit_workloads.cpu.numeric_loops import float_loop, integer_loop
from jit_workloads.cpu.spectral_norm import spectral_norm


def _escape_time(point: complex, iters: int) -> int:
    value = 0j
    for count in range(iters):
        if abs(value) > 2:
            return count
        value = value * value + point
    return iters


def test_mandelbrot_agrees_with_complex_numbers() -> None:
    width, height, iters = 24, 18, 60
    points = [
        complex(-2.2 + 3.2 * column / width, -1.2 + 2.4 * row / height)
        for row in range(height)
        for column in range(width)
    ]
    assert mandelbrot(width, height, iters) == sum(_escape_time(point, iters) for point in points)


def test_a_random_graph_is_as_asked_for() -> None:
    graph = random_graph(200, 7, seed=123)
    edges = [edge for edges in graph for edge in edges]
    assert len(graph) == 200
    assert {len(edges) for edges in graph} == {7}
    assert {weight for _target, weight in edges} == set(range(1, 30))
    assert {target for target, _weight in edges} <= set(range(200))
    assert graph == random_graph(200, 7, seed=123)
    assert graph != random_graph(200, 7, seed=124)


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(1, 29)), max_size=4), min_size=n, max_size=n
        )
    )
)
def test_dijkstra_settles_what_can_be_reached(graph: Graph) -> None:
    reached = {0}
    waiting = [0]
    while waiting:
        for target, _weight in graph[waiting.pop()]:
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    assert dijkstra_on(graph) == len(reached)


def test_dijkstra_builds_its_graph_and_runs_on_it() -> None:
    assert dijkstra(300, 2, seed=9) == dijkstra_on(random_graph(300, 2, seed=9)) < 300


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_distance_agrees_with_its_recursive_definition(first: str, second: str) -> None:
    @cache
    def defined(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        substituted = defined(i - 1, j - 1) + (first[i - 1] != second[j - 1])
        return min(defined(i - 1, j) + 1, defined(i, j - 1) + 1, substituted)

    assert distance(first, second) == defined(len(first), len(second))


def test_levenshtein_adds_up_the_distances_of_its_pairs() -> None:
    pairs = random_pairs(5, 12, seed=3)
    assert levenshtein(5, 12, seed=3) == levenshtein_on(pairs) == sum(distance(*pair) for pair in pairs)
    assert {len(word) for pair in pairs for word in pair} == {12}


@given(st.integers(1, 30), st.integers(0, 1000))
def test_expressions_agree_with_python(lines: int, seed: int) -> None:
    names = {name: number + 2 for number, name in enumerate(NAMES)}
    program = random_program(lines, seed)
    total = 0
    for number, line in enumerate(program):
        try:
            value = eval(line, {}, dict(names)) % 1_000_003
        except ZeroDivisionError:
            return  # the workload takes the remainder by 1 then, which Python's grammar cannot say
        names[NAMES[number % len(NAMES)]] = value
        total += value
    assert evaluate_on(program) == total


@pytest.mark.parametrize(("n", "most_flips"), [(1, 0), (2, 1), (3, 2), (4, 4), (5, 7), (6, 10), (7, 16)])
def test_fannkuch_knows_the_most_flips(n: int, most_flips: int) -> None:
    assert fannkuch(n)[1] == most_flips


@pytest.mark.parametrize(("n", "ways"), [(1, 1), (2, 0), (3, 0), (4, 2), (5, 10), (6, 4), (7, 40), (8, 92)])
def test_n_queens_counts_the_ways(n: int, ways: int) -> None:
    assert n_queens(n) == ways


def test_spectral_norm_of_a_hundred_is_the_published_one() -> None:
    assert f"{spectral_norm(100):.9f}" == "1.274219991"


def test_n_body_keeps_its_energy() -> None:
    assert n_body(2000) == pytest.approx(n_body(0), rel=0.01)


def test_loops_find_what_is_known() -> None:
    assert integer_loop(8) == 0 + 1 + 7 + 2 + 5 + 8 + 16
    assert float_loop(10_000) == pytest.approx(3.141592653589793, abs=1e-8)


@given(st.integers(0, 3000))
def test_factory_stores_no_more_than_it_was_given(ticks: int) -> None:
    stored, rejected, travel_ticks, _busy_ticks = factory(ticks)
    parts = (ticks + 4) // 5
    assert stored <= parts
    assert rejected <= parts // 7 + 1
    assert travel_ticks >= stored
