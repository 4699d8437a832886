"""Any asv history is read, what is left out is counted, what is damaged is named, and the rest is used."""

from __future__ import annotations

import json
import math
import os
import shutil
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asv_jit.asv_adapter.history import MeasuredByTrials, read_asv_results, reading
from asv_jit.asv_adapter.history.decoding import FileDecoder, UnreadableError
from asv_jit.asv_adapter.history.suite import read_suite
from asv_jit.git.order import order_commits
from asv_jit.store.analysis_cache import AnalysisCache
from asv_jit.system import processes
from tests.asv_adapter.trees import COLUMNS, DAY_MS, Tree, combinations, commit, described, file, row


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setenv("ASV_JIT_CACHE_DIR", str(tmp_path / "cache"))
    return Tree(tmp_path)


def read(tree, *, by_trials=(), cache=None):
    """The results, and their series by case and environment."""
    results = read_asv_results(tree.results, cache)
    found = results.series(order_commits(None, [None], results.commits), by_trials=by_trials)
    return results, found, {(str(one.key.case), one.key.line, one.key.machine): one for one in found.series}


def values(series, metric="plain"):
    return series.tracks[metric].values.tolist()


def test_values_stand_in_the_order_of_dates_without_intervals_from_within_one_process(tree):
    tree.suite(described("a.time_x"))
    for number, value in ((3, 3.0), (1, 1.0), (2, 2.0)):
        tree.add(file(number, {"a.time_x": row([value])}))
    results, found, series = read(tree)
    one = series["a.time_x", "virtualenv-py3.12", "box"]
    assert results.commits == {commit(n): n * DAY_MS // 1000 for n in (1, 2, 3)}
    assert (values(one), one.places.tolist(), one.unit) == ([1.0, 2.0, 3.0], [0, 1, 2], "seconds")
    assert all(
        np.isnan(bounds).tolist() == [True] * 3 for bounds in (one.tracks["plain"].low, one.tracks["plain"].high)
    )
    assert found.interpreters == ("3.12",)
    assert (results.problems, found.left_out) == ((), ())


def test_a_benchmark_may_have_a_title_and_what_is_none_costs_it_nothing(tree):
    names = {"a.time_x": " Reading ", "a.time_y": None, "a.time_z": 7, "a.time_w": "a.time_w"}
    tree.suite(*(described(name, pretty_name=title) for name, title in names.items()))
    tree.add(file(1, {name: row([1.0]) for name in names}))
    results, _, series = read(tree)
    assert results.titles == {"a.time_x": "Reading"}
    assert len(series) == 4
    assert results.problems == ()


def test_parameters_failures_and_odd_values(tree):
    params = [["1", "2"], ["'a'", "'b'"]]
    tree.suite(described("a.track_x", params), described("a.mem_y"))
    tree.add(file(1, {"a.track_x": row([0.0, -1.5, None, math.nan], params), "a.mem_y": row([0], width=None)}))
    tree.add(file(2, {"a.track_x": row([math.inf, 1e200, None, 7.0], params), "a.mem_y": row(None)}))
    _, found, series = read(tree)
    by_case = {case: values(one) for (case, _, _), one in series.items()}
    assert by_case == {
        "a.track_x(1, 'a')": [0.0],
        "a.track_x(1, 'b')": [-1.5],
        "a.track_x(2, 'b')": [7.0],
        "a.mem_y": [0.0],
    }
    assert found.left_out == (
        "3 measurements that failed (null)",
        "1 value that is not a number (a skip)",
        "2 values that are infinite or beyond 1e150",
    )


def test_what_the_suite_no_longer_has_is_counted(tree):
    tree.suite(described("a.time_new"), described("a.time_x", [["1", "3"]], version="v2"))
    tree.add(file(1, {
        "a.time_old": row([1.0]),
        "a.time_x": row([1.0, 2.0, 3.0], [["1", "2", "3"]], version="v2"),
        "a.time_new": row([5.0], version=None),
    }))  # fmt: skip
    tree.add(file(2, {"a.time_x": row([1.0, None], [["1", "3"]], version="v1")}))
    _, found, series = read(tree)
    assert {case: values(one) for (case, _, _), one in series.items()} == {
        "a.time_new": [5.0], "a.time_x(1)": [1.0], "a.time_x(3)": [3.0],
    }  # fmt: skip
    assert found.left_out == (
        "1 value of 1 benchmark that the suite no longer has (removed or renamed)",
        "1 value of 1 benchmark as an earlier version of it measured them",
        "1 value of 1 benchmark for parameters that it no longer has",
    )


def test_modes_of_one_environment_make_a_speedup(tree):
    tree.suite(described("a.time_x"), described("a.peakmem_x"))
    for mode, value in (("0", 3.0), ("1", 2.0)):
        tree.add(file(
            1, {"a.time_x": row([value]), "a.peakmem_x": row([value])},
            env_name=f"virtualenv-py3.15-PYTHON_JIT{mode}-X1", env_vars={"PYTHON_JIT": mode, "X": "1"},
        ))  # fmt: skip
    tree.add(
        file(2, {"a.time_x": row([2.5])}, env_name="virtualenv-py3.15-PYTHON_JIT0-X1", env_vars={"PYTHON_JIT": "0"})
    )
    _, _, series = read(tree)
    one = series["a.time_x", "virtualenv-py3.15-X1", "box"]
    assert (values(one, "off"), values(one, "on")[0]) == ([3.0, 2.5], 2.0)
    assert one.tracks["off"].low.tolist() == pytest.approx([2.97, 2.475])
    speedup = one.tracks["speedup"]
    assert speedup.values[0] == 1.5
    assert speedup.low[0] < 1.5 < speedup.high[0]
    assert np.isnan(speedup.values[1])
    assert set(series["a.peakmem_x", "virtualenv-py3.15-X1", "box"].tracks) == {"off", "on"}


def test_rows_made_from_trials_do_not_count_again(tree):
    tree.suite(described("a.time_x"), described("a.time_y"))
    interpreter = "3.15.2+0a1b2c3d"
    rows = {"a.time_x": row([1.0]), "a.time_y": row([2.0])}
    tree.add(
        file(1, rows, python=interpreter, env_name=f"jit-py{interpreter}-PYTHON_JIT0", env_vars={"PYTHON_JIT": "0"})
    )
    _, found, series = read(tree, by_trials=[MeasuredByTrials("box", commit(1), interpreter, "", "a.time_x")])
    assert [case for case, _, _ in series] == ["a.time_y"]
    assert found.left_out == ()


def test_plain_rows_of_another_set_of_requirements_than_the_trials_count(tree):
    tree.suite(described("a.time_x"))
    interpreter = "3.15.2+0a1b2c3d"
    for version in ("1.15.0", "1.16.0"):
        tree.add(file(
            1, {"a.time_x": row([float(version[:4])])}, python=interpreter, requirements={"six": version},
            env_name=f"jit-py{interpreter}-six{version}-PYTHON_JIT0", env_vars={"PYTHON_JIT": "0", "OMP": "1"},
        ))  # fmt: skip
    measured = MeasuredByTrials("box", commit(1), interpreter, "six==1.15.0 OMP=1", "a.time_x")
    _, found, series = read(tree, by_trials=[measured])
    assert [line for _, line, _ in series] == [f"jit-py{interpreter}-six1.16.0"]
    assert found.left_out == ()


def test_when_a_row_was_measured_is_read(tree):
    columns = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"]
    tree.suite(described("a.time_x"))
    for number, started in enumerate((5000, None, "yesterday", 1e30), 1):
        tree.add(file(number, {"a.time_x": [[1.0], [], "v1", started]}, result_columns=columns))
    _, _, series = read(tree)
    (one,) = series.values()
    assert one.measured.tolist() == [5, 0, 0, 0]


def test_version_1_is_read_as_asv_updates_it(tree):
    entry = described("a.time_p", [["1", "2"]])
    plain = {"name": "a.time_x", "version": "v1"}  # no params, no unit
    tree.suite(plain, entry, version=1)
    stats = {"ci_99": [0.9, 1.2], "q_25": 1.0}
    old = {
        "commit_hash": commit(1), "date": DAY_MS, "params": {"machine": "box"}, "python": "3.6", "version": 1,
        "requirements": {"numpy": "1.8", "six": ""},
        "results": {
            "a.time_x": 1.0,
            "a.time_p": {"result": [1.0, None], "params": [["1", "2"]], "stats": [stats, None]},
            "a.time_gone": {"result": 3.0},
        },
        "benchmark_version": {"a.time_x": "v1"},
    }  # fmt: skip
    tree.add(old)
    _, found, series = read(tree)
    assert {(case, line): values(one) for (case, line, _), one in series.items()} == {
        ("a.time_p(1)", "py3.6-numpy1.8-six"): [1.0],
        ("a.time_x", "py3.6-numpy1.8-six"): [1.0],
    }
    assert len(found.left_out) == 2


def test_without_a_list_of_benchmarks_the_newest_version_is_taken(tree):
    tree.add(file(1, {"a.time_x": row([1.0], version="old"), "a.peakmem_y": row([5.0])}))
    tree.add(file(2, {"a.time_x": row([2.0], version="new")}))
    (tree.results / "benchmarks.json").write_text('{"a.time_x": {"na', encoding="utf-8")
    results, _, series = read(tree)
    assert {case: (values(one), one.unit) for (case, _, _), one in series.items()} == {
        "a.time_x": ([2.0], "seconds"), "a.peakmem_y": ([5.0], "bytes"),
    }  # fmt: skip
    assert len(results.problems) == 1
    assert "benchmarks.json" in results.problems[0]


def test_a_damaged_list_of_benchmarks_is_told_without_any_rows_too(tree):
    (tree.results / "benchmarks.json").write_text('{"a.time_x": {"na', encoding="utf-8")
    results, _, _ = read(tree)
    assert "benchmarks.json: not valid JSON" in results.problems[0]


def test_a_benchmark_without_a_time_limit_costs_the_others_nothing(tree):
    """asv writes `timeout = inf` as Infinity, for which JSON has no word."""
    tree.suite(described("a.time_x", timeout=math.inf), described("a.track_y"))
    assert "Infinity" in (tree.results / "benchmarks.json").read_text(encoding="utf-8")
    suite = read_suite(tree.results)
    assert (set(suite.benchmarks), suite.problems) == ({"a.time_x", "a.track_y"}, ())


def damage(tree):
    """Everything that may be wrong beside what is right; returns words that the problems must name."""
    good = file(1, {"a.time_x": row([1.0])})
    text = json.dumps(good)
    folder = tree.add(good).parent
    (folder / "aaaaaaa1-cut.json").write_text(text[: len(text) // 2], encoding="utf-8")
    (folder / "aaaaaaa2-folder.json").mkdir()
    (folder / "aaaaaaa3-bytes.json").write_bytes(b"\xff\xfe" + text.encode())
    (folder / "aaaaaaa4-deep.json").write_text("[" * 100_000, encoding="utf-8")
    os.mkfifo(folder / "aaaaaaa5-pipe.json")
    (folder / "aaaaaaa6-lost.json").symlink_to("nowhere")
    odd = {
        "b1-newer": {**good, "version": 3},
        "b2-unversioned": {key: value for key, value in good.items() if key != "version"},
        "b3-list": [good],
        "b4-results": {**good, "results": 3},
        "b5-commit": {**good, "commit_hash": "../../etc/passwd"},
        "b6-machine": {**good, "params": {"machine": "other"}},
        "b7-date": {**good, "date": "yesterday"},
        "b8-mode": {**good, "env_vars": {"PYTHON_JIT": "yes"}},
        "b9-environment": {**good, "env_name": "../env"},
        "c1-row": file(2, {"a.time_x": row([2.0]), "a.time_y": "much"}),
        "c2-script": file(3, {"a.time_x": row([3.0]), "<script>alert(1)</script>": row([1.0])}),
        "c3-path": file(4, {"a.time_x": row([4.0]), "../../x.time_y": row([1.0])}),
        "c4-lines": file(5, {"a.time_x": row([5.0]), "a.time_y\ny": row([1.0])}),
        "c5-count": file(6, {"a.time_x": row([6.0]), "a.time_y": row([1.0, 2.0])}),
        "c6-texts": file(7, {"a.time_x": row([7.0]), "a.time_y": row(["1.0"], width=None)}),
        "c7-params": file(8, {"a.time_x": row([8.0]), "a.time_y": [[1.0], 5]}),
        "c8-many": file(9, {"a.time_x": row([9.0]), "a.time_y": row([1.0], [[str(n) for n in range(2000)]] * 3)}),
        "c9-version": file(10, {"a.time_x": row([10.0]), "a.time_y": [[1.0], [], 5]}),
        "ca-surrogate": file(11, {"a.time_x": row([11.0]), "a.time_y": row([math.nan], version="\ud800")}),
    }
    for name, content in odd.items():
        tree.write(f"box/{name}.json", content)
    digits = "9" * 5000
    (folder / "d1-digits.json").write_text(text.replace("[1.0]", f"[{digits}]"), encoding="utf-8")
    (folder / "d2-overflow.json").write_text(
        json.dumps(file(12, {"a.time_x": row([1.0])})).replace("[1.0]", "[1e999]"), encoding="utf-8"
    )
    names = [path.name for path in folder.iterdir() if path.name[0] in "abcd" and path.name != "d2-overflow.json"]
    return [name for name in names if name != "00000001-virtualenv-py3.12.json"]


def test_names_are_limited_no_more_than_asv_limits_them(tree):
    tree.suite(described("a.time_x"))
    tree.add(file(1, {"a.time_x": row([1.0])}, machine="lab..2", env_name="conda-py3.8-numpy1..2"))
    unnamed = file(2, {"a.time_x": row([2.0])}, requirements={"numpy": "<2", "six": None})
    tree.add({key: value for key, value in unnamed.items() if key != "env_name"}, "00000002-old.json")
    results, _, series = read(tree)
    assert results.problems == ()
    assert sorted((machine, line) for _, line, machine in series) == [
        ("box", "py3.12-numpy_2-six"), ("lab..2", "conda-py3.8-numpy1..2"),
    ]  # fmt: skip


def test_damage_is_named_and_the_rest_is_used(tree):
    tree.suite(described("a.time_x"), described("a.time_y"))
    names = damage(tree)
    results, _, series = read(tree, cache=AnalysisCache(tree.results))
    missing = [name for name in names if not any(name in problem for problem in results.problems)]
    assert missing == []
    assert len(results.problems) == len(names)
    assert all(len(problem) < 600 and problem.isprintable() for problem in results.problems)
    assert [case for case, _, _ in series] == ["a.time_x"]
    (one,) = series.values()
    assert values(one) == [float(number) for number in range(1, 12)]


def test_names_are_as_long_as_asv_writes_them(tree):
    environment = "conda-py3.7-" + "-".join(f"package{number}1.{number}.0" for number in range(400))
    benchmark = "a.time_" + "y" * 2_000
    tree.suite(described(benchmark))
    tree.add(file(1, {benchmark: row([1.0])}, env_name=environment), "00000001-env-0a1b.json")
    results, _, series = read(tree)
    assert not results.problems
    assert [(case, values(one)) for (case, _, _), one in series.items()] == [(benchmark, [1.0])]


def test_a_machine_folder_that_is_a_link_is_named(tree):
    tree.suite(described("a.time_x"))
    folder = tree.add(file(1, {"a.time_x": row([1.0])})).parent
    (tree.results / "linked").symlink_to(folder, target_is_directory=True)
    results, _, series = read(tree)
    assert [values(one) for one in series.values()] == [[1.0]]
    (problem,) = results.problems
    assert "linked: a link to a folder; skipped, as asv does" in problem


@pytest.mark.skipif(os.name != "posix", reason="elsewhere names of files are texts")
def test_a_folder_whose_name_is_no_text_is_read_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("ASV_JIT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / os.fsdecode(b"\xff")).mkdir()
    tree = Tree(tmp_path / os.fsdecode(b"\xff"))
    tree.suite(described("a.time_x"))
    tree.add(file(1, {"a.time_x": row([1.0]), "a.time_odd": "?"}))
    results, _, series = read(tree, cache=AnalysisCache(tree.results))
    assert len(series) == 1
    assert [problem.isprintable() for problem in results.problems] == [True]


def test_a_damaged_machine_file_costs_only_a_warning(tree):
    tree.suite(described("a.time_x"))
    tree.add(file(1, {"a.time_x": row([1.0])}))
    (tree.results / "box" / "machine.json").write_text("{", encoding="utf-8")
    results, _, series = read(tree)
    assert len(results.problems) == 1
    assert values(series["a.time_x", "virtualenv-py3.12", "box"]) == [1.0]


def test_an_environment_measured_twice_counts_once(tree):
    tree.suite(described("a.time_x"))
    tree.add(file(1, {"a.time_x": row([1.0])}), name="00000001-a")
    tree.add(file(1, {"a.time_x": row([2.0])}), name="00000001-b")
    _, found, series = read(tree)
    assert values(series["a.time_x", "virtualenv-py3.12", "box"]) == [2.0]
    assert found.left_out == ("1 rows that another file of the same environment and commit repeats",)


def test_nothing_at_all_is_no_error(tree):
    results, found, _ = read(tree)
    assert (results.commits, results.problems, found.series) == ({}, (), ())


def snapshot(tree, cache):
    results, found, series = read(tree, cache=cache)
    tracks = {key: {m: t.values.tolist() for m, t in one.tracks.items()} for key, one in series.items()}
    return results.commits, results.problems, found.left_out, tracks


def test_only_what_changed_is_decoded_again(tree, monkeypatch):
    decoded = []
    monkeypatch.setattr(processes, "cores", lambda: 1)  # so that all is done here, where it is seen
    real = reading._decode_files
    monkeypatch.setattr(reading, "_decode_files", lambda task: decoded.extend(s.path for s in task[1]) or real(task))
    cache = AnalysisCache(tree.results)
    tree.suite(described("a.time_x"))
    for number in range(1, 6):
        tree.add(file(number, {"a.time_x": row([float(number)]), "a.time_odd": "?"}))
    steps = [
        lambda: None,
        lambda: None,
        lambda: tree.add(file(6, {"a.time_x": row([6.0])})),
        lambda: tree.add(file(2, {"a.time_x": row([22.0, 1.0])})),
        (tree.results / "box" / "00000001-virtualenv-py3.12.json").unlink,
        lambda: [path.unlink() for path in cache.folder.iterdir()],
        lambda: [tree.add(file(n, {"a.time_x": row([float(n)])})) for n in range(10, 40)],
        lambda: shutil.rmtree(tree.results / "box"),
    ]
    counts = []
    for step in steps:
        step()
        decoded.clear()
        with_cache = snapshot(tree, cache)
        counts.append(len(decoded))
        assert with_cache == snapshot(tree, None)
    assert counts == [5, 0, 1, 1, 0, 5, 30, 0]


def test_the_later_path_counts_whenever_each_was_decoded(tree):
    tree.suite(described("a.time_x"))
    cache = AnalysisCache(tree.results)
    for name, value in (("00000001-b", 2.0), ("00000001-c", 3.0), ("00000001-a", 1.0)):
        tree.add(file(1, {"a.time_x": row([value])}), name=name)
        _, _, series = read(tree, cache=cache)
    assert values(series["a.time_x", "virtualenv-py3.12", "box"]) == [3.0]


def test_a_large_entry_is_not_written_again_for_each_few_files(tree):
    tree.suite(described("a.time_x"))
    cache = AnalysisCache(tree.results)
    for number in range(1, 101):
        tree.add(file(number, {"a.time_x": row([float(number)])}))
    read(tree, cache=cache)
    (large,) = cache.names()
    for number in range(101, 116):
        tree.add(file(number, {"a.time_x": row([float(number)])}))
        _, _, series = read(tree, cache=cache)
        assert values(series["a.time_x", "virtualenv-py3.12", "box"]) == [float(n) for n in range(1, number + 1)]
        assert large in cache.names()
        assert len(cache.names()) <= 8
    for number in range(116, 150):
        tree.add(file(number, {"a.time_x": row([float(number)])}))
        read(tree, cache=cache)
    assert large not in cache.names()  # a quarter has changed


def naive(files):
    """Series as a table tells them: value by (case, line, machine), metric, date and path; the later path counts."""
    found = {}
    for path, content in sorted(files.items()):
        mode = content["env_vars"].get("PYTHON_JIT")
        metric = {None: "plain", "0": "off", "1": "on"}[mode]
        line = content["env_name"].replace(f"-PYTHON_JIT{mode}", "")
        for name, cells in content["results"].items():
            for texts, value in zip(combinations(cells[1]), cells[0], strict=True):
                case = f"{name}({', '.join(texts)})" if texts else name
                series = found.setdefault((case, line, content["params"]["machine"]), {})
                series.setdefault((int(content["date"] // DAY_MS), metric), {})[path] = value
    return {
        key: {at: last for at, by_path in sorted(points.items()) if (last := list(by_path.values())[-1]) is not None}
        for key, points in found.items()
    }


@pytest.mark.parametrize("seed", range(12))
def test_series_are_those_of_a_table_whatever_was_read_when(tree, seed):
    rng = np.random.default_rng(seed)
    tree.suite(described("a.track_x", [["1", "2"], ["'a'", "'b'"]]), described("b.track_y"))
    cache = AnalysisCache(tree.results)
    files = {}
    for _ in range(4):
        for _ in range(int(rng.integers(1, 9))):
            number, mode, machine = int(rng.integers(1, 12)), rng.choice(["", "0", "1"]), str(rng.choice(["m1", "m2"]))
            params = [["1", "2"], ["'a'", "'b'"]] if rng.random() < 0.7 else [["2", "1"], ["'b'"]]
            drawn = [None if rng.random() < 0.3 else float(rng.normal()) for _ in range(5)]
            rows = {"a.track_x": row(drawn[: len(combinations(params))], params, width=None)}
            if rng.random() < 0.6:
                rows["b.track_y"] = row(drawn[4:], width=None)
            content = file(
                number, rows, machine=machine, env_name=f"env{'-PYTHON_JIT' + mode if mode else ''}",
                env_vars={"PYTHON_JIT": str(mode)} if mode else {},
            )  # fmt: skip
            path = tree.add(content, name=f"{int(rng.integers(99))}-{number}")
            files[str(path)] = content
        results, _, series = read(tree, cache=cache)
        assert results.problems == ()
        days = sorted({content["date"] // DAY_MS for content in files.values()})
        told = {
            key: {
                (days[place], metric): value
                for metric, track in one.tracks.items()
                for place, value in zip(one.places, track.values.tolist(), strict=True)
                if value == value
            }
            for key, one in series.items()
        }
        assert told == {key: points for key, points in naive(files).items() if points}


@pytest.mark.parametrize("hurt", [lambda data: data[:-9], lambda data: b"", lambda data: data[:60] + b"!" + data[61:]])
def test_a_damaged_cache_is_made_again(tree, hurt):
    cache = AnalysisCache(tree.results)
    tree.suite(described("a.time_x"))
    tree.add(file(1, {"a.time_x": row([1.0])}))
    before = snapshot(tree, cache)
    for path in cache.folder.iterdir():
        path.write_bytes(hurt(path.read_bytes()))
    assert snapshot(tree, cache) == before


PARAMS = [["1", "2"], ["'x'"]]
numbers = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=64), st.integers(-5, 5))


@settings(deadline=None, max_examples=60)
@given(st.lists(numbers, min_size=2, max_size=2), st.booleans())
def test_both_ways_of_decoding_agree(result, with_interval):
    content = file(
        1, {"a.time_x": row(result, PARAMS, width=0.1 if with_interval else None)}, env_vars={"PYTHON_JIT": "0"}
    )
    usual = json.dumps(content).encode()
    content["result_columns"] = [*COLUMNS[:7], "unknown_to_us", *COLUMNS[7:]]
    loose = json.dumps({**content, "result_columns": [*COLUMNS[1:], COLUMNS[0]]}).encode()
    shuffled = json.loads(loose)
    shuffled["results"]["a.time_x"] = [
        *(row(result, PARAMS, width=0.1 if with_interval else None) + [None] * 13)[1:13],
        result,
    ]
    found = []
    for data in (usual, json.dumps(shuffled).encode()):
        decoder = FileDecoder()
        head, problems = decoder.add(0, data, "box")
        assert problems == []
        (sheet,) = decoder.sheets()
        found.append((head, sheet.kind, sheet.numbers.tolist()))
    np.testing.assert_equal(found[0], found[1])


REAL = json.dumps(
    file(
        7,
        {"a.time_x": row([1.5, None], PARAMS), "b.track_y": row([math.nan], width=None)},
        env_vars={"PYTHON_JIT": "1"},
    )
).encode()
junk = st.sampled_from(
    [b"null", b"[]", b"{}", b'"\\ud800"', b"1e999", b"-NaN", b"\x00", b"true", b'"../"', b"<script>", b"9" * 400]
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_a_file_holds_only_our_own_error_comes_out(data):
    mutated = bytearray(REAL)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(mutated)))
        length = data.draw(st.integers(0, 25))
        mutated[start : start + length] = data.draw(st.one_of(junk, st.binary(max_size=3)))
    decoder = FileDecoder()
    try:
        _, problems = decoder.add(0, bytes(mutated), data.draw(st.sampled_from([None, "box"])))
    except UnreadableError as error:
        problems = [str(error)]
    assert all(problem.isprintable() and len(problem) < 600 for problem in problems)
    assert all(sheet.values.shape == (sheet.kind.size, len(sheet.files)) for sheet in decoder.sheets())


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([*file(1, {}), "results.a.time_x"]), json_values, st.sampled_from([1, 2]), st.integers(0, 6)
)  # fmt: skip
def test_wrong_types_anywhere_are_our_own_errors(field, value, version, column):
    content = {**file(1, {"a.time_x": row([1.0])}), "version": version, "benchmark_version": {}}
    if "." in field:
        content["results"]["a.time_x"][column] = value
    else:
        content[field] = value
    decoder = FileDecoder()
    with suppress(UnreadableError):
        decoder.add(0, json.dumps(content).encode(), "box")
    assert sum(len(sheet.files) for sheet in decoder.sheets()) <= 1
