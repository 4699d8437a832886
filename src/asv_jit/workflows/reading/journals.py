"""Reads the journals of every machine for the history: trials, what their interpreters are, what their machine was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.asv_adapter.project import Project
from asv_jit.interpreters import manifest
from asv_jit.interpreters.identity import release_key
from asv_jit.model import Trial, interpreter_of, minor_of, moment_s, version_of
from asv_jit.store.journal import TRIALS
from asv_jit.store.machines import INSTALLATIONS, KnownPackages, known_fingerprints, known_interpreters
from asv_jit.system import paths
from asv_jit.workflows.reading.counts import Counts, has_counts, read_machine_counts


class Journals(Struct, frozen=True):
    """One machine: its folder, all its trials and counts, the line of each interpreter, the traits of each fingerprint,
    and what could not be read of these."""

    folder: Path
    trials: Sequence[Trial]
    lines: Mapping[str, str]
    traits: Mapping[str, Mapping[str, str]]
    problems: tuple[str, ...]
    counts: Counts = Counts()

    @property
    def interpreters(self) -> set[str]:
        """Return the interpreters of all trials and counts."""
        return {trial.interpreter for trial in self.trials} | {one.key.interpreter for one in self.counts.cases}

    @property
    def requirements(self) -> set[str]:
        """Return the sets of requirements of all trials and counts."""
        return {trial.requirements for trial in self.trials} | {one.key.requirements for one in self.counts.cases}


def read_journals(
    project: Project,
    machine: str | None = None,
    trials: Mapping[str, Sequence[Trial]] | None = None,
    counts: Mapping[str, Counts] | None = None,
) -> list[Journals]:
    """The journals of all machines, or of the named one; `trials`, `counts`: of machines that were read already."""
    kinds = ("*/trials/*.jsonl", "*/counts/*.jsonl")
    folders = sorted({path.parent.parent for kind in kinds for path in project.results_dir.glob(kind)})
    ours = _lines_of_installed()
    return [_read(project, folder, trials, counts, ours) for folder in folders if machine in (None, folder.name)]


def release_order(identity: str) -> tuple[tuple[int, ...], str]:
    """Return a sort key that orders identities (and asv's Python versions) by release."""
    version = version_of(interpreter_of(identity))
    try:
        return release_key(version), identity
    except ValueError:
        return tuple(int(part) for part in version.split(".") if part.isdecimal()), identity


def sessions(journals: Iterable[Journals]) -> dict[str, str]:
    """When each session began (UTC, ISO), oldest first."""
    began: dict[str, str] = {}
    for trial in _trials(journals):
        began[trial.session] = min(began.get(trial.session, trial.started), trial.started)
    return dict(sorted(began.items(), key=lambda item: (item[1], item[0])))


def first_seen(journals: Sequence[Journals]) -> dict[str, int]:
    """When each commit was first measured, seconds since 1970: its date where git does not know it."""
    began: dict[str, str] = {}
    for trial in _trials(journals):
        began[trial.commit] = min(began.get(trial.commit, trial.started), trial.started)
    for count in (count for one in journals for count in one.counts.cases):
        began.setdefault(count.key.commit, count.measured)
    return {commit: int(moment_s(started)) for commit, started in began.items()}


def installed_packages(journals: Iterable[Journals]) -> dict[tuple[str, str, str, str], Sequence[str]]:
    """The packages by machine, commit, interpreter and set of requirements: those of the last trial's installation."""
    found: dict[tuple[str, str, str, str], Sequence[str]] = {}
    for one in journals:
        builds: dict[str, list[KnownPackages]] = {}
        for build in INSTALLATIONS.read(one.folder).records:
            builds.setdefault(build.installation, []).append(build)
        if not builds:
            continue
        last = {(t.commit, t.interpreter, t.requirements): t for t in one.trials if t.purpose == "run"}
        for key, trial in last.items():
            earlier = [build.packages for build in builds.get(trial.installation, ()) if build.since <= trial.started]
            if earlier:
                found[one.folder.name, *key] = earlier[-1]
    return found


def machine_notes(journals: Iterable[Journals]) -> tuple[str, ...]:
    """Return a sentence for each time that a machine changed."""
    notes = []
    for one in journals:
        began: dict[str, str] = {}
        for trial in one.trials:
            began[trial.machine] = min(began.get(trial.machine, trial.started), trial.started)
        order = sorted(began, key=began.__getitem__)
        for before, after in pairwise(order):
            changed = _difference(one.traits.get(before, {}), one.traits.get(after, {}))
            notes.append(
                f"machine {one.folder.name} changed on {began[after][:10]} ({changed}): "
                "its series start anew there, and no change of level is reported across it"
            )
    return tuple(notes)


def _read(
    project: Project,
    folder: Path,
    trials: Mapping[str, Sequence[Trial]] | None,
    counts: Mapping[str, Counts] | None,
    ours: Mapping[str, str],
) -> Journals:
    known, unreadable = known_interpreters(folder)
    traits, damaged = known_fingerprints(folder)
    problems = [*unreadable, *damaged]
    if trials is not None and folder.name in trials:
        found = list(trials[folder.name])
    else:
        found = []
        for _, read in TRIALS.read_all(folder):
            found.extend(read.records)
            problems.extend(read.problems)
    if counts is not None and folder.name in counts:
        counted = counts[folder.name]
    else:
        counted = read_machine_counts(project, folder) if has_counts(folder) else Counts()
        problems.extend(counted.problems)
    journals = Journals(folder, found, {}, traits, tuple(problems), counted)
    lines = {}
    for identity in sorted(journals.interpreters):
        recorded = known.get(identity)
        lines[identity] = recorded.line if recorded else ours.get(identity, minor_of(identity))
    return replace(journals, lines=lines)


def _lines_of_installed() -> dict[str, str]:
    """The lines of the interpreters that asv-jit installed here: for journals older than their record of them."""
    lines = {}
    for prefix in sorted(paths.cache_dir("interpreters").glob("[!.]*")):
        there = manifest.read(prefix)
        if there is not None:
            minor = minor_of(there.version) + ("t" if there.free_threaded else "")
            lines[there.identity] = f"{minor} from {there.provider}"
    return lines


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    changed = [
        f"{name} {before.get(name) or 'unknown'} → {after.get(name) or 'unknown'}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    return "; ".join(changed) or "what changed is not recorded"


def _trials(journals: Iterable[Journals]) -> Iterable[Trial]:
    return (trial for one in journals for trial in one.trials)
