from asv_runner.benchmarks.mark import SkipNotImplemented

from . import log


class InSetup:
    def setup(self):
        log("setup")
        raise NotImplementedError("not here")

    def teardown(self):
        log("teardown")

    def time_it(self):
        log("call")


class InBenchmark:
    def setup(self):
        log("setup")

    def teardown(self):
        log("teardown")

    def time_it(self):
        log("call")
        raise SkipNotImplemented("not with this")


class PlainNotImplemented:
    def teardown(self):
        log("teardown")

    def time_it(self):
        log("call")
        raise NotImplementedError("a failure, as in asv")
