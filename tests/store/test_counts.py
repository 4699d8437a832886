from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from asv_jit.analysis.counts.split import Cost
from asv_jit.model import COUNT_PROTOCOL, CountedTrial, Split
from asv_jit.store.foreign import complaint_of
from asv_jit.store.journal import COUNTS, TRIALS, RawProfile, append_profile
from asv_jit.store.uniting import United, is_journal, unite

COMMIT, INTERPRETER = "c" * 40, "3.15.2+e451c8ba"


def trial(name: str = "s.00001.1-count-on") -> CountedTrial:
    return CountedTrial(
        trial=name, session="s", purpose="run", commit=COMMIT, interpreter=INTERPRETER, installation="i",
        benchmark="b.time_x", benchmark_version="1", params=(), machine="m", protocol=COUNT_PROTOCOL, requirements="",
        counter="callgrind 3.19.0",
        mode="on", jit_enabled=True, hash_seed=1, inner_loops=1, iterations=3, outcome="ok", exit=0, signal=None,
        stderr="", started="2026-12-01T00:00:00+00:00", duration_s=1.0, steady_instructions=100,
        curve=((1, 150), (2, 100)), split=Split(loop=60, jit=40),
    )  # fmt: skip


def test_counted_trials_come_back_as_they_were_and_not_among_the_times(tmp_path: Path) -> None:
    COUNTS.append(tmp_path, trial())
    COUNTS.append(tmp_path, trial("s.00002.1-count-on"))
    content = COUNTS.read(COUNTS.path(tmp_path, COMMIT, INTERPRETER))
    assert content.problems == ()
    assert content.records == (trial(), trial("s.00002.1-count-on"))
    assert content.records[0].counts == (150, 100, 100)
    assert not TRIALS.path(tmp_path, COMMIT, INTERPRETER).exists()
    assert [found.records for _, found in COUNTS.read_all(tmp_path)] == [content.records]


def test_a_journal_of_counts_is_validated_and_united_as_one_of_times(tmp_path: Path) -> None:
    name = f"m/counts/{COMMIT}-{INTERPRETER}.jsonl"
    contents = [COUNTS.encode([trial(f"s.0000{number}.1-count-on")]) for number in (1, 2)]
    assert is_journal(name)
    assert complaint_of(name, contents[0]) is None
    united = unite(name, *contents)
    assert len(COUNTS.parse(Path(name), united.content).records) == 2
    assert united.conflicts == ()
    newer = contents[0].replace(b'{"trial"', b'{"of_a_newer_version": 1, "trial"')
    assert unite(name, contents[0], newer) == United(contents[0])
    assert unite(name, contents[0], contents[0].replace(b"100", b"101")).conflicts == ("s.00001.1-count-on",)
    times = contents[0].replace(b"asv-jit-counts", b"asv-jit-trials")
    assert "expected format asv-jit-counts" in (complaint_of(name, times) or "")


def test_each_profile_is_kept_beside_as_a_line_of_its_own(tmp_path: Path) -> None:
    profiles = [RawProfile("t1", (Cost("/p/python3.15", "f", 60),)), RawProfile("t2", (Cost("???", "0x1", 40),))]
    for profile in profiles:
        append_profile(tmp_path, "s", profile)
    lines = gzip.decompress((tmp_path / "counts" / "raw" / "s.jsonl.gz").read_bytes()).splitlines()
    assert [msgspec.json.decode(line, type=RawProfile) for line in lines] == profiles


@pytest.mark.parametrize(
    "damage",
    [
        {"inner_loops": 0},
        {"steady_instructions": -1},
        {"steady_instructions": 10**400},
        {"curve": [[10**12, 5]]},  # to expand it would never end
        {"curve": [[0, 5]]},
        {"curve": [[1, 2**62]]},
        {"curve": [[1, 5]] * 1001},
        {"started": "yesterday"},
        {"hash_seed": -1},
        {"commit": "zz"},
        {"interpreter": "3.14.0+00000000"},
    ],
)
def test_a_count_that_cannot_be_is_named_and_the_rest_kept(tmp_path: Path, damage: dict[str, object]) -> None:
    COUNTS.append(tmp_path, trial())
    path = COUNTS.path(tmp_path, COMMIT, INTERPRETER)
    line = json.loads(path.read_text().splitlines()[-1]) | damage
    path.write_text(f"{path.read_text()}{json.dumps(line)}\n")
    ((_, found),) = COUNTS.read_all(tmp_path)
    assert len(found.records) == 1
    assert next(iter(damage)) in found.problems[0]
