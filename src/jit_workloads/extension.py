"""Claim: where C does the work the JIT changes nothing.

Each workload is a few lines of Python around one part of the standard library that is written in C.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from operator import itemgetter

from jit_workloads.draws import below, generator, word

__all__ = [
    "compress_on",
    "compression",
    "hash_on",
    "hashing",
    "json_documents",
    "json_on",
    "log_lines",
    "random_bytes",
    "random_records",
    "regular_expressions",
    "search_on",
    "sort_on",
    "sorting",
]

Record = tuple[str, int]


def random_records(count: int, seed: int) -> list[Record]:
    """`count` records of a name of six letters and a number below 1,000."""
    rng = generator(seed)
    return [(word(rng, 6), below(rng, 1000)) for _record in range(count)]


def sort_on(records: list[Record]) -> int:
    """Sort `records` by number, by name and as a whole; a checksum of the three orders.

    Stresses: `sorted` with and without a key. Claim: the sort is C, comparisons included.
    """
    checksum = 0
    for order in (sorted(records, key=itemgetter(1)), sorted(records, key=itemgetter(0)), sorted(records)):
        name, number = order[len(order) // 2]
        checksum = zlib.crc32(f"{name} {number} {order[0]} {order[-1]}".encode(), checksum)
    return checksum


def sorting(count: int = 100_000, seed: int = 5) -> int:
    """Make random records and sort them in three ways; a checksum of the orders."""
    return sort_on(random_records(count, seed))


def random_bytes(size_bytes: int, seed: int) -> bytes:
    """Words of a small vocabulary, `size_bytes` bytes of them: text that compresses as text does."""
    rng = generator(seed)
    vocabulary = [word(rng, 3 + below(rng, 7)) for _word in range(500)]
    words = [vocabulary[below(rng, 500)] for _word in range(size_bytes // 4)]
    return " ".join(words).encode("ascii")[:size_bytes]


def hash_on(data: bytes) -> str:
    """The SHA-256 of the SHA-256 and BLAKE2 digests of `data` and of its blocks of 4 KiB.

    Stresses: `hashlib`. Claim: hashing is C; a block is long enough for the calls not to count.
    """
    digests = hashlib.sha256()
    for start in range(0, len(data), 4096):
        block = data[start : start + 4096]
        digests.update(hashlib.sha256(block).digest())
        digests.update(hashlib.blake2b(block).digest())
    digests.update(hashlib.sha256(data).digest())
    return digests.hexdigest()


def hashing(size_bytes: int = 50_000_000, seed: int = 5) -> str:
    """Make a text and hash it in blocks; a digest of the digests."""
    return hash_on(random_bytes(size_bytes, seed))


def compress_on(data: bytes) -> int:
    """Compress `data` with zlib at two levels and unpack it again; the CRC-32 of what came back.

    The compressed bytes are not part of it: they differ between versions of zlib. Stresses: `zlib`.
    Claim: compression is C.
    """
    checksum = 0
    for level in (1, 6):
        checksum = zlib.crc32(zlib.decompress(zlib.compress(data, level)), checksum)
    return checksum


def compression(size_bytes: int = 5_000_000, seed: int = 5) -> int:
    """Make a text, compress and unpack it; the CRC-32 of what came back."""
    return compress_on(random_bytes(size_bytes, seed))


def log_lines(count: int, seed: int) -> str:
    """`count` lines such as a web server writes."""
    rng = generator(seed)
    return "\n".join(
        [
            f"10.0.{below(rng, 256)}.{below(rng, 256)} - [{below(rng, 24):02d}:{below(rng, 60):02d}] "
            f'"GET /{word(rng, 5)}/{below(rng, 1000)} HTTP/1.1" {200 + 100 * below(rng, 4)} {below(rng, 99999)}'
            for _line in range(count)
        ]
    )


REQUEST = re.compile(r'^(\S+) - \[(\d\d):\d\d\] "(GET|POST) (/\S*) HTTP/1\.[01]" (\d{3}) (\d+)$', re.MULTILINE)
TRAILING_NUMBER = re.compile(r"/(\d+)\b")


def search_on(log: str) -> int:
    """Bytes sent by the requests that failed, and the CRC-32 of the log with the numbers in paths taken out.

    Stresses: the `re` module's search, groups and substitution. Claim: matching is C.
    """
    sent = sum([int(found[6]) for found in REQUEST.finditer(log) if found[5] >= "400"])
    return sent + zlib.crc32(TRAILING_NUMBER.sub("/N", log).encode("ascii"))


def regular_expressions(count: int = 50_000, seed: int = 5) -> int:
    """Make a log and search it; a checksum of what was found."""
    return search_on(log_lines(count, seed))


def json_on(records: list[Record]) -> int:
    """Write `records` as JSON and read them back; the CRC-32 of the text and the sum of the numbers read.

    Stresses: the `json` module's encoder and decoder in C. Claim: they are as fast in either mode.
    """
    text = json.dumps([{"name": name, "number": number, "tags": [name, number]} for name, number in records])
    total: int = sum([entry["number"] for entry in json.loads(text)])
    return zlib.crc32(text.encode("ascii")) + total


def json_documents(count: int = 100_000, seed: int = 5) -> int:
    """Make random records, write them as JSON and read them back; a checksum."""
    return json_on(random_records(count, seed))
