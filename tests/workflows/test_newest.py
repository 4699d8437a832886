"""Newest means newest: machines and lines by their newest measured commit, then by version."""

import json
from pathlib import Path

import pytest

from asv_jit.asv_adapter.project import load_project
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.timetable import by_version, newest_of_each
from asv_jit.workflows.publish import publish, site_content
from tests.asv_adapter import trees

_LINES = {"virtualenv-py3.9": "3.9", "virtualenv-py3.13": "3.13", "virtualenv-py3.8": "3.8"}


@pytest.fixture
def content(tmp_path: Path) -> SiteContent:
    """What asv measured: `amber` up to the newest commit on two lines, and `zebra` on one until years before."""
    config = {"version": 1, "project": "toy", "repo": ".", "results_dir": "results", "html_dir": "html"}
    (tmp_path / "asv.conf.json").write_text(json.dumps(config), encoding="utf-8")
    results = tmp_path / "results"
    results.mkdir()
    entry = {**trees.described("a.time_a"), "type": "time", "code": "", "pretty_name": "a.time_a"}
    (results / "benchmarks.json").write_text(json.dumps({"a.time_a": entry, "version": 2}), encoding="utf-8")
    _measure(results / "zebra", "virtualenv-py3.13", range(3))
    _measure(results / "amber", "virtualenv-py3.8", range(8))
    _measure(results / "amber", "virtualenv-py3.9", range(2, 10))
    _measure(results / "amber", "virtualenv-py3.13", range(2, 10))
    return site_content(load_project(tmp_path / "asv.conf.json"))


def _measure(folder: Path, line: str, commits: range) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "machine.json").write_text(json.dumps({"machine": folder.name, "version": 1}), encoding="utf-8")
    for place in commits:
        commit = f"{place:08x}" * 5
        rows = {"a.time_a": trees.row([0.002 + 0.0001 * place], version="v1")}
        made = trees.file(place, rows, machine=folder.name, commit_hash=commit, date=1_500_000_000_000 + 10**9 * place)
        made["env_name"] = line
        made["params"] = {"machine": folder.name, "python": _LINES[line]}
        (folder / f"{commit[:8]}-{line}.json").write_text(json.dumps(made), encoding="utf-8")


def test_the_machine_and_line_of_the_newest_commit_come_first(content: SiteContent) -> None:
    assert [machine.name for machine in content.machines] == ["amber", "zebra"]
    found = [(one.machine, _LINES[one.line]) for one in content.table.schedules]
    assert found == [("amber", "3.8"), ("amber", "3.9"), ("amber", "3.13"), ("zebra", "3.13")]
    (placed,) = content.table.series.values()
    shown = [one.series.key for one in newest_of_each(placed).values()]
    wanted = [("amber", "3.13"), ("amber", "3.9"), ("amber", "3.8"), ("zebra", "3.13")]
    assert [(key.machine, _LINES[key.line]) for key in shown] == wanted


def test_pages_begin_with_the_newest(content: SiteContent, tmp_path: Path) -> None:
    html = publish(load_project(tmp_path / "asv.conf.json")).index.parent
    for text in ((html / "cases.html").read_text("utf-8"), next((html / "case").glob("*.html")).read_text("utf-8")):
        rows = text[text.index("<tbody>") :]
        assert rows.index("virtualenv-py3.13") < rows.index("virtualenv-py3.9") < rows.index("zebra")
    assert [machine.name for machine in content.machines if machine.newest] == ["amber"]


def test_versions_are_ordered_by_their_numbers() -> None:
    names = ["py3.13", "py3.9", "py3.9-numpy2", "py3", "py3.09", "x", f"py{'9' * 5000}", "py3.9-numpy10"]
    wanted = ["py3", "py3.09", "py3.9", "py3.9-numpy2", "py3.9-numpy10", "py3.13", f"py{'9' * 5000}", "x"]
    assert sorted(names, key=by_version) == wanted
