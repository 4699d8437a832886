"""Programs whose work is done in C."""

from __future__ import annotations

from functools import cache

from jit_workloads import extension

_records = cache(extension.random_records)
_bytes = cache(extension.random_bytes)
_log = cache(extension.log_lines)


class Sorting:
    version = "1"
    warmup_time = 0.5

    def setup(self) -> None:
        self.records = _records(4000, seed=5)

    def time_sort(self) -> int:
        return extension.sort_on(self.records)


class Hashing:
    version = "1"
    warmup_time = 0.5

    def setup(self) -> None:
        self.data = _bytes(500_000, seed=5)

    def time_hash(self) -> str:
        return extension.hash_on(self.data)


class Compression:
    version = "1"
    warmup_time = 0.5

    def setup(self) -> None:
        self.data = _bytes(50_000, seed=5)

    def time_zlib(self) -> int:
        return extension.compress_on(self.data)


class RegularExpressions:
    version = "1"
    warmup_time = 0.5

    def setup(self) -> None:
        self.log = _log(3000, seed=5)

    def time_search(self) -> int:
        return extension.search_on(self.log)


class Json:
    version = "1"
    warmup_time = 0.5

    def setup(self) -> None:
        self.records = _records(2000, seed=5)

    def time_write_and_read(self) -> int:
        return extension.json_on(self.records)
