"""Stand-ins: a runner that starts nothing, a provider that builds nothing, a value that was found nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.identity import Interpreter, Jit
from asv_jit.interpreters.providers.offers import Built, Offer
from asv_jit.system.processes import Finished


def finished(stdout: str = "", *, exit_code: int = 0, stderr: str = "") -> Finished:
    return Finished(exit=exit_code, signal=None, timed_out=False, stdout=stdout, stderr=stderr, duration_s=0.0)


class FakeRunner:
    """Answers commands with `answer`, and remembers them and their environments."""

    def __init__(self, answer: Callable[[list[str]], Finished]) -> None:
        self.commands: list[list[str]] = []
        self.environments: list[Mapping[str, str]] = []
        self._answer = answer

    def __call__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        timeout_s: float | None = None,
    ) -> Finished:
        assert timeout_s is not None, "nothing here may run for ever"
        self.commands.append([str(part) for part in command])
        self.environments.append(env)
        return self._answer(self.commands[-1])


def description(executable: Path | str, **changes: object) -> str:
    """What inside.py prints, with some of its answers changed."""
    answer: dict[str, object] = {
        "implementation": "CPython",
        "version": "3.15.2",
        "sys_version": "3.15.2 (main, Oct 26 2026, 15:10:10) [GCC 16.2.0]",
        "configuration": "linux-x86_64 CONFIG_ARGS --enable-experimental-jit=yes-off",
        "jit": "off by default",
        "free_threaded": False,
        "debug": False,
        "executable": str(executable),
    }
    return json.dumps({**answer, **changes}) + "\n"


def interpreter(
    version: str = "3.15.2",
    hex8: str = "0123abcd",
    *,
    jit: Jit = "off by default",
    package_version: str | None = None,
    free_threaded: bool = False,
    debug: bool = False,
    sys_version: str | None = None,
) -> Interpreter:
    return Interpreter(
        version=version,
        identity=f"{version}+{hex8}",
        executable=Path("/opt", hex8, "bin", "python"),
        provider="debian" if package_version else "path",
        package_version=package_version,
        jit=jit,
        free_threaded=free_threaded,
        debug=debug,
        sys_version=sys_version or f"{version} (main)",
    )


class FakeProvider:
    """Offers what it is told to, and makes a prefix of one file; `broken` says why it cannot."""

    def __init__(self, name: str, *versions: str, broken: str = "", unavailable: str = "") -> None:
        self.name = name
        self.made: list[Path] = []
        self._versions = versions
        self._broken = broken
        self._unavailable = unavailable

    def offers(self) -> list[Offer]:
        if self._unavailable:
            raise NoInterpreterError(self._unavailable)
        return [Offer(self.name, text.split("-")[0].split("~")[0], text, "testing") for text in self._versions]

    def install(self, offer: Offer, making: Path, final: Path) -> Built:
        assert making.is_dir()
        assert not final.exists()
        (making / "half").write_text(offer.version)
        if self._broken:
            raise NoInterpreterError(self._broken)
        (making / "bin").mkdir()
        (making / "bin" / "python").write_text(str(final))
        (making / "half").unlink()
        self.made.append(final)
        return Built(Path("bin/python"), {"python": offer.package_version})


def answering_itself(command: list[str]) -> Finished:
    """Every executable that exists answers as the interpreter that its prefix says it is."""
    executable = Path(command[0])
    version = executable.parents[1].name.split("+")[0]
    return finished(description(executable, version=version, sys_version=f"{version} (main)"))
