"""Benchmarks that set asv's attributes for timing."""

import time

from . import log


def time_first():
    log("call")


time_first.number = time_first.repeat = time_first.rounds = 1
time_first.warmup_time = 0


class Numbered:
    number = 5

    def time_it(self):
        log("call")


class NumberedWithSetup:
    number = 5
    repeat = 2
    warmup_time = 0

    def setup(self):
        log("setup")

    def time_it(self):
        log("call")


class SetupAsks:
    """asv reads its attributes after the setup, which may depend on the parameters."""

    params = (1, 2)
    warmup_time = 0
    number = 1

    def setup(self, repeat):
        self.repeat = repeat

    def time_it(self, repeat):
        log("call")


def time_default_repeat():
    log("call")


time_default_repeat.number = 1
time_default_repeat.warmup_time = 0


def time_tuple():
    log("call")
    time.sleep(0.05)


time_tuple.number = 1
time_tuple.warmup_time = 0
time_tuple.repeat = (2, 50, 0.0)


def time_processor():
    time.sleep(0.02)


time_processor.timer = time.process_time


def seconds():
    seconds.now += 7
    return seconds.now


seconds.now = 0


async def time_by_function():
    pass


time_by_function.timer = seconds
