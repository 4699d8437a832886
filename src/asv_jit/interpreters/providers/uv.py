"""The provider `uv`: builds of python-build-standalone, which `uv python install` downloads and verifies."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.probe import OLDEST, Runner
from asv_jit.interpreters.providers import prefix
from asv_jit.interpreters.providers.offers import Built, Offer
from asv_jit.model import minor_of
from asv_jit.system import processes

_LIST_S, _INSTALL_S = 60.0, 1800.0
_SETTINGS = (
    "APPDATA", "LOCALAPPDATA", "UV_CACHE_DIR", "UV_NATIVE_TLS", "UV_OFFLINE", "UV_PYTHON_DOWNLOADS_JSON_URL",
    "UV_PYTHON_INSTALL_MIRROR",
)  # fmt: skip


class _Parts(msgspec.Struct, frozen=True):
    major: int
    minor: int
    patch: int


class _Listed(msgspec.Struct, frozen=True):
    """One entry of `uv python list --output-format json`; other fields are ignored."""

    key: str
    version: str
    version_parts: _Parts
    implementation: str
    variant: str = "default"
    url: str | None = None


class Uv:
    """uv as a provider of interpreters, on Linux, macOS and Windows."""

    name = "uv"

    def __init__(self, *, run: Runner = processes.run, program: str | None = None) -> None:
        self._run = run
        self._program = program or shutil.which("uv")

    def offers(self) -> list[Offer]:
        """Return every CPython release that this uv can download, with a GIL and without."""
        newest = self._list()
        minors = sorted({(entry.version_parts.major, entry.version_parts.minor) for entry in newest})
        # One minor version at a time, because `run` truncates the output of a list of all. Such a request omits the
        # builds without a GIL; the first list has the newest of them.
        entries = newest + [
            entry for major, minor in minors for entry in self._list(f"{major}.{minor}", "--all-versions")
        ]
        offers = [_offer(entry) for entry in entries if entry.variant in {"default", "freethreaded"}]
        return list(dict.fromkeys(offers))

    def install(self, offer: Offer, making: Path, final: Path) -> Built:
        """Let uv install `offer` into `making`, then correct the paths in its files."""
        options = ("--install-dir", making, "--no-bin", "--no-registry")
        self._ask("python", "install", *options, offer.source, cwd=making, timeout_s=_INSTALL_S)
        for link in (path for path in making.iterdir() if path.is_symlink()):
            link.unlink()  # uv's links to "the newest patch release" are absolute and would soon dangle
        minor = minor_of(offer.version) + ("t" if offer.free_threaded else "")
        patterns = (f"*/bin/python{minor}", "*/python.exe", f"*/python{minor}.exe")
        found = [path for pattern in patterns for path in sorted(making.glob(pattern))]
        if not found:
            raise NoInterpreterError(f"uv reported success and left no python{minor} in {making}.")
        program = found[0]
        prefix.move_references(making, final)
        prefix.compile_library(program, program.parents[1] / "lib" / f"python{minor}", making, final, self._run)
        prefix.try_out(program, self._run)
        # The real file, as a probe reports it: some builds link one name to another.
        return Built(
            program.resolve().relative_to(making.resolve()), {"python-build-standalone": offer.package_version}
        )

    def _list(self, *request: str) -> list[_Listed]:
        text = self._ask("python", "list", *request, "--only-downloads", "--output-format", "json", timeout_s=_LIST_S)
        try:
            entries = msgspec.json.decode(text, type=list[_Listed])
        except msgspec.DecodeError as error:
            raise NoInterpreterError(f"`uv python list` gave an unknown format: {error}.") from error
        return [
            entry
            for entry in entries
            if entry.implementation == "cpython" and (entry.version_parts.major, entry.version_parts.minor) >= OLDEST
        ]

    def _ask(self, *arguments: str | Path, timeout_s: float, cwd: Path | None = None) -> str:
        if self._program is None:
            raise NoInterpreterError("uv is not on PATH.")
        env = processes.base_environment(also=(*processes.NETWORK_VARIABLES, *_SETTINGS))
        finished = self._run([self._program, *arguments], env=env, cwd=cwd, timeout_s=timeout_s)
        if not finished.ok:
            raise NoInterpreterError(f"uv {' '.join(map(str, arguments[:2]))}: {finished.complaint()}")
        return finished.stdout


def _offer(entry: _Listed) -> Offer:
    parts = entry.version_parts
    # python-build-standalone builds a Python release several times, so the build's date is part of the version.
    date = re.search(r"/download/(\d{8})/", entry.url or "")
    marks = (entry.version, "freethreaded" if entry.variant == "freethreaded" else "", date[1] if date else "")
    return Offer(
        provider="uv",
        version=f"{parts.major}.{parts.minor}.{parts.patch}",
        package_version="+".join(filter(None, marks)),
        source=entry.key,
        free_threaded=entry.variant == "freethreaded",
    )
