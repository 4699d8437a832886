"""The data files of the site, field by field: what `data/*.js` hold, their JSON Schema, and the Data page's text.

Each file is one call, `asvJit({…});`: a script, so that it loads wherever the site stands, also from disk, where
browsers refuse to fetch JSON. What is between the first `(` and the last `)` is the JSON described here; there is
no second copy as `.json`, because it would double the site. Fields may be added; a field that changes its
meaning raises `version`.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

VERSION = 1
CALL = "asvJit"

Number = float | None
LevelData = Annotated[tuple[Number, Number, Number], Meta(description="A figure and its interval: value, low, high.")]
Coded = Annotated[str, Meta(pattern=r"^([#-\[ ]|~-?[0-9]+;)*$", description="See ColumnData.")]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """The slots of one interpreter line on one machine: each commit and build that anything was measured on."""

    machine: Annotated[str, Meta(description="The machine's name in the results tree.")]
    line: Annotated[str, Meta(description="The interpreter line, or asv's environment.")]
    branch: Annotated[str, Meta(description="Empty for the first configured branch.")]
    places: Annotated[list[int], Meta(description="The commit of each slot, as an index into `hashes`.")]
    interpreters: Annotated[list[int], Meta(description="The build of each slot, as an index into `interpreters`.")]


class MetricData(msgspec.Struct, frozen=True, kw_only=True):
    """A metric, as the tables and charts name it."""

    name: str
    unit: Annotated[str, Meta(description="`seconds`, `bytes`, `ratio`, `instructions`; `value`: the series’ own.")]
    better: Annotated[str, Meta(pattern="^(lower|higher)$")]
    modes: Annotated[list[str], Meta(description="The modes that a figure needs; none for asv’s own results.")]


class CommitsData(msgspec.Struct, frozen=True, kw_only=True, tag="asv-jit-commits", tag_field="format"):
    """`data/commits.js`: the measured commits, oldest first, and the slots that every series refers to."""

    version: Annotated[int, Meta(ge=1)]
    generated: Annotated[str, Meta(description="When the site was made: UTC, ISO 8601.")]
    project: str
    show_commit_url: Annotated[str, Meta(description="URL of a commit's page without the hash at its end; or empty.")]
    ordered_by: Annotated[str, Meta(pattern="^(git|date)$", description="How the commits are ordered.")]
    hashes: Annotated[list[str], Meta(description="Full hashes.")]
    dates: Annotated[list[int], Meta(description="Time of each commit in seconds since 1970, UTC.")]
    authors: Annotated[list[str], Meta(description="All authors, each once.")]
    author: Annotated[list[int], Meta(description="Author of each commit, as an index into `authors`.")]
    subjects: Annotated[list[str], Meta(description="First line of each commit's message.")]
    interpreters: Annotated[list[str], Meta(description="Builds: `X.Y.Z+<8 hex>`, or asv's Python versions.")]
    schedules: list[Schedule]
    metrics: Annotated[dict[str, MetricData], Meta(description="By the name of their columns.")]


class ColumnData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Numbers in few bytes, as whole multiples of `step` (in the unit of the metric), one character a point.

    A character from `#` to `[` is its code - 63 steps more than the value before it, for the first one more than
    `zero`; `~n;` says so with a decimal number where that is out of reach; a space is a point without a value. In
    `below` and `above`, a character from `#` is its code - 35 steps by which the interval reaches down or up;
    without `above` it reaches up as far as down, without both there is none.
    """

    step: Annotated[float, Meta(gt=0.0)]
    zero: int
    values: Coded
    below: Coded | None = None
    above: Coded | None = None


class SeriesData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All metrics of the case on one schedule. A series never mixes benchmark versions, protocols or machines; counted
    instructions have series of their own."""

    schedule: Annotated[int, Meta(ge=0, description="Place in the commits file's `schedules`.")]
    start: Annotated[int, Meta(ge=0, description="The slot of the first value of each column.")]
    benchmark_version: Annotated[str, Meta(description="Its first 16 characters.")]
    protocol: Annotated[str, Meta(description="How it was measured; `asv` for asv's own; of counts with the counter.")]
    fingerprint: Annotated[str, Meta(description="The machine's: a machine that was changed starts a new series.")] = ""
    unit: Annotated[
        str, Meta(description="Of `off`, `on`, `plain`: `seconds`, `bytes`, or the benchmark's own; or `instructions`.")
    ]
    noise: Annotated[
        float | None,
        Meta(
            description="Of `plain`, as a share: 95% of the differences between neighbours stay within 1.96 · √2 times "
            "it. Asv's own intervals say less."
        ),
    ]
    columns: Annotated[
        dict[str, ColumnData],
        Meta(
            description="By metric: `off`, `on` (steady time in that mode), `speedup` (off / on), `peak_memory_off`, "
            "`peak_memory_on` (bytes), `warmup_on` (seconds of running before the steady state), `plain` (asv's own), "
            "`instructions_off`, `instructions_on` (exact, per call; the interval is the range of the hash seeds). "
            "And `blocks`: how many blocks stand behind the figures of each slot (pairs, or trials alone where "
            "there is no mode `on`); not of what asv measured."
        ),
    ]


class EventData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change point: a place where the case changed its level."""

    identity: Annotated[str, Meta(description="What `asv-jit accept` and `asv-jit bisect` take.")]
    series: Annotated[int | None, Meta(description="Place in `series`.")]
    axis: Annotated[str, Meta(pattern="^(commits|pythons)$")]
    worse: bool
    state: str
    place: Annotated[int | None, Meta(description="The first commit at the new level, as its place in `hashes`.")]
    parent: Annotated[int | None, Meta(description="The last measured commit at the old level.")]
    before: Annotated[str, Meta(description="On the axis `pythons`: the build before.")] = ""
    after: Annotated[str, Meta(description="On the axis `pythons`: the build after.")] = ""
    cause: str
    probability: Number
    changes: Annotated[
        list[tuple[str, LevelData, LevelData, Number]],
        Meta(description="Per metric that moved: its name, level before, level after (intervals at 95%), p value."),
    ]


class TrialsData(msgspec.Struct, frozen=True, kw_only=True):
    """The trials behind the figures of a cell, in columns: one entry a trial. Seconds and bytes."""

    block: Annotated[list[int], Meta(description="Trials of one number were run back to back.")]
    mode: Annotated[list[str], Meta(description="`off` or `on`.")]
    outcome: list[str]
    figure: Annotated[list[Number], Meta(description="Steady seconds per call, or the tracked value.")]
    first_call: list[Number]
    warmup: Annotated[list[Number], Meta(description="Seconds of running before the steady state.")]
    peak_memory: list[Number]
    kind: Annotated[list[str], Meta(description="`flat`, `warmup`, `slowdown`, `no_steady_state` or empty.")]
    disturbed: Annotated[list[bool], Meta(description="True if another program used its core.")]
    hash_seed: list[int]
    started: Annotated[list[str], Meta(description="UTC, ISO 8601.")]
    inner_loops: list[int]
    bins: Annotated[
        list[int], Meta(description="Iterations done at the end of each bin of the warm-up curves; empty without any.")
    ]
    curves: Annotated[
        list[list[Number] | None],
        Meta(description="Per trial: mean seconds per call in each bin; null where it has other bins."),
    ]


class CellData(msgspec.Struct, frozen=True, kw_only=True):
    """A current cell: the case at the newest commit that has it, on one interpreter and machine."""

    machine: str
    interpreter: str
    commit: str
    measured: str
    protocol: str
    verdict: str
    pairs: int
    off: LevelData | None
    on: LevelData | None
    speedup: LevelData | None
    break_even_s: Annotated[Number, Meta(description="Seconds of running until the JIT has paid; null for never.")]
    steady_from: Annotated[
        tuple[Number, Number], Meta(description="Seconds of running before the steady state: off, on.")
    ]
    trials: TrialsData


class CaseData(msgspec.Struct, frozen=True, kw_only=True, tag="asv-jit-case", tag_field="format"):
    """`data/<slug>.js`: everything about one case."""

    version: Annotated[int, Meta(ge=1)]
    benchmark: str
    params: list[str]
    level: Annotated[float, Meta(description="Of the intervals of the cells, such as 0.998.")]
    equivalence: Annotated[float, Meta(description="Differences up to this share count as no difference.")]
    series: list[SeriesData]
    events: list[EventData]
    cells: list[CellData]


class CurrentData(msgspec.Struct, frozen=True, kw_only=True):
    """All current figures, in columns: one entry a case, machine and interpreter."""

    case: Annotated[list[int], Meta(description="Place in `slugs`.")]
    machine: Annotated[list[int], Meta(description="Place in `machines`.")]
    interpreter: Annotated[list[int], Meta(description="Place in `interpreters`.")]
    commit: list[str]
    protocol: list[str]
    timed: Annotated[list[bool], Meta(description="Whether `off` and `on` are seconds per call.")]
    verdict: list[str]
    pairs: list[int]
    off: list[LevelData | None]
    on: list[LevelData | None]
    speedup: list[LevelData | None]
    memory: Annotated[list[LevelData | None], Meta(description="Peak memory in mode off, in bytes; no interval.")]
    memory_added: Annotated[list[LevelData | None], Meta(description="What mode on takes more, in bytes.")]
    break_even_s: list[Number]
    trials: Annotated[list[int], Meta(description="In mode off: as many as `pairs`, or alone where there is no JIT.")]
    anchor: Annotated[list[str], Meta(description="On the case's page: `#<anchor>`, its trials `#trials-<anchor>`.")]


class ListedData(msgspec.Struct, frozen=True, kw_only=True):
    """All series, in columns, for those who read the slices."""

    case: Annotated[list[int], Meta(description="Place in `slugs`.")]
    schedule: Annotated[list[int], Meta(description="Place in the commits file's `schedules`.")]
    protocol: list[str]
    unit: list[str]
    step: Annotated[list[dict[str, float]], Meta(description="The step of each column by its name.")]
    noise: Annotated[
        list[dict[str, Number]],
        Meta(
            description="Of each metric, as a share: 95% of the differences between neighbours stay within 1.96 · √2 "
            "times it. With Gaussian noise it is the standard deviation of the values."
        ),
    ]


class SuiteData(msgspec.Struct, frozen=True, kw_only=True, tag="asv-jit-suite", tag_field="format"):
    """`data/suite.js`: the cases, and all current figures."""

    version: Annotated[int, Meta(ge=1)]
    level: Annotated[float, Meta(description="Of the intervals of single cases.")]
    quantile: Annotated[float, Meta(description="The normal quantile of that level.")]
    narrowing: Annotated[
        list[Number],
        Meta(description="By number of blocks (0: very many): the width of an interval at 90% as a share of it."),
    ]
    equivalence: Annotated[float, Meta(description="Differences up to this share count as no difference.")]
    slugs: Annotated[list[str], Meta(description="Of each case: its files are data/<slug>.js and case/<slug>.html.")]
    benchmarks: list[str]
    params: list[list[str]]
    machines: list[str]
    interpreters: list[str]
    slices: Annotated[
        list[int],
        Meta(description="Place of the first commit of each data/commits-<n>.js, then the number of commits."),
    ]
    series: ListedData
    current: CurrentData


class PackedColumn(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A column as an array: zero, values, below, above, as in ColumnData. The step stands in the suite file."""

    zero: int
    values: Coded
    below: Coded | None = None
    above: Coded | None = None


class PackedSeries(msgspec.Struct, frozen=True, array_like=True):
    """A series at the commits of a slice, as an array: its place in the suite file's `series`, the slot of the first
    value, and its columns by metric, with `blocks`. Of `plain` no intervals: asv's are from within one process."""

    series: int
    start: int
    columns: dict[str, PackedColumn]


class SliceData(msgspec.Struct, frozen=True, kw_only=True, tag="asv-jit-commit-values", tag_field="format"):
    """`data/commits-<n>.js`: every series at some commits in a row, which is what the Compare page loads."""

    version: Annotated[int, Meta(ge=1)]
    first: Annotated[int, Meta(description="The first commit, as its place in the commits file.")]
    end: Annotated[int, Meta(description="The place after the last commit.")]
    series: list[PackedSeries]


Form = CommitsData | CaseData | SuiteData | SliceData
FORMS: tuple[type[Any], ...] = (CommitsData, SuiteData, CaseData, SliceData)


def encoded(data: Form) -> bytes:
    """The file that holds `data`."""
    return b"".join((CALL.encode(), b"(", _safe(msgspec.json.encode(data)), b");\n"))


def decoded(content: bytes) -> Form:
    """The data in a file. Raises msgspec.ValidationError where it is not of the form."""
    inside = content[content.index(b"(") + 1 : content.rindex(b")")]
    data: Form = msgspec.json.decode(inside, type=Form)
    return data


def schema() -> bytes:
    """The JSON Schema (draft 2020-12) of all four files."""
    (whole,), parts = msgspec.json.schema_components((Form,), ref_template="#/$defs/{name}")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Data files of a site made by asv-jit publish",
        **whole,
        "$defs": parts,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def _safe(text: bytes) -> bytes:
    """JSON as a script: the two line separators that some readers of scripts still take for ends of lines."""
    return text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
