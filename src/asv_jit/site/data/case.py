"""The data file of one case: its series, its events, and the trials behind its current figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from asv_jit.analysis.cells.levels import Level
from asv_jit.analysis.cells.summary import CaseSummary, Limits
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.metrics import COUNTED, Metric
from asv_jit.model import CaseKey, Trial
from asv_jit.site.content import format as form
from asv_jit.site.content.cells import MeasuredCell
from asv_jit.site.content.columns import Written
from asv_jit.site.content.timetable import ColumnName, Placed
from asv_jit.site.parts.charts.cell_charts import calls_s, common_bins
from asv_jit.site.parts.figures import break_even_s
from asv_jit.text import units

_NAME_LIMIT = 10_000
_DIGITS = 6
_VERSION = 16  # of asv's 64 characters: enough to tell two apart


class Packed(Struct, frozen=True):
    """A series with its columns, which its case's own file and the slices share.

    `case` is the case's place in the suite, `number` the series' own; `noise` of each metric is that of its column.
    """

    case: int
    number: int
    placed: Placed
    columns: Mapping[ColumnName, Written]
    noise: Mapping[str, float | None]


def case_data(
    case: CaseKey,
    series: Sequence[Packed],
    events: Sequence[Event],
    cells: Sequence[MeasuredCell],
    *,
    places: Mapping[str, int],
    limits: Limits,
) -> form.CaseData:
    """The file of `case`; `places` gives each measured commit's place in the commits file."""
    return form.CaseData(
        version=form.VERSION,
        benchmark=name(case.benchmark),
        params=[name(param) for param in case.params],
        level=rounded(1.0 - limits.alpha) or 0.0,
        equivalence=limits.equivalence,
        series=[_series(one) for one in series],
        events=[_event(event, series, places) for event in events],
        cells=[_cell(cell) for cell in cells],
    )


def _series(packed: Packed) -> form.SeriesData:
    key = packed.placed.series.key
    return form.SeriesData(
        schedule=packed.placed.schedule,
        start=packed.placed.start,
        benchmark_version=name(key.version)[:_VERSION],
        protocol=key.protocol,
        fingerprint=key.fingerprint,
        unit=name(packed.placed.series.unit),
        noise=packed.noise.get("plain"),
        columns={name: column.whole() for name, column in packed.columns.items()},
    )


def _event(event: Event, packed: Sequence[Packed], places: Mapping[str, int]) -> form.EventData:
    series = next((number for number, one in enumerate(packed) if one.placed.series.key == event.key), None)
    return form.EventData(
        identity=event.identity,
        series=series,
        axis=event.axis,
        worse=event.worse,
        state=event.state,
        place=places.get(event.commit),
        parent=places.get(event.parent),
        before=units.visible(event.before) if event.axis == "pythons" else "",
        after=units.visible(event.after) if event.axis == "pythons" else "",
        cause=event.attribution.cause,
        probability=rounded(event.attribution.probability, 3),
        changes=[
            (
                change.metric,
                _level(change.metric, change.before, change.before_low, change.before_high),
                _level(change.metric, change.after, change.after_low, change.after_high),
                rounded(change.p_value, 2),
            )
            for change in event.metrics
        ],
    )


def _level(metric: Metric, value: float, low: float, high: float) -> form.LevelData:
    return (value, None, None) if metric in COUNTED else figures(value, low, high)


def _cell(cell: MeasuredCell) -> form.CellData:
    case = cell.summary
    return form.CellData(
        machine=units.visible(cell.machine.name),
        interpreter=units.visible(case.key.interpreter),
        commit=units.visible(case.key.commit),
        measured=case.measured,
        protocol=case.key.protocol,
        verdict=case.verdict,
        pairs=case.pairs,
        off=level(case.off),
        on=level(case.on),
        speedup=speedup(case),
        break_even_s=rounded(break_even_s(case)),
        steady_from=(rounded(case.warmup_off_s), rounded(case.warmup_on_s)),
        trials=_trials(cell.trials),
    )


def _trials(trials: Sequence[Trial]) -> form.TrialsData:
    blocks = {block: number for number, block in enumerate(dict.fromkeys(trial.block for trial in trials))}
    bins = common_bins(trials)
    return form.TrialsData(
        block=[blocks[trial.block] for trial in trials],
        mode=[trial.mode for trial in trials],
        outcome=[trial.outcome for trial in trials],
        figure=[rounded(trial.figure) for trial in trials],
        first_call=[rounded(trial.first_call_s) for trial in trials],
        warmup=[rounded(trial.warmup_s) for trial in trials],
        peak_memory=[rounded(trial.peak_rss_bytes, 9) for trial in trials],
        kind=[trial.steady_kind or "" for trial in trials],
        disturbed=[trial.disturbed for trial in trials],
        hash_seed=[trial.hash_seed for trial in trials],
        started=[trial.started for trial in trials],
        inner_loops=[trial.inner_loops for trial in trials],
        bins=list(bins),
        curves=[_curve(trial, bins) for trial in trials],
    )


def _curve(trial: Trial, bins: tuple[int, ...]) -> list[float | None] | None:
    """Mean seconds per call in each bin; four digits are finer than one trial's noise."""
    calls = calls_s(trial, bins)
    return None if calls is None else [rounded(call, 4) for call in calls]


def level(found: Level | None) -> form.LevelData | None:
    """A figure over trials."""
    return None if found is None else figures(found.value, found.low, found.high)


def speedup(case: CaseSummary) -> form.LevelData | None:
    """The speedup; None where there is none."""
    found = case.speedup
    return None if found is None or math.isnan(found.ratio) else figures(found.ratio, found.low, found.high)


def figures(value: float | None, low: float | None = None, high: float | None = None) -> form.LevelData:
    """A figure with its interval, rounded."""
    return rounded(value), rounded(low), rounded(high)


def rounded(value: float | None, digits: int = _DIGITS) -> float | None:
    """`digits` significant ones; null for what JSON has no number for."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.{digits}g}")


def name(text: str) -> str:
    """A name as any reader can take it: no control characters, at most 10,000 characters."""
    return units.shown(text, _NAME_LIMIT)
