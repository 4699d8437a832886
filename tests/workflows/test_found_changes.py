"""The cache of found changes: named by all code that finds them, and used where nothing is new."""

from __future__ import annotations

import inspect
import types

import numpy as np

from asv_jit.analysis.history import events, series
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.workflows import found_changes

VALUES_ONLY = {events.__name__, series.__name__}
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


def changes_of(folder, parted, units):
    changes = dict(found_changes.changes_of(folder, parted, units))
    return [[found for _, found in changes[number]] for number in range(len(parted))]


def test_what_is_known_is_not_searched_again(tmp_path, monkeypatch):
    parted, units = [[stretch(1)], [stretch(2)]], ["seconds", "seconds"]
    monkeypatch.setenv("ASV_JIT_CACHE_DIR", str(tmp_path / "cache"))
    first = changes_of(tmp_path, parted, units)
    assert all(found for mine in first for found in mine)
    searched = []
    monkeypatch.setattr(
        found_changes, "find_changes_of_many", lambda jobs: searched.append(len(jobs)) or [[] for _ in jobs]
    )
    assert changes_of(tmp_path, parted, units) == first
    assert changes_of(tmp_path, [*parted, [stretch(3)]], [*units, "seconds"]) == [*first, [[]]]
    assert changes_of(tmp_path, [[stretch(3)]], ["seconds"]) == [[[]]]
    assert sum(searched) == 1


def test_workers_find_what_one_process_finds(tmp_path, monkeypatch):
    parted, units = [[stretch(seed), stretch(seed + 1)] for seed in range(12)], ["seconds"] * 12
    monkeypatch.setattr(found_changes, "cores", lambda: 2)
    monkeypatch.setattr(found_changes, "_FEW_POINTS", 10)
    alone = [found_changes.find_changes_of_many([(one, "seconds") for one in mine]) for mine in parted]
    assert changes_of(tmp_path, parted, units) == alone
    assert changes_of(tmp_path, parted, units) == alone
