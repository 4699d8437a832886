"""Random data that is the same on every release of CPython.

Of `random.Random`, only the sequence of `random()` after an integer seed is promised to stay as it is, so
everything here is drawn from that and nothing from `randrange`, `choice` or `shuffle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

__all__ = ["below", "generator", "one_of", "word"]

T = TypeVar("T")


def generator(seed: int) -> Random:
    """A generator whose `random()` gives the same sequence everywhere."""
    return Random(seed)


def below(rng: Random, bound: int) -> int:
    """An integer from 0 up to, not including, `bound`."""
    return int(rng.random() * bound)


def one_of(rng: Random, options: Sequence[T]) -> T:
    """One of `options`, each equally likely."""
    return options[below(rng, len(options))]


def word(rng: Random, length: int, alphabet: str = "etaoinshrdlu") -> str:
    """A string of `length` letters of `alphabet`."""
    return "".join([alphabet[below(rng, len(alphabet))] for _ in range(length)])
