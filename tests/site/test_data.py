from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from asv_jit.analysis.history.series import Track
from asv_jit.model import CaseKey
from asv_jit.site.content import format as data_format
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.slugs import slug
from asv_jit.site.content.timetable import Timetable
from asv_jit.site.data.files import DataMaker
from asv_jit.site.parts.publication import Publication
from tests.site import contents, histories
from tests.site.content import columns_oracle as oracle

_GOLDEN = Path(__file__).parent / "golden" / "case.js"


def _files(content: SiteContent) -> dict[str, bytes]:
    """Each data file, as one process makes them all."""
    maker = DataMaker(Publication.of(content))
    part = maker.part(range(len(maker.cases)))
    return dict([*part.files, *maker.common(), *maker.of_all([part])])


@pytest.fixture(scope="module")
def written() -> dict[str, bytes]:
    return _files(histories.rich(hostile=True))


@pytest.fixture(scope="module")
def validator(written: dict[str, bytes]) -> Draft202012Validator:
    schema = json.loads(written["data/schema.json"])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_every_file_is_what_the_published_schema_says(
    written: dict[str, bytes], validator: Draft202012Validator
) -> None:
    forms = set()
    for name, content in written.items():
        if name.endswith(".js"):
            document = oracle.read(content)
            assert list(validator.iter_errors(document)) == []
            data_format.decoded(content)
            forms.add(document["format"])
    assert len(forms) == len(data_format.FORMS)


def test_the_schema_refuses_what_is_no_data_file(validator: Draft202012Validator, written: dict[str, bytes]) -> None:
    case = oracle.read(written[f"data/{slug(CaseKey('service.Web.time_json'))}.js"])
    case["series"][0]["columns"]["off"]["values"] = "\x7f"
    assert not validator.is_valid(case)
    assert not validator.is_valid({"format": "asv-jit-case", "version": 1})


def test_values_stand_at_the_commits_and_builds_that_they_were_measured_on(written: dict[str, bytes]) -> None:
    history = histories.rich(hostile=True).history
    assert history is not None
    commits = oracle.read(written["data/commits.js"])
    key = CaseKey("service.Web.time_json")
    case = oracle.read(written[f"data/{slug(key)}.js"])
    originals = [series for series in history.series if series.key.case == key]
    assert len(case["series"]) == len(originals) == 6
    for found in case["series"]:
        schedule = commits["schedules"][found["schedule"]]
        original = next(
            one for one in originals if (one.key.machine, one.key.line) == (schedule["machine"], schedule["line"])
        )
        assert set(found["columns"]) == {*original.tracks, "blocks"}
        assert original.blocks is not None
        counts = np.array(original.blocks, dtype=np.float64)
        tracks = {**original.tracks, "blocks": Track(counts, counts, counts)}
        for metric, column in found["columns"].items():
            hashes = [commits["hashes"][place] for place in schedule["places"]]
            builds = [commits["interpreters"][place] for place in schedule["interpreters"]]
            read = {
                (hashes[slot], builds[slot]): value
                for slot, value in enumerate(oracle.values(column), found["start"])
                if value is not None
            }
            track = tracks[metric]
            places = zip(original.places, original.interpreters, track.values, strict=True)
            wanted = {
                (history.commits[place], history.interpreters[build]): value
                for place, build, value in places
                if not math.isnan(value)
            }
            assert read.keys() == wanted.keys()
            off_by = 0.0 if metric == "blocks" else 0.03
            assert all(read[point] == pytest.approx(wanted[point], rel=off_by) for point in wanted)


def test_what_asv_measured_has_no_column_of_blocks(written: dict[str, bytes]) -> None:
    case = oracle.read(written[f"data/{slug(CaseKey('asv_only.track_objects'))}.js"])
    assert [set(series["columns"]) for series in case["series"]] == [{"plain"}]


def test_slices_hold_the_same_figures_as_the_case_files(written: dict[str, bytes]) -> None:
    suite = oracle.read(written["data/suite.js"])
    key = CaseKey("service.Web.time_json")
    place = suite["slugs"].index(slug(key))
    case = oracle.read(written[f"data/{slug(key)}.js"])
    whole = {
        (series["schedule"], series["start"] + at, metric): value
        for series in case["series"]
        for metric in ("off", "on", "speedup", "blocks")
        if metric in series["columns"]
        for at, value in enumerate(oracle.values(series["columns"][metric]))
        if value is not None
    }
    found = {}
    for number in itertools.count():
        if f"data/commits-{number}.js" not in written:
            break
        document = oracle.read(written[f"data/commits-{number}.js"])
        assert document["first"] == suite["slices"][number]
        for series, start, parts in document["series"]:
            if suite["series"]["case"][series] != place:
                continue
            for metric, packed in parts.items():
                step = suite["series"]["step"][series][metric]
                for at, value in enumerate(oracle.values({"step": step, "zero": packed[0], "values": packed[1]})):
                    if value is not None:
                        found[suite["series"]["schedule"][series], start + at, metric] = value
    assert found == pytest.approx(whole)


def test_the_trials_behind_a_cell_are_all_there(written: dict[str, bytes]) -> None:
    case = oracle.read(written[f"data/{slug(CaseKey('service.Web.time_json'))}.js"])
    cell = case["cells"][0]
    trials = cell["trials"]
    assert cell["pairs"] == 9
    assert sorted(trials["mode"]) == ["off"] * 9 + ["on"] * 9
    figures = list(zip(trials["mode"], trials["figure"], strict=True))
    off, on = (np.array([figure for one, figure in figures if one == mode]) for mode in ("off", "on"))
    assert math.exp(np.mean(np.log(off / on))) == pytest.approx(cell["speedup"][0], rel=1e-4)
    assert all(len(curve) == len(trials["bins"]) for curve in trials["curves"])


def test_a_file_that_readers_have_does_not_change_unnoticed(update_golden: bool) -> None:
    """`pytest --update-golden` accepts a change; raise the version if a field changed its meaning."""
    history, events = histories.history([CaseKey("a.time_a")], count=12)
    made = contents.content(contents.pairs(CaseKey("a.time_a"), contents.WITH_JIT, 1.3, count=3))
    content = msgspec.structs.replace(made, table=Timetable.of(history), events=events)
    found = _files(content)[f"data/{slug(CaseKey('a.time_a'))}.js"]
    if update_golden:
        _GOLDEN.write_bytes(found)
    assert _close(oracle.read(found), oracle.read(_GOLDEN.read_bytes()))


def _close(one: Any, other: Any) -> bool:
    """Equal but for the last digits of floats, which differ between machines."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-4)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_close, one, other))
    return bool(one == other)
