# ruff: noqa: RUF012 - lists in classes are how a suite states its parameters
from asv_runner.benchmarks.mark import skip_for_params

from . import log


class Single:
    params = [10, 20, 30]

    def time_it(self, n):
        log("call", n)


class Tuple:
    params = (10, 20)

    def time_it(self, n):
        log("call", n)


class Product:
    params = ([1, 2], ["a", "b"], (None,))

    def setup(self, n, text, nothing):
        log("setup", n, text, nothing)

    def time_it(self, n, text, nothing):
        log("call", n, text, nothing)


def time_function(n):
    log("call", n)


time_function.params = [5, 6]


class Skips:
    params = ([1, 2], ["a", "b"])
    skip_params = [(2, "a")]

    def setup(self, n, text):
        log("setup", n, text)

    def teardown(self, n, text):
        log("teardown", n, text)

    def time_it(self, n, text):
        log("call", n, text)


class Decorated:
    params = [1, 2]

    @skip_for_params([(1,)])
    def time_it(self, n):
        log("call", n)


class SkipsNothing:
    """asv looks for tuples: these are none."""

    params = [1, 2]
    skip_params = [[1], 1]

    def time_it(self, n):
        log("call", n)
