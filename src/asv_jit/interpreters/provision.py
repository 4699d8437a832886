"""Installs interpreters: each release is built in a temporary folder, then renamed to its own immutable folder."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters import manifest
from asv_jit.interpreters import spec as specs
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.manifest import Manifest
from asv_jit.interpreters.probe import Runner, probe
from asv_jit.interpreters.providers.apt import Archive, Debian
from asv_jit.interpreters.providers.offers import Offer, Provider
from asv_jit.interpreters.providers.uv import Uv
from asv_jit.interpreters.spec import Spec
from asv_jit.system import locks, paths, processes

_MAKING = ".making-"


class Installed(Struct, frozen=True):
    """An installed interpreter; `fresh` if this call installed it; `notes` lists the offers that failed."""

    interpreter: Interpreter
    fresh: bool
    notes: tuple[str, ...] = ()


class Market(Struct, frozen=True):
    """The offers of all providers, in the providers' order, and why some offer nothing."""

    providers: Mapping[str, Provider]
    offers: tuple[Offer, ...]
    notes: tuple[str, ...]


def default_providers() -> list[Provider]:
    """Return the providers; of equal releases, the first provider's is preferred."""
    return [Uv(), Debian(Archive(paths.cache_dir("apt")))]


def offered(providers: Sequence[Provider] | None = None, *, wait_s: float = 0.0) -> Market:
    """Return the interpreters that can be installed now. Raises LockedError while another process installs."""
    with locks.held(locks.installing_lock(), doing="ask what interpreters are offered", wait_s=wait_s):
        return _gather(default_providers() if providers is None else providers)


def install(
    wanted: Sequence[str],
    providers: Sequence[Provider] | None = None,
    *,
    folder: Path | None = None,
    wait_s: float = 0.0,
    run: Runner = processes.run,
) -> list[Installed]:
    """Install the interpreters that the specs `wanted` name, unless already installed; return one result per spec.

    A minor version means the newest release that the providers offer now; an installed exact release needs no
    provider. Parameters: `folder` is where the prefixes go (default: the user's cache); `wait_s`: how long to wait
    for another install to end.

    Raises UsageError for a malformed spec, NoInterpreterError for one that no provider offers or can install, and
    LockedError while another process installs.
    """
    parsed = [specs.parse(spec) for spec in wanted]
    home = folder or paths.cache_dir("interpreters")
    with locks.held(locks.installing_lock(), doing="install interpreters", wait_s=wait_s):
        _sweep(home)
        installed = {spec: _already(spec, home) for spec in parsed}
        is_complete = None not in installed.values()
        market = _gather(() if is_complete else default_providers() if providers is None else providers)
        # All specs are resolved before the first build, so that a typo costs no download.
        plans = [installed[spec] or matching(spec, market.offers, market.notes) for spec in parsed]
        return [
            Installed(_probed(plan, run), fresh=False)
            if isinstance(plan, Path)
            else _first_that_works(plan, market.providers, home, run)
            for plan in plans
        ]


def matching(spec: Spec, offers: Iterable[Offer], notes: Sequence[str] = ()) -> list[Offer]:
    """Return the offers to try for `spec`: the newest of each provider, newest first, at least one.

    Parameters: `offers` in the providers' order, which decides between equal releases; `notes` says which providers
    offer nothing and why, for the error. Raises NoInterpreterError if no offer matches.
    """
    offers = list(offers)
    best: dict[str, Offer] = {}
    for offer in offers:
        if not spec.fits(offer.version, offer.identity, free_threaded=offer.free_threaded):
            continue
        if offer.provider not in best or _newness(offer) > _newness(best[offer.provider]):
            best[offer.provider] = offer
    if not best:
        raise NoInterpreterError(_not_offered(spec, offers, notes))
    return sorted(best.values(), key=lambda offer: offer.release, reverse=True)


def _already(spec: Spec, home: Path) -> Path | None:
    """Return the prefix that already holds the exact release of `spec`; None if there is none."""
    if not spec.exact:
        return None
    for prefix in sorted(home.glob("[!.]*")):
        origin = manifest.read(prefix)
        if origin and spec.fits(origin.version, origin.identity, free_threaded=origin.free_threaded):
            return prefix
    return None


def _gather(providers: Sequence[Provider]) -> Market:
    offers: list[Offer] = []
    notes: list[str] = []
    for provider in providers:
        try:
            offers += provider.offers()
        except NoInterpreterError as error:
            notes.append(f"{provider.name}: {error}")
    return Market({provider.name: provider for provider in providers}, tuple(offers), tuple(notes))


def _newness(offer: Offer) -> tuple[object, ...]:
    # Packages of one release differ in their revision: `3.15.2-1`, `3.15.2-1+b1`, `3.15.2-10`.
    return offer.release, [int(number) for number in re.findall(r"\d+", offer.package_version)]


def _not_offered(spec: Spec, offers: Sequence[Offer], notes: Sequence[str]) -> str:
    offered = ", ".join(_described(offer) for offer in sorted(offers, key=lambda offer: offer.release)) or "none"
    unavailable = "".join(f"\nNot available: {note}" for note in notes)
    return f"No provider offers Python {spec.text}; offered are: {offered}.{unavailable}"


def _described(offer: Offer) -> str:
    return f"{offer.version}{'t' if offer.free_threaded else ''} from {offer.provider} ({offer.source})"


def _first_that_works(
    candidates: Sequence[Offer], providers: Mapping[str, Provider], home: Path, run: Runner
) -> Installed:
    notes: list[str] = []
    for offer in candidates:
        prefix = home / offer.identity
        fresh = not prefix.exists()
        try:
            if fresh:
                _build(offer, providers[offer.provider], home, prefix)
            return Installed(_probed(prefix, run), fresh, tuple(notes))
        except NoInterpreterError as error:
            notes.append(f"{_described(offer)} could not be installed: {error}")
    raise NoInterpreterError("\n".join(notes))


def _build(offer: Offer, provider: Provider, home: Path, final: Path) -> None:
    # The process id separates this build from files that a killed install's last child may still write.
    making = home / f"{_MAKING}{offer.identity}-{os.getpid()}"
    making.mkdir(parents=True)
    try:
        built = provider.install(offer, making, final)
        origin = Manifest(
            identity=offer.identity,
            provider=offer.provider,
            version=offer.version,
            package_version=offer.package_version,
            executable=built.executable.as_posix(),
            packages=built.packages,
            installed_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            free_threaded=offer.free_threaded,
        )
        manifest.write(making, origin)
        if hasattr(os, "sync"):
            os.sync()  # otherwise a power cut could keep the folder and lose its files
        making.rename(final)
    finally:  # after the rename there is nothing left to remove
        shutil.rmtree(making, ignore_errors=True)


def _probed(prefix: Path, run: Runner) -> Interpreter:
    origin = manifest.read(prefix)
    try:
        if origin is None:
            raise NoInterpreterError(f"it holds no readable {manifest.FILE_NAME}")
        return probe(prefix / origin.executable, run=run)
    except NoInterpreterError as error:
        raise NoInterpreterError(
            f"The interpreter in {prefix} does not work ({error}). Remove that folder and install it again."
        ) from error


def _sweep(home: Path) -> None:
    """Remove what interrupted installs left: we hold the lock, so no other install is running."""
    for left in home.glob(f"{_MAKING}*"):
        shutil.rmtree(left, ignore_errors=True)
