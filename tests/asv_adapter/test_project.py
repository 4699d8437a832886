"""asv.conf.json is read as asv reads it; what is wrong with it is said with file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest
from asv.config import Config

from asv_jit.asv_adapter.project import ASV_DEFAULTS, load_project
from asv_jit.errors import UsageError

GOOD = """{
    // asv allows comments, and a comma at the end
    "version": 1,
    "project": "tiny",
    "repo": "../tiny.git",
    "pythons": ["3.14", "3.15"],
    "branches": ["main"],
    "benchmark_dir": "bench",
    "default_benchmark_timeout": 12,
    "plugins": [".asv_jit.asv_environment"],
    "jit": {"trial_seconds": 0.25},  /* ours */
}
"""


def _config(folder: Path, text: str | bytes) -> Path:
    path = folder / "asv.conf.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_good_configuration_is_read_whole(tmp_path: Path) -> None:
    project = load_project(_config(tmp_path, GOOD))
    assert (project.name, project.repo, project.folder) == ("tiny", "../tiny.git", tmp_path)
    assert project.benchmark_dir == tmp_path / "bench"
    assert project.results_dir == tmp_path / "results"
    assert project.html_dir == tmp_path / "html"
    assert (project.pythons, project.branches) == (("3.14", "3.15"), ("main",))
    assert project.default_timeout_s == 12.0
    assert project.settings.trial_seconds == 0.25


def test_what_a_configuration_leaves_out_is_as_asv_has_it() -> None:
    assert {name: vars(Config())[name] for name in ASV_DEFAULTS} == ASV_DEFAULTS
    assert Config.api_version == 1  # as `test_what_is_wrong_is_named` has it


def test_asvs_own_object_is_what_asv_reads_from_the_file(tmp_path: Path) -> None:
    path = _config(tmp_path, GOOD.replace('  "jit": {"trial_seconds": 0.25},  /* ours */\n', ""))
    assert vars(load_project(path).asv) == vars(Config.load(str(path)))


@pytest.mark.parametrize("text", ['{"version": 1, "repo": ".", "html_dir": "h"}', '{version: 1, repo: ".", /* */}'])
def test_with_and_without_comments_it_is_read_as_asv_reads_it(text: str, tmp_path: Path) -> None:
    path = _config(tmp_path, text)
    assert vars(load_project(path).asv) == vars(Config.load(str(path)))


def test_paths_do_not_depend_on_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _config(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    assert load_project(Path("asv.conf.json")).benchmark_dir == tmp_path / "bench"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{\n  "project": "x",\n  "repo" "y"\n}', ":3:10: not valid JSON: "),
        ('{"project": nope}', ":1:"),
        ('{"project": "x"', ":1:16: not valid JSON: unexpected end"),
        ('{\n\n"a": 1} trailing', ":3:9: "),
    ],
)
def test_broken_json_is_placed(text: str, place: str, tmp_path: Path) -> None:
    path = _config(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_project(path)
    message = str(caught.value)
    assert message.startswith(f"{path}{place}")
    assert "line" in message
    assert "column" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not valid JSON"),
        ("[]", "expected a JSON object"),
        ("5", "expected a JSON object"),
        (b'{"project": "\xe9"}', "expected UTF-8"),
        ('{"project": "x"}', "repo: expected"),
        ('{"project": "x", "repo": ".", "branches": []}', "branches: expected at least one"),
        ('{"version": 9, "project": "x", "repo": "."}', '"version": 1'),
        ('{"project": "x", "repo": 5}', "repo: expected a text, found 5"),
        ('{"project": "x", "repo": ".", "benchmark_dir": null}', "benchmark_dir: expected a text"),
        ('{"project": "x", "repo": ".", "pythons": "3.14"}', "pythons: expected a list"),
        ('{"project": "x", "repo": ".", "pythons": [3.14]}', "pythons: expected a list of texts"),
        ('{"project": "x", "repo": ".", "branches": "main"}', "branches: expected a list"),
        ('{"project": "x", "repo": ".", "default_benchmark_timeout": "60"}', "default_benchmark_timeout: expected"),
        ('{"project": "x", "repo": ".", "default_benchmark_timeout": 0}', "default_benchmark_timeout: expected"),
        ('{"project": "x", "repo": ".", "jit": {"pears": {}}}', "did you mean 'pairs'?"),
        ('{"project": "x", "repo": ".", "jit": []}', "jit: expected a table"),
    ],
)
def test_what_is_wrong_is_named(text: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_project(_config(tmp_path, text))
    assert words in str(caught.value)


def test_a_missing_configuration_says_where_it_was_expected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--config") as caught:
        load_project(tmp_path / "asv.conf.json")
    assert str(tmp_path / "asv.conf.json") in str(caught.value)


def test_asvs_settings_for_regressions_are_typed(tmp_path: Path) -> None:
    thresholds = '"regressions_thresholds": {"a\\\\..*": 0.1, ".*": "0.02"}'
    given = thresholds + ', "regressions_first_commits": {".*": "v1", "b": null},'
    project = load_project(_config(tmp_path, GOOD.replace('"version": 1,', f'"version": 1, {given}')))
    rules = project.regression_rules
    assert [(pattern.pattern, share) for pattern, share in rules.thresholds] == [("a\\..*", 0.1), (".*", 0.02)]
    assert [(pattern.pattern, commit) for pattern, commit in rules.first_commits] == [(".*", "v1"), ("b", None)]


@pytest.mark.parametrize(
    "rules",
    [
        '"regressions_thresholds": {"(": 0.1}',
        '"regressions_thresholds": {"a": "much"}',
        '"regressions_thresholds": {"a": -1}',
        '"regressions_thresholds": [0.1]',
        '"regressions_first_commits": {"a": 5}',
    ],
)
def test_rules_that_nobody_understands_are_refused(rules: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="regressions_"):
        load_project(_config(tmp_path, GOOD.replace('"version": 1,', f'"version": 1, {rules},')))
