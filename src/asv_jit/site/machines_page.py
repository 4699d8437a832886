"""Machines: what measured, how quietly, whether it drifts, and when it became another one."""

from __future__ import annotations

import math

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.current import Quiet
from asv_jit.analysis.series import History
from asv_jit.site import units
from asv_jit.site.content import Fingerprint, Machine
from asv_jit.site.marks import trend_mark
from asv_jit.site.pages import Frame
from asv_jit.site.publication import Publication
from asv_jit.site.slugs import anchor_of

__all__ = ["MachinesPage", "make"]

_MOST_DRIFT = 60
_TRAITS = {
    "arch": "Architecture", "cpu": "Processor", "cores": "Cores", "memory_gib": "Memory, GiB", "kernel": "Kernel",
    "governor": "Governor", "container": "Container", "machine": "Name in asv", "num_cpu": "Cores", "os": "System",
    "ram": "Memory",
}  # fmt: skip


class NoiseRow(Struct, frozen=True):
    """How quietly one interpreter's cells were measured."""

    release: str
    pair: str
    between: str
    cells: str
    disturbed: str


class FingerprintRow(Struct, frozen=True):
    """A time during which the machine was the same; `changed` says what was different before."""

    digest: str
    span: str
    changed: tuple[tuple[str, str, str], ...]


class DriftRow(Struct, frozen=True):
    """The anchor in one session."""

    started: str
    level: str


class MachineSection(Struct, frozen=True):
    """One machine."""

    name: str
    anchor: str
    newest: bool
    asv_only: bool
    measured: str
    details: tuple[tuple[str, str], ...]
    noise: tuple[NoiseRow, ...]
    drift: tuple[DriftRow, ...]
    drift_mark: Markup
    drift_words: str
    notes: tuple[str, ...]
    fingerprints: tuple[FingerprintRow, ...]
    releases: tuple[str, ...]
    series: str


class MachinesPage(Struct, frozen=True):
    """`machines.html`."""

    frame: Frame
    machines: tuple[MachineSection, ...]


def make(site: Publication) -> MachinesPage:
    """A section for each machine, the one that measured last first."""
    content = site.content
    series: dict[str, int] = {}
    for one in content.history.series if content.history is not None else ():
        series[one.key.machine] = series.get(one.key.machine, 0) + 1
    return MachinesPage(
        frame=site.frames.make(
            "machines", "Machines", f"The machines that measured {content.project}: hardware, noise and drift.",
            path="machines.html",
        ),
        machines=tuple(_section(one, series.get(one.name, 0), content.history) for one in content.every_machine),
    )  # fmt: skip


def _section(machine: Machine, series: int, history: History | None) -> MachineSection:
    drift = _levels(history, machine.name) if history is not None else []
    notes = [note for note in history.notes if machine.name in note] if history is not None else []
    measured = max((case.measured for one in machine.current for case in one.suite.cases), default="")
    return MachineSection(
        name=units.shorten(units.visible(machine.name), 200) or "(no name)",
        anchor=anchor_of("machine", machine.name),
        newest=machine.newest,
        asv_only=machine.asv_only,
        measured=units.moment(measured),
        details=tuple((_TRAITS.get(name, units.visible(name)), _text(value)) for name, value in machine.details),
        noise=tuple(_noise(name, quiet) for name, quiet in machine.noise),
        drift=tuple(DriftRow(units.moment(started), _signed(level, 2)) for started, level in reversed(drift)),
        drift_mark=trend_mark([level for _, level in drift]),
        drift_words=_drift(drift),
        notes=tuple(units.shorten(units.visible(note), 400) for note in notes),
        fingerprints=_fingerprints(machine.fingerprints),
        releases=tuple(one.interpreter for one in machine.current),
        series=units.count(series, "series").replace("seriess", "series") if series else "",
    )


def _noise(interpreter: str, quiet: Quiet) -> NoiseRow:
    return NoiseRow(
        release=interpreter,
        pair=_share(quiet.pair),
        between=_share(quiet.between),
        cells=f"{quiet.cells:,}",
        disturbed=f"{quiet.disturbed:,} of {quiet.blocks:,}" if quiet.blocks else units.DASH,
    )


def _levels(history: History, machine: str) -> list[tuple[str, float]]:
    """When each of the last sessions began, and the level of all anchored cases together in it."""
    return [
        (history.sessions[place], float(level))
        for anchor in history.anchors
        if anchor.machine == machine and anchor.case is None
        for place, level in zip(anchor.sessions, anchor.levels, strict=True)
        if math.isfinite(level)
    ][-_MOST_DRIFT:]


def _drift(levels: list[tuple[str, float]]) -> str:
    if not levels:
        return ""
    values = [level for _, level in levels]
    sessions = units.count(len(values), "session")
    low, high = _signed(min(values), 1), _signed(max(values), 1)
    return f"The anchor’s time lay between {low} and {high} of its first level over {sessions}."


def _fingerprints(found: tuple[Fingerprint, ...]) -> tuple[FingerprintRow, ...]:
    rows, before = [], None
    for one in found:
        rows.append(FingerprintRow(one.digest, _span(one), _changes(before, one)))
        before = one
    return tuple(reversed(rows))


def _changes(before: Fingerprint | None, after: Fingerprint) -> tuple[tuple[str, str, str], ...]:
    """What differs: trait, old value, new value."""
    if before is None:
        return ()
    old, new = dict(before.traits), dict(after.traits)
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    return tuple(
        (_TRAITS.get(name, units.visible(name)), _text(old.get(name, "")), _text(new.get(name, ""))) for name in names
    )


def _span(one: Fingerprint) -> str:
    first, last = one.first[:10], one.last[:10]
    return first if first == last else f"{first} to {last}"


def _signed(ratio: float, places: int) -> str:
    return f"{(ratio - 1.0) * 100.0:+.{places}f}%".replace("-", "−")


def _text(value: str) -> str:
    return units.shorten(units.visible(value), 400) or units.DASH


def _share(value: float) -> str:
    return units.DASH if math.isnan(value) else f"{value * 100.0:.2f}%"
