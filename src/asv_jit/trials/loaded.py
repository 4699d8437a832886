"""What a case runs and reads in an installation. Where that is the same in two of them, so is its count."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from msgspec import Struct

from asv_jit.model import Case
from asv_jit.trials.launch import Place, TrialTask, launch, workspace


class Loaded(Struct, frozen=True):
    """`code`: a digest of all Python code that ran; `files`: the digests of what was read, by path in the folder."""

    code: str
    files: dict[str, str]


def loaded(place: Place, case: Case, folder: Path) -> Loaded | None:
    """Run a case's setup and its calls, up to a second of them, with the JIT off; ignores files outside of `folder`.

    None where a call does not tell: it fails, is skipped, starts other processes, or has a `setup_cache`.
    """
    if case.benchmark.setup_cache_key is not None:
        return None
    with workspace() as space:
        answer = launch(place, TrialTask(case=case, operation="load", hash_seed=0), "off", space).answer
    if answer is None or answer.outcome != "ok" or answer.starts_processes:
        return None
    root = folder.resolve()
    inside = [path for path in map(Path, answer.files) if path.is_relative_to(root)]
    try:
        return Loaded(answer.code, {str(path.relative_to(root)): _digest(path) for path in inside})
    except OSError:
        return None


@cache
def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
