"""Benchmarks that only do something when their coroutine is awaited or their generator is exhausted."""

import asyncio
import functools

from . import log


def passed_on(function):
    """As asv_runner's own decorators: what comes back is what the function gave."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


async def step(word):
    log(word)
    await asyncio.sleep(0)
    return [word]


async def time_awaits():
    return await step("ran")


@passed_on
async def time_decorated():
    return await step("ran")


def time_returns_coroutine():
    return step("ran")


def time_runs_its_own_loop():
    return asyncio.run(step("ran"))


def time_yields():
    log("ran")
    yield "ran"


@passed_on
def time_decorated_yields():
    log("ran")
    yield "ran"


async def time_yields_async():
    log("ran")
    yield "ran"


def time_makes_a_generator():
    log("ran")
    return (log(word) for word in ["unwanted"])


class Async:
    params = (["a"], ["b"])

    async def setup_cache(self):
        return await step("cached")

    async def setup(self, cache, first, second):
        self.ready = asyncio.Event()
        self.server = asyncio.ensure_future(self.serve())
        await step("setup")

    async def serve(self):
        self.ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            log("cancelled")

    async def time_method(self, cache, first, second):
        await self.ready.wait()
        return [*cache, *await step(first + second)]

    async def time_fails(self, cache, first, second):
        await asyncio.sleep(0)
        raise ValueError("meant")

    async def track_method(self, cache, first, second):
        return len(await step("ran"))

    async def peakmem_method(self, cache, first, second):
        await step("ran")

    async def timeraw_method(self, cache, first, second):
        await step("ran")
        return "pass"

    async def teardown(self, cache, first, second):
        await step("teardown")


class YieldingSetup:
    def setup(self):
        log("setup")
        yield

    def time_it(self):
        log("ran")


async def time_empty():
    pass
