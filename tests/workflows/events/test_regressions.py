"""`asv-jit regressions` and `accept` on a results tree of simulated journals beside a real git repository."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from asv_jit.analysis.history.events import Event
from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.cli import main
from asv_jit.errors import DamagedFileError, UsageError
from asv_jit.store.findings.accepted import FILE_NAME
from asv_jit.store.findings.confirmations import CONFIRMATIONS, Confirmation
from asv_jit.store.findings.known_events import known_events
from asv_jit.store.journal import TRIALS
from asv_jit.store.machines import INSTALLATIONS, KnownPackages, keep_packages
from asv_jit.system import paths
from asv_jit.text.event_words import cause_words
from asv_jit.workflows.bisection.question import Question
from asv_jit.workflows.events.accept import accept
from asv_jit.workflows.events.choice import Choice, chosen
from asv_jit.workflows.events.regressions import find_events, found_events
from asv_jit.workflows.publish import site_content
from asv_jit.workflows.reading.history import read_history
from tests.analysis.worlds import World, place_of, release, steady, step
from tests.asv_adapter import trees

COMMITS = 44
FIRST_DAY = 1_767_225_600  # 2026-01-01
CASES = {"slow": step(24, 0.05), "quick": step(24, -0.05), "back": step(12, 0.08, until=30), "quiet": steady}


@dataclass(frozen=True)
class Tree:
    """A project's folder and the hashes of its commits, oldest first."""

    folder: Path
    commits: tuple[str, ...]

    @property
    def project(self) -> Project:
        return load_project(self.folder / "asv.conf.json")

    def events(self, **changes: Any) -> tuple[Event, ...]:
        return find_events(self.project, read_history(self.project), **changes)

    def configure(self, **settings: Any) -> None:
        conf = {"version": 1, "project": "toy", "repo": ".", "branches": ["main"], "pythons": ["3.15"], **settings}
        (self.folder / "asv.conf.json").write_text(json.dumps(conf))


def repository(folder: Path, count: int) -> tuple[str, ...]:
    """A repository of `count` commits, a day each, oldest first."""
    script = [b"reset refs/heads/main\n"]
    for place in range(count):
        who = b"committer T <t@example.invalid> %d +0000\n" % (FIRST_DAY + 86400 * place)
        script.append(b"commit refs/heads/main\n" + who + b"data 4\nwork\n")
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    subprocess.run(["git", "fast-import", "--quiet"], input=b"".join(script), cwd=folder, check=True)
    listed = subprocess.run(["git", "rev-list", "--reverse", "main"], cwd=folder, check=True, capture_output=True)
    return tuple(listed.stdout.decode().split())


def write(tree: Tree, world: World, machine: str = "m1", until: int = COMMITS) -> None:
    journals: dict[tuple[str, str], list[Any]] = {}
    for trial in world.trials(1):
        if int(trial.session[1:]) < until:
            commit = tree.commits[place_of(trial.commit)]
            mine = replace(trial, commit=commit, installation=commit[:16])
            journals.setdefault((mine.commit, mine.interpreter), []).append(mine)
    for (commit, interpreter), trials in journals.items():
        path = TRIALS.path(tree.folder / "results" / machine, commit, interpreter)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(TRIALS.encode(trials))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    folder = tmp_path / "project"
    folder.mkdir()
    made = Tree(folder, repository(folder, COMMITS))
    made.configure()
    monkeypatch.chdir(folder)
    return made


@pytest.fixture
def measured(tree: Tree) -> Tree:
    write(tree, World(CASES, commits=COMMITS, anchored=False))
    return tree


def _asv_jit(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(arguments)
    return int(done.value.code or 0)


def _by_case(events: tuple[Event, ...]) -> dict[str, Event]:
    return {event.key.case.benchmark: event for event in reversed(events)}


def test_the_table_says_what_is_open_and_what_finds_the_culprit(
    measured: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _asv_jit("regressions") == 1
    printed = capsys.readouterr().out
    assert printed.startswith("1 open regression in 4 series on m1")
    slow = next(event for event in measured.events() if event.is_open)
    assert f"asv-jit bisect {slow.identity}\n" in printed
    assert "2 improvements" in printed
    assert "1 closed regression: --all shows them" in printed


def test_the_command_that_json_prints_searches_the_event(
    measured: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Question] = []

    def bisect(_project: Project, question: Question, _watcher: Any) -> None:
        asked.append(question)
        raise UsageError("nothing is measured here")

    monkeypatch.setattr("asv_jit.workflows.bisection.bisect.bisect", bisect)
    monkeypatch.setattr("asv_jit.workflows.bisection.question.this_machine", lambda _name: SimpleNamespace(name="m1"))
    _asv_jit("regressions", "--json", "--all")
    events = json.loads(capsys.readouterr().out)["events"]
    for event in events:
        assert _asv_jit(*shlex.split(event["bisect"])[1:]) == 2
    assert [(one.event, one.python, one.bad) for one in asked] == [
        (event["identity"], event["after"], event["commit"]) for event in events
    ]
    assert _asv_jit("bisect", events[0]["identity"], "--metric", "off") == 2
    assert "--metric works with CASE GOOD..BAD only" in capsys.readouterr().err


def test_json_has_everything_and_choices_hold_there_too(measured: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    assert _asv_jit("regressions", "--json", "--bench", "slow|back") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["open"] == 1
    states = {(event["case"], event["worse"]): event["state"] for event in report["events"]}
    assert states == {("slow", True): "candidate", ("back", True): "fixed", ("back", False): "candidate"}
    slow = next(event for event in report["events"] if event["case"] == "slow")
    assert slow["commit"] == measured.commits[24]
    assert slow["date"] == "2026-01-25"
    assert slow["attribution"]["cause"] == "code"
    assert _asv_jit("regressions", "--json", "--since", "2026-01-26") == 0  # what is left is an improvement
    assert _asv_jit("regressions", "--json", "--metric", "peak_memory") == 0
    assert _asv_jit("regressions", "--since", "yesterday") == 2
    assert _asv_jit("regressions", "--machine", "m2") == 2
    assert "those of m1" in capsys.readouterr().err


def test_events_may_be_chosen_by_date_by_age_and_by_commit(measured: Tree) -> None:
    history = read_history(measured.project)
    events = find_events(measured.project, history)
    for since in ("2026-01-20", measured.commits[20][:10], "main~23"):
        late = chosen(measured.project, history, events, Choice(since=since))
        assert {event.key.case.benchmark for event in late} == {"slow", "quick", "back"}
        assert all(event.commit in measured.commits[20:] for event in late)


def test_two_minor_versions_differ_without_a_regression(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    """A first run on 3.14 and 3.15 must not fail a job, though what is slower with 3.15 is shown."""
    cases = {"slow": release("3.15.1+aaaaaaaa", 0.2), "quick": release("3.15.1+aaaaaaaa", -0.2), "quiet": steady}
    world = World(cases, commits=3, interpreters={"3.14.9+aaaaaaaa": 0, "3.15.1+aaaaaaaa": 1})
    write(tree, world)
    assert _asv_jit("regressions") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("0 open regressions in 6 series on m1")
    assert "2 differences between minor versions of Python" in printed
    assert printed.index("20% slower") < printed.index("20% faster")
    assert "improvement" not in printed
    assert _asv_jit("regressions", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["open"], report["between_lines"]) == (0, 2)
    slow = next(event for event in report["events"] if event["worse"])
    assert (slow["axis"], slow["open"], slow["between_lines"]) == ("pythons", False, True)
    assert (slow["attribution"]["cause"], slow["state"]) == ("release", "candidate")
    assert _asv_jit("publish") == 0
    page = (tree.folder / "html" / "regressions.html").read_text(encoding="utf-8")
    assert re.search(r"<strong>0</strong> regressions.*<strong>2</strong> between minor versions of Python", page)
    assert b"<entry>" not in (tree.folder / "html" / "feed.xml").read_bytes()
    capsys.readouterr()
    write(tree, World(cases, commits=3, interpreters={"3.15.0+aaaaaaaa": 0, "3.15.1+aaaaaaaa": 1}), machine="m2")
    assert _asv_jit("regressions", "--json", "--machine", "m2") == 1  # a patch release is one of its line
    (slow,) = [event for event in json.loads(capsys.readouterr().out)["events"] if event["worse"]]
    assert (slow["axis"], slow["open"], slow["between_lines"]) == ("pythons", True, False)


def test_changes_from_and_to_zero_are_told_by_their_difference(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    asvs = trees.Tree(tree.folder)
    levels = {"a.track_up": (0, 3), "a.track_down": (5, -5), "a.mem_new": (0, 4096), "a.peakmem_up": (4096, 8192)}
    asvs.suite(*(trees.described(name) for name in levels))
    for number, commit in enumerate(tree.commits):
        rows = {name: trees.row([float(pair[number >= 20])], width=None) for name, pair in levels.items()}
        asvs.add(trees.file(number, rows, commit_hash=commit))
    assert _asv_jit("regressions", "--all") == 0  # of another machine
    printed = capsys.readouterr().out
    assert printed.startswith("0 open regressions on a machine that asv-jit measures")
    assert "3 regressions of a machine that asv-jit does not measure (box)" in printed
    assert _asv_jit("regressions", "--all", "--machine", "box") == 1
    printed = capsys.readouterr().out
    assert printed.startswith("3 open regressions in 4 series on box")
    for words in ("3 more", "4.00 KiB more memory", "100% more memory", "10 less"):
        assert words in printed
    assert _asv_jit("regressions", "--json", "--metric", "peak_memory", "--machine", "box") == 1
    events = json.loads(capsys.readouterr().out)["events"]
    assert {event["case"] for event in events} == {"a.mem_new", "a.peakmem_up"}  # what asv measured in bytes
    assert _asv_jit("publish") == 0


def test_what_moves_with_the_measuring_date_is_one_event_of_the_machine(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    asvs = trees.Tree(tree.folder)
    names = [f"a.time_{number}" for number in range(6)]
    asvs.suite(*map(trees.described, names))
    order = [place for place in range(COMMITS) if place % 4] + [place for place in range(COMMITS) if place % 4 == 0]
    for day, place in enumerate(order):
        level = (1.3 if day >= 30 else 1.0) * (1.0 + 0.01 * (place * 7 % 3))
        started = (FIRST_DAY + 86400 * (100 + day)) * 1000
        rows = {name: [*trees.row([level])[:3], started, 1.0] for name in names}
        rows["a.time_0"][0] = [level * (1.1 if place >= 20 else 1.0)]
        asvs.add(trees.file(place, rows, commit_hash=tree.commits[place]))
    machine, code = sorted(tree.events(), key=lambda event: event.attribution.cause != "machine")
    assert (len(machine.moved), machine.measured_s) == (6, FIRST_DAY + 86400 * 130)
    assert (code.commit, code.key.case.benchmark) == (tree.commits[20], "a.time_0")
    assert _asv_jit("regressions", "--all", "--machine", "box") == 1
    assert capsys.readouterr().out.startswith("1 open regression")
    assert _asv_jit("bisect", machine.identity) == 2
    assert "6 cases moved with the measuring date 2026-05-11, not with a commit" in capsys.readouterr().err
    assert _asv_jit("publish") == 0
    page = (tree.folder / "html" / "regressions.html").read_text()
    assert "6 cases moved with the measuring date 2026-05-11, not with a commit: the machine or its harness" in page


def test_an_event_says_which_packages_were_installed_anew(measured: Tree) -> None:
    machine = measured.folder / "results" / "m1"
    for place, commit in enumerate(measured.commits):
        packages = ("numpy==2.1.0", "six==1.16.0") if place < 24 else ("numpy==2.2.0", "six==1.16.0")
        record = KnownPackages(commit[:16], "2020-01-01T00:00:00.000+00:00", packages)
        keep_packages(machine, record)
        keep_packages(machine, record)
    assert len(INSTALLATIONS.read(machine).records) == COMMITS
    keep_packages(machine, KnownPackages(measured.commits[23][:16], "2099-01-01T00:00:00.000+00:00", ("six==9",)))
    events = _by_case(measured.events())
    assert events["slow"].installed == events["quick"].installed == ("numpy 2.1.0 → 2.2.0",)
    assert events["back"].installed == ()
    assert cause_words(events["slow"]).endswith("; numpy 2.1.0 → 2.2.0 installed from here on")
    assert _asv_jit("publish") == 0
    page = (measured.folder / "html" / "regressions.html").read_text(encoding="utf-8")
    assert page.count("; numpy 2.1.0 → 2.2.0 installed from here on") == 2


def test_accepting_is_a_line_for_review_and_closes_the_regression(
    measured: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = _by_case(measured.events())["slow"]
    (measured.folder / FILE_NAME).write_text("# our own words stay\n")
    assert _asv_jit("accept", slow.identity[:6], "--why", 'the "new" parser\nchecks more é') == 0
    text = (measured.folder / FILE_NAME).read_text(encoding="utf-8")
    assert text.startswith("# our own words stay\n")
    assert f'id = "{slow.identity}"' in text
    assert _asv_jit("regressions") == 0
    accepted = _by_case(measured.events())["slow"]
    assert (accepted.state, accepted.why) == ("accepted", 'the "new" parser\nchecks more é')
    assert _asv_jit("accept", slow.identity, "--why", "again") == 0
    assert (measured.folder / FILE_NAME).read_text(encoding="utf-8") == text
    capsys.readouterr()
    wrong = slow.identity[:-1] + ("0" if slow.identity[-1] != "0" else "1")
    assert _asv_jit("accept", wrong, "--why", "x") == 2
    assert slow.identity in capsys.readouterr().err


def test_an_improvement_and_an_empty_reason_cannot_be_accepted(measured: Tree) -> None:
    events = _by_case(measured.events())
    with pytest.raises(UsageError, match="improvement"):
        accept(measured.project, [events["quick"].identity], "why not")
    with pytest.raises(UsageError, match="--why"):
        accept(measured.project, [events["slow"].identity], "  ")
    assert not (measured.folder / FILE_NAME).exists()


def test_a_decision_is_known_again_where_the_tree_forgot_the_name(measured: Tree) -> None:
    slow = _by_case(measured.events())["slow"]
    accept(measured.project, [slow.identity], "so be it")
    path = measured.folder / FILE_NAME
    path.write_text(path.read_text(encoding="utf-8").replace(slow.identity, "0123456789"), encoding="utf-8")
    assert _by_case(measured.events())["slow"].state == "accepted"


def test_a_damaged_decision_names_file_and_line(measured: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    (measured.folder / FILE_NAME).write_text('# x\n\n[[accepted]]\nid = "a"\nwy = "typo"\n')
    with pytest.raises(DamagedFileError, match=r"toml:3: unknown key 'wy'.*'why'"):
        measured.events()
    assert _asv_jit("regressions") == 4


def test_names_stay_while_commits_are_added(tree: Tree) -> None:
    """The place of a small change moves by a commit or two as more is known; its name does not."""
    world = World({f"case{n}": step(20, 0.014) for n in range(6)}, commits=COMMITS, anchored=False)
    names: dict[str, set[str]] = {}
    for until in range(24, COMMITS + 1, 4):
        write(tree, world, until=until)
        for event in tree.events():
            names.setdefault(event.key.case.benchmark, set()).add(event.identity)
    assert len(names) >= 5
    assert all(len(of_case) == 1 for of_case in names.values())
    assert len(known_events(tree.folder / "results" / "m1").records) == len(names)


def test_a_step_in_four_commits_is_a_candidate_and_a_small_one_needs_more(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {"slow": step(2, 0.15), "last": step(3, -0.15), "small": step(2, 0.03), "quiet": steady}
    write(tree, World(cases, commits=COMMITS, anchored=False), until=4)
    found = _by_case(tree.events())
    assert {name: (one.commit, one.worse, one.state) for name, one in found.items()} == {
        "slow": (tree.commits[2], True, "candidate"),
        "last": (tree.commits[3], False, "candidate"),
    }
    assert found["slow"].suspects == (tree.commits[2],)
    _asv_jit("regressions")
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 open regression" in printed
    assert "left out: steps of less than 5% in 4 series of fewer than 6 commits: measure more commits" in printed


def test_nothing_is_remembered_unless_asked(measured: Tree) -> None:
    assert measured.events(remember=False)
    assert not known_events(measured.folder / "results" / "m1").records


def test_fresh_blocks_confirm_or_refute(measured: Tree) -> None:
    slow = _by_case(measured.events())["slow"]
    confirmation = Confirmation(
        event=slow.identity, state="refuted", reason="fresh blocks show none", metric="on", case=slow.key.case,
        version="1", axis="commits", commit=slow.commit, interpreter=slow.after, before=slow.parent, after=slow.commit,
        blocks=15, effects=(), cause="jit", moved="on", probability=0.97, at="2026-02-01T00:00:00+00:00",
    )  # fmt: skip
    CONFIRMATIONS.save(measured.folder / "results" / "m1", confirmation)
    assert (_by_case(measured.events())["slow"].state, _asv_jit("regressions")) == ("refuted", 0)
    elsewhere = replace(confirmation, before=measured.commits[21], after=measured.commits[22])
    CONFIRMATIONS.save(measured.folder / "results" / "m1", elsewhere)  # the event has moved since
    assert _by_case(measured.events())["slow"].state == "candidate"
    CONFIRMATIONS.save(measured.folder / "results" / "m1", replace(confirmation, state="confirmed"))
    confirmed = _by_case(measured.events())["slow"]
    assert (confirmed.state, confirmed.attribution.cause, confirmed.is_open) == ("confirmed", "jit", True)


def test_asvs_own_settings_are_honoured(measured: Tree) -> None:
    measured.configure(regressions_thresholds={"slow@main$": 0.10})
    assert "slow" not in _by_case(measured.events())
    measured.configure(regressions_thresholds={"slow": 0.01, "quick": 0.5})
    assert {"slow", "quick"} <= set(_by_case(measured.events()))  # an improvement has no threshold
    measured.configure(regressions_first_commits={"slow": measured.commits[30], "quick": None})
    assert set(_by_case(measured.events())) == {"back"}
    subprocess.run(["git", "tag", "v1", measured.commits[26]], check=True)
    measured.configure(regressions_thresholds={"back": 0.5}, regressions_first_commits={"slow": "v1", "quick": "v9"})
    found = found_events(measured.project, read_history(measured.project))
    assert {(event.key.case.benchmark, event.worse) for event in found.events} == {("quick", False), ("back", False)}
    assert found.left_out == (
        "1 change by asv.conf.json's regressions_first_commits",
        "1 change by asv.conf.json's regressions_thresholds",
        "nothing by regressions_first_commits 'v9': the measured history has no such commit",
    )
    assert site_content(measured.project).left_out == found.left_out  # `publish` and the site say so, too
    measured.configure(regressions_thresholds={"(": 0.1})
    with pytest.raises(UsageError, match="regressions_thresholds"):
        measured.events()


def test_what_cannot_be_read_is_said_and_the_rest_is_used(measured: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    path = TRIALS.path(measured.folder / "results" / "m1", measured.commits[5], "3.15.2+e451c8ba")
    path.write_bytes(b"rubbish\n")
    assert _asv_jit("regressions") == 1
    assert "rubbish" not in capsys.readouterr().err.replace(str(path), "")
    assert _asv_jit("regressions", "--bench", "quiet") == 4
    assert path.name in capsys.readouterr().err


def test_one_damage_in_many_files_is_one_warning_with_its_number(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tree.folder / "results" / "ci"
    folder.mkdir(parents=True)
    (folder / "machine.json").write_text('{"machine": "ci", "version": 1}')
    for number in range(60):
        (folder / f"{number:08x}-env.json").write_text("{")
    (folder / "ffffffff-env.json").mkdir()
    assert _asv_jit("regressions", "--json") == 4
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)["problems"]) == 61
    assert len(printed.err.splitlines()) == 3
    assert "(and 59 more times)" in printed.err
    assert "ffffffff-env.json" in printed.err
    assert "61 things could not be read" in printed.err


def test_each_branch_is_a_sequence_of_its_own(tree: Tree) -> None:
    """A maintenance branch that is 20% slower is no regression of the main branch, wherever its dates fall."""
    git = ["git", "-c", "user.name=T", "-c", "user.email=t@example.invalid"]
    beside = []
    at = tree.commits[9]
    for day in range(10):
        env = {"GIT_COMMITTER_DATE": f"{FIRST_DAY + 86400 * (20 + day) + 60} +0000"}
        made = subprocess.run(
            [*git, "commit-tree", f"{at}^{{tree}}", "-p", at, "-m", f"fix {day}"],
            cwd=tree.folder, check=True, capture_output=True, env={**env, "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        at = made.stdout.decode().strip()
        beside.append(at)
    subprocess.run([*git, "branch", "v1", at], cwd=tree.folder, check=True)
    tree.configure(branches=["main", "v1"])
    write(tree, World({"a": steady}, commits=COMMITS, anchored=False))
    slower = Tree(tree.folder, (*tree.commits[:10], *beside))
    fresh = World({"a": step(10, 0.2)}, commits=20, anchored=False, unmeasured=frozenset(range(10)))
    write(slower, fresh)
    (event,) = tree.events()
    assert (event.key.branch, event.commit, event.parent) == ("v1", beside[0], tree.commits[9])
    assert event.suspects == (beside[0],)


def test_a_machine_that_was_replaced_is_said_and_starts_anew(tree: Tree) -> None:
    folder = tree.folder / "results" / "m1"
    folder.mkdir(parents=True)
    lines = [{"fingerprint": name, "kernel": kernel, "cpu": "x"} for name, kernel in (("f1", "6.1"), ("f2", "6.12"))]
    (folder / "fingerprints.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    world = World(
        {"a": steady},
        commits=COMMITS,
        anchored=False,
        fingerprint=lambda session: "f1" if session < 20 else "f2",
        machine_factor=lambda session: 1.0 if session < 20 else 1.4,
    )
    write(tree, world)
    history = read_history(tree.project)
    assert {series.key.fingerprint: len(series.places) for series in history.series} == {"f1": 20, "f2": 24}
    assert any("kernel 6.1 → 6.12" in note and "2026-01-21" in note for note in history.notes)
    assert not tree.events()
