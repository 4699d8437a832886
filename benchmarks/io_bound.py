"""Programs that wait for the kernel."""

from __future__ import annotations

from jit_workloads import io_bound


class Files:
    version = "2"
    warmup_time = 0.5

    def time_write_and_read(self) -> int:
        return io_bound.files(20)


class Database:
    version = "2"
    warmup_time = 0.5

    def time_sqlite(self) -> int:
        return io_bound.database(2000)


class Sockets:
    version = "1"
    warmup_time = 0.5

    def time_echo(self) -> int:
        return io_bound.socket_echo(100)
