"""Notifies people of each new regression once, by a webhook or by a command that reads the report.

A notice is recorded after its hook succeeded, so that a failing hook is tried again the next night. No failure here
loses results.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from asv_jit.analysis.history.events import Event
from asv_jit.settings import Notify
from asv_jit.store.findings.nights import NOTICES, Notice
from asv_jit.system.processes import base_environment, run
from asv_jit.workflows.nights.night import Night, event_json
from asv_jit.workflows.nights.report import headline, markdown

Hook = Literal["webhook", "command"]
_PATIENCE_S = 60.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def fresh_events(folder: Path, events: Sequence[Event]) -> tuple[Event, ...]:
    """Return the confirmed open regressions that no earlier night found."""
    known = {notice.event for notice in NOTICES.read(folder).records if notice.what == "found"}
    return tuple(event for event in events if _is_told(event) and event.identity not in known)


def notify(night: Night, settings: Notify) -> list[str]:
    """Send each hook the events that it has not received, record that, and return a sentence per failure.

    Raises StorageError if it cannot be recorded; then the next night sends them again.
    """
    NOTICES.append(night.folder, *(_notice(event, "found") for event in night.fresh))
    hooks: list[tuple[Hook, Callable[[Night, Sequence[Event]], str | None]]] = []
    if settings.webhook is not None:
        address = settings.webhook
        hooks.append(("webhook", lambda night, events: _post(address, night, events)))
    if settings.command:
        hooks.append(("command", lambda night, events: _pipe(settings.command, night)))
    complaints = []
    for name, tell in hooks:
        told = {notice.event for notice in NOTICES.read(night.folder).records if notice.what == name}
        untold = [event for event in night.open_events if _is_told(event) and event.identity not in told]
        if untold:
            complaint = tell(night, untold)
            if complaint is None:
                NOTICES.append(night.folder, *(_notice(event, name) for event in untold))
            else:
                complaints.append(f"jit.notify.{name}: {complaint}; asv-jit tries again the next night")
    return complaints


def _is_told(event: Event) -> bool:
    return event.is_open and event.state == "confirmed"


def _post(address: str, night: Night, events: Sequence[Event]) -> str | None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return f"expected an https:// address, found {parts.scheme or 'none'}://"
    # `text` is what chat services show.
    body = {"text": headline(night), "events": [event_json(event) for event in events], "night": night.as_json()}
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
        address, json.dumps(body).encode("utf-8"), {"Content-Type": "application/json", "User-Agent": "asv-jit"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S):  # noqa: S310 - as above
            return None
    except urllib.error.HTTPError as error:  # before its base class; the address may hold a secret: it is not shown
        return f"{parts.hostname} answered {error.code} {error.reason}"
    except (OSError, ValueError) as error:
        return f"{parts.hostname} was not reached ({getattr(error, 'reason', error)})"


def _pipe(command: Sequence[str], night: Night) -> str | None:
    try:
        done = run(list(command), env=base_environment(), timeout_s=_PATIENCE_S, input_text=markdown(night))
    except OSError as error:
        return f"{command[0]} cannot be started ({error.strerror})"
    return None if done.ok else f"{command[0]} ended with {done.complaint(3)}"


def _notice(event: Event, what: Literal["found", "webhook", "command"]) -> Notice:
    return Notice(event.identity, what, datetime.now(UTC).isoformat(timespec="seconds"))
