"""Where boxes and lines are in the page, in pixels, with room for other numbers than the first."""

from __future__ import annotations

from typing import Any

from thalweg.viz.backprop.labels import is_brief, is_plain, notes_of, title_of
from thalweg.viz.backprop.result import BackwardPass, Edge, Node
from thalweg.viz.backprop.scene import GAP, HEAD, LEADING, NOTE, NUMBER, TITLE, Scene, arranged
from thalweg.viz.backprop.sheet import measure_text
from thalweg.viz.backprop.words import is_written_out

__all__ = ["SIZES", "scenes"]

UNIT = 104
"""Pixels for an inch."""

ROOM = "−0.088"
"""As wide as most numbers are; the page writes wider ones smaller."""


def _px(inches: float) -> float:
    return round(inches * UNIT, 1)


SIZES = {
    "title": _px(TITLE / 72),
    "note": _px(NOTE / 72),
    "number": _px(NUMBER / 72),
    "gap": _px(GAP),
    "leading": _px(LEADING),
}
"""Of type, and between lines."""


def scenes(found: BackwardPass) -> dict[str, Any]:
    """The places, from the left to the right and from the top to the bottom."""
    measure, number = measure_text(), {node.name: i for i, node in enumerate(found)}
    nodes = [(title_of(node), _notes(found, node)) for node in found]
    edges = [
        (
            number[e.source],
            None if e.target is None else number[e.target],
            _texts(found, e),
        )
        for e in found.edges
    ]
    return {
        direction: _described(arranged(nodes, edges, direction, measure))
        for direction in ("LR", "TB")
    }


def _notes(found: BackwardPass, node: Node) -> tuple[str, ...]:
    return tuple(_roomy(note.kind, note.text) for note in notes_of(found, node))


def _roomy(kind: str, text: str) -> str:
    """A note with room for each of its numbers."""
    if kind == "shape":
        return text
    if kind in ("weight", "weights"):
        name, _, _ = text.rpartition(" ")
        return f"{name} {ROOM}"
    return " ".join(ROOM if any(c.isdigit() for c in word) else word for word in text.split(" "))


def _texts(found: BackwardPass, edge: Edge) -> tuple[str, str] | None:
    if is_plain(found, edge):
        return None
    text = f"norm {ROOM}"
    if edge.value.size == 1:
        text = ROOM
    elif is_written_out(edge.value.shape) and not is_brief(found):
        rows = edge.value.shape[0] if edge.value.ndim == 2 else 1
        row = "[" + ", ".join([ROOM] * edge.value.shape[-1]) + "]"
        text = "\n".join([row] * rows)
    return text, text


def _described(scene: Scene) -> dict[str, Any]:
    wires = []
    for wire in scene.wires:
        curves = wire.without(HEAD[0] / 2)
        first, *_ = curves[0]
        path = f"M{_px(first[0])} {_px(first[1])}" + "".join(
            "C" + " ".join(f"{_px(x)} {_px(y)}" for x, y in rest) for _, *rest in curves
        )
        head = " ".join(f"{_px(x)},{_px(y)}" for x, y in wire.head(*HEAD))
        tag = wire.tag and [*map(_px, (*wire.tag.centre, *wire.tag.size))]
        wires.append({"path": path, "head": head, "tag": tag})
    return {
        "width": _px(scene.width),
        "height": _px(scene.height),
        "direction": scene.direction,
        "boxes": [[*map(_px, (*box.centre, *box.size))] for box in scene.boxes],
        "wires": wires,
    }
