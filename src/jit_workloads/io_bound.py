"""Claim: a program that waits for the kernel neither gains nor loses by the JIT."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zlib import crc32

__all__ = ["database", "files", "socket_echo"]


@contextmanager
def _new_folder() -> Iterator[Path]:
    """A folder in the working directory, removed afterwards.

    Its name is always the same: how many instructions a call takes depends on the names of its files.
    """
    folder = Path("jit-workloads")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def files(count: int = 1000, lines: int = 100) -> int:
    """Write `count` text files into a new folder, list them, read them all back; the CRC-32 of their sizes.

    Stresses: opening, writing, listing and reading of files. Claim: system calls decide, in either mode.
    """
    with _new_folder() as folder:
        for number in range(count):
            text = "".join([f"{number} {line}\n" for line in range(lines)])
            (folder / f"{number:06d}.txt").write_text(text, encoding="ascii")
        checksum = 0
        for path in sorted(folder.iterdir()):
            with path.open(encoding="ascii") as file:
                total = sum([len(line) for line in file])
            checksum = crc32(f"{path.name} {total}".encode(), checksum)
    return checksum


def database(rows: int = 10_000) -> int:
    """Insert `rows` rows into a new SQLite file, query them with and without an index; a sum over the answers.

    Stresses: the `sqlite3` module, a transaction, and rows turned into tuples. Nothing is forced to the disk, so
    that the device does not decide. Claim: SQLite's own work decides.
    """
    with (
        _new_folder() as folder,
        closing(sqlite3.connect(folder / "orders.sqlite")) as connection,
    ):
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, cents INTEGER)")
        with connection:
            connection.executemany(
                "INSERT INTO orders (customer, cents) VALUES (?, ?)",
                [(row * 31 % 97, row * 7919 % 10_007) for row in range(rows)],
            )
        connection.execute("CREATE INDEX of_customer ON orders (customer)")
        of_customer = "SELECT id, cents FROM orders WHERE customer = ? ORDER BY cents, id"
        total: int = 0
        for customer in range(0, 97, 4):
            for place, (order, cents) in enumerate(connection.execute(of_customer, (customer,))):
                total += place * order ^ cents
        per_customer = connection.execute("SELECT customer, SUM(cents) FROM orders GROUP BY customer")
        total += sum([customer * cents for customer, cents in per_customer])
        return total


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _converse(messages: int) -> int:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(host, port)
        checksum = 0
        for number in range(messages):
            writer.write(f"message {number}\n".encode())
            await writer.drain()
            checksum = crc32(await reader.readline(), checksum)
        writer.close()
        await writer.wait_closed()
    return checksum


def socket_echo(messages: int = 10_000) -> int:
    """Send `messages` lines to a server in the same event loop and wait for each answer; their CRC-32.

    Stresses: asyncio's event loop and streams over a loopback socket. Claim: the kernel and the event loop's
    short callbacks share the time, so that little is left to gain.
    """
    return asyncio.run(_converse(messages))
