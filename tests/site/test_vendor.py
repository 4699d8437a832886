from __future__ import annotations

import hashlib
import re
from pathlib import Path

_VENDOR = Path(__file__).parents[2] / "site_templates" / "static" / "vendor"


def test_vendored_files_are_the_ones_that_were_reviewed() -> None:
    folders = [path for path in _VENDOR.iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        said = (folder / "README.md").read_text("utf-8")
        wanted = {name: digest for digest, name in re.findall(r"^    ([0-9a-f]{64})  (\S+)$", said, re.MULTILINE)}
        files = [path for path in folder.iterdir() if path.name != "README.md"]
        assert wanted == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
