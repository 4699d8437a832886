from . import log


def time_function():
    log("renamed function")


time_function.benchmark_name = "any.where.time_renamed"


class Class:
    def time_method(self):
        log("renamed method")

    time_method.benchmark_name = "time_short"


def careless(function):
    def wrapper(*args):
        log("wrapper")
        return function(*args)

    return wrapper


@careless
def time_wrapped():
    log("call")


class Wrapped:
    @careless
    def time_wrapped(self):
        log("call")

    time_lambda = lambda self: log("lambda")  # noqa: E731 - people do


class Methods:
    @staticmethod
    def time_static():
        log("static")

    @classmethod
    def time_class(cls):
        log("class", cls.__name__)


helper = lambda: log("helper")  # noqa: E731 - has the name of the benchmark below
time_module_lambda = lambda: log("module lambda")  # noqa: E731
