"""The Atom feed: well-formed, with all that RFC 4287 asks for, and the same ids wherever and whenever it is written."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
from msgspec.structs import replace

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import History
from asv_jit.model import CaseKey
from asv_jit.site.content.site_content import Machine, SiteContent
from asv_jit.site.content.timetable import Timetable
from asv_jit.site.feed import feed
from tests.analysis.worlds import World, commit_of, steady, step
from tests.site.contents import HOSTILE, WITH_JIT

ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _content(events: tuple[Event, ...], url: str = "") -> SiteContent:
    commits = tuple(commit_of(place) for place in range(60))
    dates = np.arange(60, dtype=np.int64) * 86_400 + 1_767_225_600
    return SiteContent(
        title="toy", project="toy", url=url, show_commit_url="#", generated_at="2026-11-23T05:11:00+00:00",
        machines=(Machine("m1"),), commits=(), releases=(WITH_JIT,),
        table=Timetable.of(History(commits, dates, "git", (), ())), events=events,
    )  # fmt: skip


def _events() -> tuple[Event, ...]:
    world = World(
        {"slow": step(40, 0.05), "fast": step(40, -0.05), "moved": steady},
        machine_factor=lambda session: 1.1 if session >= 20 else 1.0,
    )
    return tuple(world.events(1))


def _entries(written: bytes) -> list[ElementTree.Element]:
    return ElementTree.fromstring(written).findall(f"{ATOM}entry")


def test_an_entry_for_each_regression_and_none_for_the_machine_or_what_got_better() -> None:
    events = _events()
    assert len(events) == 5  # the machine moved under all three
    written = feed(_content(events))
    (entry,) = _entries(written)
    event = next(one for one in events if one.is_open)
    assert re.fullmatch(r"slow: [45]\.\d% slower \(JIT (on|off)\)", entry.findtext(f"{ATOM}title", ""))
    text = entry.findtext(f"{ATOM}content", "")
    assert f"\nasv-jit bisect {event.identity}" in text
    assert entry.findtext(f"{ATOM}updated") == "2026-02-10T00:00:00Z"


def test_everything_that_atom_asks_for_is_there_with_and_without_an_address() -> None:
    for url in ("", "https://example.invalid/jit"):
        root = ElementTree.fromstring(feed(_content(_events(), url)))
        assert root.tag == f"{ATOM}feed"
        assert root.findtext(f"{ATOM}author/{ATOM}name")
        for part in (root, *root.findall(f"{ATOM}entry")):
            assert part.findtext(f"{ATOM}id", "").startswith("urn:uuid:")
            assert part.findtext(f"{ATOM}title")
            assert MOMENT.fullmatch(part.findtext(f"{ATOM}updated", ""))
        links = [link.get("href", "") for link in root.iter(f"{ATOM}link")]
        assert bool(links) == bool(url)
        assert all(link.startswith(f"{url}/") for link in links)
        if url:
            assert root.find(f"{ATOM}link[@rel='self']") is not None
    assert ElementTree.fromstring(feed(_content(()))).findtext(f"{ATOM}updated") == "2026-11-23T05:11:00Z"


def test_ids_depend_on_the_project_and_the_event_alone() -> None:
    events = tuple(event for event in _events() if event.key.case.benchmark == "slow")
    (first,) = (entry.findtext(f"{ATOM}id") for entry in _entries(feed(_content(events)))[:1])
    later = tuple(replace(event, state="fixed", why="mended") for event in events)
    ids = [entry.findtext(f"{ATOM}id") for entry in _entries(feed(_content(later, "https://elsewhere.invalid")))]
    assert ids[0] == first
    assert len(set(ids)) == len(ids)


def test_hostile_names_are_text() -> None:
    (event,) = (event for event in _events() if event.is_open)
    hostile = tuple(
        replace(
            event,
            identity=f"{number:010x}",
            key=replace(event.key, case=CaseKey(text or "x", (text,)), line=text, machine=text),
            why=text,
        )
        for number, text in enumerate([*HOSTILE, "\ufffe\uffff]]>"])
    )
    written = feed(replace(_content(hostile, "https://example.invalid/?a=<&"), project=HOSTILE[0]))
    assert len(_entries(written)) == len(hostile)
    assert b"<script" not in written
