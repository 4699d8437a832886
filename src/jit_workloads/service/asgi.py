"""An ASGI application: Starlette, called through the ASGI interface."""

from __future__ import annotations

import asyncio
import json
from zlib import crc32

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["asgi_requests", "handle"]


class _RequestNumber:
    """Middleware in the bare ASGI style: gives the request's number back as a header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])

        async def send_with_number(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-number", headers[b"x-number"])]
            await send(message)

        await self.app(scope, receive, send_with_number)


async def _article(request: Request) -> Response:
    number: int = request.path_params["number"]
    if number % 10 == 9:
        raise HTTPException(404, f"no article {number}")
    return JSONResponse({"id": number, "title": f"Article {number}", "tags": [number % 3, number % 5]})


async def _search(request: Request) -> Response:
    words = request.query_params["q"].split()
    limit = int(request.query_params.get("limit", "10"))
    return JSONResponse({"results": [{"word": word, "rank": rank} for rank, word in enumerate(words[:limit])]})


async def _order(request: Request) -> Response:
    order = await request.json()
    total = sum([line["count"] * line["cents"] for line in order["lines"]])
    return JSONResponse({"customer": order["customer"], "total": total}, status_code=201)


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok")


_application = Starlette(
    routes=[
        Route("/health", _health),
        Mount(
            "/api",
            routes=[
                Route("/articles/{number:int}", _article),
                Route("/search", _search),
                Route("/orders", _order, methods=["POST"]),
            ],
        ),
    ],
    middleware=[Middleware(_RequestNumber)],
)


def _request(number: int) -> tuple[str, str, bytes, bytes]:
    """Method, path, query string and body of the request of this number."""
    kind = number % 8
    if kind < 4:
        return "GET", f"/api/articles/{number}", b"", b""
    if kind < 6:
        return "GET", "/api/search", f"q=red+apple+{number}&limit=3".encode(), b""
    if kind < 7:
        lines = [{"count": 1 + line, "cents": number % 100 + line} for line in range(5)]
        return "POST", "/api/orders", b"", json.dumps({"customer": f"c{number}", "lines": lines}).encode()
    return "GET", "/health", b"", b""


async def handle(number: int) -> int:
    """Send the request of this number to the application; a checksum of the status, headers and body."""
    method, path, query, body = _request(number)
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [
            (b"host", b"example.org"),
            (b"accept", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-number", str(number).encode()),
        ],
        "client": ("192.0.2.1", 40000),
        "server": ("192.0.2.2", 80),
    }
    checksum = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal checksum
        if message["type"] == "http.response.start":
            headers = b"\n".join([name + b": " + value for name, value in message["headers"]])
            checksum = crc32(headers, message["status"])
        else:
            checksum = crc32(message["body"], checksum)

    await _application(scope, receive, send)
    return checksum


async def _serve(count: int) -> int:
    total = 0
    for number in range(count):
        total += await asyncio.create_task(handle(number))
    return total


def asgi_requests(count: int = 10_000) -> int:
    """Answer `count` requests one after another, each a task of an event loop; the sum of their checksums.

    Stresses: routing, middleware, coroutines awaiting coroutines, JSON in small pieces.
    Claim: a web service gains once it is warm.
    """
    return asyncio.run(_serve(count))
