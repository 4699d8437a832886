from __future__ import annotations

import pytest

from asv_jit.text.folders import without_folders

_KEY = "348feaba8c873498/4bc4a2066d4e6879127c8196f49f6627"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            'File "/home/ada/.cache/asv-jit/interpreters/3.15.2+e451c8ba/usr/lib/python3.15/json/decoder.py", line 3',
            'File "<interpreter>/usr/lib/python3.15/json/decoder.py", line 3',
        ),
        (f'"/srv/ci/asv-jit/installations/{_KEY}/bin/python" [0x5]', '"<installation>/bin/python" [0x5]'),
        (f"t/installations/{_KEY}/lib/x.py, cut off", "<installation>/lib/x.py, cut off"),
        ('File "/opt/venv/lib/python3.11/site-packages/asv_jit/trials/inside.py"', 'File "<asv-jit>/trials/inside.py"'),
        ("no such file: /home/ada/data.csv", "no such file: ~/data.csv"),
        ("HOME=/root", "HOME=~"),
        ("/Users/ada: is a directory", "~: is a directory"),
        (r'File "C:\Users\Ada\x.py"', r'File "~\x.py"'),
        ("/srv/project/benchmarks/bad.py failed in /srv/project", "benchmarks/bad.py failed in ."),
        ('  File "/other/machine/p/benchmarks/bad.py", line 6', '  File "benchmarks/bad.py", line 6'),
    ],
)  # fmt: skip
def test_folders_of_machines_are_not_told(said: str, shown: str) -> None:
    assert without_folders(said, project="/srv/project", benchmarks="benchmarks") == shown


@pytest.mark.parametrize(
    "text",
    ["", "a/b/c", "1/2 of the tests", "/rooted/path", "/srv/root/x", "ratio: 3/4", "see https://example.org/home/x"],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert without_folders(text, project="/srv/project", benchmarks="benchmarks") == text


def test_a_long_text_takes_no_long_time() -> None:
    """Nothing that a benchmark writes may stop a publication: no pattern goes back and forth."""
    text = "/" * 20_000 + "a/" * 20_000 + "\\" * 20_000 + " " + "x" * 60_000
    assert len(without_folders(text, benchmarks="benchmarks")) == len(text)
