"""Points of series: one for each commit and exact interpreter, of full measurements of the current protocol only."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.stats import gmean

from asv_jit.analysis import speedup
from asv_jit.analysis.history.bridges import line_order
from asv_jit.analysis.history.series import by_branch
from asv_jit.analysis.history.timeline import Axes, timeline
from asv_jit.model import Trial
from tests.analysis.worlds import World, commit_of, place_of, release, steady, timeline_of

OLD, NEW = "3.15.1+aaaaaaaa", "3.15.2+bbbbbbbb"


def _trials(**settings: object) -> list[Trial]:
    return list(World({"a": steady}, **{"commits": 6, "anchored": False, **settings}).trials(1))  # type: ignore[arg-type]  # keywords of World


def test_a_point_is_the_cell_as_every_table_has_it() -> None:
    trials = _trials()
    (series,) = timeline_of(trials, 6, ["3.15.2+e451c8ba"]).series
    assert series.places.tolist() == list(range(6))
    assert series.unit == "seconds"
    off = [t.steady_s for t in trials if place_of(t.commit) == 2 and t.mode == "off" and t.steady_s is not None]
    on = [t.steady_s for t in trials if place_of(t.commit) == 2 and t.mode == "on" and t.steady_s is not None]
    estimate = speedup.estimate(off, on, alpha=0.002, equivalence=0.0)
    track = series.tracks["speedup"]
    assert (track.values[2], track.low[2], track.high[2]) == (estimate.ratio, estimate.low, estimate.high)
    assert series.tracks["off"].values[2] == pytest.approx(gmean(off))
    assert series.tracks["off"].low[2] < series.tracks["off"].values[2] < series.tracks["off"].high[2]
    assert series.tracks["peak_memory_on"].values[2] == pytest.approx(30e6, rel=0.01)
    assert series.paired
    assert series.blocks is not None
    assert series.blocks[2] == len(off) == len(on)


def test_a_block_that_failed_is_not_behind_a_point() -> None:
    trials = _trials()
    lost = next(trial for trial in trials if place_of(trial.commit) == 2)
    failed = [replace(one, outcome="crashed", steady_s=None) if one is lost else one for one in trials]
    for found, missing in ((trials, 0), (failed, 1)):
        (series,) = timeline_of(found, 6, ["3.15.2+e451c8ba"]).series
        assert series.blocks is not None
        assert series.blocks.tolist() == [5, 5, 5 - missing, 5, 5, 5]


def test_what_makes_no_point_is_counted() -> None:
    trials = _trials()
    changed = [
        replace(trial, purpose="compare") if trial.session == "s0000"
        else replace(trial, protocol="1") if trial.session == "s0001"
        else replace(trial, benchmark_version="0") if trial.session == "s0002"
        else replace(trial, commit="f" * 40) if trial.session == "s0003"
        else replace(trial, outcome="crashed", steady_s=None) if trial.session == "s0004"
        else trial
        for trial in trials
    ]  # fmt: skip
    found = timeline_of(changed, 6, ["3.15.2+e451c8ba"])
    assert {s.key.version: s.places.tolist() for s in found.series} == {"0": [2], "1": [5]}  # versions do not mix
    axes = Axes({commit_of(p): p for p in range(6)}, {"3.15.2+e451c8ba": 0}, {f"s{n:04d}": n for n in range(6)},
                {"3.15.2+e451c8ba": "3.15"}, {}, {"a": "1"})  # fmt: skip
    found = timeline("m", changed, axes, alpha=0.002)
    assert [series.places.tolist() for series in found.series] == [[5]]
    assert sum(found.left_out.values()) == 4
    assert any("edited" in what for what in found.left_out)


def test_an_interpreter_without_a_jit_has_no_speedup() -> None:
    alone = [replace(trial, arm="alone") for trial in _trials() if trial.mode == "off"]
    (series,) = timeline_of(alone, 6, ["3.15.2+e451c8ba"]).series
    assert set(series.tracks) == {"off", "peak_memory_off"}
    assert not series.paired
    assert series.blocks is not None
    assert series.blocks.tolist() == [5] * 6


def test_patch_releases_join_a_line_and_are_bridged_by_the_sessions_that_measured_both() -> None:
    world = World({"a": release(NEW, 0.05)}, commits=12, interpreters={OLD: 0, NEW: 6}, anchored=False)
    found = timeline_of(list(world.trials(1)), 12, [OLD, NEW])
    (series,) = found.series
    assert series.key.line == "3.15 from debian"
    assert list(zip(series.places.tolist(), series.interpreters.tolist(), strict=True))[5:8] == [(5, 0), (6, 0), (6, 1)]
    (bridge,) = found.bridges
    assert (bridge.before, bridge.after, bridge.place, bridge.interleaved) == (OLD, NEW, 6, True)
    before, after = bridge.figures["off"]
    assert len(before) == len(after) == 15
    assert math.log(np.mean(after) / np.mean(before)) == pytest.approx(math.log(1.05), abs=0.01)


def test_what_was_measured_at_two_times_is_a_bridge_that_is_not_interleaved() -> None:
    trials = _trials(interpreters={OLD: 0})
    again = [replace(t, interpreter=NEW, session="s9999", block=f"x{t.block}") for t in trials if t.session == "s0003"]
    (bridge,) = timeline_of([*trials, *again], 6, [OLD, NEW]).bridges
    assert (bridge.place, bridge.interleaved) == (3, False)


def test_a_short_bridge_takes_what_other_commits_can_add() -> None:
    trials = _trials(interpreters={OLD: 0})
    both = [*trials, *(replace(t, interpreter=NEW, block=f"x{t.block}") for t in trials)]
    (bridge,) = timeline_of(both, 6, [OLD, NEW]).bridges
    before, after = bridge.figures["on"]
    assert (bridge.place, len(before), len(after)) == (5, 15, 15)
    assert np.log(after / before) == pytest.approx(
        0.0
    )  # the same trials twice: bringing commits together moves nothing


def test_anchors_are_series_by_session() -> None:
    world = World({"a": steady, "b": steady}, commits=8, machine_factor=lambda s: 1.1 if s >= 4 else 1.0)
    anchors = {one.case.benchmark if one.case else "": one for one in timeline_of(
        list(world.trials(1)), 8, ["3.15.2+e451c8ba"]).anchors}  # fmt: skip
    assert set(anchors) == {"", "a", "b"}
    assert anchors[""].sessions.tolist() == list(range(8))
    assert anchors["a"].levels[4:] == pytest.approx(1.1, rel=0.03)


def test_lines_of_one_provider_follow_each_other() -> None:
    lines = ["3.9 from uv", "3.15t from uv", "3.14 from uv", "3.15 from debian", "3.16"]
    assert len({line_order(line)[0] for line in lines}) == 4
    assert line_order("3.9 from uv")[1] < line_order("3.14 from uv")[1]


def test_each_point_is_in_the_series_of_its_branches_only() -> None:
    (series,) = timeline_of(_trials(), 6, ["3.15.2+e451c8ba"]).series
    places = {"": [0, 1, 2, 5], "v1": [0, 1, 3]}
    branches = {name: np.array(found, dtype=np.int32) for name, found in places.items()}
    parted, beside = by_branch([series], branches)
    assert {one.key.branch: one.places.tolist() for one in parted} == places
    assert beside == 1
    assert by_branch([series], {}) == ((series,), 0)


def test_sets_of_requirements_side_by_side_are_series_of_their_own() -> None:
    first = [replace(one, requirements="numpy==1.26") for one in _trials()]
    second = [replace(one, requirements="numpy==2.1", steady_s=2.0 * (one.steady_s or 1.0)) for one in _trials()]
    found = timeline_of([*first, *second], 6, ["3.15.2+e451c8ba"])
    lines = {one.key.line: float(np.median(one.tracks["off"].values)) for one in found.series}
    assert list(lines) == ["3.15 from debian with numpy==1.26", "3.15 from debian with numpy==2.1"]
    old, new = lines.values()
    assert new == pytest.approx(2.0 * old)
