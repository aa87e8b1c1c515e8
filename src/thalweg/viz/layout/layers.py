"""The layer of each box: below all boxes that lead to it, with short edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

__all__ = ["layers_of"]


def layers_of(
    count: int,
    edges: Sequence[tuple[int, int]],
    first: Collection[int] = (),
    last: Collection[int] = (),
) -> list[int]:
    """The layer of each box, from 0 on; every edge leads to a later layer.

    Args:
        count: the number of boxes.
        edges: pairs (from, to).
        first: boxes that are alone in the first layer.
        last: boxes that are alone in the last layer.

    Raises:
        ValueError: if the edges form a cycle.

    >>> layers_of(4, [(0, 1), (1, 2), (3, 2)])
    [0, 1, 2, 1]
    """
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for u, v in edges:
        after[u].append(v)
        before[v].append(u)
    sequence = _topological(before, after)
    layer = [0] * count
    for v in sequence:
        layer[v] = max((layer[u] + 1 for u in before[v]), default=0)
        if first and v not in first:
            layer[v] = max(layer[v], 1)
    # Each box moves to where more of its edges get shorter: down with what follows it, up to what
    # leads to it. Where both are as good it stays up, so that branches start side by side.
    for _ in range(8):
        known = list(layer)
        for v in reversed(sequence):
            if v not in first and after[v] and len(after[v]) >= len(before[v]):
                layer[v] = min(layer[w] for w in after[v]) - 1
        for v in sequence:
            if before[v] and len(before[v]) >= len(after[v]):
                layer[v] = max(layer[u] for u in before[v]) + 1
        if layer == known:
            break
    if last:
        end = max((n for v, n in enumerate(layer) if v not in last), default=0) + 1
        layer = [end if v in last else n for v, n in enumerate(layer)]
    return _without_gaps(layer)


def _topological(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[int]:
    waiting = [len(b) for b in before]
    ready = deque(v for v, n in enumerate(waiting) if n == 0)
    found: list[int] = []
    while ready:
        v = ready.popleft()
        found.append(v)
        for w in after[v]:
            waiting[w] -= 1
            if waiting[w] == 0:
                ready.append(w)
    if len(found) < len(before):
        stuck = next(v for v, n in enumerate(waiting) if n > 0)
        raise ValueError(f"layout: the edges form a cycle, at or before box {stuck}.")
    return found


def _without_gaps(layer: Sequence[int]) -> list[int]:
    rank = {n: i for i, n in enumerate(sorted(set(layer)))}
    return [rank[n] for n in layer]
