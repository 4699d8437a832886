"""The asv plugin: environment type "jit". Named in asv.conf.json as `"plugins": [".asv_jit.asv_environment"]`.

asv finds the class through its base class. `pythons` may hold `3.15`, `3.15.2`, `3.15.2+1a2b3c4d` or the path of an
interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from asv.environment import EnvironmentUnavailable

from asv_jit.asv_adapter.environment import InterpreterEnvironment
from asv_jit.errors import AsvJitError
from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.resolve import resolve


class JitEnvironment(InterpreterEnvironment):
    """One interpreter, one set of requirements, one JIT mode."""

    tool_name = "jit"

    def __init__(
        self,
        conf: Any,
        python: str,
        requirements: dict[str, str],
        tagged_env_vars: Mapping[tuple[str, str], str],
    ) -> None:
        try:
            interpreter = _find(python)
        except AsvJitError as error:
            raise EnvironmentUnavailable(str(error)) from None
        super().__init__(conf, interpreter, requirements, tagged_env_vars)

    @classmethod
    def matches(cls, python: str) -> bool:
        """Return True if asv-jit finds the interpreter that `python` names."""
        try:
            _find(python)
        except AsvJitError:
            return False
        return True


@cache  # asv makes an environment for each combination of the matrix, and discovery starts processes
def _find(python: str) -> Interpreter:
    return resolve(python, _discovered())


@cache
def _discovered() -> tuple[Interpreter, ...]:
    return tuple(discover())
