from __future__ import annotations

from pathlib import Path

from asv_jit.analysis.counts.split import Cost
from asv_jit.model import COUNT_PROTOCOL, CountedTrial, Split
from asv_jit.store import counts
from asv_jit.store.foreign import complaint_of
from asv_jit.store.journal import journal_path
from asv_jit.store.uniting import is_journal, unite

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
    journal = counts.counts_journal(tmp_path, COMMIT, INTERPRETER)
    journal.append(trial())
    journal.append(trial("s.00002.1-count-on"))
    content = counts.read_counts(journal.path)
    assert content.problems == ()
    assert content.trials == (trial(), trial("s.00002.1-count-on"))
    assert content.trials[0].counts == (150, 100, 100)
    assert not journal_path(tmp_path, COMMIT, INTERPRETER).exists()
    assert [found.trials for _, found in counts.read_all_counts(tmp_path)] == [content.trials]


def test_a_journal_of_counts_is_validated_and_united_as_one_of_times(tmp_path: Path) -> None:
    name = f"m/counts/{COMMIT}-{INTERPRETER}.jsonl"
    contents = []
    for number in (1, 2):
        journal = counts.counts_journal(tmp_path / str(number), COMMIT, INTERPRETER)
        journal.append(trial(f"s.0000{number}.1-count-on"))
        contents.append(journal.path.read_bytes())
    assert is_journal(name)
    assert complaint_of(name, contents[0]) is None
    united = unite(name, *contents)
    assert len(counts.read_counts_bytes(Path(name), united.content).trials) == 2
    assert united.conflicts == ()
    times = contents[0].replace(b"asv-jit-counts", b"asv-jit-trials")
    assert "expected format asv-jit-counts" in (complaint_of(name, times) or "")


def test_profiles_are_kept_beside_and_a_torn_one_costs_itself_only(tmp_path: Path) -> None:
    path = counts.profiles_path(tmp_path, "s")
    counts.append_profile(path, "t1", [Cost("/p/python3.15", "f", 60)])
    counts.append_profile(path, "t2", [Cost("???", "0x1", 40)])
    path.write_bytes(path.read_bytes()[:-3])
    assert next(iter(counts.read_profiles(path))) == counts.RawProfile("t1", (Cost("/p/python3.15", "f", 60),))
    assert list(counts.read_profiles(tmp_path / "none.gz")) == []
