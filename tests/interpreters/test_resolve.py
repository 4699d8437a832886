from __future__ import annotations

from pathlib import Path

import pytest

from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.interpreters import spec as specs
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.resolve import resolve, resolve_all
from tests.interpreters.fakes import interpreter

OLD = interpreter("3.15.0", "aaaaaaaa", package_version="3.15.0-1")
NEW = interpreter("3.15.2", "bbbbbbbb", package_version="3.15.2-1")
NEW_FOUND = interpreter("3.15.2", "cccccccc")
NEWEST_WITHOUT_JIT = interpreter("3.15.3", "dddddddd", jit="none")
FREE_THREADED = interpreter("3.15.3", "eeeeeeee", free_threaded=True, jit="none")
DEBUG = interpreter("3.15.4", "ffffffff", debug=True)
OTHER_MINOR = interpreter("3.1.9", "99999999")
ALL = [OTHER_MINOR, DEBUG, FREE_THREADED, NEWEST_WITHOUT_JIT, NEW_FOUND, OLD, NEW]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("3.15", NEW),  # a JIT first, then the newest patch release, then our own
        ("3.15.2", NEW),
        ("3.15.0", OLD),
        ("3.15.3", NEWEST_WITHOUT_JIT),
        ("3.15.2+cccccccc", NEW_FOUND),
        ("3.15.3+eeeeeeee", FREE_THREADED),
        ("3.15.4+ffffffff", DEBUG),
        ("3.15t", FREE_THREADED),
        ("3.15.3t", FREE_THREADED),
        ("3.1", OTHER_MINOR),
    ],
)
def test_a_spec_means_one_interpreter(spec: str, expected: object) -> None:
    assert resolve(spec, ALL) is expected
    assert resolve(spec, ALL[::-1]) is expected


def test_a_final_release_is_newer_than_its_candidates() -> None:
    candidate = interpreter("3.16.0", "11111111", sys_version="3.16.0rc2 (main)")
    final = interpreter("3.16.0", "22222222", sys_version="3.16.0 (main)")
    assert resolve("3.16", [final, candidate]) is final


def test_a_star_means_one_interpreter_of_each_release() -> None:
    assert resolve_all("3.15.*", ALL) == [NEW, OLD]  # with a JIT, our own rather than one that was found
    assert resolve_all("3.15t.*", ALL) == [FREE_THREADED]  # or without, where there is no other
    assert resolve_all("3.15", ALL) == [NEW]
    assert resolve("3.15.*", ALL) is NEW


@pytest.mark.parametrize("spec", ["3.16", "3.15.9", "3.15.2+00000000", "3.14t", "3.15.4"])
def test_what_is_missing_is_named_with_what_is_there_and_the_remedy(spec: str) -> None:
    with pytest.raises(NoInterpreterError) as error:
        resolve(spec, ALL)
    assert NEW.identity in str(error.value)
    assert f"asv-jit pythons install {spec}" in str(error.value)


@pytest.mark.parametrize(
    "spec", ["", "3", "python3.15", "3.15.x", "3.15+abcdef01", "3.15.2+ABCDEF01", "3.15.2.*", "3.15 ", "٣.15"]
)
def test_a_malformed_spec_is_wrong_usage(spec: str) -> None:
    with pytest.raises(UsageError, match=r"Expected a Python version like 3\.15"):
        resolve(spec, ALL)


def test_a_path_is_probed() -> None:
    asked: list[Path] = []

    def probe(path: Path) -> Interpreter:
        asked.append(path)
        return NEW

    assert resolve("/opt/python/bin/python3", [], probe=probe) is NEW
    assert asked == [Path("/opt/python/bin/python3")]


def test_minor_specs_are_not_exact() -> None:
    assert not specs.parse("3.15").exact
    assert specs.parse("3.15.2t").exact
