"""Finds the case that a user names, and measures it on two sides, for compare, bisect, check and confirm."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asv_jit.analysis.beside import blocks_of
from asv_jit.analysis.cells.cell import Block
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.mirror import insist_on_git, mirror_of
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.installations import Installation
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import ARMS, Case, Mode
from asv_jit.trials.launch import environment_of
from asv_jit.workflows.measuring.session import Session

_NEAR = 3


@dataclass
class Pairing:
    """A case on two installations, `a` the baseline, and its blocks so far."""

    session: Session
    a: Installation
    b: Installation
    case: Case
    modes: tuple[Mode, ...]
    blocks: list[Block] = field(default_factory=list)

    def measure(self) -> Block:
        """Measure another block; the first one also counts micro-operations by name."""
        trials = self.session.measure_beside(self.a, self.b, self.case, self.modes, micro_ops=not self.blocks)
        (block,) = blocks_of(trials, self.modes)
        self.blocks.append(block)
        return block


def modes_of(*interpreters: Interpreter) -> tuple[Mode, ...]:
    """Return the modes that all these interpreters have."""
    return ARMS if all(one.has_jit for one in interpreters) else ("off",)


def case_named(cases: Sequence[Case], name: str) -> Case:
    """Return the case `module.Class.time_x(10, 'a')`; the benchmark's name is enough if it has a single case.

    Raises UsageError that suggests the nearest cases.
    """
    by_name = {str(case.key): case for case in cases}
    if name in by_name:
        return by_name[name]
    of_benchmark = [case for case in cases if name in (case.key.benchmark, case.key.benchmark.rpartition(".")[2])]
    if len(of_benchmark) == 1:
        return of_benchmark[0]
    if of_benchmark:
        raise UsageError(
            f"{name!r} has {len(of_benchmark)} cases; name one of them, as in {str(of_benchmark[0].key)!r}"
        )
    raise UsageError(f"the suite has no case {name!r}; {_hint(name, list(by_name))}")


def discover_suite(project: Project, session: Session, installations: Sequence[Installation]) -> suite.Suite:
    """Discover the working tree's suite with the first installation that can import it. Raises UsageError."""
    complaints = []
    for installation in installations:
        env = environment_of(session.place(installation), "off", hash_seed=0)
        try:
            found = suite.discover(project, installation.python, env)
        except UsageError as error:
            complaints.append(error)
            continue
        for warning in found.warnings:
            session.warn(warning)
        return found
    raise complaints[0]


def repository_folder(project: Project) -> Path:
    """Return the repository's folder: asv's mirror if `repo` is a URL. Raises UsageError."""
    insist_on_git(project)
    local = project.folder / project.repo
    return local if local.is_dir() else mirror_of(project)


def _hint(name: str, known: list[str]) -> str:
    lower = name.lower()
    near = (
        difflib.get_close_matches(name, known, n=_NEAR, cutoff=0.5)
        or [one for one in known if lower in one.lower()][:_NEAR]
    )
    if near:
        return f"did you mean {' or '.join(repr(one) for one in near)}?"
    return f"it has {len(known)}, such as {known[0]!r}" if known else "it has none"
