"""A worker of a task queue: Huey with its queue in memory."""

from __future__ import annotations

from uuid import UUID
from zlib import crc32

from huey import MemoryHuey  # type: ignore[import-untyped]  # Huey ships no types

__all__ = ["handle", "task_queue_tasks"]


def _word_count(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts


def _invoice(customer: str, cents: list[int], *, reduction: int = 0) -> str:
    total = sum(cents) * (100 - reduction) // 100
    return f"{customer}: {total // 100}.{total % 100:02d}"


def _checksum(rows: list[tuple[int, str]]) -> int:
    checksum = 0
    for number, name in rows:
        checksum = (checksum * 31 + number * len(name)) & 0xFFFFFF
    return checksum


_queue = MemoryHuey("jit-workloads", immediate=False)
_word_count_task = _queue.task()(_word_count)
_invoice_task = _queue.task(priority=1)(_invoice)
_checksum_task = _queue.task(retries=1)(_checksum)


def handle(number: int) -> int:
    """Put the task of this number into the queue, let the worker empty it; a checksum of the result."""
    kind = number % 3
    identity = str(UUID(int=number))  # Huey's own are random: no two runs would execute the same instructions
    if kind == 0:
        task = _word_count_task.s(
            f"the {number} quick brown foxes and the {number} lazy dogs and the rest", id=identity
        )
    elif kind == 1:
        task = _invoice_task.s(
            f"customer {number}", [number % 100 + line for line in range(8)], reduction=number % 20, id=identity
        )
    else:
        task = _checksum_task.s([(number + row, f"row {row}") for row in range(15)], id=identity)
    result = _queue.enqueue(task)
    while task := _queue.dequeue():
        _queue.execute(task)
    return crc32(repr(result.get()).encode())


def task_queue_tasks(count: int = 10_000) -> int:
    """Queue and do `count` tasks one after another; the sum of the checksums of their results.

    Stresses: pickling of messages, lookups in registries, bookkeeping around short functions.
    Claim: a worker gains once it is warm, although its bookkeeping outweighs the tasks.
    """
    total = 0
    for number in range(count):
        total += handle(number)
    return total
