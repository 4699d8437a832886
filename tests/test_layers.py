"""Every module has a place in the layers of pyproject.toml, and whoever adds one is told where it goes."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_top_level_module_is_in_the_list_of_layers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    listed = {name for layer in layers for name in layer.split(" : ")}
    folder = ROOT / "src" / "asv_jit"
    there = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    there -= {"__init__"}
    advice = (
        "The layers are the list `layers` under [[tool.importlinter.contracts]] in pyproject.toml, highest first: a "
        "module may import those below its line. "
    )
    missing, gone = sorted(there - listed), sorted(listed - there)
    assert not missing, f"{advice}Add {', '.join(missing)} to it, above all that it imports and below all its importers"
    assert not gone, f"{advice}Remove {', '.join(gone)} from it: src/asv_jit has no such module"
