"""From the graph of a model to a scene: models inside are placed first, and are boxes then."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.viz.layout import layout
from thalweg.viz.model.card import PAD, Card, Show, card_of
from thalweg.viz.model.graph import Box, End, ModelGraph
from thalweg.viz.model.scene import Placed, Scene

__all__ = ["arranged"]

_ACROSS, _ALONG = 22.0, 27.0
"""Between neighbours, and between layers, in points."""

_PORT = 0.5
"""A place on a frame where an edge passes is for the layout a box of this size."""


@dataclass(frozen=True)
class _Block:
    """A box of the layout: a card, a frame with a scene in it, or (no card) a place on the frame.

    Attributes:
        dx: how far right of the frame's side the scene begins.
        dy: how far below the frame's upper side it begins.
    """

    width: float
    height: float
    card: Card | None = None
    inner: Scene | None = None
    dx: float = 0.0
    dy: float = 0.0

    def port(self, places: list[float], place: int, direction: str) -> float | None:
        """How far from the middle of the frame's side an edge passes; None where any place will do.

        Args:
            places: those of the inputs or the outputs of the scene in the frame.
            place: which of them.
            direction: of all edges.
        """
        if place >= len(places):
            return None
        if direction == "TB":
            return self.dx + places[place] - self.width / 2
        return self.dy + places[place] - self.height / 2


def arranged(
    graph: ModelGraph, show: Show, direction: str, depth: int = 0, along: float = _ALONG
) -> Scene:
    """Place a model's boxes, and those of models inside whose graph is known, in frames.

    Args:
        graph: of the model.
        show: what is written in the boxes.
        direction: `'TB'` or `'LR'`.
        depth: 0 for the whole model. Within a frame inputs and outputs are places on the frame.
        along: the space between layers.
    """
    if not graph.followed:
        return _column(graph, show, direction, depth, along)
    within = depth > 0
    blocks = [
        _Block(_PORT, _PORT)
        if within and i in graph.inputs
        else _block(box, show, direction, depth)
        for i, box in enumerate(graph.boxes)
    ]
    edges = list(graph.edges)
    first = graph.inputs if within else ()
    last = range(len(blocks), len(blocks) + (len(graph.outputs) if within else 0))
    edges += [(end, End(i, 0)) for i, end in zip(last, graph.outputs, strict=False)]
    blocks += [_Block(_PORT, _PORT)] * len(last)
    ports = [
        (_leaving(blocks[a.box], a.place, direction), _entering(blocks[b.box], b.place, direction))
        for a, b in edges
    ]
    drawn = layout(
        [(block.width, block.height) for block in blocks],
        [(a.box, b.box) for a, b in edges],
        direction=direction,
        gap=(_ACROSS, along),
        first=first,
        last=last,
        ports=ports,
    )
    scene = Scene(drawn.width, drawn.height)
    _fill(scene, graph, blocks, drawn.places, depth)
    begun = len(scene.ways)
    scene.ways += [drawn.curve(i) for i in range(len(edges))]
    scene.heads += [begun + i for i, (_, b) in enumerate(edges) if blocks[b.box].card is not None]
    axis = 0 if direction == "TB" else 1
    scene.ports += [drawn.places[i] for i in (*first, *last)]
    scene.inputs = [drawn.places[i][axis] for i in first]
    scene.outputs = [drawn.places[i][axis] for i in last]
    return scene


def _column(graph: ModelGraph, show: Show, direction: str, depth: int, along: float) -> Scene:
    """Boxes one after the other, in their order, without edges."""
    blocks = [_block(box, show, direction, depth) for box in graph.boxes]
    sizes = [(block.width, block.height) for block in blocks]
    order = [(i, i + 1) for i in range(len(blocks) - 1)]
    drawn = layout(sizes, order, direction=direction, gap=(_ACROSS, along / 2))
    # A frame around it keeps a distance that edges would need otherwise.
    margin = PAD[1] if depth else 0.0
    dx, dy = (0.0, margin) if direction == "TB" else (margin, 0.0)
    scene = Scene(drawn.width + 2 * dx, drawn.height + 2 * dy)
    _fill(scene, graph, blocks, [(x + dx, y + dy) for x, y in drawn.places], depth)
    return scene


def _fill(
    scene: Scene,
    graph: ModelGraph,
    blocks: list[_Block],
    places: list[tuple[float, float]],
    depth: int,
) -> None:
    for i, (block, (x, y)) in enumerate(zip(blocks, places, strict=True)):
        if block.card is None:
            continue
        x, y = x - block.width / 2, y - block.height / 2
        placed = Placed(x, y, block.width, block.height, graph.boxes[i], block.card, depth)
        if block.inner is None:
            scene.boxes.append(placed)
        else:
            scene.frames.append(placed)
            scene.add(block.inner, x + block.dx, y + block.dy)


def _block(box: Box, show: Show, direction: str, depth: int) -> _Block:
    if box.inside is None or not box.inside.boxes:
        card = card_of(box, show)
        return _Block(card.width, card.height, card)
    card = card_of(box, show, frame=True)
    inner = arranged(box.inside, show, direction, depth + 1)
    if direction == "TB":
        width = max(inner.width + 2 * PAD[0], card.width)
        dx = (width - inner.width) / 2
        return _Block(width, card.height + inner.height, card, inner, dx, card.height)
    along = _ALONG
    while inner.width < card.width:
        # Its edges reach from side to side, under the whole title.
        along += max(1.0, (card.width - inner.width) / 2)
        inner = arranged(box.inside, show, direction, depth + 1, along)
    height = card.height + inner.height + PAD[0]
    return _Block(inner.width, height, card, inner, 0.0, card.height)


def _leaving(block: _Block, place: int, direction: str) -> float | None:
    return None if block.inner is None else block.port(block.inner.outputs, place, direction)


def _entering(block: _Block, place: int, direction: str) -> float | None:
    return None if block.inner is None else block.port(block.inner.inputs, place, direction)
