"""An asv environment on one exact interpreter: a virtualenv shared by both JIT modes."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asv import environment, util
from asv.plugins.virtualenv import Virtualenv

from asv_jit.asv_adapter.project import requirement_texts
from asv_jit.interpreters.identity import Interpreter

_BUILD_COMMAND = ["python -m pip wheel --no-deps -w {build_cache_dir} {build_dir}"]
_ALWAYS_INSTALLED = ("pip+build", "pip+asv_runner", "pip+pympler")  # by asv, in addition to the matrix
_ASK_JIT = "import sys; jit = getattr(sys, '_jit', None); print(jit.is_enabled() if jit else False)"


class InterpreterEnvironment(Virtualenv):  # type: ignore[misc]  # asv has no types
    """Base of the asv plugin and our installations: an exact interpreter, one pip call, PYTHON_JIT always set.

    asv's own virtualenv type identifies an interpreter only by `X.Y`, inherits PYTHON_JIT from the shell, and starts
    pip once per requirement.
    """

    tool_name: str | None = None
    _base_requirements: dict[str, str]

    def __init__(
        self,
        conf: Any,
        interpreter: Interpreter,
        requirements: dict[str, str],
        tagged_env_vars: Mapping[tuple[str, str], str],
    ) -> None:
        mode = _mode_of(tagged_env_vars)
        if mode == "1" and interpreter.jit == "none":
            raise environment.EnvironmentUnavailable(
                f"CPython {interpreter.identity} was built without the JIT: PYTHON_JIT=1 would be ignored and measure "
                "the same thing twice, so only PYTHON_JIT=0 is offered for it"
            )
        self.interpreter = interpreter
        self._executable = os.fspath(interpreter.executable)
        self._python = interpreter.identity
        self._requirements = requirements
        others = {(tag, key): value for (tag, key), value in tagged_env_vars.items() if key != "PYTHON_JIT"}
        # PYTHON_JIT is "nobuild", so that both modes share one folder and one build.
        try:  # asv takes the build's requirements from the pyproject.toml of the working folder
            environment.Environment.__init__(
                self, conf, interpreter.identity, dict(requirements), {**others, ("nobuild", "PYTHON_JIT"): mode}
            )
        except tomllib.TOMLDecodeError as error:
            raise util.UserError(f"the working folder's pyproject.toml is not valid TOML: {error}") from None
        self._separate_build_requirements(requirements, isolated=not (conf.build_command or conf.install_command))
        # asv's default builds wheels of all dependencies beside the project's and cannot tell them apart.
        self._build_command: list[str] = _BUILD_COMMAND if conf.build_command is None else conf.build_command

    def _separate_build_requirements(self, requirements: dict[str, str], *, isolated: bool) -> None:
        """Remove `build-system.requires` from the requirements of the benchmarks, to which asv adds it.

        asv also misreads `setuptools >= 61` as a package with a space in its name. pip installs build requirements
        itself, except for configured build commands, which may build without isolation.
        """
        stated = [key for key in self._base_requirements if key not in _ALWAYS_INSTALLED]
        self._build_requirements = [] if isolated else [key.removeprefix("pip+") for key in stated]
        self._base_requirements = {key: self._base_requirements[key] for key in _ALWAYS_INSTALLED}
        self._requirements = {key: value for key, value in requirements.items() if key not in _ALWAYS_INSTALLED}
        self._global_env_vars["ASV_ENV_NAME"] = self.name

    @property
    def build_name(self) -> str:
        """`name` without the variables that only runs use, so the same in both modes."""
        python, requirements, variables = self._python, self._requirements, self._tagged_env_vars
        return str(environment.get_env_name(self.tool_name, python, requirements, variables, build=True))

    def variables(self, commit: str) -> dict[str, str]:
        """Return the variables that asv sets for benchmarks of the installed `commit`, the same in both modes."""
        build_dir = Path(self._build_root, self._repo_subdir or "")
        return {
            **self._global_env_vars,
            "ASV_ENV_NAME": self.build_name,
            "ASV_COMMIT": commit,
            "ASV_BUILD_DIR": str(build_dir),
            "ASV_BUILD_CACHE_DIR": self._cache._get_cache_dir(commit)[0],
        }

    @property
    def name(self) -> str:
        """asv's name of the environment, which contains the exact interpreter."""
        return str(environment.get_env_name(self.tool_name, self._python, self._requirements, self._tagged_env_vars))

    @property
    def python_path(self) -> Path:
        """The environment's own interpreter."""
        return Path(self.find_executable("python"))

    def create(self) -> None:
        """Create the environment, then verify in a child process that the JIT is in the expected mode."""
        super().create()
        wanted = self.env_vars["PYTHON_JIT"] == "1"
        answer = self.run_executable("python", ["-c", _ASK_JIT], env=dict(os.environ)).strip()
        if self.interpreter.release >= (3, 14) and answer != str(wanted):
            raise util.UserError(
                f"{self.name}: expected a process with the JIT {'on' if wanted else 'off'}, but it says "
                f"sys._jit.is_enabled() = {answer}; remove {self._path} and try again"
            )

    def run_executable(self, executable: str, args: list[str], **kwargs: Any) -> Any:
        """Run like asv, but always set PYTHON_JIT and a current ASV_COMMIT.

        Two environments share a folder, and asv updates ASV_COMMIT only in the one that installed the commit.
        """
        installed = self._get_installed_commit_hash()
        if installed is not None:
            self._set_commit_hash(installed)
        env = dict(kwargs.pop("env", os.environ))
        env["PYTHON_JIT"] = self.env_vars["PYTHON_JIT"]
        return super().run_executable(executable, args, env=env, **kwargs)

    def _install_requirements(self) -> None:
        """Install plain requirements in one call of pip, others one by one as asv does."""
        declarations = requirement_texts({**self._requirements, **self._base_requirements})
        parsed = [util.ParsedPipDeclaration(declaration) for declaration in declarations]
        if any(declaration.flags or declaration.path for declaration in parsed):
            super()._install_requirements()
            if not self._build_requirements:
                return
            parsed = []
        env = {**os.environ, **self.build_env_vars}
        wanted = [f"{declaration.pkgname}{declaration.specification or ''}" for declaration in parsed]
        self._run_pip(["install", "wheel", "pip>=8", *wanted, *self._build_requirements], env=env)


def _mode_of(tagged_env_vars: Mapping[tuple[str, str], str]) -> str:
    """Return PYTHON_JIT from the matrix, `0` by default; the shell's value is ignored."""
    for (_, key), value in tagged_env_vars.items():
        if key == "PYTHON_JIT":
            if value not in ("0", "1"):
                raise util.UserError(f'matrix: PYTHON_JIT: expected "0" or "1", found {value!r}')
            return str(value)
    return "0"
