"""Where each vertex stands across the layers: long edges straight, boxes over their neighbours.

Brandes and Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001): vertices are aligned
with a middle neighbour into blocks, in four ways (from above or below, leftmost or rightmost), each
way is made as narrow as it can be, and each vertex stands in the middle of what the four say.
Blocks are placed by longest paths, which needs none of the paper's shifts of classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from thalweg.viz.layout.order import Layered

__all__ = ["coordinates"]

# Edges may come closer to each other and to boxes than boxes to boxes.
_NEAR = 0.6


def coordinates(graph: Layered, widths: Sequence[float], gap: float) -> list[float]:
    """The centre of each vertex across the layers.

    Args:
        graph: with its rows in order.
        widths: of the boxes.
        gap: between neighbouring boxes.
    """
    crossing = _crossing_long_edges(graph)
    ways = []
    for upwards in (False, True):
        for mirrored in (False, True):
            rows = [row[::-1] if mirrored else row for row in graph.rows]
            rows = rows[::-1] if upwards else rows
            near = graph.down if upwards else graph.up
            root = _aligned(rows, near, crossing, len(graph.layer))
            x = _placed(rows, root, graph.count, widths, gap)
            ways.append([-value for value in x] if mirrored else x)
    return _middle(ways, [*widths, *[0.0] * (len(graph.layer) - graph.count)])


def _crossing_long_edges(graph: Layered) -> set[tuple[int, int]]:
    """The pieces of edges that cross a piece between two points of a long edge.

    These pieces give way, so that the long edges are straight.
    """
    found: set[tuple[int, int]] = set()
    place = graph.places()
    for above, row in zip(graph.rows, graph.rows[1:], strict=False):
        first, done = 0, 0
        for i, v in enumerate(row):
            inner = v >= graph.count and graph.up[v][0] >= graph.count
            if not inner and i < len(row) - 1:
                continue
            last = place[graph.up[v][0]] if inner else len(above)
            for w in row[done : i + 1]:
                for u in graph.up[w]:
                    outside = not first <= place[u] <= last
                    if outside and not (u >= graph.count and w >= graph.count):
                        found.add((u, w))
            first, done = last, i + 1
    return found


def _aligned(
    rows: Sequence[Sequence[int]],
    near: Sequence[Sequence[int]],
    crossing: set[tuple[int, int]],
    count: int,
) -> list[int]:
    """For each vertex the first of its block: of those that stand on one straight line."""
    root = list(range(count))
    below = list(range(count))
    place = [0] * count
    for row in rows:
        for i, v in enumerate(row):
            place[v] = i
    for row in rows:
        taken = -1
        for v in row:
            others = sorted(near[v], key=lambda w: place[w])
            middle = {(len(others) - 1) // 2, len(others) // 2} if others else set()
            for i in sorted(middle):
                w = others[i]
                free = below[v] == v and taken < place[w]
                if free and (w, v) not in crossing and (v, w) not in crossing:
                    below[w] = v
                    root[v] = below[v] = root[w]
                    taken = place[w]
    return root


def _placed(
    rows: Sequence[Sequence[int]],
    root: Sequence[int],
    boxes: int,
    widths: Sequence[float],
    gap: float,
) -> list[float]:
    """Each block as far left as it can be, then as near as it can be to what is right of it."""

    def half(v: int) -> float:
        return widths[v] / 2 if v < boxes else 0.0

    right: dict[int, dict[int, float]] = {r: {} for r in root}
    left: dict[int, dict[int, float]] = {r: {} for r in root}
    for row in rows:
        for u, v in pairwise(row):
            space = gap if u < boxes and v < boxes else _NEAR * gap
            apart = max(half(u) + half(v) + space, right[root[u]].get(root[v], 0.0))
            right[root[u]][root[v]] = left[root[v]][root[u]] = apart
    waiting = {r: len(blocks) for r, blocks in left.items()}
    sequence = [r for r, n in waiting.items() if n == 0]
    for r in sequence:  # grows while it is read
        for s in right[r]:
            waiting[s] -= 1
            if waiting[s] == 0:
                sequence.append(s)
    x: dict[int, float] = {}
    for r in sequence:
        x[r] = max((x[s] + apart for s, apart in left[r].items()), default=0.0)
    for r in reversed(sequence):
        if right[r]:
            x[r] = max(x[r], min(x[s] - apart for s, apart in right[r].items()))
    return [x[r] for r in root]


def _middle(ways: list[list[float]], widths: Sequence[float]) -> list[float]:
    """The mean of the two middle ones of four, after they are laid on the narrowest one."""

    def ends(x: list[float]) -> tuple[float, float]:
        pairs = list(zip(x, widths, strict=True))
        return min(a - w / 2 for a, w in pairs), max(a + w / 2 for a, w in pairs)

    low, high = min((ends(x) for x in ways), key=lambda e: e[1] - e[0])
    laid = []
    for i, x in enumerate(ways):
        # The mirrored ways are as far right as they can be.
        shift = high - ends(x)[1] if i % 2 else low - ends(x)[0]
        laid.append([a + shift for a in x])
    return [sum(sorted(four)[1:3]) / 2 for four in zip(*laid, strict=True)]
