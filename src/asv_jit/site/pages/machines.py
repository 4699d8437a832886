"""Machines: what measured, how quietly, whether it drifts, and when it became another one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.current import Quiet
from asv_jit.analysis.history.series import History
from asv_jit.analysis.stats.noise import CHANGES, needed_pairs
from asv_jit.site.content.site_content import Fingerprint, Machine
from asv_jit.site.content.slugs import anchor_of
from asv_jit.site.parts.charts.trends import trend_mark
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Figure, Frame
from asv_jit.store.findings.nights import NightRecord
from asv_jit.store.machines import KnownNoise
from asv_jit.text import units

_MOST_DRIFT, _MOST_SAME_CODE, _MOST_NIGHTS = 60, 8, 8
_LEAST_BYTES = 1 << 30  # no machine that runs CPython today has less in bytes, or so much in kibibytes (1 TiB)
_TRAITS = {
    "arch": "Architecture", "cpu": "Processor", "cores": "Cores", "memory_gib": "Memory, GiB", "kernel": "Kernel",
    "governor": "Governor", "container": "Container", "machine": "Name in asv", "num_cpu": "Cores", "os": "System",
    "ram": "Memory",
}  # fmt: skip


class NoiseRow(Struct, frozen=True):
    """How quietly one interpreter's cells were measured; `needed` pairs detect a change of 2%."""

    release: str
    quiet: Quiet
    pair: Figure
    between: Figure
    needed: str


class SameCodeRow(Struct, frozen=True):
    """What `asv-jit doctor --measure` found on one interpreter; `needed`: a change, and how many pairs detect it."""

    found: KnownNoise
    noise: Figure
    needed: tuple[tuple[str, str], ...]
    caveat: str


class MachineSection(Struct, frozen=True):
    """One machine.

    `nights`: the last ones, the newest first, and how long they took. `drift`: the anchor's level in each session, the
    newest first. `fingerprints`: those that the machine had, the newest first, each with the traits that changed: name,
    old value, new value.
    """

    machine: Machine
    anchor: str
    measured: str
    details: tuple[tuple[str, str], ...]
    noise: tuple[NoiseRow, ...]
    same_code: tuple[SameCodeRow, ...]
    nights: tuple[tuple[NightRecord, str], ...]
    drift: tuple[tuple[str, str], ...]
    drift_mark: Markup
    drift_words: str
    notes: tuple[str, ...]
    fingerprints: tuple[tuple[Fingerprint, str, tuple[tuple[str, str, str], ...]], ...]
    series: int


class MachinesPage(Struct, frozen=True):
    """`machines.html`."""

    frame: Frame
    machines: tuple[MachineSection, ...]


def make(site: Publication) -> MachinesPage:
    """Make a section for each machine, the leading one first."""
    series = Counter(one.key.machine for one in site.content.history.series)
    description = f"The machines that measured {site.content.project}: hardware, noise and drift."
    sections = tuple(_section(site, machine, series[machine.name]) for machine in site.content.machines)
    return MachinesPage(site.frame("machines.html", description), sections)


def _section(site: Publication, machine: Machine, series: int) -> MachineSection:
    history, alpha = site.content.history, site.content.settings.alpha
    drift = _levels(history, machine.name)
    notes = [note for note in history.notes if machine.name in note]
    return MachineSection(
        machine=machine,
        anchor=anchor_of("machine", machine.name),
        measured=max((case.measured for one in machine.current for case in one.suite.cases), default=""),
        details=tuple(_trait(name, value) for name, value in machine.details),
        noise=tuple(_noise(name, quiet, alpha) for name, quiet in machine.noise),
        same_code=_same_code(machine.same_code, alpha),
        nights=tuple((one, _minutes(one.spent_s)) for one in machine.nights[: -_MOST_NIGHTS - 1 : -1]),
        drift=tuple((units.moment(started), units.signed_percent(level, 2)) for started, level in reversed(drift)),
        drift_mark=trend_mark([level for _, level in drift]),
        drift_words=_drift(drift),
        notes=tuple(units.shown(note, 400) for note in notes),
        fingerprints=_fingerprints(machine.fingerprints),
        series=series,
    )


def _minutes(seconds: float) -> str:
    return f"{units.number(round(seconds / 60))} min" if math.isfinite(seconds) else units.DASH


def _noise(interpreter: str, quiet: Quiet, alpha: float) -> NoiseRow:
    pair = Figure(_share(quiet.pair), _between(quiet.pair_middle))
    between = Figure(_share(quiet.between), _between(quiet.between_middle))
    return NoiseRow(interpreter, quiet, pair, between, _needed(quiet.pair, (0.02,), alpha)[0][1])


def _same_code(measured: Sequence[KnownNoise], alpha: float) -> tuple[SameCodeRow, ...]:
    """Return the newest measurement on each interpreter, the newest first."""
    newest = {noise.interpreter: noise for noise in measured}.values()
    rows = []
    for noise in sorted(newest, key=lambda noise: noise.at, reverse=True)[:_MOST_SAME_CODE]:
        figure = Figure(_share(noise.value), _between((noise.low, noise.high)))
        rows.append(SameCodeRow(noise, figure, _needed(noise.value, CHANGES, alpha), _caveat(noise)))
    return tuple(rows)


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
    low, high = units.signed_percent(min(values), 1), units.signed_percent(max(values), 1)
    return f"The anchor’s time varied between {low} and {high} of its first level over {sessions}."


def _fingerprints(
    history: Sequence[Fingerprint],
) -> tuple[tuple[Fingerprint, str, tuple[tuple[str, str, str], ...]], ...]:
    rows = [
        (after, " to ".join(dict.fromkeys((after.first[:10], after.last[:10]))), _changes(before, after))
        for before, after in zip((None, *history), history, strict=False)
    ]
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


def _trait(name: str, value: str) -> tuple[str, str]:
    """A trait as asv's machine file has it; memory in a unit: asv wrote kibibytes once, then bytes."""
    if name == "ram" and value.isdecimal() and len(value) < 19:
        amount = int(value)
        value = units.size(amount if amount >= _LEAST_BYTES else amount * 1024)
    return _TRAITS.get(name, units.visible(name)), _text(value)


def _text(value: str) -> str:
    return units.shown(value, 400) or units.DASH


def _between(ends: tuple[float, float]) -> str:
    low, high = ends
    return f"{_share(low)} to {_share(high)}" if math.isfinite(low) and math.isfinite(high) else ""


def _share(value: float) -> str:
    return units.DASH if math.isnan(value) else f"{value * 100.0:.2f}%"
