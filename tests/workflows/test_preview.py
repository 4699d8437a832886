"""The preview serves the site to this machine only."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from asv_jit.errors import UsageError
from asv_jit.workflows.preview import serving


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    site = tmp_path / "html"
    site.mkdir()
    for name in ("index.html", "site.js", "site.css", "data.json", "icon.svg"):
        (site / name).write_text(name)
    (tmp_path / "outside.txt").write_text("secret")
    with serving(site, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def _ask(port: int, path: str, host: str | None = None) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={} if host is None else {"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read()
    finally:
        connection.close()


def test_files_come_with_their_types(port: int) -> None:
    assert _ask(port, "/") == (200, "text/html; charset=utf-8", b"index.html")
    assert _ask(port, "/site.js")[1] == "text/javascript; charset=utf-8"
    assert _ask(port, "/site.css")[1] == "text/css; charset=utf-8"
    assert _ask(port, "/data.json")[1] == "application/json"
    assert _ask(port, "/icon.svg")[1] == "image/svg+xml"


def test_nothing_outside_the_site_and_no_other_name(port: int) -> None:
    assert _ask(port, "/../outside.txt")[0] == 404
    assert _ask(port, "/%2e%2e/outside.txt")[0] == 404
    assert _ask(port, "/", host="evil.example")[0] == 403
    assert _ask(port, "/", host=f"localhost:{port}")[0] == 200


def test_without_a_site_or_a_port_the_error_says_so(tmp_path: Path, port: int) -> None:
    with pytest.raises(UsageError, match="asv-jit publish"), serving(tmp_path / "nowhere", 0):
        pass
    with pytest.raises(UsageError, match="--port"), serving(tmp_path / "html", port):
        pass
