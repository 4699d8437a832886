from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters import identity, inside, manifest
from asv_jit.interpreters.manifest import Manifest
from asv_jit.interpreters.probe import probe, provider_of
from asv_jit.system.processes import Finished
from tests.interpreters.fakes import FakeRunner, description, finished

CANDIDATE = Path("/somewhere/bin/python3.15")


def answered(output: str) -> FakeRunner:
    return FakeRunner(lambda _: finished(output))


def test_a_build_found_on_the_machine() -> None:
    run = answered(description(CANDIDATE))
    found = probe(CANDIDATE, run=run)
    assert (found.version, found.jit, found.provider, found.package_version) == (
        "3.15.2", "off by default", "path", None,
    )  # fmt: skip
    assert found.identity == identity.of_build(
        "3.15.2", found.sys_version, "linux-x86_64 CONFIG_ARGS --enable-experimental-jit=yes-off"
    )
    assert found.executable == CANDIDATE


def test_the_probe_is_shielded_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_JIT", "1")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    run = answered(description(CANDIDATE))
    probe(CANDIDATE, run=run)
    assert run.commands[0][1:3] == ["-I", "-S"]
    assert not {"PYTHON_JIT", "PYTHONPATH"} & run.environments[0].keys()


def test_a_build_of_ours_is_known_by_its_package(tmp_path: Path) -> None:
    executable = tmp_path / "usr" / "bin" / "python3.15"
    ours = Manifest("3.15.2+e451c8ba", "debian", "3.15.2", "3.15.2-1", "usr/bin/python3.15", {}, "2026-11-23T03:00:00")
    manifest.write(tmp_path, ours)
    found = probe(executable, run=answered(description(executable)))
    assert (found.identity, found.provider, found.package_version) == ("3.15.2+e451c8ba", "debian", "3.15.2-1")


def test_a_stranger_inside_our_prefix_is_not_ours(tmp_path: Path) -> None:
    ours = Manifest("3.15.2+e451c8ba", "debian", "3.15.2", "3.15.2-1", "usr/bin/python3.15", {}, "2026-11-23T03:00:00")
    manifest.write(tmp_path, ours)
    stranger = tmp_path / "opt" / "python"
    assert probe(stranger, run=answered(description(stranger))).package_version is None


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        ("", "found 'nothing'"),
        ("Welcome to bash\n", "found 'Welcome to bash'"),
        ('{"version": "3.15.2"}\n', "does not answer like a Python interpreter"),
        (description(CANDIDATE, jit="sometimes"), "does not answer like a Python interpreter"),
        (description(CANDIDATE, implementation="PyPy"), "is PyPy 3.15.2; only CPython has the JIT"),
        (description(CANDIDATE, version="3.8.18"), "is CPython 3.8.18; asv-jit needs 3.9 or newer"),
        (description(CANDIDATE, version="banana"), "does not answer like a Python interpreter"),
    ],
)
def test_candidates_that_are_none(output: str, complaint: str) -> None:
    with pytest.raises(NoInterpreterError, match=f"{CANDIDATE}.*{complaint}"):
        probe(CANDIDATE, run=answered(output))


def test_noise_before_the_answer_is_ignored() -> None:
    assert probe(CANDIDATE, run=answered("hello from a wrapper\n" + description(CANDIDATE))).version == "3.15.2"


def test_a_candidate_that_fails_says_how() -> None:
    failing = FakeRunner(lambda _: finished(exit_code=127, stderr="pyenv: python3.15: command not found"))
    with pytest.raises(NoInterpreterError, match=r"exit code 127\npyenv: python3\.15: command not found"):
        probe(CANDIDATE, run=failing)


def test_a_candidate_that_hangs() -> None:
    hanging = FakeRunner(lambda _: Finished(None, 9, True, "", "", 30.0))
    with pytest.raises(NoInterpreterError, match="stopped after 30 s"):
        probe(CANDIDATE, run=hanging)


def test_candidates_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(NoInterpreterError, match="cannot be started: No such file"):
        probe(tmp_path / "missing")
    (tmp_path / "text").write_text("not a program")
    with pytest.raises(NoInterpreterError, match="cannot be started: Permission denied"):
        probe(tmp_path / "text")


def test_this_very_interpreter() -> None:
    found = probe(Path(sys.executable))
    assert found.sys_version == sys.version
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert found.executable == Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    assert probe(found.executable) == found  # its virtual environment stands for it


@pytest.mark.parametrize(
    ("executable", "provider"),
    [
        ("/home/me/.local/share/uv/python/cpython-3.15.2-linux-x86_64-gnu/bin/python3.15", "uv"),
        ("/usr/bin/python3.15", "system"),
        ("/home/me/.pyenv/versions/3.13.0/bin/python3.13", "pyenv"),
        ("/opt/conda/bin/python3.14", "path"),
    ],
)
def test_providers_are_told_by_the_place(executable: str, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", "/home/me/.pyenv")
    assert provider_of(Path(executable)) == provider


class JitState:
    """What sys._jit is on 3.14 and later."""

    def __init__(self, available: bool, enabled: bool) -> None:
        self.is_available = lambda: available
        self.is_enabled = lambda: enabled


@pytest.mark.parametrize(
    ("version", "state", "arguments", "expected"),
    [
        ((3, 15), JitState(True, False), "'--enable-experimental-jit=yes-off'", "off by default"),
        ((3, 15), JitState(True, True), "'--enable-experimental-jit'", "on by default"),
        ((3, 15), JitState(False, False), "", "none"),
        ((3, 15), JitState(True, True), "'--enable-experimental-jit=interpreter'", "none"),
        ((3, 14), JitState(True, False), None, "off by default"),  # Windows keeps no CONFIG_ARGS
        ((3, 13), None, "'--prefix=/usr' '--enable-experimental-jit=yes-off'", "off by default"),
        ((3, 13), None, "'--enable-experimental-jit' '--with-lto'", "on by default"),
        ((3, 13), None, "--enable-experimental-jit=yes", "on by default"),
        ((3, 13), None, "'--enable-experimental-jit=no'", "none"),
        ((3, 13), None, None, "none"),
        ((3, 12), None, "'--enable-experimental-jit'", "none"),
    ],
)
def test_the_jit_of_a_build(
    version: tuple[int, int],
    state: JitState | None,
    arguments: str | None,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "_jit", state, raising=False)
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": arguments}.get)
    assert inside.jit() == expected


def test_the_configuration_holds_no_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"CONFIG_ARGS": "'--prefix=/home/me/.pyenv/versions/3.15.2' '--with-lto'", "PY_CFLAGS": "-O3 -I/home/me/x"}
    there = {"CONFIG_ARGS": "'--prefix=/usr/local' '--with-lto'", "PY_CFLAGS": "-O3 -I/opt/x"}
    said = []
    for values in (here, there):
        monkeypatch.setattr(sysconfig, "get_config_var", values.get)
        said.append(inside.configuration())
    assert said[0] == said[1]
    assert "--with-lto" in said[0]
    assert "-O3" in said[0]
