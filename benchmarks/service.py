"""Requests to real libraries, in the process: batches in steady state, and the latencies of the first ones.

A batch is `time_`; asv warms it up. `track_first_requests` gives one percentile of the first 10,000 requests of a
process, so that each of its values needs a process of its own and none is warmed up.
"""

from __future__ import annotations

from jit_workloads.service import asgi, json_api, latency, task_queue, templates, wsgi

REQUESTS = 10_000
PERCENTILES = (50, 99, 99.9)


class Starlette:
    version = "1"
    warmup_time = 1.0

    def time_requests(self) -> int:
        return asgi.asgi_requests(100)


class StarletteLatency:
    version = "1"
    unit = "seconds"
    param_names = ("percentile",)
    params = PERCENTILES

    def track_first_requests(self, percentile: float) -> float:
        return latency.percentile_s(latency.of_tasks(asgi.handle, REQUESTS), percentile)


class Werkzeug:
    version = "1"
    warmup_time = 1.0

    def time_requests(self) -> int:
        return wsgi.wsgi_requests(100)


class WerkzeugLatency:
    version = "1"
    unit = "seconds"
    param_names = ("percentile",)
    params = PERCENTILES

    def track_first_requests(self, percentile: float) -> float:
        return latency.percentile_s(latency.of_calls(wsgi.handle, REQUESTS), percentile)


class Jinja:
    version = "1"
    warmup_time = 1.0

    def time_pages(self) -> int:
        return templates.template_pages(20)


class JinjaLatency:
    version = "1"
    unit = "seconds"
    param_names = ("percentile",)
    params = PERCENTILES

    def track_first_requests(self, percentile: float) -> float:
        return latency.percentile_s(latency.of_calls(templates.handle, REQUESTS), percentile)


class Marshmallow:
    version = "1"
    warmup_time = 1.0

    def time_requests(self) -> int:
        return json_api.json_api_requests(50)


class MarshmallowLatency:
    version = "1"
    unit = "seconds"
    param_names = ("percentile",)
    params = PERCENTILES

    def track_first_requests(self, percentile: float) -> float:
        return latency.percentile_s(latency.of_calls(json_api.handle, REQUESTS), percentile)


class Huey:
    version = "2"
    warmup_time = 1.0

    def time_tasks(self) -> int:
        return task_queue.task_queue_tasks(100)


class HueyLatency:
    version = "2"
    unit = "seconds"
    param_names = ("percentile",)
    params = PERCENTILES

    def track_first_tasks(self, percentile: float) -> float:
        return latency.percentile_s(latency.of_calls(task_queue.handle, REQUESTS), percentile)
