"""Assign sets of requirements to series: sets that follow one another share a series, parallel sets do not.

A pin that changes from one commit to the next is one series whose points say where it changed, as patch releases of an
interpreter are. Sets that were measured over the same commits, because the matrix has several or two configurations
share their results, are series of their own, each named after what it has and the others lack.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

UNRECORDED = ""
"""The set of trials from before it was recorded, and of a matrix that adds nothing."""


def series_names(places: Mapping[str, Collection[int]]) -> dict[str, str]:
    """Return the name of each set's series, empty if all sets follow one another.

    `places`: for each set the commits that were measured with it, as places in their order; none is empty. Two sets
    follow one another if they share at most the commit at which one took the other's place, and each has others.
    """
    chains: list[list[str]] = []
    known = (name for name in places if name != UNRECORDED)
    for name in sorted(known, key=lambda name: (min(places[name]), max(places[name]), name)):
        fitting = (chain for chain in chains if _follows(places[chain[-1]], places[name]))
        chain = max(fitting, key=lambda chain: max(places[chain[-1]]), default=None)
        if chain is None:
            chains.append([name])
        else:
            chain.append(name)
    named: dict[str, str] = {}
    for chain in chains:
        others = [set(other[-1].split()) for other in chains if other is not chain]
        own = [part for part in chain[-1].split() if not all(part in other for other in others)]
        label = " ".join(own) or f"only {chain[-1]}" if others else ""
        named |= dict.fromkeys(chain, label)
    if UNRECORDED in places:  # nothing tells which it was: it joins the series that reaches back furthest
        named[UNRECORDED] = named[chains[0][0]] if chains else ""
    return named


def changed_packages(before: Collection[str], after: Collection[str]) -> tuple[str, ...]:
    """Return how packages such as `numpy==2.1.0` differ: `numpy 2.1.0 → 2.2.0`, `six without → 1.17.0`."""
    old, new = (dict(one.split("==", 1) for one in packages if "==" in one) for packages in (before, after))
    return tuple(
        f"{name} {old.get(name, 'without')} → {new.get(name, 'without')}"
        for name in sorted({*old, *new}, key=str.lower)
        if old.get(name) != new.get(name)
    )


def _follows(before: Collection[int], after: Collection[int]) -> bool:
    return max(before) <= min(after) and min(before) < min(after) and max(before) < max(after)
