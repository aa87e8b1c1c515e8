"""Where the boxes of a graph go, and the ways of its edges: a layered drawing.

The steps are those of Sugiyama, Tagawa and Toda (1981): `layers.py` finds the layer of each box,
`order.py` the order within the layers, `coordinates.py` the places, `routes.py` the edges.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from thalweg.viz.layout.coordinates import coordinates
from thalweg.viz.layout.layers import layers_of
from thalweg.viz.layout.order import Layered, ordered
from thalweg.viz.layout.routes import Bands, Port, routed

__all__ = ["Cubic", "Layout", "Point", "layout"]

Point = tuple[float, float]
Cubic = tuple[Point, Point, Point, Point]


@dataclass(frozen=True)
class Layout:
    """Places of boxes and ways of edges; x grows to the right, y grows downwards, both from 0.

    Attributes:
        places: the centre of each box.
        routes: for each edge the corners of its way, from the border of the box that it leaves to
            the border of the box that it enters.
        width: of all of it.
        height: of all of it.
        direction: `'TB'` or `'LR'`: the way in which all edges point.
    """

    places: list[Point]
    routes: list[list[Point]]
    width: float
    height: float
    direction: str

    def curve(self, edge: int) -> list[Cubic]:
        """The way of an edge as Bézier curves without corners: start, two controls, end.

        They leave the layers only where the corners do, so they meet no box either.
        """
        found: list[Cubic] = []
        route = self.routes[edge]
        for (x0, y0), (x1, y1) in pairwise(route):
            if self.direction == "TB":
                middle = (y0 + y1) / 2
                found.append(((x0, y0), (x0, middle), (x1, middle), (x1, y1)))
            else:
                middle = (x0 + x1) / 2
                found.append(((x0, y0), (middle, y0), (middle, y1), (x1, y1)))
        return found


def layout(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    *,
    direction: str = "TB",
    gap: tuple[float, float] = (24.0, 36.0),
    first: Collection[int] = (),
    last: Collection[int] = (),
    ports: Sequence[Port] | None = None,
) -> Layout:
    """Place the boxes of a graph without cycles so that all edges point in one direction.

    No two boxes overlap, and no edge runs through a box. The same graph is always drawn the same.
    What stands on an edge, such as a number, can be given as a box between two edges.

    Args:
        sizes: width and height of each box.
        edges: pairs (from, to) of places in `sizes`; a pair may occur several times.
        direction: `'TB'`, from the top to the bottom, or `'LR'`, from the left to the right.
        gap: the space between neighbours across the direction, and between layers along it, in
            the unit of `sizes`.
        first: boxes that are alone in the first layer; no edge leads to them.
        last: boxes that are alone in the last layer; no edge leads from them.
        ports: for each edge, how far from the middles of the two boxes' sides it leaves and
            enters; None where it may be chosen, which is in the middle or beside other edges.

    Raises:
        ValueError: for a cycle, for an edge of a box that there is not, for a size that is not
            positive, for another direction.

    >>> drawn = layout([(40, 20), (40, 20), (40, 20)], [(0, 1), (0, 2)], gap=(10, 30))
    >>> drawn.places
    [(45.0, 10.0), (20.0, 60.0), (70.0, 60.0)]
    >>> drawn.width, drawn.height
    (90.0, 70.0)
    """
    boxes = [(float(w), float(h)) for w, h in sizes]
    _check(boxes, edges, direction, gap)
    wrong = next(((u, v) for u, v in edges if v in first or u in last), None)
    if wrong is not None:
        raise ValueError(f"layout: edge {wrong} leads to the first or from the last layer.")
    if not boxes:
        return Layout([], [], 0.0, 0.0, direction)
    turned = direction == "LR"
    if turned:
        boxes = [(h, w) for w, h in boxes]
    graph = ordered(Layered.of(layers_of(len(boxes), edges, first, last), edges))
    across = coordinates(graph, [w for w, _ in boxes], gap[0])
    found = _drawn(graph, across, boxes, ports or [(None, None)] * len(edges), gap)
    return _turned(found) if turned else found


def _drawn(
    graph: Layered,
    across: list[float],
    boxes: Sequence[tuple[float, float]],
    ports: Sequence[Port],
    gap: tuple[float, float],
) -> Layout:
    """The drawing from the top to the bottom, for the places across it."""
    bands = Bands.of([max(boxes[v][1] for v in row) for row in graph.boxes()], gap[1])
    ways = routed(graph, across, boxes, ports, bands, gap[0])
    middles = [bands.middle(graph.layer[v]) for v in range(len(boxes))]
    lefts = [across[v] - w / 2 for v, (w, _) in enumerate(boxes)]
    rights = [across[v] + w / 2 for v, (w, _) in enumerate(boxes)]
    low = min([*lefts, *(x for way in ways for x, _ in way)])
    high = max([*rights, *(x for way in ways for x, _ in way)])
    return Layout(
        [(across[v] - low, middles[v]) for v in range(len(boxes))],
        [[(x - low, y) for x, y in way] for way in ways],
        high - low,
        bands.height,
        "TB",
    )


def _turned(found: Layout) -> Layout:
    return replace(
        found,
        places=[(y, x) for x, y in found.places],
        routes=[[(y, x) for x, y in way] for way in found.routes],
        width=found.height,
        height=found.width,
        direction="LR",
    )


def _check(
    boxes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    direction: str,
    gap: tuple[float, float],
) -> None:
    if direction not in ("TB", "LR"):
        raise ValueError(f"layout: direction must be 'TB' or 'LR', got {direction!r}.")
    if not min(gap) > 0:
        raise ValueError(f"layout: gap must be two positive numbers, got {gap}.")
    for i, box in enumerate(boxes):
        if not min(box) > 0:
            raise ValueError(f"layout: sizes[{i}] must be positive, got {box}.")
    for edge in edges:
        if not all(0 <= v < len(boxes) for v in edge):
            raise ValueError(f"layout: edge {edge} names a box that is not among {len(boxes)}.")
