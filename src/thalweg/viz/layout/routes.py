"""The ways of the edges: through the space between layers, and past the boxes within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.viz.layout.order import Layered

__all__ = ["Bands", "Port", "routed"]

Point = tuple[float, float]
Port = tuple[float | None, float | None]

_CORNER = 0.2
"""The part of a box's side, at each end, that no edge touches."""


@dataclass(frozen=True)
class Bands:
    """The layers as bands across the drawing: boxes stand in the middle of their band.

    Attributes:
        tops: where each band begins.
        heights: how high each is.
    """

    tops: list[float]
    heights: list[float]

    @classmethod
    def of(cls, heights: list[float], gap: float) -> Bands:
        """Bands of these heights, with a gap between them."""
        tops = [0.0]
        for height in heights[:-1]:
            tops.append(tops[-1] + height + gap)
        return cls(tops, heights)

    @property
    def height(self) -> float:
        """Of all of them."""
        return self.tops[-1] + self.heights[-1]

    def middle(self, layer: int) -> float:
        """The middle of a band."""
        return self.tops[layer] + self.heights[layer] / 2

    def bottom(self, layer: int) -> float:
        """Where a band ends."""
        return self.tops[layer] + self.heights[layer]


def routed(
    graph: Layered,
    across: Sequence[float],
    boxes: Sequence[tuple[float, float]],
    ports: Sequence[Port],
    bands: Bands,
    gap: float,
) -> list[list[Point]]:
    """The corners of each edge's way, from the top to the bottom."""
    starts = _ports(graph, across, boxes, gap, leaving=True)
    ends = _ports(graph, across, boxes, gap, leaving=False)
    found = []
    for i, chain in enumerate(graph.chains):
        u, v = chain[0], chain[-1]
        for wished, where, box in zip(ports[i], (starts, ends), (u, v), strict=True):
            where[i] = where[i] if wished is None else across[box] + wished
        route = [(starts[i], bands.middle(graph.layer[u]) + boxes[u][1] / 2)]
        route.append((starts[i], bands.bottom(graph.layer[u])))
        for point in chain[1:-1]:
            layer = graph.layer[point]
            route += [(across[point], bands.tops[layer]), (across[point], bands.bottom(layer))]
        route.append((ends[i], bands.tops[graph.layer[v]]))
        route.append((ends[i], bands.middle(graph.layer[v]) - boxes[v][1] / 2))
        found.append(_without_repeats(route))
    return found


def _ports(
    graph: Layered,
    across: Sequence[float],
    boxes: Sequence[tuple[float, float]],
    gap: float,
    leaving: bool,
) -> list[float]:
    """Where on its side each edge touches its box: one alone in the middle, several side by side.

    An edge to a neighbour straight below stays straight; the others stand beside it.
    """
    at: dict[int, list[tuple[float, int]]] = {}
    for i, chain in enumerate(graph.chains):
        box, neighbour = (chain[0], chain[1]) if leaving else (chain[-1], chain[-2])
        at.setdefault(box, []).append((across[neighbour] - across[box], i))
    found = [0.0] * len(graph.chains)
    for box, ways in at.items():
        ways.sort()
        straight = [i for i, (way, _) in enumerate(ways) if abs(way) < 1e-6]
        middle = straight[0] if len(straight) == 1 else (len(ways) - 1) / 2
        furthest = max(middle, len(ways) - 1 - middle, 0.5)
        step = min(gap / 2, (0.5 - _CORNER) * boxes[box][0] / furthest)
        for i, (_, edge) in enumerate(ways):
            found[edge] = across[box] + (i - middle) * step
    return found


def _without_repeats(route: list[Point]) -> list[Point]:
    """Without corners at one place, and without those on a straight line."""
    found: list[Point] = []
    for point in route:
        if found and abs(point[0] - found[-1][0]) < 1e-9 and abs(point[1] - found[-1][1]) < 1e-9:
            continue
        if len(found) > 1 and all(abs(p[0] - point[0]) < 1e-9 for p in found[-2:]):
            found.pop()
        found.append(point)
    return found
