"""Where boxes, numbers and lines go, in inches: one geometry for the figure and for the page.

The value and the gradient of an edge are a box of the layout too, between two pieces of its line,
so nothing can overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thalweg.viz.layout import layout

__all__ = ["Box", "Scene", "Tag", "Wire", "arranged"]

Point = tuple[float, float]
Cubic = tuple[Point, Point, Point, Point]
Size = tuple[float, float]
Measure = Callable[[str, float, bool], Size]
"""From a text, its size in points and whether it is bold to its width and height in inches."""

TITLE, NOTE, NUMBER = 9.5, 8.0, 9.0
"""Sizes of type in points: what stands in boxes, the notes below, the numbers at edges."""

HEAD = (0.085, 0.035)
"""The length of the heads of arrows and half their width, in inches."""

LEADING = 0.05
"""Inches between lines of a box."""

GAP = 0.045
"""Inches between a line and the numbers beside it."""

_PAD = (0.11, 0.075)
_END = 0.2
_INSIDE = 0.1
_APART = {"LR": (0.26, 0.22), "TB": (0.26, 0.2)}


@dataclass(frozen=True)
class Box:
    """A node: a title, and notes below it.

    Attributes:
        title: what is computed.
        notes: smaller lines.
        centre: of the box.
        size: width and height.
    """

    title: str
    notes: tuple[str, ...]
    centre: Point
    size: Size


@dataclass(frozen=True)
class Tag:
    """What stands at an edge.

    Attributes:
        centre: on the line.
        size: width and height; the line runs through the middle.
    """

    centre: Point
    size: Size


@dataclass(frozen=True)
class Wire:
    """The line of an edge, as Bézier curves.

    Attributes:
        curves: start, two controls and end of each piece.
        tag: the place of its numbers, None where it has none.
        direction: `'LR'` or `'TB'`.
    """

    curves: tuple[Cubic, ...]
    tag: Tag | None
    direction: str

    def head(self, length: float, half: float) -> tuple[Point, Point, Point]:
        """The head of the arrow at its end, of this length and half this width."""
        x, y = self.curves[-1][-1]
        if self.direction == "TB":
            return (x, y), (x - half, y - length), (x + half, y - length)
        return (x, y), (x - length, y - half), (x - length, y + half)

    def without(self, length: float) -> tuple[Cubic, ...]:
        """Its curves, so much shorter at the end that a head hides it."""
        *before, (start, first, second, (x, y)) = self.curves
        end = (x, y - length) if self.direction == "TB" else (x - length, y)
        return (*before, (start, first, second, end))


@dataclass(frozen=True)
class Scene:
    """All places; x grows to the right, y grows downwards.

    Attributes:
        boxes: by the order of the nodes.
        wires: by the order of the edges.
        width: of all.
        height: of all.
        direction: `'LR'` or `'TB'`.
    """

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    width: float
    height: float
    direction: str


def arranged(
    nodes: Sequence[tuple[str, tuple[str, ...]]],
    edges: Sequence[tuple[int, int | None, tuple[str, str] | None]],
    direction: str,
    measure: Measure,
) -> Scene:
    """Arrange a graph.

    Args:
        nodes: title and notes of each.
        edges: for each the number of the node that it leaves, of the node that it enters (None:
            it ends with its numbers), and the texts of its value and its gradient (None: it has no
            numbers, and enters a node).
        direction: `'LR'`, values above the lines and gradients below; or `'TB'`, values left and
            gradients right of them.
        measure: how large texts are.
    """
    sizes = [_box_size(title, notes, measure) for title, notes in nodes]
    pairs: list[tuple[int, int]] = []
    plan: list[tuple[list[int], int | None]] = []  # the pieces of each wire, and its tag
    for source, target, texts in edges:
        pieces, tag = [len(pairs)], None
        if texts is None:
            assert target is not None
            pairs.append((source, target))
        else:
            tag = len(sizes)
            width, height = _tag_size(texts, direction, measure)
            if target is None:  # room for the head of the arrow beside the numbers
                width, height = (
                    (width + _END, height) if direction == "LR" else (width, height + _END)
                )
            sizes.append((width, height))
            pairs.append((source, tag))
            if target is not None:
                pieces.append(len(pairs))
                pairs.append((tag, target))
        plan.append((pieces, tag))
    placed = layout(sizes, pairs, direction=direction, gap=_APART[direction])
    boxes = tuple(
        Box(title, notes, placed.places[i], sizes[i]) for i, (title, notes) in enumerate(nodes)
    )
    wires = []
    for pieces, tag in plan:
        curves = list(placed.curve(pieces[0]))
        # From a little inside of the box, whose corners may be round.
        (x, y) = curves[0][0]
        within = (x, y - _INSIDE) if direction == "TB" else (x - _INSIDE, y)
        curves.insert(0, (within, within, (x, y), (x, y)))
        if tag is not None:
            (x, y), (w, h) = placed.places[tag], sizes[tag]
            start, end = ((x - w / 2, y), (x + w / 2, y))
            if direction == "TB":
                start, end = ((x, y - h / 2), (x, y + h / 2))
            curves.append((start, start, end, end))
            if len(pieces) == 2:
                curves += placed.curve(pieces[1])
        at = None if tag is None else Tag(placed.places[tag], sizes[tag])
        wires.append(Wire(tuple(curves), at, direction))
    return Scene(boxes, tuple(wires), placed.width, placed.height, direction)


def _box_size(title: str, notes: Sequence[str], measure: Measure) -> Size:
    lines = [measure(title, TITLE, True), *(measure(note, NOTE, False) for note in notes)]
    width = max(w for w, _ in lines) + 2 * _PAD[0]
    height = sum(h for _, h in lines) + LEADING * len(notes) + 2 * _PAD[1]
    return max(width, height), height


def _tag_size(texts: tuple[str, str], direction: str, measure: Measure) -> Size:
    sizes = [measure(text, NUMBER, False) for text in texts]
    w, h = max(w for w, _ in sizes), max(h for _, h in sizes)
    if direction == "TB":
        return 2 * (w + GAP + 0.03), h + 0.04
    return w + 0.06, 2 * (h + GAP)
