"""`asv-jit preview`: the site from a small server of our own, reachable from this machine only."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from asv_jit.errors import UsageError

# What the machine's own table says of these varies, and a browser runs no script that comes as plain text.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".webmanifest": "application/manifest+json",
}


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | _TYPES

    def parse_request(self) -> bool:
        """Refuse other names: a page elsewhere may point one of its own at this address, to read what is here."""
        if not super().parse_request():
            return False
        if self.headers.get("Host", "").rpartition(":")[0] in ("127.0.0.1", "localhost"):
            return True
        self.send_error(403, "only 127.0.0.1 and localhost are served")
        return False

    def end_headers(self) -> None:
        """After `publish` the next reload shows the new site."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Say nothing of requests that went well."""


@contextmanager
def serving(folder: Path, port: int) -> Iterator[ThreadingHTTPServer]:
    """A server of `folder` on 127.0.0.1, not yet started. Raises UsageError where there is no site, or no port."""
    if not (folder / "index.html").is_file():
        raise UsageError(f"there is no site at {folder}; write it with `asv-jit publish`")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), functools.partial(_Handler, directory=str(folder)))
    except OSError as error:
        raise UsageError(f"port {port} cannot be used ({error.strerror}); name another with --port") from None
    with server:
        yield server
