"""Every workload at the size of its benchmark, with the checksum that it must give on every interpreter.

The checksums of `service` hold for the library versions that `asv.conf.json` pins.
"""

from __future__ import annotations

from dataclasses import dataclass

Checksum = int | float | str | list[int]


@dataclass(frozen=True, slots=True)
class Check:
    """A workload by module and function, its arguments, and what it must return (a tuple as a list, as in JSON)."""

    workload: str
    arguments: tuple[int, ...]
    checksum: Checksum

    def __str__(self) -> str:
        return f"{self.workload}{self.arguments}"


CHECKS = (
    Check("cpu.mandelbrot:mandelbrot", (40, 40, 100), 39475),
    Check("cpu.mandelbrot:mandelbrot", (80, 80, 100), 156384),
    Check("cpu.dijkstra:dijkstra", (2000, 10), 2000),
    Check("cpu.dijkstra:dijkstra", (8000, 10), 7999),
    Check("cpu.levenshtein:levenshtein", (16, 40), 366),
    Check("cpu.levenshtein:levenshtein", (16, 80), 708),
    Check("cpu.n_body:n_body", (600,), -67.33514926944522),
    Check("cpu.fannkuch:fannkuch", (7,), [18508, 16]),
    Check("cpu.spectral_norm:spectral_norm", (25,), 1.2740147254876322),
    Check("cpu.n_queens:n_queens", (9,), 352),
    Check("cpu.numeric_loops:integer_loop", (1000,), 59431),
    Check("cpu.numeric_loops:float_loop", (50000,), 3.141592653623119),
    Check("cpu.streams:generators", (15000,), 3525230),
    Check("cpu.streams:comprehensions", (120,), 26140880),
    Check("cpu.text_building:text_building", (2000,), 3708849500),
    Check("cpu.expressions:expressions", (150,), 62616368),
    Check("cpu.factory:factory", (4000,), [798, 115, 10005, 8759]),
    Check("service.asgi:asgi_requests", (100,), 209740518514),
    Check("service.wsgi:wsgi_requests", (100,), 229069451411),
    Check("service.templates:template_pages", (20,), 35060202267),
    Check("service.json_api:json_api_requests", (50,), 125696445972),
    Check("service.task_queue:task_queue_tasks", (100,), 231771613723),
    Check("io_bound:files", (20,), 2475508384),
    Check("io_bound:database", (2000,), 487255732),
    Check("io_bound:socket_echo", (100,), 3470954226),
    Check("extension:sorting", (4000,), 1570376166),
    Check("extension:hashing", (500000,), "eac86e756aa1bd4a91bc4476dc145386f0176157301dd966e4526054f05138b6"),
    Check("extension:compression", (50000,), 2135998640),
    Check("extension:regular_expressions", (3000,), 703686953),
    Check("extension:json_documents", (2000,), 763199904),
    Check("memory:many_functions", (50, 5000), 1848051935),
    Check("memory:object_graph", (5000,), 3233032252),
)

# What the processes of `startup` write to their stdout.
OUTPUTS = {
    "pass": "",
    "short_script": "410817 288733689 2201816184\n",
    "many_imports": "22\n",
    "command_line_tool": (
        "c18            1049.85\n"
        "c19            1006.62\n"
        "c20             937.64\n"
        "c28             887.17\n"
        "c25             840.04\n"
    ),
}
