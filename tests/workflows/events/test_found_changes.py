"""The cache of found changes: named by all code that finds them, and used where nothing is new."""

from __future__ import annotations

import inspect
import types

import numpy as np

from asv_jit.analysis.history import events
from asv_jit.analysis.history import series as series_module
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.analysis.history.series import CaseSeries, SeriesKey, Track
from asv_jit.model import CaseKey
from asv_jit.workflows.events import found_changes

VALUES_ONLY = {events.__name__, series_module.__name__}
"""Modules that the method takes nothing but the shape of its values from."""


def test_the_method_names_every_module_that_it_calls():
    named = {module.__name__ for module in found_changes._METHOD}
    used = {
        value.__module__
        for module in found_changes._METHOD
        for value in vars(module).values()
        if isinstance(value, types.FunctionType | type) and inspect.getmodule(value) is not module
    }
    used |= {
        value.__name__
        for module in found_changes._METHOD
        for value in vars(module).values()
        if isinstance(value, types.ModuleType)
    }
    ours = {name for name in used if name.startswith("asv_jit.")}
    assert ours - named == VALUES_ONLY


def stretch(seed, releases=None):
    rng = np.random.default_rng(seed)
    places = np.arange(60, dtype=np.int32)
    values = np.exp(0.01 * rng.normal(size=60) + 0.1 * (places > 30))
    releases = np.zeros(60, dtype=np.int32) if releases is None else releases
    return Stretch(places, places, {"plain": values}, releases, {"plain": ()}, None)


def test_names_differ_where_the_answer_may():
    one = stretch(1)
    names = {
        found_changes._digest(one, "seconds"),
        found_changes._digest(one, "unit"),
        found_changes._digest(stretch(2), "seconds"),
        found_changes._digest(stretch(1, (np.arange(60) // 40).astype(np.int32)), "seconds"),
    }
    assert len(names) == 4
    assert found_changes._digest(stretch(1), "seconds") in names


def series(*seeds):
    """A series of a stretch for each seed, whose values they are."""
    parts = [stretch(seed).values["plain"] for seed in seeds]
    values = np.concatenate(parts)
    places = np.arange(len(values), dtype=np.int32)
    key = SeriesKey("box", "py3.12", CaseKey(f"a.time_{seeds[0]}"), "1", "asv")
    return CaseSeries(key, "seconds", places, places * 0, {"plain": Track(values, values, values)})


def part(one):
    """A stretch of each 60 points, the newest first."""
    values = one.tracks["plain"].values
    cuts = [values[at : at + 60] for at in range(0, len(values), 60)]
    return [Stretch(one.places[:60], one.places[:60], {"plain": mine}, one.interpreters[:60], {"plain": ()}, None)
            for mine in reversed(cuts)]  # fmt: skip


def changes_of(folder, every):
    return {number: [found for _, found in mine] for number, mine in found_changes.changes_of(folder, every, part)}


def test_what_is_known_is_not_searched_again(tmp_path, monkeypatch):
    monkeypatch.setenv("ASV_JIT_CACHE_DIR", str(tmp_path / "cache"))
    first = changes_of(tmp_path, [series(1), series(2)])
    assert sorted(first) == [0, 1]
    searched = []
    monkeypatch.setattr(found_changes, "find_changes", lambda jobs: searched.append(len(jobs)) or [[] for _ in jobs])
    assert changes_of(tmp_path, [series(1), series(2)]) == first
    assert changes_of(tmp_path, [series(1), series(2), series(3)]) == first
    assert changes_of(tmp_path, [series(3)]) == {}
    assert sum(searched) == 1


def test_stretches_of_the_same_values_are_told_each(tmp_path, monkeypatch):
    monkeypatch.setenv("ASV_JIT_CACHE_DIR", str(tmp_path / "cache"))
    (once,) = changes_of(tmp_path, [series(1)])[0]
    assert changes_of(tmp_path, [series(1, 1)]) == {0: [once, once]}


def test_workers_find_what_one_process_finds(tmp_path, monkeypatch):
    every = [series(seed, seed + 1) for seed in range(12)]
    monkeypatch.setattr(found_changes, "cores", lambda: 2)
    monkeypatch.setattr(found_changes, "_FEW_POINTS", 10)
    alone = [found_changes.find_changes([(one, "seconds") for one in part(mine)]) for mine in every]
    expected = {number: found for number, found in enumerate(alone) if any(found)}
    assert changes_of(tmp_path, every) == expected
    assert changes_of(tmp_path, every) == expected
