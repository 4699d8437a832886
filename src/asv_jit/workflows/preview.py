"""`asv-jit preview`: serves the site on this machine only."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from asv_jit.errors import UsageError

# The system's own table of types varies, and browsers refuse to run a script served as plain text.
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
        """Refuse other host names, against DNS rebinding: a foreign page could point its own name at this address."""
        if not super().parse_request():
            return False
        if self.headers.get("Host", "").rpartition(":")[0] in ("127.0.0.1", "localhost"):
            return True
        self.send_error(403, "only 127.0.0.1 and localhost are served")
        return False

    def end_headers(self) -> None:
        """Forbid caching, so that a reload shows what `publish` wrote."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Log nothing."""


@contextmanager
def serving(folder: Path, port: int) -> Iterator[ThreadingHTTPServer]:
    """Yield a server of `folder` on 127.0.0.1, not yet started. Raises UsageError without a site or a free port."""
    if not (folder / "index.html").is_file():
        raise UsageError(f"there is no site at {folder}; write it with `asv-jit publish`")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), functools.partial(_Handler, directory=str(folder)))
    except OSError as error:
        raise UsageError(f"port {port} cannot be used ({error.strerror}); name another with --port") from None
    with server:
        yield server
