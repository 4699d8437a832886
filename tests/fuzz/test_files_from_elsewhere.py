"""Whatever a file from elsewhere holds, a reader answers with values, a named problem, or an error of our own."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asv_jit.analysis.history.events import Reported
from asv_jit.asv_adapter.config_edit import with_jit
from asv_jit.asv_adapter.history import read_asv_results
from asv_jit.asv_adapter.project import load_project
from asv_jit.errors import AsvJitError
from asv_jit.model import CaseKey
from asv_jit.settings import Settings, parse_settings
from asv_jit.store.findings.accepted import FILE_NAME, Accepted, add_accepted, read_accepted
from asv_jit.store.findings.bisections import BISECTIONS, Bisection, Measurement, Stage, read_bisections
from asv_jit.store.findings.confirmations import CONFIRMATIONS
from asv_jit.store.findings.known_events import known_events
from asv_jit.store.findings.nights import NIGHTS, NOTICES
from asv_jit.store.foreign import complaint_of
from asv_jit.store.journal import TRIALS
from asv_jit.store.machines import known_interpreters
from asv_jit.store.uniting import unite
from asv_jit.workflows.merge import absorb
from tests.fuzz.damage import any_json, encoded, swapped, wounded
from tests.store.trials import COMMIT, FULL, INTERPRETER, made

quick = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

JOURNAL = TRIALS.encode([FULL, made("b2", "off"), made("b2", "on")])
JOURNAL_NAME = f"box/trials/{COMMIT}-{INTERPRETER}.jsonl"
TRIAL = json.loads(JOURNAL.split(b"\n")[1])
ASV_NAME = f"box/{COMMIT[:8]}-env.json"
ASV = {
    "version": 2,
    "commit_hash": COMMIT,
    "env_name": "virtualenv-py3.15",
    "date": 1_700_000_000_000,
    "params": {"machine": "box", "python": "3.15", "cpu": "x"},
    "python": "3.15",
    "requirements": {},
    "env_vars": {"PYTHON_JIT": "1"},
    "result_columns": ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b",
                       "stats_q_25", "stats_q_75", "number", "repeat", "samples", "profile"],
    "results": {"cpu.time_it": [[1.5, None, 2.5], [["1", "2", "3"]], "v1", 1, 2.0, [1, None, 2], [2, None, 3]]},
    "durations": {"<build>": 3.0},
}  # fmt: skip
CONFIGURATION = """{
    // ours
    "version": 1, "project": "x", "repo": ".", "plugins": ["a"], "environment_type": "virtualenv",
    "matrix": {"req": {"six": ["1"]}, "env_nobuild": {"A": ["1"]}}, /* end */
    "jit": {"pairs": {"min": 5}, "anchor": {"commit": "v1"}, "budget": "1h30m", "site": {"title": "t"}},
}
"""
BISECTION = Bisection(
    identity="b1", case=CaseKey("cpu.time_it", ("1",)), version="v1", metric="on", axis="commits", all_commits=False,
    commit="", interpreter=INTERPRETER, good="a" * 40, bad="b" * 40, machine="box", fingerprint="f", protocol="1",
    confidence=0.95, build_cost=10.0, seed=1, started="2026-01-01T00:00:00+00:00", updated="2026-01-02T00:00:00+00:00",
    stages=(Stage(points=("a", "b"), steps=(Measurement(point=1, value=1.0), Measurement(point=0, reason="broken"))),),
)  # fmt: skip

REPORTED = Reported(
    identity="e1", line="3.15", case=CaseKey("cpu.time_it", ("1",)), version="v1", protocol="1", fingerprint="f",
    branch="", axis="commits", worse=True, commit="c", first="b", last="c", when="2026-01-01T00:00:00+00:00",
)  # fmt: skip


def _in_folder(files: dict[str, bytes], read: Callable[[Path], object]) -> None:
    """Write `files` and let `read` look at them; only an error of ours may come out."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with contextlib.suppress(AsvJitError):
            read(Path(folder))


@quick
@given(wounded(JOURNAL) | swapped(TRIAL).map(lambda trial: JOURNAL + encoded(trial) + b"\n"))
def test_a_journal(content: bytes) -> None:
    read = TRIALS.parse(Path("j"), content)
    assert len(read.records) <= content.count(b"\n")
    assert complaint_of(JOURNAL_NAME, content) is not None or not read.problems
    with tempfile.TemporaryDirectory() as folder:
        path = TRIALS.path(Path(folder), COMMIT, INTERPRETER)
        path.parent.mkdir()
        path.write_bytes(content)
        list(TRIALS.read_all(Path(folder)))
        if not read.problems:  # a good journal goes on as if nothing had been
            TRIALS.append(Path(folder), FULL)
            assert TRIALS.parse(path, path.read_bytes()).records == (*read.records, FULL)


@quick
@given(wounded(JOURNAL), wounded(JOURNAL))
def test_uniting_two_journals_keeps_what_the_first_has(first: bytes, second: bytes) -> None:
    united = unite(JOURNAL_NAME, first, second)
    known = TRIALS.parse(Path("j"), first).records
    assert TRIALS.parse(Path("j"), united.content).records[: len(known)] == known
    assert unite(JOURNAL_NAME, united.content, second).content == united.content


@quick
@given(wounded(encoded(ASV)) | swapped(ASV).map(encoded), any_json.map(encoded))
def test_results_of_asv(content: bytes, machine: bytes) -> None:
    files = {ASV_NAME: content, "box/machine.json": machine, "benchmarks.json": machine}
    _in_folder(files, read_asv_results)
    complaint_of(ASV_NAME, content)
    unite(ASV_NAME, encoded(ASV), content)


@quick
@given(
    st.dictionaries(
        st.sampled_from([JOURNAL_NAME, ASV_NAME, "box/machine.json", "box/fingerprints.jsonl", "benchmarks.json"])
        | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8).map(
            lambda name: "x" + name.replace("/", "").replace("\\", "") + ".json"
        ),
        wounded(JOURNAL) | wounded(encoded(ASV)) | any_json.map(encoded),
        max_size=3,
    )
)
def test_a_tree_to_be_merged(files: dict[str, bytes]) -> None:
    def merge(folder: Path) -> None:
        (folder / "ours").mkdir()
        absorb(folder / "theirs", folder / "ours")
        for path in (folder / "ours").rglob("*"):
            assert path.resolve().is_relative_to(folder.resolve())
            if path.is_file():
                assert complaint_of(path.relative_to(folder / "ours").as_posix(), path.read_bytes()) is None

    _in_folder({f"theirs/{name}": content for name, content in files.items()}, merge)


@quick
@given(any_json)
def test_settings(table: object) -> None:
    with contextlib.suppress(AsvJitError):
        assert isinstance(parse_settings(table), Settings)


@quick
@given(wounded(CONFIGURATION.encode()))
def test_a_configuration(content: bytes) -> None:
    def read(folder: Path) -> None:
        config = folder / "asv.conf.json"
        project = load_project(config)
        with_jit(config.read_bytes().decode("utf-8"), project.name)

    _in_folder({"asv.conf.json": content}, read)


ACCEPTED = b"""# a note
[[accepted]]
id = "a1"
why = "it is worth it"
on = 2026-11-23

[[accepted]]
id = "b2"
why = "x"
"""


@quick
@given(wounded(ACCEPTED))
def test_the_file_of_accepted_regressions(content: bytes) -> None:
    def read(folder: Path) -> None:
        before = read_accepted(folder)
        add_accepted(folder, Accepted("c3", 'because "so"\n\x7f'))
        assert read_accepted(folder) == (*before, Accepted("c3", 'because "so"\n\x7f'))

    _in_folder({FILE_NAME: content}, read)


@quick
@given(
    wounded(msgspec.json.encode(BISECTION)) | swapped(msgspec.to_builtins(BISECTION)).map(encoded),
    any_json.map(encoded),
)
def test_the_state_of_a_bisection_and_other_records(content: bytes, other: bytes) -> None:
    def read(folder: Path) -> None:
        read_bisections(folder)
        CONFIRMATIONS.read(folder)
        for reader in (NIGHTS.read, NOTICES.read, known_events, known_interpreters):
            reader(folder)

    lines = other + b"\n" + content
    files = dict.fromkeys(("nights.jsonl", "notified.jsonl", "events.jsonl", "interpreters.jsonl"), lines)
    _in_folder({**files, "bisections/b1.json": content, "confirmations/c.json": other}, read)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b'{"results": {"a": ' + b"[" * 100_000])
def test_the_worst_by_hand(content: bytes) -> None:
    _in_folder({"asv.conf.json": content}, lambda folder: load_project(folder / "asv.conf.json"))
    _in_folder({FILE_NAME: b"a = " + content}, read_accepted)
    for name in (JOURNAL_NAME, ASV_NAME, "box/machine.json", "box/x.jsonl", "benchmarks.json"):
        complaint_of(name, content)
        _in_folder({name: content}, read_asv_results)


@pytest.mark.parametrize(
    "name", ["../../x", "/tmp/x", "a/b", "..", ".hidden", "-option", "a\n", "a\x00b", "", "x" * 201]
)
@pytest.mark.parametrize("field", ["identity", "good", "bad"])
def test_no_name_in_a_bisection_is_a_path_or_an_option(field: str, name: str) -> None:
    content = json.dumps({**msgspec.to_builtins(BISECTION), field: name}).encode()

    def read(folder: Path) -> None:
        found = read_bisections(folder)
        assert found.records == ()
        assert len(found.problems) == 1

    _in_folder({"bisections/b1.json": content}, read)


def test_a_record_of_another_name_than_its_file_is_none(tmp_path: Path) -> None:
    path = BISECTIONS.save(tmp_path, BISECTION)
    assert read_bisections(tmp_path).records == (BISECTION,)
    path.rename(path.with_name("b2.json"))
    found = read_bisections(tmp_path)
    assert found.records == ()
    assert "expected a bisection b2, found that of b1" in found.problems[0]


@given(st.text())
def test_an_event_of_whatever_name_is_a_plain_name_or_none(identity: str) -> None:
    line = {**msgspec.to_builtins(REPORTED), "identity": identity}

    def read(folder: Path) -> None:
        for event in known_events(folder).records:
            assert (folder / "confirmations" / f"{event.identity}.json").resolve().parent.name == "confirmations"
            assert not event.identity.startswith("-")

    _in_folder({"events.jsonl": encoded(line) + b"\n"}, read)
