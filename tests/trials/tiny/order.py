# ruff: noqa: RUF012 - lists in classes are how a suite states its parameters
from . import log


def setup(*args):
    log("module setup", *args)


def teardown(*args):
    log("module teardown", *args)


def own_setup(*args):
    log("function setup", *args)


def own_teardown(*args):
    log("function teardown", *args)


def time_function():
    log("call")


time_function.setup = own_setup
time_function.teardown = own_teardown


class Class:
    def setup(self):
        log("class setup")

    def teardown(self):
        log("class teardown")

    def time_method(self):
        log("call")

    def time_with_own(self):
        log("call")

    time_with_own.setup = own_setup
    time_with_own.teardown = own_teardown


class Unittest:
    params = [7, 8]

    def setUp(self, n):
        log("setUp", n)

    def tearDown(self, n):
        log("tearDown", n)

    def time_method(self, n):
        log("call", n)
