"""A WSGI application: Werkzeug's routing, requests and responses, called through the WSGI interface."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zlib import crc32

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["handle", "wsgi_requests"]

_urls = Map(
    [
        Rule("/", endpoint="home", methods=["GET"]),
        Rule("/articles/<int:number>", endpoint="article", methods=["GET"]),
        Rule("/articles/<int:number>/comments/<slug>", endpoint="comment", methods=["GET"]),
        Rule("/search", endpoint="search", methods=["GET"]),
        Rule("/orders", endpoint="order", methods=["POST"]),
    ]
)


def _home(request: Request) -> Response:
    response = Response("<h1>Welcome</h1>", mimetype="text/html")
    response.set_cookie("visits", str(int(request.cookies.get("visits", "0")) + 1))
    return response


def _article(request: Request, number: int) -> Response:
    if number % 10 == 9:
        raise NotFound(f"no article {number}")
    return Response(json.dumps({"id": number, "title": f"Article {number}"}), mimetype="application/json")


def _comment(request: Request, number: int, slug: str) -> Response:
    return Response(f"{slug} on {number}", mimetype="text/plain")


def _search(request: Request) -> Response:
    words = request.args["q"].split()
    limit = request.args.get("limit", 10, type=int)
    return Response("\n".join(words[:limit]), mimetype="text/plain")


def _order(request: Request) -> Response:
    total = sum([int(count) * 250 for count in request.form.getlist("count")])
    return Response(f"{request.form['customer']} owes {total}", status=201, mimetype="text/plain")


_views: dict[str, Callable[..., Response]] = {
    "home": _home,
    "article": _article,
    "comment": _comment,
    "search": _search,
    "order": _order,
}


def _application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    request = Request(environ)
    try:
        endpoint, arguments = _urls.bind_to_environ(environ).match()
        response = _views[endpoint](request, **arguments)
        response.headers["X-Endpoint"] = endpoint
    except HTTPException as problem:
        return problem(environ, start_response)
    return response(environ, start_response)


def _environ(number: int) -> WSGIEnvironment:
    kind = number % 8
    method, query, body = "GET", "", b""
    if kind < 3:
        path = f"/articles/{number}"
    elif kind < 5:
        path = f"/articles/{number}/comments/well-said-{number}"
    elif kind < 6:
        path, query = "/search", urlencode({"q": f"red apple {number}", "limit": 2})
    elif kind < 7:
        method, path = "POST", "/orders"
        body = urlencode([("customer", f"c{number}"), ("count", 1), ("count", number % 9)]).encode()
    else:
        path = "/"
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "example.org",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "example.org",
        "HTTP_COOKIE": f"visits={number}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _write(data: bytes) -> object:
    raise NotImplementedError("WSGI's old way to send a body, which no application here uses")


def handle(number: int) -> int:
    """Send the request of this number to the application; a checksum of the status, headers and body."""
    started: list[str] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        started.append(status)
        started.extend([f"{name}: {value}" for name, value in headers])
        return _write

    parts = _application(_environ(number), start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return crc32(body, crc32("\n".join(started).encode()))


def wsgi_requests(count: int = 10_000) -> int:
    """Answer `count` requests one after another; the sum of their checksums.

    Stresses: routing by a state machine, lazily parsed headers, forms and cookies, many properties.
    Claim: a web service gains once it is warm.
    """
    total = 0
    for number in range(count):
        total += handle(number)
    return total
