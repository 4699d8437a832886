"""`asv-jit merge`: merges results of other machines; validates every file before it writes the first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import DamagedFileError, UsageError
from asv_jit.store.files import storage_errors, write_atomically
from asv_jit.store.foreign import complaint_of, foreign_files
from asv_jit.store.machines import known_fingerprints
from asv_jit.store.uniting import is_journal, unite


class Merged(Struct, frozen=True):
    """The files that changed, the number of new trials, remarks, and a sentence for each thing that was skipped."""

    files: tuple[str, ...] = ()
    trials: int = 0
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def with_other(self, other: Merged) -> Merged:
        """Add up two sources."""
        return Merged(
            tuple(dict.fromkeys((*self.files, *other.files))),
            self.trials + other.trials,
            (*self.notes, *other.notes),
            (*self.problems, *other.problems),
        )


def source_folder(named: Path) -> Path:
    """Return the results tree of a user's SOURCE: the folder itself, or `results` in a project's folder."""
    for folder in (named, named / "results"):
        if folder.is_dir() and (any(folder.glob("*/machine.json")) or any(folder.glob("*/trials/*.jsonl"))):
            return folder
    raise UsageError(
        f"expected a tree of results at {named} (a folder for each machine, with machine.json), found none; "
        "name the folder that asv.conf.json calls results_dir, or a branch as branch:NAME"
    )


def absorb(source: Path, results_dir: Path, *, dry_run: bool = False, lenient: bool = False) -> Merged:
    """Merge everything of `source` that `results_dir` lacks. The caller holds the results lock.

    Validates all files before it writes the first; invalid ones are skipped and reported.

    Raises DamagedFileError if both trees have a trial of one ID with different content; if `lenient`, reports that as
    a problem and keeps our line. Raises StorageError.
    """
    if source.resolve() == results_dir.resolve():
        raise UsageError(f"{source} is the results folder itself; name another")
    files, refused = foreign_files(source)
    contents, problems = _readable(files)
    changes: dict[str, bytes] = {}
    conflicts: list[str] = []
    trials = 0
    for name, theirs in contents.items():
        ours = _ours(results_dir / name)
        united = unite(name, ours, theirs) if _ours_wins(name) else unite(name, theirs, ours)
        conflicts += [
            f"trial {trial} is in {source / name} and in {results_dir / name}, with different content"
            for trial in united.conflicts
        ]
        if ours != united.content:
            changes[name] = united.content
            trials += united.content.count(b"\n") - max(1, ours.count(b"\n")) if is_journal(name) else 0
    if conflicts and not lenient:
        raise DamagedFileError(
            "\n".join(conflicts[:20]) + "\nOne of the two was edited; nothing was merged. Remove the wrong line"
        )
    notes = _clashes(source, results_dir, contents)  # before they are merged
    if not dry_run:
        for name, content in changes.items():
            write_atomically(results_dir / name, content)
    return Merged(tuple(changes), trials, notes, (*refused, *problems, *(conflicts if lenient else ())))


def _readable(files: Mapping[str, Path]) -> tuple[dict[str, bytes], list[str]]:
    contents, problems = {}, []
    for name, path in files.items():
        with storage_errors(path):
            content = path.read_bytes()
        complaint = complaint_of(name, content)
        if complaint is None:
            contents[name] = content
        else:
            problems.append(f"{complaint}; this file is skipped")
    return contents, problems


def _ours(path: Path) -> bytes:
    with storage_errors(path):
        return path.read_bytes() if path.is_file() else b""


def _ours_wins(name: str) -> bool:
    """Return True for lines, where ours come first; for other files `unite` prefers its second argument."""
    return name.endswith(".jsonl")


def _clashes(source: Path, results_dir: Path, contents: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return a note for each machine whose name stands for different computers in the two trees."""
    machines = sorted({name.partition("/")[0] for name in contents if "/" in name})
    notes = []
    for machine in machines:
        theirs = set(known_fingerprints(source / machine)[0])
        ours = set(known_fingerprints(results_dir / machine)[0])
        if theirs and ours and not theirs & ours:
            there, here = (", ".join(sorted(names)) for names in (theirs, ours))
            notes.append(
                f"machine {machine!r} is another computer in {source} (fingerprint {there}) than in {results_dir} "
                f"({here}): their figures are kept apart; name them apart with `asv machine --machine NAME`"
            )
    return tuple(notes)
