"""Edit distances: dynamic programming over strings and lists of small integers."""

from __future__ import annotations

from collections.abc import Iterable

from jit_workloads.draws import generator, word

__all__ = ["distance", "levenshtein", "levenshtein_on", "random_pairs"]


def random_pairs(pairs: int, length: int, seed: int) -> list[tuple[str, str]]:
    """`pairs` pairs of random strings, each `length` letters of an alphabet of four."""
    rng = generator(seed)
    return [(word(rng, length, "acgt"), word(rng, length, "acgt")) for _pair in range(pairs)]


def distance(first: str, second: str) -> int:
    """Levenshtein's distance: the fewest insertions, deletions and substitutions from one to the other."""
    previous = list(range(len(second) + 1))
    for row, first_letter in enumerate(first, 1):
        current = [row]
        for column, second_letter in enumerate(second, 1):
            best = previous[column - 1]
            if first_letter != second_letter:
                if previous[column] < best:
                    best = previous[column]
                if current[column - 1] < best:
                    best = current[column - 1]
                best += 1
            current.append(best)
        previous = current
    return previous[-1]


def levenshtein_on(pairs: Iterable[tuple[str, str]]) -> int:
    """The sum of the distances of `pairs`.

    Stresses: indexing of lists, comparison of one-letter strings, and branches that no prediction gets right.
    Claim: a trace follows one path, so code that branches on its data gains less than arithmetic does.
    """
    total = 0
    for first, second in pairs:
        total += distance(first, second)
    return total


def levenshtein(pairs: int = 100, length: int = 200, seed: int = 123) -> int:
    """Make random pairs of strings and add up their distances."""
    return levenshtein_on(random_pairs(pairs, length, seed))
