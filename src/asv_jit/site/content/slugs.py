"""File names and anchors: readable, safe on every file system, and unique whatever a thing is called."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import unicodedata

from asv_jit.model import CaseKey

_READABLE = 60
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


@functools.lru_cache(maxsize=100_000)  # a name stands on several pages, of a large site too
def slug(key: CaseKey) -> str:
    """`cpu-time-mandelbrot-3f2a9c01d4e5`: ASCII words of the name, then a digest of the whole of it."""
    plain = str(key)[: 4 * _READABLE]
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    words = _BETWEEN_WORDS.sub("-", plain.lower())[:_READABLE].strip("-")
    identity = json.dumps([key.benchmark, *key.params])  # ASCII, and no two keys alike
    digest = hashlib.sha256(identity.encode("ascii")).hexdigest()[:12]
    return f"{words or 'case'}-{digest}"


def anchor_of(kind: str, name: str) -> str:
    """An id for a part of a page: `machine-0a1b2c3d`, the same for the same name."""
    return f"{kind}-{hashlib.sha256(json.dumps(name).encode('ascii')).hexdigest()[:8]}"
