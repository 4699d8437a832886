"""Merging trees of results: everything once, nothing that is not valid, all or nothing where two disagree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from asv_jit.errors import DamagedFileError, UsageError
from asv_jit.model import Trial
from asv_jit.store.journal import TRIALS
from asv_jit.workflows.merge import absorb, source_folder
from tests.store.trials import COMMIT, INTERPRETER, made

JOURNAL = f"box/trials/{COMMIT}-{INTERPRETER}.jsonl"


def _trial(block: str, seconds: float = 1.0) -> Trial:
    return made(block, "off", seconds, commit=COMMIT, interpreter=INTERPRETER)


def _tree(folder: Path, *trials: Trial, machine: str = "box", fingerprint: str = "aaaaaaaa") -> Path:
    place = folder / machine
    place.mkdir(parents=True)
    (place / "machine.json").write_text(json.dumps({"machine": machine, "version": 1}))
    (place / "fingerprints.jsonl").write_text(json.dumps({"fingerprint": fingerprint}) + "\n")
    for trial in trials:
        TRIALS.append(place, trial)
    return folder


def _journal(tree: Path, machine: str = "box") -> Path:
    return TRIALS.path(tree / machine, COMMIT, INTERPRETER)


def test_two_trees_become_one_and_again_changes_nothing(tmp_path: Path) -> None:
    ours = _tree(tmp_path / "ours", _trial("a"), _trial("b"))
    theirs = _tree(tmp_path / "theirs", _trial("b"), _trial("c"))
    _tree(tmp_path / "theirs", _trial("d"), machine="other")
    (tmp_path / "theirs" / "benchmarks.json").write_text('{"version": 2}')
    before = _journal(ours).read_bytes()
    merged = absorb(theirs, ours)
    assert (merged.trials, merged.problems, merged.notes) == (2, (), ())
    assert _journal(ours).read_bytes().startswith(before)
    assert [trial.block for trial in TRIALS.read(_journal(ours)).records] == ["a", "b", "c"]
    assert [trial.block for trial in TRIALS.read(_journal(ours, "other")).records] == ["d"]
    assert (ours / "benchmarks.json").is_file()
    assert absorb(theirs, ours).files == ()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", _tree(tmp_path / "theirs", _trial("a"))
    assert absorb(theirs, ours, dry_run=True).trials == 1
    assert not ours.exists()


def test_a_trial_with_two_contents_stops_everything_and_names_both(tmp_path: Path) -> None:
    ours = _tree(tmp_path / "ours", _trial("a", 1.0))
    theirs = _tree(tmp_path / "theirs", _trial("new"), _trial("a", 2.0))
    _tree(tmp_path / "theirs", _trial("d"), machine="other")
    before = _journal(ours).read_bytes()
    with pytest.raises(DamagedFileError) as failure:
        absorb(theirs, ours)
    assert str(_journal(ours)) in str(failure.value)
    assert str(_journal(theirs)) in str(failure.value)
    assert _trial("a").trial in str(failure.value)
    assert _journal(ours).read_bytes() == before
    assert not (ours / "other").exists()
    kept = absorb(theirs, ours, lenient=True)  # as from a branch that a nightly reads: it must go on
    assert (kept.trials, len(kept.problems)) == (2, 1)
    assert _journal(ours).read_bytes().startswith(before)


def test_the_same_trial_written_by_another_version_is_the_same(tmp_path: Path) -> None:
    ours, theirs = _tree(tmp_path / "ours", _trial("a")), _tree(tmp_path / "theirs", _trial("a"))
    header, line, _ = _journal(theirs).read_bytes().split(b"\n")
    fields = {**json.loads(line), "from_the_future": 1}
    _journal(theirs).write_bytes(header + b"\n" + json.dumps(fields).encode() + b"\n")
    assert absorb(theirs, ours).files == ()


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        (JOURNAL, b"nothing\n", "expected"),
        (JOURNAL, TRIALS.encode([_trial("a")]) + b"{}\n", "not a trial"),
        (JOURNAL, TRIALS.encode([_trial("a")])[:-5], "incomplete"),
        (JOURNAL, TRIALS.encode([_trial("a")] * 2), "occurs twice"),
        (f"box/trials/{'b' * 40}-{INTERPRETER}.jsonl", TRIALS.encode([_trial("a")]), "as the name says"),
        (
            f"box/trials/{COMMIT}-{INTERPRETER}.jsonl",
            TRIALS.encode([replace(_trial("a"), interpreter="3.9")]),
            "as the name",
        ),
        ("box/trials/evil.jsonl", TRIALS.encode([]), "expected a journal named"),
        ("box/abababab-env.json", b'{"commit_hash": "cdcdcdcd", "results": {}}', "abababab"),
        ("box/abababab-env.json", b'{"commit_hash": "abababab"}', "results"),
        ("box/abababab-env.json", b"[" * 100_000, "JSON object"),
        ("box/machine.json", b'{"machine": "another"}', "another"),
        ("box/notes.jsonl", b"[1]\n", "one JSON object"),
        ("box/run.sh", b"echo", "not the name"),
        ("box/a/b/c/d.json", b"{}", "not the name"),
        ("bo\u202ex/machine.json", b"{}", "not the name"),
    ],
)
def test_what_is_not_valid_is_named_and_left_out(name: str, content: bytes, complaint: str, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    (theirs / name).parent.mkdir(parents=True)
    (theirs / name).write_bytes(content)
    merged = absorb(theirs, tmp_path / "ours")
    assert merged.files == ()
    (problem,) = merged.problems
    assert complaint in problem
    assert not (tmp_path / "ours").exists()


def test_links_and_hidden_files_bring_nothing_in(tmp_path: Path) -> None:
    theirs = _tree(tmp_path / "theirs", _trial("a"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "machine.json").write_text('{"machine": "linked"}')
    (theirs / "linked").symlink_to(outside)
    (theirs / "box" / "abababab-env.json").symlink_to(outside / "machine.json")
    (theirs / ".asv-jit.lock").touch()
    (theirs / "box" / "trials" / "raw").mkdir()
    (theirs / "box" / "trials" / "raw" / "s.json").write_text("{}")
    merged = absorb(theirs, tmp_path / "ours")
    assert {Path(name).name for name in merged.files} == {"machine.json", "fingerprints.jsonl", _journal(theirs).name}
    assert all("link" in problem for problem in merged.problems)
    assert len(merged.problems) == 2


def test_another_computer_of_the_same_name_is_said(tmp_path: Path) -> None:
    ours = _tree(tmp_path / "ours", _trial("a"))
    (note,) = absorb(_tree(tmp_path / "theirs", _trial("b"), fingerprint="bbbbbbbb"), ours).notes
    assert "another computer" in note
    assert "aaaaaaaa" in note


def test_a_source_is_a_tree_or_a_projects_folder(tmp_path: Path) -> None:
    _tree(tmp_path / "project" / "results", _trial("a"))
    tree = tmp_path / "project" / "results"
    assert source_folder(tmp_path / "project") == source_folder(tree) == tree
    with pytest.raises(UsageError, match="expected a tree of results"):
        source_folder(tmp_path)
    with pytest.raises(UsageError, match="itself"):
        absorb(tree, tree)
