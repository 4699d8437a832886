from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.interpreters.providers import mirrors

DEB822 = """\
# the archive itself
Types: deb deb-src
# http://snapshot.debian.org/archive/debian/20250520T000000Z
URIs: https://mirror.example.org/debian/
 https://second.example.org/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main

Types: deb-src
URIs: http://only.sources.example.org/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://switched.off.example.org/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://deb.nodesource.com/node_20.x
Suites: nodistro
Components: main
"""

ONE_LINE = """\
# deb http://commented.out.example.org/debian bookworm main
deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.gpg] https://download.docker.com/linux/debian bookworm stable
deb https://packages.example.com/prod bookworm main
deb-src http://sources.example.org/debian trixie main
   deb [ arch=amd64 ] http://ftp.example.org/debian/ trixie main non-free-firmware # ours
deb http://security.debian.org/debian-security trixie-security main
deb mirror+file:/etc/apt/mirrors/debian.list trixie main
deb http://archive.ubuntu.com/ubuntu noble main
deb
"""


def test_deb822_sources() -> None:
    assert mirrors.of_deb822(DEB822) == ["https://mirror.example.org/debian", "https://second.example.org/debian"]


def test_one_line_sources() -> None:
    assert mirrors.of_one_line(ONE_LINE) == [
        "https://packages.example.com/prod",  # cannot be told from a mirror: the signature will
        "http://ftp.example.org/debian",
        "mirror+file:/etc/apt/mirrors/debian.list",
    ]


def test_likely_mirrors_come_first_and_the_fallback_last() -> None:
    found = mirrors.debian_mirrors([ONE_LINE], [DEB822])
    assert found[0] == "http://ftp.example.org/debian"
    assert found[-2:] == ["https://packages.example.com/prod", mirrors.FALLBACK]


def test_a_machine_without_debian_sources_has_the_fallback() -> None:
    ubuntu = "Types: deb\nURIs: http://archive.ubuntu.com/ubuntu\nSuites: noble noble-updates\nComponents: main\n"
    assert mirrors.debian_mirrors([], [ubuntu]) == [mirrors.FALLBACK]


def test_the_fallback_is_not_tried_twice() -> None:
    assert mirrors.debian_mirrors([f"deb {mirrors.FALLBACK} stable main"], []) == [mirrors.FALLBACK]


@pytest.mark.parametrize("parse", [mirrors.of_one_line, mirrors.of_deb822])
@given(text=st.text())
def test_nothing_in_a_file_breaks_the_reading(parse: object, text: str) -> None:
    assert callable(parse)
    assert isinstance(parse(text), list)


@given(
    host=st.from_regex(r"[a-z]{1,10}\.example", fullmatch=True),
    suite=st.sampled_from(["stable", "trixie", "sid"]),
    slash=st.booleans(),
)
def test_both_forms_say_the_same(host: str, suite: str, slash: bool) -> None:
    uri = f"https://{host}/debian"
    written = uri + "/" * slash
    assert mirrors.of_one_line(f"deb {written} {suite} main") == [uri]
    assert mirrors.of_deb822(f"Types: deb\nURIs: {written}\nSuites: {suite}\nComponents: main\n") == [uri]
