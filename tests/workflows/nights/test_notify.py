"""Hooks are told of each event once, and one that fails is told again the next night."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.history.events import Change, Event, State
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.model import CaseKey
from asv_jit.settings import Notify
from asv_jit.workflows.nights.night import Night
from asv_jit.workflows.nights.notify import fresh_events, notify
from asv_jit.workflows.nights.report import markdown

HOSTILE = "bench.time_x(['<script>|`@everyone`'])"


def _event(identity: str, state: State = "confirmed", *, worse: bool = True) -> Event:
    return Event(
        identity=identity,
        key=SeriesKey("vm", "3.15 from debian", CaseKey(HOSTILE), "1", "1"),
        axis="commits",
        worse=worse,
        metrics=(Change("on", 1.0, 0.9, 1.1, 1.25, 1.2, 1.3, 1e-9),),
        commit="c" * 40,
        parent="b" * 40,
        suspects=("c" * 40,),
        before="3.15.2+aaaaaaaa",
        after="3.15.2+aaaaaaaa",
        attribution=Attribution("jit", 0.95, "on"),
        state=state,
    )


def _night(folder: Path, *events: Event) -> Night:
    night = Night("toy", "vm", folder, "2026-11-23T02:00:00+00:00", 7200.0, events=events, finished=True)
    night.fresh = fresh_events(folder, events)
    return night


class _Server(http.server.HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.bodies: list[dict[str, Any]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_webhook_is_told_once_of_each_confirmed_regression(server: _Server, tmp_path: Path) -> None:
    hook = Notify(webhook=f"http://127.0.0.1:{server.server_port}/secret")
    events = (_event("0000000001"), _event("0000000002", "candidate"), _event("0000000003", worse=False))
    night = _night(tmp_path, *events)
    assert [event.identity for event in night.fresh] == ["0000000001"]
    assert night.exit_code == 1
    assert notify(night, hook) == []
    assert notify(_night(tmp_path, *events), hook) == []
    (body,) = server.bodies
    assert [event["event"] for event in body["events"]] == ["0000000001"]
    assert body["text"] == "toy on vm: 1 new regression"
    again = _night(tmp_path, *events)
    assert not again.fresh  # it is open, and known
    assert again.exit_code == 0
    notify(_night(tmp_path, *events, _event("0000000004")), hook)
    assert [event["event"] for event in server.bodies[1]["events"]] == ["0000000004"]


def test_a_webhook_that_fails_is_tried_again_and_the_address_is_kept_secret(server: _Server, tmp_path: Path) -> None:
    hook = Notify(webhook=f"http://127.0.0.1:{server.server_port}/secret")
    server.status = 500
    (complaint,) = notify(_night(tmp_path, _event("0000000001")), hook)
    assert "500" in complaint
    assert "secret" not in complaint
    server.status = 200
    assert notify(_night(tmp_path, _event("0000000001")), hook) == []
    assert len(server.bodies) == 2


def test_a_webhook_that_is_not_there_costs_nothing_but_a_complaint(tmp_path: Path, server: _Server) -> None:
    port = server.server_port
    server.server_close()
    (complaint,) = notify(_night(tmp_path, _event("0000000001")), Notify(webhook=f"http://127.0.0.1:{port}/"))
    assert "was not reached" in complaint


@pytest.mark.parametrize("address", ["http://example.org/hook", "file:///etc/passwd", "hook"])
def test_a_webhook_must_be_encrypted(address: str, tmp_path: Path) -> None:
    (complaint,) = notify(_night(tmp_path, _event("0000000001")), Notify(webhook=address))
    assert "expected an https:// address" in complaint


def test_a_command_reads_the_report_without_a_shell(tmp_path: Path) -> None:
    copy = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"
    hook = Notify(command=(sys.executable, "-c", copy, str(tmp_path / "$(mail)")))
    assert notify(_night(tmp_path, _event("0000000001")), hook) == []
    report = (tmp_path / "$(mail)").read_text()
    assert report == markdown(_night(tmp_path / "elsewhere", _event("0000000001")))
    assert "1 new regression" in report


def test_a_command_that_fails_is_tried_again(tmp_path: Path) -> None:
    night = _night(tmp_path, _event("0000000001"))
    (missing,) = notify(night, Notify(command=("/no/such/program",)))
    assert "cannot be started" in missing
    (failing,) = notify(night, Notify(command=(sys.executable, "-c", "raise SystemExit('no mail today')")))
    assert "no mail today" in failing
    assert notify(night, Notify(command=(sys.executable, "-c", ""))) == []


def test_a_torn_record_costs_nothing(tmp_path: Path) -> None:
    notify(_night(tmp_path, _event("0000000001")), Notify())
    with (tmp_path / "notified.jsonl").open("a") as stream:
        stream.write('{"event": "00')
    notify(_night(tmp_path, _event("0000000001"), _event("0000000002")), Notify())
    assert not _night(tmp_path, _event("0000000001"), _event("0000000002")).fresh


def test_the_report_shows_strangers_text_as_text(tmp_path: Path) -> None:
    night = _night(tmp_path, _event("0000000001"))
    night.problems.append("line one\n# not a heading <img src=x>")
    report = markdown(night)
    assert "<script>" not in report
    assert "<img" not in report
    assert "@everyone" not in report
    assert "\n# not" not in report
    assert "\nasv-jit bisect 0000000001\n" in report
    (row,) = [line for line in report.splitlines() if line.startswith("| 0000000001")]
    assert row.replace("\\|", "").count("|") == 8  # seven cells, whatever the case is called
