"""Shortest paths with a heap: lists, tuples and calls into C."""

from __future__ import annotations

from heapq import heappop, heappush

from jit_workloads.draws import below, generator

__all__ = ["Graph", "dijkstra", "dijkstra_on", "random_graph"]

MAX_WEIGHT = 29

Graph = list[list[tuple[int, int]]]
"""For each node its edges, as (target, weight)."""


def random_graph(n: int, edges_per_node: int, seed: int) -> Graph:
    """A directed graph of `n` nodes, each with `edges_per_node` edges of weight 1 to 29 to random nodes."""
    rng = generator(seed)
    return [[(below(rng, n), 1 + below(rng, MAX_WEIGHT)) for _edge in range(edges_per_node)] for _node in range(n)]


def dijkstra_on(graph: Graph, source: int = 0) -> int:
    """The number of nodes settled by Dijkstra's algorithm from `source`: those that can be reached.

    Stresses: unpacking of tuples, indexing of lists, integer comparisons that branch either way, and a heap
    that is written in C. Claim: no gain on 3.14, since the work on heaps and tuples dominates.
    """
    unreached = len(graph) * MAX_WEIGHT + 1  # more than any path that visits no node twice
    distances = [unreached] * len(graph)
    distances[source] = 0
    settled = [False] * len(graph)
    count = 0
    heap = [(0, source)]
    while heap:
        distance, node = heappop(heap)
        if settled[node]:
            continue
        settled[node] = True
        count += 1
        for target, weight in graph[node]:
            candidate = distance + weight
            if candidate < distances[target]:
                distances[target] = candidate
                heappush(heap, (candidate, target))
    return count


def dijkstra(n: int = 10000, edges_per_node: int = 50, seed: int = 123) -> int:
    """Build a random graph and settle it from node 0; the number of settled nodes."""
    return dijkstra_on(random_graph(n, edges_per_node, seed))
