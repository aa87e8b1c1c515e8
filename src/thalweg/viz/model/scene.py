"""What stands where in the picture of a model: boxes, frames around models within it, edges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from thalweg.viz.layout import Cubic, Point
from thalweg.viz.model.card import Card
from thalweg.viz.model.graph import Box

__all__ = ["Placed", "Scene"]


@dataclass(frozen=True)
class Placed:
    """A box or a frame: its upper left corner and its size, in points, y downwards.

    Attributes:
        depth: how many frames it stands in.
    """

    x: float
    y: float
    width: float
    height: float
    box: Box
    card: Card
    depth: int


@dataclass
class Scene:
    """All that is drawn, in points from the upper left corner.

    Attributes:
        width: of all of it.
        height: of all of it.
        boxes: layers and operations.
        frames: models within the model, outer ones first.
        ways: the edges, as Bézier curves.
        heads: which of the ways end at a box or a frame, and so have a head.
        ports: places on frames where edges pass.
        inputs: where the edges of the inputs leave the upper (or left) side, in the model's order.
        outputs: where those of the outputs reach the lower (or right) side.
    """

    width: float
    height: float
    boxes: list[Placed] = field(default_factory=list)
    frames: list[Placed] = field(default_factory=list)
    ways: list[list[Cubic]] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    ports: list[Point] = field(default_factory=list)
    inputs: list[float] = field(default_factory=list)
    outputs: list[float] = field(default_factory=list)

    def add(self, other: Scene, x: float, y: float) -> None:
        """Put another scene into this one, its upper left corner at a place."""
        first = len(self.ways)
        self.boxes += [replace(p, x=p.x + x, y=p.y + y) for p in other.boxes]
        self.frames += [replace(p, x=p.x + x, y=p.y + y) for p in other.frames]
        self.ways += [[_shifted(cubic, x, y) for cubic in way] for way in other.ways]
        self.ports += [(px + x, py + y) for px, py in other.ports]
        self.heads += [first + i for i in other.heads]


def _shifted(cubic: Cubic, x: float, y: float) -> Cubic:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = cubic
    return (ax + x, ay + y), (bx + x, by + y), (cx + x, cy + y), (dx + x, dy + y)
