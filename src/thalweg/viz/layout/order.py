"""The order of the boxes within each layer, for few crossings of edges."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Layered", "ordered"]

# Work is bounded, so that a graph of thousands of edges is drawn at once too.
_ROUNDS = 24
_SMALL = 1500


@dataclass
class Layered:
    """A graph in layers, in which an edge leads to the next layer.

    An edge over several layers passes a point in each layer between: a vertex like a box.

    Attributes:
        count: the number of boxes; the vertices from there on are points of edges.
        layer: the layer of each vertex.
        rows: the vertices of each layer, from left to right.
        up: the vertices before each vertex.
        down: the vertices after each vertex.
        chains: the vertices on the way of each edge, its boxes included.
    """

    count: int
    layer: list[int]
    rows: list[list[int]]
    up: list[list[int]]
    down: list[list[int]]
    chains: list[list[int]]

    @classmethod
    def of(cls, layers: Sequence[int], edges: Sequence[tuple[int, int]]) -> Layered:
        """The graph of boxes in these layers."""
        layer = list(layers)
        chains = []
        for u, v in edges:
            points = range(len(layer), len(layer) + layers[v] - layers[u] - 1)
            layer.extend(range(layers[u] + 1, layers[v]))
            chains.append([u, *points, v])
        up: list[list[int]] = [[] for _ in layer]
        down: list[list[int]] = [[] for _ in layer]
        for chain in chains:
            for a, b in pairwise(chain):
                down[a].append(b)
                up[b].append(a)
        rows: list[list[int]] = [[] for _ in range(max(layer) + 1)]
        for v in _met(len(layers), up, down):
            rows[layer[v]].append(v)
        return cls(len(layers), layer, rows, up, down, chains)

    def boxes(self) -> Iterator[list[int]]:
        """The boxes of each layer; there is at least one in each."""
        return ([v for v in row if v < self.count] for row in self.rows)

    def places(self) -> list[int]:
        """The place of each vertex in its layer."""
        found = [0] * len(self.layer)
        for row in self.rows:
            for i, v in enumerate(row):
                found[v] = i
        return found


def _met(count: int, up: list[list[int]], down: list[list[int]]) -> list[int]:
    """All vertices as a walk along the edges meets them, so that what belongs together is near."""
    found: dict[int, None] = {}
    for start in range(count):
        stack = [start] if not up[start] else []
        while stack:
            v = stack.pop()
            if v not in found:
                found[v] = None
                stack.extend(reversed(down[v]))
    return list(found)


def ordered(graph: Layered) -> Layered:
    """The same graph with its rows in an order of few crossings.

    Rows are sorted by the mean place of their neighbours above, then below, in turns (Sugiyama
    et al. 1981); the best order of all that were met is taken, and neighbours that cross less the
    other way round are exchanged (Gansner et al. 1993).
    """
    best, least = [list(row) for row in graph.rows], _crossings(graph)
    rounds = _ROUNDS if len(graph.layer) < _SMALL else _ROUNDS // 2
    idle = 0
    for i in range(rounds):
        if least == 0 or idle == 6:
            break
        _sweep(graph, downwards=i % 2 == 0, exchange=i % 4 > 1)
        if len(graph.layer) < _SMALL:
            _exchange(graph)
        number = _crossings(graph)
        idle += 1
        if number < least:
            best, least, idle = [list(row) for row in graph.rows], number, 0
    graph.rows = best
    return graph


def _crossings(graph: Layered) -> int:
    place = graph.places()
    total = 0
    for row in graph.rows[:-1]:
        ends: list[int] = []
        for v in row:
            below = sorted(place[w] for w in graph.down[v])
            for end in below:
                total += len(ends) - bisect_right(ends, end)
            for end in below:
                insort(ends, end)
    return total


def _sweep(graph: Layered, downwards: bool, exchange: bool) -> None:
    place = graph.places()
    near = graph.up if downwards else graph.down
    rows = graph.rows if downwards else graph.rows[::-1]
    for row in rows[1:]:
        # What has no neighbour on that side keeps its place. In every other
        # pair of sweeps those of equal means exchange their places.
        movable = [i for i, v in enumerate(row) if near[v]]
        means = {row[i]: sum(place[w] for w in near[row[i]]) / len(near[row[i]]) for i in movable}
        present = [row[i] for i in (reversed(movable) if exchange else movable)]
        moved = sorted(present, key=lambda v: means[v])
        for i, v in zip(movable, moved, strict=True):
            row[i] = v
        for i, v in enumerate(row):
            place[v] = i


def _exchange(graph: Layered) -> None:
    """Exchange neighbours in a row as long as that takes crossings away."""
    place = graph.places()
    for _ in range(8):
        better = False
        for row in graph.rows:
            for i in range(len(row) - 1):
                u, v = row[i], row[i + 1]
                gain = 0
                for near in (graph.up, graph.down):
                    a, b = [place[w] for w in near[u]], [place[w] for w in near[v]]
                    gain += sum((x > y) - (x < y) for x in a for y in b)
                if gain > 0:
                    row[i], row[i + 1] = v, u
                    place[u], place[v] = i + 1, i
                    better = True
        if not better:
            return
