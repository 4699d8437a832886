"""Benchmarks and setups that are coroutines or generators: how to tell them, and how to run them to their end."""


def complete(function, arguments):
    """Call a function that is not timed and return what it gives in the end: a coroutine is run to its end."""
    returned = function(*arguments)
    if is_coroutine(returned):
        return run_coroutine(returned)
    if is_made_by(returned, function):
        raise TypeError(
            "%s contains `yield`, so that a call runs nothing of it: return instead, or yield in the benchmark only"
            % getattr(function, "__qualname__", function)
        )
    return returned


def is_coroutine(value):
    """Whether to await it. Futures are no coroutines: a benchmark that returns one may time how it is made."""
    return hasattr(type(value), "__await__") and hasattr(type(value), "send")


def is_made_by(value, function):
    """Whether `value` is the generator, synchronous or not, that the body of `function` is, decorators looked through.

    Any other generator is what the benchmark returns, and making it is what the benchmark times.
    """
    code = getattr(value, "gi_code", None) or getattr(value, "ag_code", None)
    if code is None:
        return False
    while not hasattr(function, "__code__") or hasattr(function, "__wrapped__"):
        inner = [getattr(function, name, None) for name in ("__wrapped__", "__func__", "func")]
        function = next((found for found in inner if found is not None), None)
        if function is None:
            return False
    return function.__code__ is code


EVENT_LOOPS = []  # the one of this process, made for its first coroutine: asyncio takes longer to import than Python


def run_coroutine(coroutine):
    if not EVENT_LOOPS:
        import asyncio

        EVENT_LOOPS.append(asyncio.new_event_loop())
        asyncio.set_event_loop(EVENT_LOOPS[0])
    return EVENT_LOOPS[0].run_until_complete(coroutine)


def end_event_loop():
    """Cancel what the benchmark left running and close the loop, as `asyncio.run` does."""
    import asyncio

    async def cancel_others():
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    run_coroutine(cancel_others())
    loop = EVENT_LOOPS.pop()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def exhaust(generator):
    for _ in generator:
        pass


async def exhaust_async(generator):
    async for _ in generator:
        pass


async def listed(generator):
    return [item async for item in generator]
