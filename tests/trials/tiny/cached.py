# ruff: noqa: RUF012 - lists in classes are how a suite states its parameters
from . import log


def setup(*args):
    log("module setup", *args)


class Cached:
    params = [1, 2]

    def setup_cache(self):
        log("setup_cache")
        return {"made": 5}

    def setup(self, cache, n):
        log("setup", cache, n)

    def teardown(self, cache, n):
        log("teardown", cache, n)

    def time_it(self, cache, n):
        log("call", cache, n)

    def track_it(self, cache, n):
        return cache["made"] * n


class SkipsDespiteCache:
    params = [1, 2]
    skip_params = [(2,)]

    def setup_cache(self):
        return "cache"

    def time_it(self, cache, n):
        log("call", cache, n)


class Falsy:
    def setup_cache(self):
        return []

    def time_it(self, cache):
        log("call", cache)


class Nothing:
    def setup_cache(self):
        log("setup_cache")

    def time_it(self):
        log("call")
