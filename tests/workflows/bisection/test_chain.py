"""The chains that a bisection searches along, in a repository with branches."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from asv_jit.errors import UsageError
from asv_jit.git.repository import Repository
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.providers.offers import Offer
from asv_jit.workflows.bisection import chain as bisect_chain
from asv_jit.workflows.bisection.chain import commit_chain, ends_of, merged_chains, release_chain, split_range
from asv_jit.workflows.measuring.reporter import Silent
from tests.workflows.histories import FAST, History, commit, make_history


@pytest.fixture(scope="module")
def branchy(tmp_path_factory: pytest.TempPathFactory) -> tuple[History, dict[str, str]]:
    """a - b - m(b, d) - e on main, with a - c - d as the branch that m merged."""
    history = make_history(tmp_path_factory.mktemp("branchy") / "project", [FAST], [])
    names = {"a": history.commits[0]}
    history.git("checkout", "-q", "-b", "topic")
    for name in "cd":
        names[name] = commit(history, f"{FAST}# {name}", name)
    history.git("checkout", "-q", "main")
    (history.folder / "b.txt").write_text("b")
    names["b"] = commit(history, FAST, "Commit 0")
    history.git("merge", "-q", "-X", "theirs", "-m", "m", "topic")
    names["m"] = history.git("rev-parse", "HEAD").stdout.strip()
    names["e"] = commit(history, FAST, "e")
    return history, names


def test_a_chain_follows_first_parents_and_a_merged_branch_has_its_own(branchy: tuple[History, dict[str, str]]) -> None:
    history, names = branchy
    repository = Repository(history.folder)

    def spelled(chain: tuple[str, ...]) -> str:
        return "".join(next(name for name, digest in names.items() if digest == one) for one in chain)

    assert spelled(commit_chain(repository, names["a"], names["e"])) == "abme"
    assert [spelled(chain) for chain in merged_chains(repository, names["m"])] == ["acd"]
    assert merged_chains(repository, names["e"]) == []
    # From inside the branch: the main line's own commits are suspects too, and the merge holds both.
    assert spelled(commit_chain(repository, names["c"], names["e"])) == "cbme"
    assert ends_of(repository, names["c"], "main")[1].hash == names["e"]


@pytest.mark.parametrize("text", ["", "v1", "..v2", "v1...v2"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="GOOD..BAD"):
        split_range(text)


def test_a_range_may_leave_out_its_end_and_name_paths() -> None:
    assert split_range("v1..") == ("v1", "")
    assert split_range("/opt/python3.14../opt/python3.15") == ("/opt/python3.14", "/opt/python3.15")
    assert split_range("3.14.10..3.15.2") == ("3.14.10", "3.15.2")


def build(version: str, provider: str = "debian", *, debug: bool = False) -> Interpreter:
    name = f"{version}+{provider[:4]:0<8}"
    return Interpreter(version, name, Path("python"), provider, version, "off by default", False, debug, version)


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> list[Offer]:
    """What is offered; installed are 3.14.10 and a debug build of 3.15.1 from Debian, and 3.15.0 from elsewhere."""
    offers = [Offer("debian", f"3.{minor}.{patch}", f"3.{minor}.{patch}", "") for minor, patch in OFFERED]
    offers += [Offer("uv", "3.15.1", "3.15.1", ""), Offer("debian", "3.15.1", "3.15.1", "", free_threaded=True)]
    installed = [build("3.14.10"), build("3.15.1", debug=True), build("3.15.0", "pyenv")]
    monkeypatch.setattr(bisect_chain, "interpreters_here", lambda _project: installed)
    monkeypatch.setattr(bisect_chain, "offered", lambda **_: SimpleNamespace(offers=offers, notes=()))
    return offers


OFFERED = [(14, 8), (14, 10), (15, 0), (15, 2)]


def releases(good: str, bad: str, *, installable: bool = True) -> list[str]:
    project: Any = None
    return [name.partition("+")[0] for name in release_chain(project, good, bad, Silent(), installable=installable)]


def test_releases_that_can_be_installed_lie_on_the_chain_once_each(market: list[Offer]) -> None:
    assert releases("3.14.8", "3.15.2") == ["3.14.8", "3.14.10", "3.15.0", "3.15.2"]
    assert releases("3.14", "3.15.2") == ["3.14.10", "3.15.0", "3.15.2"]
    # As a resumed bisection names them, before they were installed.
    assert releases(market[0].identity, market[3].identity) == ["3.14.8", "3.14.10", "3.15.0", "3.15.2"]


@pytest.mark.parametrize(
    ("good", "bad", "words"),
    [("3.15.2", "3.14", "the range is empty"), ("3.14.8", "", "two releases"), ("3.15.2", "3.15.2", "nothing between")],
)
def test_a_chain_of_releases_needs_two_ends_in_order(market: list[Offer], good: str, bad: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        releases(good, bad)
