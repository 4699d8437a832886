"""Machines: what measured, how quietly, whether it drifts, and when it became another one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.current import Quiet
from asv_jit.analysis.history.series import History
from asv_jit.analysis.stats.noise import CHANGES, needed_pairs
from asv_jit.site.content.site_content import Fingerprint, Machine
from asv_jit.site.content.slugs import anchor_of
from asv_jit.site.parts.charts.marks import trend_mark
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Figure, Frame
from asv_jit.store.machines import KnownNoise
from asv_jit.text import units

_MOST_DRIFT, _MOST_SAME_CODE = 60, 8
_LEAST_BYTES = 1 << 30  # no machine that runs CPython today has less in bytes, or so much in kibibytes (1 TiB)
_TRAITS = {
    "arch": "Architecture", "cpu": "Processor", "cores": "Cores", "memory_gib": "Memory, GiB", "kernel": "Kernel",
    "governor": "Governor", "container": "Container", "machine": "Name in asv", "num_cpu": "Cores", "os": "System",
    "ram": "Memory",
}  # fmt: skip


class NoiseRow(Struct, frozen=True):
    """How quietly one interpreter's cells were measured; `needed` pairs show a change of 2%."""

    release: str
    pair: Figure
    between: Figure
    needed: str
    cells: str
    disturbed: str


class SameCodeRow(Struct, frozen=True):
    """What `asv-jit doctor --measure` found on one interpreter; `needed`: a change, and how many pairs show it."""

    release: str
    at: str
    noise: Figure
    pairs: str
    needed: tuple[tuple[str, str], ...]
    caveat: str


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
    same_code: tuple[SameCodeRow, ...]
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
    """A section for each machine, the leading one first."""
    content = site.content
    series: dict[str, int] = {}
    for one in content.history.series if content.history is not None else ():
        series[one.key.machine] = series.get(one.key.machine, 0) + 1
    return MachinesPage(
        frame=site.frame("machines.html", f"The machines that measured {content.project}: hardware, noise and drift."),
        machines=tuple(_section(site, one, series.get(one.name, 0)) for one in content.machines),
    )


def _section(site: Publication, machine: Machine, series: int) -> MachineSection:
    history, alpha = site.content.history, site.content.settings.alpha
    drift = _levels(history, machine.name) if history is not None else []
    notes = [note for note in history.notes if machine.name in note] if history is not None else []
    measured = max((case.measured for one in machine.current for case in one.suite.cases), default="")
    return MachineSection(
        name=units.shorten(units.visible(machine.name), 200) or "(no name)",
        anchor=anchor_of("machine", machine.name),
        newest=machine.newest,
        asv_only=machine.asv_only,
        measured=units.moment(measured),
        details=tuple(_trait(name, value) for name, value in machine.details),
        noise=tuple(_noise(name, quiet, alpha) for name, quiet in machine.noise),
        same_code=_same_code(machine.same_code, alpha),
        drift=tuple(DriftRow(units.moment(started), _signed(level, 2)) for started, level in reversed(drift)),
        drift_mark=trend_mark([level for _, level in drift]),
        drift_words=_drift(drift),
        notes=tuple(units.shorten(units.visible(note), 400) for note in notes),
        fingerprints=_fingerprints(machine.fingerprints),
        releases=tuple(one.interpreter for one in machine.current),
        series=units.count(series, "series").replace("seriess", "series") if series else "",
    )


def _noise(interpreter: str, quiet: Quiet, alpha: float) -> NoiseRow:
    return NoiseRow(
        release=interpreter,
        pair=Figure(_share(quiet.pair), _between(quiet.pair_middle)),
        between=Figure(_share(quiet.between), _between(quiet.between_middle)),
        needed=_needed(quiet.pair, (0.02,), alpha)[0][1],
        cells=f"{quiet.cells:,}",
        disturbed=f"{quiet.disturbed:,} of {quiet.blocks:,}" if quiet.blocks else units.DASH,
    )


def _same_code(found: Sequence[KnownNoise], alpha: float) -> tuple[SameCodeRow, ...]:
    """The newest measurement on each interpreter, the newest first."""
    newest = {one.interpreter: one for one in found}
    ordered = sorted(newest.values(), key=lambda one: one.at, reverse=True)[:_MOST_SAME_CODE]
    return tuple(
        SameCodeRow(
            release=units.shorten(units.visible(one.interpreter), 40),
            at=units.shorten(units.moment(units.visible(one.at)), 40),
            noise=Figure(_share(one.value), _between((one.low, one.high))),
            pairs=units.count(one.pairs, "pair"),
            needed=_needed(one.value, CHANGES, alpha),
            caveat=_caveat(one),
        )
        for one in ordered
    )


def _needed(noise: float, changes: Sequence[float], alpha: float) -> tuple[tuple[str, str], ...]:
    """A change, and how many pairs show it 9 times in 10."""
    if not math.isfinite(noise) or noise < 0.0:
        return tuple((f"{change:.0%}", units.DASH) for change in changes)
    return tuple(
        (f"{one.change:.0%}", units.count(one.pairs, "pair") if one.pairs else "too many")
        for one in needed_pairs(noise, changes, alpha=alpha)
    )


def _caveat(one: KnownNoise) -> str:
    disturbed = f"{one.disturbed:,} disturbed" if one.disturbed else ""
    return ", ".join(filter(None, (disturbed, "the same code differed significantly" if one.false_alarm else "")))


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


def _trait(name: str, value: str) -> tuple[str, str]:
    """A trait as asv's machine file has it; memory in a unit: asv wrote kibibytes once, then bytes."""
    if name == "ram" and value.isdecimal() and len(value) < 19:
        amount = int(value)
        value = units.size(amount if amount >= _LEAST_BYTES else amount * 1024)
    return _TRAITS.get(name, units.visible(name)), _text(value)


def _text(value: str) -> str:
    return units.shorten(units.visible(value), 400) or units.DASH


def _between(ends: tuple[float, float]) -> str:
    low, high = ends
    return f"{_share(low)} to {_share(high)}" if math.isfinite(low) and math.isfinite(high) else ""


def _share(value: float) -> str:
    return units.DASH if math.isnan(value) else f"{value * 100.0:.2f}%"
