from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.interpreters import identity
from tests.interpreters.fakes import interpreter


@given(st.text(), st.text(), st.text())
def test_an_identity_is_a_version_and_eight_hex_digits(sys_version: str, configuration: str, package: str) -> None:
    form = r"3\.15\.2\+[0-9a-f]{8}"
    assert re.fullmatch(form, identity.of_build("3.15.2", sys_version, configuration))
    assert re.fullmatch(form, identity.of_package("3.15.2", "debian", package))


@given(st.text(), st.text(), st.text(), st.text())
def test_different_packages_are_different_interpreters(one: str, other: str, first: str, second: str) -> None:
    same = identity.of_package("3.15.2", one, first) == identity.of_package("3.15.2", other, second)
    if "\0" not in one + other + first + second:
        assert same is ((one, first) == (other, second))


def test_an_identity_never_changes() -> None:
    # Stored results carry it: a change of the digest would cut every series.
    assert identity.of_package("3.15.2", "debian", "3.15.2-1") == "3.15.2+e451c8ba"


def test_releases_are_ordered_as_they_come_out() -> None:
    history = [
        "3.14.9",
        "3.14.10",
        "3.15.0a1",
        "3.15.0~a2-1",
        "3.15.0b1",
        "3.15.0rc1",
        "3.15.0rc2+",
        "3.15.0",
        "3.15.1-1+b2",
    ]
    keys = [identity.release_key(version) for version in history]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_a_release_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a Python version: 'banana'"):
        identity.release_key("banana")


def test_the_line_names_minor_gil_and_provider() -> None:
    assert interpreter(package_version="3.15.2-1").line == "3.15 from debian"
    assert interpreter(free_threaded=True).line == "3.15t from path"
