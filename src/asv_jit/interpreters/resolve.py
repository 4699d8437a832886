"""Selects the interpreter that a spec names."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.interpreters import spec as specs
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import probe as probe_executable


def resolve(
    spec: str,
    interpreters: Sequence[Interpreter],
    *,
    probe: Callable[[Path], Interpreter] = probe_executable,
) -> Interpreter:
    """Return the interpreter of `interpreters` that `spec` names; if `spec` is a path, the interpreter there.

    Of several matches, prefer one with a JIT, then the newest release, then one that asv-jit installed.

    Raises UsageError for a malformed spec, and NoInterpreterError if none matches; the message lists the interpreters
    found and the command that installs the missing one.
    """
    if is_path(spec):
        return probe(Path(spec).expanduser().absolute())
    wanted = _parsed(spec)
    return max(
        _fitting(wanted, interpreters),
        key=lambda interpreter: (interpreter.has_jit, interpreter.release, interpreter.package_version is not None),
    )


def resolve_all(
    spec: str,
    interpreters: Sequence[Interpreter],
    *,
    probe: Callable[[Path], Interpreter] = probe_executable,
) -> list[Interpreter]:
    """Like `resolve`, but for `3.15.*` return one interpreter of each release of the minor version, newest first.

    If any of them has a JIT, those without are ignored. Raises like `resolve`.
    """
    if is_path(spec) or not _parsed(spec).each:
        return [resolve(spec, interpreters, probe=probe)]
    fitting = _fitting(_parsed(spec), interpreters)
    with_jit = [interpreter for interpreter in fitting if interpreter.has_jit]
    best: dict[tuple[int, ...], Interpreter] = {}
    for interpreter in with_jit or fitting:
        other = best.get(interpreter.release)
        if other is None or (interpreter.package_version is not None and other.package_version is None):
            best[interpreter.release] = interpreter
    return [best[release] for release in sorted(best, reverse=True)]


def _parsed(spec: str) -> specs.Spec:
    try:
        return specs.parse(spec)
    except UsageError as error:
        raise UsageError(f"{error} The path of an interpreter is accepted too.") from None


def _fitting(wanted: specs.Spec, interpreters: Sequence[Interpreter]) -> list[Interpreter]:
    fitting = [
        interpreter
        for interpreter in interpreters
        if wanted.fits(interpreter.version, interpreter.identity, free_threaded=interpreter.free_threaded)
        and (wanted.build or not interpreter.debug)
    ]
    if not fitting:
        identities = ", ".join(interpreter.identity for interpreter in interpreters) or "none"
        raise NoInterpreterError(
            f"No interpreter {wanted.text} was found; found are: {identities}. "
            f"To install it: asv-jit pythons install {wanted.text}"
        )
    return fitting


def is_path(spec: str) -> bool:
    """Return True if a spec is the path of an interpreter, not a version."""
    separators = (os.sep, os.altsep or os.sep)
    return spec.startswith("~") or any(separator in spec for separator in separators)
