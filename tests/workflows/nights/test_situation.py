"""What a plan is made from: states of cells, and an anchor that stays the same for years."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from asv_jit import installations
from asv_jit.analysis.history.bridges import ENOUGH_BLOCKS
from asv_jit.analysis.history.series import Bridge, History, SeriesKey
from asv_jit.analysis.planning import BridgeNeed, Situation, plan
from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.errors import NoInterpreterError
from asv_jit.git.repository import Commit, Repository
from asv_jit.model import PROTOCOL, QUICK_PROTOCOL, Benchmark, Case, Trial
from asv_jit.store.machines import keep_interpreter
from asv_jit.system import paths
from asv_jit.workflows.measuring import selection
from asv_jit.workflows.measuring.outlook import USUAL_PACE
from asv_jit.workflows.nights.situation import Ground, anchor_of, branches_of, cell_states, situation_of
from tests.interpreters.fakes import interpreter
from tests.store.trials import FULL
from tests.workflows.nights.worlds import git

OLD = interpreter("3.15.0", "aaaaaaaa")
NEW = interpreter("3.15.2", "bbbbbbbb")
TIP = Commit("f" * 40, 0, "A", "the tip")
FIRST = "1" * 40
NOTHING = installations.Requirements((), (), ())
CASE = Case(Benchmark(name="b.time_x", version="v", kind="time", unit="seconds", timeout_s=60.0), (), None)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path))
    return _project(tmp_path)


def _project(folder: Path, jit: str = "") -> Project:
    (folder / "asv.conf.json").write_text(
        '{"version": 1, "project": "p", "repo": ".", "pythons": ["3.15"], '
        f'"jit": {{"pairs": {{"min": 2, "max": 2}}, {jit}}}}}'
    )
    return load_project(folder / "asv.conf.json")


def _trial(block: int, mode: str, *, outcome: str = "ok", session: str = "s1", **changed: object) -> Trial:
    trial = replace(
        FULL, block=f"{session}.{block}", arm=mode, mode=mode, outcome=outcome, session=session, attempt=1,
        commit=FIRST, interpreter=NEW.identity, benchmark="b.time_x", benchmark_version="v", params=(),
        protocol=PROTOCOL, purpose="run", steady_s=1.0 if outcome == "ok" else None,
    )  # fmt: skip
    return replace(trial, **changed)


def _pair(block: int, **changed: object) -> list[Trial]:
    return [_trial(block, mode, **changed) for mode in ("off", "on")]  # type: ignore[arg-type]  # a test's own choice


def _state(project: Project, trials: list[Trial]) -> tuple[str, int]:
    state = cell_states(project, trials, [CASE], {NEW.identity: [FULL.requirements]})[FIRST, NEW.identity, CASE.key]
    return state.state, state.failures


def test_a_cell_is_done_partial_or_failed(project: Project) -> None:
    assert _state(project, _pair(1) + _pair(2)) == ("done", 0)
    assert _state(project, _pair(1)) == ("partial", 0)
    failed = _pair(3, outcome="failed") + _pair(4, outcome="failed")
    assert _state(project, failed) == ("failed", 1)
    assert _state(project, failed + _pair(5, outcome="crashed", session="s2")) == ("failed", 2)
    assert _state(project, failed + _pair(1, session="s2") + _pair(2, session="s2")) == ("done", 1)  # tried again
    assert _state(project, _pair(1, outcome="skipped")) == ("done", 1)  # as it wished


def test_what_another_version_or_protocol_measured_does_not_count(project: Project) -> None:
    other = _pair(1, benchmark_version="w") + _pair(2, protocol=QUICK_PROTOCOL)
    assert cell_states(project, other, [CASE], {NEW.identity: [FULL.requirements]}) == {}
    assert cell_states(project, _pair(1), [CASE], {OLD.identity: [FULL.requirements]}) == {}


def _ground(project: Project, trials: list[Trial], *found: object) -> Ground:
    there = list(found) or [NEW, OLD]
    return Ground(project, project.folder, there, there, {one.identity: (NOTHING,) for one in there}, trials)  # type: ignore[arg-type]  # fakes


def _anchored(interpreter: str, commit: str, session: str) -> Trial:
    return _trial(1, "off", purpose="anchor", interpreter=interpreter, commit=commit, session=session)


def test_the_first_anchor_is_the_tip_on_the_newest_interpreter_and_stays(project: Project) -> None:
    assert anchor_of(_ground(project, []), TIP) == ((TIP.hash, NEW.identity), None)
    before = [_anchored(OLD.identity, FIRST, session) for session in ("s1", "s2")]
    later = _anchored(NEW.identity, TIP.hash, "s3")
    assert anchor_of(_ground(project, [*before, later]), TIP) == ((FIRST, OLD.identity), None)


def test_an_anchor_whose_interpreter_is_gone_gives_way_with_a_note(project: Project) -> None:
    anchor, note = anchor_of(_ground(project, [_anchored(OLD.identity, FIRST, "s1")], NEW), TIP)
    assert anchor == (TIP.hash, NEW.identity)
    assert note is not None
    assert OLD.identity in note


def test_the_settings_decide_what_they_say(project: Project) -> None:
    configured = _project(project.folder, '"anchor": {"commit": "22222222", "python": "3.15.0"}')
    assert anchor_of(_ground(configured, [_anchored(NEW.identity, FIRST, "s1")]), TIP)[0] == ("22222222", OLD.identity)
    missing, note = anchor_of(_ground(configured, [], NEW), TIP)
    assert missing is None
    assert note is not None
    assert "3.15.0" in note


def test_a_new_release_is_to_be_bridged_to_the_one_it_replaces(project: Project) -> None:
    keep_interpreter(project.folder, OLD)
    ground = _ground(project, _pair(1, interpreter=OLD.identity) + _pair(2, interpreter=OLD.identity))
    ground = msgspec.structs.replace(ground, interpreters=[NEW])
    empty = History((), np.array([], dtype=np.int64), "git", (), ())

    def situation(history: History | None) -> Situation:
        return situation_of(
            ground, [(TIP,)], [CASE], anchor=None, history=history, events=(), now_s=0.0, budget_s=math.inf
        )

    (need,) = situation(empty).bridges
    assert need == BridgeNeed(OLD.identity, NEW.identity, TIP.hash, (CASE.key,))
    blocks = np.ones(ENOUGH_BLOCKS)
    key = SeriesKey("m", NEW.line, CASE.key, "v", PROTOCOL)
    done = Bridge(key, OLD.identity, NEW.identity, 0, {"off": (blocks, blocks)}, interleaved=True)
    assert not situation(msgspec.structs.replace(empty, bridges=(done,))).bridges
    short = msgspec.structs.replace(done, figures={"off": (blocks, blocks[:5])})
    assert situation(msgspec.structs.replace(empty, bridges=(short,))).bridges


def test_costs_come_from_the_past(project: Project) -> None:
    ground = _ground(project, _pair(1, duration_s=3.0) + _pair(2, duration_s=5.0), NEW)
    now = situation_of(
        ground, [(TIP,)], [CASE], anchor=None, history=None, events=(), now_s=0.0, budget_s=60.0, install_s=7.0
    )
    assert now.costs.block_s[NEW.identity, CASE.key] == pytest.approx(8.0 * USUAL_PACE)
    assert now.costs.install_s == 7.0
    assert plan(now).seconds.middle == pytest.approx(7.0 + 3 * 8.0 * USUAL_PACE)  # two pairs, and one to calibrate


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Three commits of 2020, 2021 and 2022; the first one has a tag."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for year in (2020, 2021, 2022):
        date = {"GIT_COMMITTER_DATE": f"{year}-05-05T12:00:00Z", "GIT_AUTHOR_DATE": f"{year}-05-05T12:00:00Z"}
        git(folder, "commit", "-q", "--allow-empty", "-m", str(year), env=date)
    git(folder, "tag", "v1", "HEAD~2")
    return Repository(folder)


@pytest.mark.parametrize(
    ("since", "subjects"),
    [
        ("v1", ["2022", "2021", "2020"]),
        ("2021-01-01", ["2022", "2021"]),
        ("2021-01-01T00:00:00", ["2022", "2021"]),
        ("1 day ago", ["2022"]),
    ],
)
def test_a_branch_reaches_back_to_a_commit_or_a_date(
    since: str, subjects: list[str], project: Project, repository: Repository
) -> None:
    (commits,), complaints = branches_of(msgspec.structs.replace(project, branches=("main",)), repository, set(), since)
    assert [commit.subject for commit in commits] == subjects
    assert not complaints


@pytest.mark.parametrize("since", ["v1.0", "2021-01", "nonsense", "main'", "--all"])
def test_a_since_that_is_neither_is_named_and_the_night_goes_on(
    since: str, project: Project, repository: Repository
) -> None:
    (commits,), complaints = branches_of(msgspec.structs.replace(project, branches=("main",)), repository, set(), since)
    assert [commit.subject for commit in commits] == ["2022"]
    assert [repr(since) in complaint for complaint in complaints] == [True]


def test_interpreters_that_are_gone_are_named_and_the_others_measured(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "discover", lambda: [OLD, NEW])
    some = msgspec.structs.replace(project, pythons=("3.15", "3.99"))
    chosen, complaints = selection.interpreters_that_are_here(some)
    assert chosen == [NEW]
    assert ["3.99" in complaint for complaint in complaints] == [True]
    with pytest.raises(NoInterpreterError, match=r"3\.98"):
        selection.interpreters_that_are_here(msgspec.structs.replace(project, pythons=("3.98", "3.99")))


def test_an_anchor_that_is_installed_costs_no_installation(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its commit nor its interpreter need be among those that are measured now."""
    monkeypatch.setattr(installations, "exists", lambda _, one, __, commit: (one, commit) == (OLD, FIRST))
    ground = msgspec.structs.replace(_ground(project, [_anchored(OLD.identity, FIRST, "s1")]), interpreters=[NEW])
    now = situation_of(
        ground, [(TIP,)], [CASE], anchor=(FIRST, OLD.identity), history=None, events=(), now_s=0.0, budget_s=math.inf
    )
    anchor, newest = plan(now).steps
    assert (anchor.kind, anchor.install_s, newest.install_s) == ("anchor", 0.0, 30.0)
