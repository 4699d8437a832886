"""One site of everything that a results tree holds: machines, old commits, asv's own results, asv's own site."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.errors import UsageError
from asv_jit.git.repository import Commit, Repository
from asv_jit.model import CaseKey
from asv_jit.site.content.slugs import slug
from asv_jit.store.journal import COUNTS, TRIALS
from asv_jit.workflows.publish import publish, site_content
from tests.asv_adapter import trees
from tests.site import contents
from tests.site.contents import OLDER, WITH_JIT

_BOTH, _OLD = CaseKey("cpu.time_both"), CaseKey("cpu.time_old")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Three commits; `quick` measured the newest one in pairs, `slow` an older one and another release."""
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for number in range(3):
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", f"Change {number}"], check=True)
    config = {"version": 1, "project": "toy", "repo": ".", "branches": ["main"], "results_dir": "results"}
    config |= {"html_dir": "html", "show_commit_url": "https://example.org/commit/"}
    (tmp_path / "asv.conf.json").write_text(json.dumps(config), encoding="utf-8")
    commits = Repository(tmp_path).commits("main")
    tree = trees.Tree(tmp_path)
    _measure(tree.results / "quick", _BOTH, commits[0], contents.WITH_JIT, 1.5)
    _measure(tree.results / "quick", _OLD, commits[2], contents.WITH_JIT, 1.2)
    _measure(tree.results / "slow", _BOTH, commits[1], OLDER, 1.1)
    return load_project(tmp_path / "asv.conf.json")


def _measure(folder: Path, case: CaseKey, commit: Commit, release: contents.Release, ratio: float) -> None:
    day = "01" if release == OLDER else "02"
    for trial in contents.pairs(case, release, ratio, count=5, commit=commit):
        TRIALS.append(folder, msgspec.structs.replace(trial, started=trial.started.replace("11-23", f"11-{day}")))


def _by_asv(project: Project) -> None:
    """A machine that only asv measured on, whose rows have another benchmark."""
    commits = Repository(project.folder).commits("main")
    tree = project.results_dir
    entry = {**trees.described("old.time_asv"), "type": "time", "code": "", "pretty_name": "old.time_asv"}
    described = {"old.time_asv": entry, "version": 2}
    (tree / "benchmarks.json").write_text(json.dumps(described), encoding="utf-8")
    machine = tree / "plain"
    machine.mkdir()
    facts = {
        "machine": "plain",
        "arch": "x86_64",
        "cpu": "<b>",
        "num_cpu": "2",
        "os": "Linux",
        "ram": "8",
        "version": 1,
    }
    (machine / "machine.json").write_text(json.dumps(facts), encoding="utf-8")
    for place, commit in enumerate(reversed(commits)):
        rows = {"old.time_asv": trees.row([0.002 + 0.0001 * place], version="v1")}
        made = trees.file(place, rows, machine="plain", commit_hash=commit.hash, date=commit.date * 1000)
        made["params"] = {**facts, "python": "3.12"}
        (machine / f"{commit.hash[:8]}-virtualenv-py3.12.json").write_text(json.dumps(made), encoding="utf-8")


def test_every_machine_is_on_one_site(project: Project) -> None:
    content = site_content(project)
    assert [machine.name for machine in content.machines] == ["quick", "slow"]  # quick measured last
    (current,) = content.machines[0].current
    assert {case.key.case for case in current.suite.cases} == {_BOTH, _OLD}
    assert (current.older, current.suite.mean is not None) == (1, True)
    published = publish(project)
    assert published.problems == ()
    home = published.index.read_text(encoding="utf-8")
    assert "Measured on another machine: <bdi>slow</bdi>" in home
    assert "1 case from older commits" in home
    assert "the last measurement is from 2026-11-02" in home
    oldest = Repository(project.folder).commits("main")[2]
    assert f"at {oldest.short}" in (project.html_dir / "cases.html").read_text(encoding="utf-8")
    machines = (project.html_dir / "machines.html").read_text(encoding="utf-8")
    assert machines.count('class="release machine"') == 2


def test_one_machine_may_be_asked_for(project: Project) -> None:
    assert [machine.name for machine in site_content(project, "slow").machines] == ["slow"]
    with pytest.raises(UsageError, match=r"no measurements of machine none.*there are results of quick, slow"):
        publish(project, "none")


def test_what_asv_alone_measured_is_there_with_its_times(project: Project) -> None:
    _by_asv(project)
    published = publish(project)
    assert any("ignored" in problem for problem in published.problems)  # benchmarks.json knows only asv's now
    text = (project.html_dir / "cases.html").read_text(encoding="utf-8")
    assert "2.20 ms" in text
    assert (project.html_dir / "case" / f"{slug(CaseKey('old.time_asv'))}.html").is_file()
    assert "asv’s own results only" in (project.html_dir / "machines.html").read_text(encoding="utf-8")


def test_asvs_own_site_stands_beside_ours_linked_both_ways(project: Project) -> None:
    _by_asv(project)
    publish(project, with_asv=True)
    case = (project.html_dir / "case" / f"{slug(CaseKey('old.time_asv'))}.html").read_text(encoding="utf-8")
    assert 'href="../asv/index.html#old.time_asv"' in case
    index = project.html_dir / "asv" / "index.html"
    assert '<script src="asv-jit.js"></script>' in index.read_text(encoding="utf-8")
    assert "../cases.html#" in index.with_name("asv-jit.js").read_text(encoding="utf-8")
    graphs = json.loads(index.with_name("index.json").read_text(encoding="utf-8"))
    assert set(graphs["benchmarks"]) == {"old.time_asv"}


def test_a_site_of_asv_is_replaced_only_where_it_is_made_again(project: Project) -> None:
    _by_asv(project)
    publish(project, with_asv=True)
    (project.html_dir / "asv").rename(project.folder / "kept")
    subprocess.run(["rm", "-r", str(project.html_dir)], check=True)
    (project.folder / "kept").rename(project.html_dir)
    with pytest.raises(UsageError, match="--with-asv"):
        publish(project)
    publish(project, with_asv=True)
    assert (project.html_dir / "releases.html").is_file()


def test_where_asv_fails_the_rest_is_published(project: Project) -> None:
    published = publish(project, with_asv=True)  # asv has no benchmarks.json here
    assert ["asv's own site could not be made" in problem for problem in published.problems] == [True]
    assert published.index.is_file()
    assert not (project.html_dir / "asv").exists()


def test_a_damaged_journal_is_a_problem_and_the_rest_is_published(project: Project) -> None:
    path = next(project.results_dir.glob("quick/trials/*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"{broken\n", *lines[3:]]))
    published = publish(project)
    assert len(published.problems) == 1
    assert published.problems[0].startswith(f"quick: results/quick/trials/{path.name}:4:"), "no folder of this machine"
    assert _BOTH.benchmark.rpartition(".")[2] in (project.html_dir / "cases.html").read_text(encoding="utf-8")
    assert WITH_JIT.version in published.index.read_text(encoding="utf-8")


def test_the_site_names_no_folder_of_a_machine(project: Project) -> None:
    said = (
        f'  File "{project.folder}/benchmarks/cpu.py", line 3, in time_loop\n'
        '  File "/home/ada/.cache/asv-jit/interpreters/3.15.2+0a1b2c3d/usr/lib/python3.15/json/decoder.py", line 3\n'
        "OSError: /home/ada/data.csv"
    )
    commit = Repository(project.folder).commits("main")[0]
    for trial in contents.crash():
        stderr = said if trial.outcome != "ok" else ""
        TRIALS.append(project.results_dir / "quick", msgspec.structs.replace(trial, commit=commit.hash, stderr=stderr))
    publish(project)
    page = (project.html_dir / "case" / f"{slug(CaseKey('cpu.Crash.time_loop', ('1',)))}.html").read_text("utf-8")
    assert "&lt;interpreter&gt;/usr/lib/python3.15/json/decoder.py" in page
    assert "OSError: ~/data.csv" in page
    for path in project.html_dir.rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8")
            assert "/home/ada" not in text, path
            assert str(project.folder) not in text, path


def _count(project: Project, machine: str, case: CaseKey, commit: Commit, *, good: bool = True) -> None:
    for trial in contents.counts(case, WITH_JIT, commit=commit, good=good):
        folder = f"{project.folder}/{project.benchmark_dir.name}/cpu.py is missing"
        COUNTS.append(project.results_dir / machine, trial if good else msgspec.structs.replace(trial, stderr=folder))


def test_the_newest_counts_of_each_case_are_on_the_site(project: Project) -> None:
    commits = Repository(project.folder).commits("main")
    _count(project, "quick", _BOTH, commits[0])
    _count(project, "quick", _BOTH, commits[1])
    _count(project, "quick", _OLD, commits[2], good=False)
    (machine, _) = site_content(project).machines
    assert [(one.key.case, one.key.commit) for one in machine.counts] == [
        (_BOTH, commits[0].hash),
        (_OLD, commits[2].hash),
    ]
    assert str(project.folder) not in machine.counts[1].problem
    assert "is missing" in machine.counts[1].problem


def test_a_machine_that_only_counted_is_on_the_site(project: Project) -> None:
    new = CaseKey("cpu.time_new")
    _count(project, "busy", new, Repository(project.folder).commits("main")[1])
    publish(project)
    page = (project.html_dir / "case" / f"{slug(new)}.html").read_text(encoding="utf-8")
    assert "<bdi>busy</bdi>" in page
    assert "The interpreter’s loop does 67%" in page
