"""What every test may ask for."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters import discover, provision
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.resolve import resolve

# The same examples every time. `make test-nightly` draws new ones; a failure prints a line that repeats it.
# A few properties are statistical, and a draw in a thousand breaks them by right: look at the example first.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("nightly", derandomize=False, deadline=None, print_blob=True, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# A shell's background job starts with Ctrl-C ignored, and hands that down to whatever the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

_JIT_MINORS = ("3.14", "3.15")
_OTHER_WORKERS_S = 900.0  # several workers of one test run may want to install


def pytest_addoption(parser: pytest.Parser) -> None:
    """The switch for golden files, which pytest reads only from here."""
    parser.addoption("--update-golden", action="store_true", help="write golden files anew; look at what changed")


@pytest.fixture(scope="session")
def jit_interpreters() -> dict[str, Interpreter]:
    """An interpreter with a JIT for each of 3.14 and 3.15, by minor version; installed when there is none."""
    found = [interpreter for interpreter in discover.discover() if interpreter.has_jit]
    return {minor: _found_or_installed(minor, found) for minor in _JIT_MINORS}


def _found_or_installed(minor: str, found: list[Interpreter]) -> Interpreter:
    try:
        return resolve(minor, found)
    except NoInterpreterError:
        interpreter = provision.install([minor], wait_s=_OTHER_WORKERS_S)[0].interpreter
    if not interpreter.has_jit:
        pytest.fail(f"{interpreter.identity} from {interpreter.provider} was installed and has no JIT")
    return interpreter
