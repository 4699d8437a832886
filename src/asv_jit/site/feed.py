"""The Atom feed of regressions, one entry for each event with a stable id; `sitemap.xml` and `robots.txt`.

asv's own writer (`asv.feed`) puts `lang` and `type` where Atom does not allow them and cannot write the feed's own
address, so this module writes RFC 4287 itself. Links are absolute or absent, as feed readers cannot resolve relative
ones.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import numpy as np

from asv_jit import __version__
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import CaseSeries, SeriesKey
from asv_jit.analysis.metrics import COUNTED
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.parts.event_lines import event_address
from asv_jit.site.parts.publication import FEED
from asv_jit.text import units
from asv_jit.text.event_words import (
    bisect_command,
    cause_words,
    change_words,
    headline_words,
    levels_words,
    metric_words,
    others_words,
)
from asv_jit.text.units import time_of

_ATOM = "http://www.w3.org/2005/Atom"
_SPACE = uuid.UUID("6f0f6f3e-2f0f-5d8c-9a55-0c6f4f4a1f7e")
"""Any constant: ids are digests of names below it."""

_MOST_ENTRIES = 200
_RFC_3339 = "%Y-%m-%dT%H:%M:%SZ"
_NO_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""Compiled where the feed is made: that takes 2 ms."""


def feed(content: SiteContent) -> bytes:
    """Return the feed of a publication's regressions, the newest first.

    A change of the machine is no regression, nor is a difference between two minor versions of Python.
    """
    regressions = [event for event in content.events if event.is_regression]
    book = _Book(content)
    shown = sorted(regressions, key=lambda event: (book.when(event), event.identity), reverse=True)[:_MOST_ENTRIES]
    root = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _add(root, "id", _id(content.project, "feed"))
    _add(root, "title", f"{content.project}: performance regressions")
    _add(root, "updated", max((book.when(event) for event in shown), default=_moment(content.generated_at)))
    _add(_add(root, "author"), "name", "asv-jit")
    _add(root, "generator", "asv-jit", version=__version__)
    if content.url:
        _add(root, "link", rel="self", type="application/atom+xml", href=_address(content, FEED))
        _add(root, "link", rel="alternate", type="text/html", href=_address(content, "regressions.html"))
    for event in shown:
        _add_entry(root, content, event, book)
    ElementTree.indent(root, space=" ")
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


class _Book:
    """What the history says of an event: the unit of its values, and when the change was measured."""

    def __init__(self, content: SiteContent) -> None:
        self._history = content.history
        self._generated = _moment(content.generated_at)
        self._series: Mapping[SeriesKey, CaseSeries] = {series.key: series for series in content.history.series}
        self._units: Mapping[SeriesKey, str] = content.history.units
        self._places = {commit: place for place, commit in enumerate(content.history.commits)}

    def unit(self, event: Event) -> str:
        return self._units.get(event.key, "seconds")

    def when(self, event: Event) -> str:
        """Return when the first point of the new level was measured; if nothing tells, the date of its commit."""
        place = self._places.get(event.commit)
        if place is None:
            return self._generated
        series = self._series.get(event.key)
        if series is not None and series.sessions is not None:
            at = np.flatnonzero(series.places == place)
            if len(at):
                return _moment(self._history.sessions[int(series.sessions[at[-1]])], self._generated)
        time = time_of(int(self._history.dates[place]))
        return time.strftime(_RFC_3339) if time is not None else self._generated


def _add_entry(root: ElementTree.Element, content: SiteContent, event: Event, book: _Book) -> None:
    unit = book.unit(event)
    words = metric_words(event.headline.metric)
    measure = f" ({words})" if words and not words.startswith("peak") else ""
    entry = _add(root, "entry")
    _add(entry, "id", _id(content.project, event.identity))
    name = f"{units.shorten(str(event.key.case), 160)}{others_words(event)}"
    _add(entry, "title", f"{name}: {headline_words(event, unit)}{measure}")
    _add(entry, "updated", book.when(event))
    _add(entry, "category", term=event.state)
    _add(entry, "category", term=event.attribution.cause)
    if content.url:
        _add(entry, "link", rel="alternate", type="text/html", href=_address(content, event_address(event)))
    _add(entry, "content", "\n".join(_lines(event, unit)), type="text")


def _lines(event: Event, unit: str) -> list[str]:
    lines = [f"{event.key.case}{others_words(event)} on {event.key.machine}, {event.key.line}"]
    for change in event.metrics:
        before, after = levels_words(change, unit)
        name = metric_words(change.metric)
        exact = "exact" if change.metric in COUNTED else "at 95%"
        lines.append(f"{name + ': ' if name else ''}{change_words(change, unit)}, {before} → {after}, {exact}")
    if event.axis == "pythons":
        lines.append(f"between CPython {event.before} and {event.after}, at commit {event.commit}")
    elif not event.moved:
        lines.append(f"first measured at commit {event.commit}; before: {event.parent}")
        if len(event.suspects) > 1:
            lines.append(f"{len(event.suspects):,} commits are suspected")
    lines.append(f"cause: {cause_words(event)}; state: {event.state}")
    if event.why:
        lines.append(event.why)
    if event.is_open and event.key.protocol != "asv" and (command := bisect_command(event)):
        lines.append(command)
    return lines


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, {key: _text(value) for key, value in attributes.items()})
    if text is not None:
        element.text = _text(text)
    return element


def _text(text: str) -> str:
    """What XML can hold: control characters as their pictures, other forbidden ones as question marks."""
    return re.sub(_NO_XML, "?", units.visible(text))


def _id(project: str, name: str) -> str:
    """The same wherever the site stands."""
    return uuid.uuid5(_SPACE, f"{project}\n{name}".encode("utf-8", "replace").decode()).urn


def _address(content: SiteContent, path: str) -> str:
    return f"{content.url.rstrip('/')}/{path}"


def _moment(iso: str, otherwise: str = "1970-01-01T00:00:00Z") -> str:
    """An ISO time in UTC as RFC 3339 has it, to the second."""
    try:
        return datetime.fromisoformat(iso).astimezone(UTC).strftime(_RFC_3339)
    except ValueError:
        return otherwise


def signposts(content: SiteContent, names: Iterable[str]) -> dict[str, bytes]:
    """`sitemap.xml` with all pages in `names`; `robots.txt` too where the site is all that its host has."""
    root = content.url.rstrip("/")
    if not root.startswith(("https://", "http://")):
        return {}
    pages = sorted(name for name in names if name.endswith(".html") and name != "404.html")
    entries = "".join(f"<url><loc>{escape(f'{root}/{quote(name)}', quote=False)}</loc></url>\n" for name in pages)
    head = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    files = {"sitemap.xml": f"{head}{entries}</urlset>\n".encode()}
    if urlsplit(root).path == "":
        files["robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {root}/sitemap.xml\n".encode()
    return files
