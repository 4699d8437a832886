"""Picks the interpreter that a spec means."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.interpreters import spec as specs
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import probe as probe_executable

__all__ = ["is_path", "resolve"]


def resolve(
    spec: str,
    interpreters: Sequence[Interpreter],
    *,
    probe: Callable[[Path], Interpreter] = probe_executable,
) -> Interpreter:
    """The interpreter of `interpreters` that `spec` means, or the one at the path that it is.

    Of several that fit: those with a JIT first, then the newest release, then those that asv-jit installed.

    Raises UsageError for a malformed spec; NoInterpreterError, with what there is and the command that installs it,
    when none fits.
    """
    if is_path(spec):
        return probe(Path(spec).expanduser().absolute())
    try:
        wanted = specs.parse(spec)
    except UsageError as error:
        raise UsageError(f"{error} The path of an interpreter is understood too.") from None
    fitting = [
        found
        for found in interpreters
        if wanted.fits(found.version, found.identity, free_threaded=found.free_threaded)
        and (wanted.build or not found.debug)
    ]
    if not fitting:
        there = ", ".join(found.identity for found in interpreters) or "none"
        raise NoInterpreterError(
            f"No interpreter {spec} was found; found are: {there}. To install it: asv-jit pythons install {spec}"
        )
    return max(fitting, key=lambda found: (found.has_jit, found.release, found.package_version is not None))


def is_path(spec: str) -> bool:
    """Whether a spec is the path of an interpreter, not a version."""
    separators = (os.sep, os.altsep or os.sep)
    return spec.startswith("~") or any(separator in spec for separator in separators)
