"""Installs new Python releases that the configuration asks for."""

from __future__ import annotations

from collections.abc import Sequence

from asv_jit.errors import LockedError, NoInterpreterError
from asv_jit.interpreters import provision
from asv_jit.interpreters import spec as specs
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import Runner
from asv_jit.interpreters.providers.offers import Provider
from asv_jit.interpreters.resolve import is_path
from asv_jit.system import processes

_PATIENCE_S = 3600.0


def install_releases(
    pythons: Sequence[str],
    found: Sequence[Interpreter],
    providers: Sequence[Provider] | None = None,
    *,
    run: Runner = processes.run,
) -> tuple[list[str], list[str]]:
    """Install the newest release of each minor version in `pythons`, and each missing exact one.

    Ignores paths. `found`: the interpreters of this machine. Returns the identities that were installed, and a
    complaint for each that could not be: the night goes on with the interpreters there are.
    """
    wanted = [spec for spec in pythons if not is_path(spec) and not _is_there(spec, found)]
    installed: list[str] = []
    complaints: list[str] = []
    if not wanted:
        return installed, complaints
    market = None
    try:
        market = provision.offered(providers, wait_s=_PATIENCE_S)
    except LockedError as error:
        return installed, [f"asv-jit could not search for new releases: {error}"]
    for text in wanted:
        spec = specs.parse(text)
        try:
            newest = provision.matching(spec, market.offers, market.notes)[0]
            if any(one.identity == newest.identity or one.release > newest.release for one in _fitting(spec, found)):
                continue
            exact = newest.version + ("t" if newest.free_threaded else "")
            done = provision.install([exact], list(market.providers.values()), wait_s=_PATIENCE_S, run=run)
            installed.extend(one.interpreter.identity for one in done if one.fresh)
        except (NoInterpreterError, LockedError) as error:
            complaints.append(f"CPython {text}: {_first_line(error)}; using what is installed")
    return installed, complaints


def _is_there(text: str, found: Sequence[Interpreter]) -> bool:
    """Return True if an exact release is installed; a minor version may always have a newer one."""
    spec = specs.parse(text)
    return spec.exact and bool(_fitting(spec, found))


def _fitting(spec: specs.Spec, found: Sequence[Interpreter]) -> list[Interpreter]:
    return [one for one in found if spec.fits(one.version, one.identity, free_threaded=one.free_threaded)]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".")
