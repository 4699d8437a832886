"""The services answer what their requests ask for, and latencies are reduced to the right ones."""

from __future__ import annotations

import asyncio
import json
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jit_workloads.service import asgi, json_api, latency, task_queue, templates, wsgi


def test_the_asgi_application_knows_an_article() -> None:
    body = b'{"id":2,"title":"Article 2","tags":[2,2]}'
    headers = b"content-length: %d\ncontent-type: application/json\nx-number: 2" % len(body)
    assert asyncio.run(asgi.handle(2)) == crc32(body, crc32(headers, 200))


def test_the_wsgi_application_knows_a_comment() -> None:
    body = b"well-said-4 on 4"
    headers = "200 OK\nContent-Type: text/plain; charset=utf-8\nContent-Length: 16\nX-Endpoint: comment"
    assert wsgi.handle(4) == crc32(body, crc32(headers.encode()))


def test_an_order_gets_a_receipt() -> None:
    receipt = {"customer": "Customer 1", "express": False, "placed": "2026-02-02", "total": 2 + 3 * 998 + 4 * 1995}
    assert json_api.handle(1) == crc32(json.dumps(receipt, sort_keys=True).encode(), 200)


def test_an_order_that_costs_too_much_is_refused() -> None:
    problem = {"errors": {"lines": ["too much for one order"]}}
    assert json_api.handle(16) == crc32(json.dumps(problem).encode(), 422)


def test_a_task_is_done_and_its_result_fetched() -> None:
    assert task_queue.handle(1) == crc32(repr("customer 1: 0.35").encode())


def test_pages_differ() -> None:
    assert len({templates.handle(number) for number in range(9)}) == 9


def test_batches_are_the_sums_of_their_requests() -> None:
    assert wsgi.wsgi_requests(9) == sum(wsgi.handle(number) for number in range(9))
    assert asgi.asgi_requests(9) == sum(asyncio.run(asgi.handle(number)) for number in range(9))


def test_latencies_are_those_of_the_requests_in_their_order() -> None:
    asked: list[int] = []
    durations_ns = latency.of_calls(asked.append, 50)
    assert asked == list(range(50))
    assert len(durations_ns) == 50
    assert min(durations_ns) >= 0


def test_latencies_of_tasks_are_those_of_the_requests_in_their_order() -> None:
    asked: list[int] = []

    async def handle(number: int) -> None:
        asked.append(number)

    assert len(latency.of_tasks(handle, 50)) == 50
    assert asked == list(range(50))


@given(st.lists(st.integers(0, 10**9), min_size=1), st.floats(0.1, 100))
def test_a_percentile_is_the_least_that_so_many_do_not_exceed(durations_ns: list[int], percent: float) -> None:
    found_ns = latency.percentile_s(durations_ns, percent) * 1e9

    def share(limit: float) -> float:
        return sum(duration <= limit for duration in durations_ns) / len(durations_ns)

    assert share(found_ns + 0.5) >= percent / 100 - 1e-12
    lower = [duration for duration in durations_ns if duration < found_ns - 0.5]
    assert not lower or share(max(lower)) < percent / 100 + 1e-12


@pytest.mark.parametrize("percent", [0, -1, 100.1])
def test_a_percentile_beyond_all_requests_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        latency.percentile_s([1], percent)


def test_no_requests_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="found 0"):
        latency.percentile_s([], 50)
