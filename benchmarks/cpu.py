"""Code that spends its time in Python bytecode."""

from __future__ import annotations

from functools import cache

from jit_workloads.cpu import (
    dijkstra,
    expressions,
    factory,
    fannkuch,
    levenshtein,
    mandelbrot,
    n_body,
    n_queens,
    numeric_loops,
    spectral_norm,
    streams,
    text_building,
)

_graph = cache(dijkstra.random_graph)
_pairs = cache(levenshtein.random_pairs)
_program = cache(expressions.random_program)


class Mandelbrot:
    version = "1"
    warmup_time = 0.5
    param_names = ("width",)
    params = (40, 80)

    def setup(self, width: int) -> None:
        self.height, self.iters = width, 100

    def time_mandelbrot(self, width: int) -> int:
        return mandelbrot.mandelbrot(width, self.height, self.iters)


class Dijkstra:
    version = "1"
    warmup_time = 0.5
    param_names = ("nodes",)
    params = (2000, 8000)

    def setup(self, nodes: int) -> None:
        self.graph = _graph(nodes, edges_per_node=10, seed=123)

    def time_dijkstra(self, nodes: int) -> int:
        return dijkstra.dijkstra_on(self.graph)


class Levenshtein:
    version = "1"
    warmup_time = 0.5
    param_names = ("length",)
    params = (40, 80)

    def setup(self, length: int) -> None:
        self.pairs = _pairs(16, length, seed=123)

    def time_levenshtein(self, length: int) -> int:
        return levenshtein.levenshtein_on(self.pairs)


class NBody:
    version = "1"
    warmup_time = 0.5

    def time_n_body(self) -> float:
        return n_body.n_body(steps=600)


class Fannkuch:
    version = "1"
    warmup_time = 0.5

    def time_fannkuch(self) -> tuple[int, int]:
        return fannkuch.fannkuch(7)


class SpectralNorm:
    version = "1"
    warmup_time = 0.5

    def time_spectral_norm(self) -> float:
        return spectral_norm.spectral_norm(25)


class NQueens:
    version = "1"
    warmup_time = 0.5

    def time_n_queens(self) -> int:
        return n_queens.n_queens(9)


class IntegerLoop:
    version = "1"
    warmup_time = 0.5

    def time_collatz(self) -> int:
        return numeric_loops.integer_loop(1000)


class FloatLoop:
    version = "1"
    warmup_time = 0.5

    def time_integral(self) -> float:
        return numeric_loops.float_loop(50_000)


class Generators:
    version = "1"
    warmup_time = 0.5

    def time_chain(self) -> int:
        return streams.generators(15_000)


class Comprehensions:
    version = "1"
    warmup_time = 0.5

    def time_grid(self) -> int:
        return streams.comprehensions(120)


class TextBuilding:
    version = "1"
    warmup_time = 0.5

    def time_price_list(self) -> int:
        return text_building.text_building(2000)


class Expressions:
    version = "1"
    warmup_time = 0.5

    def setup(self) -> None:
        self.program = _program(150, seed=7)

    def time_parse_and_evaluate(self) -> int:
        return expressions.evaluate_on(self.program)


class Factory:
    version = "1"
    warmup_time = 0.5

    def time_simulation(self) -> tuple[int, int, int, int]:
        return factory.factory(4000)
