"""What is remembered of reported events, so that each keeps its name, and no two share one."""

from __future__ import annotations

import shutil
from pathlib import Path

from msgspec.structs import replace

from asv_jit.analysis.history.events import Reported
from asv_jit.model import CaseKey
from asv_jit.store.findings.known_events import EVENTS, known_events

ONE = Reported(
    "0123456789", "3.15", CaseKey("a.time_x", ()), "1", "1", "f", "", "commits", True, "c" * 40, "b" * 40, "c" * 40,
    "2026-01-01T00:00:00+00:00", "m1",
)  # fmt: skip


def test_the_first_report_names_an_event_and_damage_costs_only_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "m1"
    folder.mkdir()
    EVENTS.append(folder, replace(ONE, when="2026-02-01T00:00:00+00:00"), ONE)
    with (folder / EVENTS.name).open("ab") as file:
        file.write(b'{"identity": 5}\n{"torn')
    other = replace(ONE, identity="9876543210", machine="")  # as older files have it
    EVENTS.append(folder, other)
    assert set(known_events(folder).records) == {ONE, other}


def test_a_copied_folder_does_not_share_the_names_of_the_machine_it_came_from(tmp_path: Path) -> None:
    folder = tmp_path / "m1"
    folder.mkdir()
    EVENTS.append(folder, ONE)
    shutil.copytree(folder, tmp_path / "m2")
    assert known_events(tmp_path / "m2").records == ()
