from . import log


class TeardownOnly:
    def teardown(self):
        log("teardown")

    def time_it(self):
        log("call")


class Base:
    def setup(self):
        log("setup of", type(self).__name__)

    def time_inherited(self):
        log("call of", type(self).__name__)


class Derived(Base):
    pass


def time_raises():
    log("call")
    raise ValueError("meant")


class SetupRaises:
    def setup(self):
        log("setup")
        raise ValueError("meant")

    def teardown(self):
        log("teardown")

    def time_it(self):
        log("call")
