"""Draws a pass: values on one side of each line, gradients on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from thalweg.viz.backprop.labels import edge_texts, flows_to, notes_of, title_of
from thalweg.viz.backprop.moments import Moment, moments_of
from thalweg.viz.backprop.result import BackwardPass, Edge, Node
from thalweg.viz.backprop.scene import (
    GAP,
    HEAD,
    LEADING,
    NOTE,
    NUMBER,
    TITLE,
    Box,
    Measure,
    Scene,
    Wire,
    arranged,
)
from thalweg.viz.palette import Palette, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

__all__ = ["Known", "draw", "known_after", "scene_of"]

_ROUND = 0.06
"""Inches of the corners of boxes."""

_ARC = 0.5523
"""Where the controls of a Bézier curve are that is a quarter of a circle."""


@dataclass(frozen=True)
class Known:
    """What has been computed after some steps.

    Attributes:
        values: the names of the nodes whose values are known.
        passed: the names of the nodes that have passed gradients on.
        seeded: whether the gradient of the result is known.
        now: the last step; None where nothing stands out.
    """

    values: frozenset[str]
    passed: frozenset[str]
    seeded: bool
    now: Moment | None = None

    def has_gradient(self, edge: Edge) -> bool:
        """Whether the gradient on an edge is known."""
        return self.seeded if edge.target is None else edge.target in self.passed


def known_after(found: BackwardPass, step: int | None) -> Known:
    """What is known after so many steps; None: after all of them."""
    steps = moments_of(found)
    done = steps if step is None else steps[:step]
    leaves = {node.name for node in found if node.kind not in ("operation", "layer")}
    now = done[-1] if step else None
    return Known(
        values=frozenset(leaves | {m.node for m in done if m.kind == "forward"}),
        passed=frozenset(m.node for m in done if m.kind == "backward"),
        seeded=any(m.kind == "seed" for m in done),
        now=now,
    )


def scene_of(found: BackwardPass, direction: str, measure: Measure) -> Scene:
    """The places of a pass, with room for all of its numbers."""
    number = {node.name: i for i, node in enumerate(found)}
    return arranged(
        [(title_of(n), tuple(note.text for note in notes_of(found, n))) for n in found],
        [
            (number[e.source], None if e.target is None else number[e.target], edge_texts(found, e))
            for e in found.edges
        ],
        direction,
        measure,
    )


def draw(ax: Axes, found: BackwardPass, scene: Scene, known: Known, scale: float) -> None:
    """Draw into axes whose unit is an inch of the scene.

    Args:
        ax: with limits already, y growing downwards.
        found: the numbers.
        scene: the places.
        known: what is computed by now.
        scale: inches of the figure for an inch of the scene.
    """
    pen = _Pen(ax, palette(), scale)
    for edge, wire in zip(found.edges, scene.wires, strict=True):
        pen.wire(edge, wire, edge_texts(found, edge), known)
    for node, box in zip(found, scene.boxes, strict=True):
        pen.box(found, node, box, known)


@dataclass(frozen=True)
class _Pen:
    ax: Axes
    colours: Palette
    scale: float

    @property
    def value(self) -> str:
        return self.colours.series[0]

    @property
    def gradient(self) -> str:
        return self.colours.series[1]

    def text(
        self, at: tuple[float, float], text: str, size: float, colour: str, **how: Any
    ) -> None:
        self.ax.text(*at, text, fontsize=size * self.scale, color=colour, linespacing=1.2, **how)

    def middle(
        self, at: tuple[float, float], text: str, size: float, colour: str, **how: Any
    ) -> None:
        """A line whose letters, whatever they are, stand in the middle."""
        x, y = at
        how = {"ha": "center", "va": "baseline", "zorder": 4, **how}
        self.text((x, y + 0.35 * size / 72), text, size, colour, **how)

    def box(self, found: BackwardPass, node: Node, box: Box, known: Known) -> None:
        from matplotlib.patches import PathPatch

        active = known.now is not None and known.now.node == node.name
        computed = node.kind in ("operation", "layer")
        face = self.colours.raised if computed else self.colours.surface
        line, width = self.colours.soft, 0.9
        if node.kind == "constant":
            line = "none"
        if active:
            line = self.value if known.now and known.now.kind == "forward" else self.gradient
            width = 2.4
        elif computed and node.name not in known.values:
            line = self.colours.rule
        self.ax.add_patch(
            PathPatch(
                _rounded(box, _ROUND if computed else min(box.size) / 2),
                facecolor=face,
                edgecolor=line,
                linewidth=width * self.scale,
                zorder=3,
            )
        )
        self._lines(found, node, box, known)

    def _lines(self, found: BackwardPass, node: Node, box: Box, known: Known) -> None:
        x, y = box.centre
        notes = notes_of(found, node)
        title = title_of(node)
        heights = [TITLE * 1.2 / 72 * (1 + title.count("\n")), *[NOTE * 1.2 / 72] * len(notes)]
        top = y - (sum(heights) + LEADING * len(notes)) / 2
        seen = node.name in known.values
        constant = node.kind == "constant"
        colour = self.colours.soft if constant or not seen else self.colours.ink
        weight = "normal" if constant else "bold"
        self.middle((x, top + heights[0] / 2), title, TITLE, colour, weight=weight)
        top += heights[0] + LEADING
        flows = flows_to(found, node)
        for note, height in zip(notes, heights[1:], strict=True):
            visible = {
                "shape": seen,
                "weight": node.name in known.passed,
                "weights": node.name in known.passed,
                "sum": all(map(known.has_gradient, flows)),
            }[note.kind]
            if visible:
                colour = self.colours.soft if note.kind == "shape" else self.gradient
                self.middle((x, top + height / 2), note.text, NOTE, colour)
            top += height + LEADING

    def wire(
        self,
        edge: Edge,
        wire: Wire,
        texts: tuple[str, str] | None,
        known: Known,
    ) -> None:
        now = known.now
        through = now is not None and now.kind == "backward" and edge.target == now.node
        into = now is not None and now.kind == "forward" and edge.target == now.node
        flows = edge.gradient is not None
        colour = self.colours.ink if flows else self.colours.soft
        if edge.source not in known.values:
            colour = self.colours.rule
        if into:
            colour = self.value
        elif through and flows:
            colour = self.gradient
        thick = 2.2 if into or (through and flows) else 1.1
        self._line(wire, colour, thick * self.scale, dotted=not flows)
        if wire.tag is None or texts is None:
            return
        (x, y), (value, gradient) = wire.tag.centre, texts
        if edge.source in known.values:
            self._number((x, y), value, self.value, wire.direction, first=True)
        if known.has_gradient(edge) and gradient:
            self._number((x, y), gradient, self.gradient, wire.direction, first=False)

    def _line(self, wire: Wire, colour: str, width: float, dotted: bool) -> None:
        from matplotlib.patches import PathPatch, Polygon
        from matplotlib.path import Path

        length, half = HEAD[0] + width / 72, HEAD[1] + width / 144
        points, codes = [wire.curves[0][0]], [int(Path.MOVETO)]
        for _, *rest in wire.without(length / 2):
            points += rest
            codes += [int(Path.CURVE4)] * 3
        self.ax.add_patch(
            PathPatch(
                Path(points, codes),
                facecolor="none",
                edgecolor=colour,
                linewidth=width,
                # Where no gradient comes back: seen in grey too.
                linestyle=(0, (1.2, 1.6)) if dotted else "-",
                capstyle="butt",
                zorder=2,
            )
        )
        head = wire.head(length, half)
        self.ax.add_patch(Polygon(head, facecolor=colour, edgecolor="none", zorder=2))

    def _number(
        self, at: tuple[float, float], text: str, colour: str, direction: str, first: bool
    ) -> None:
        (x, y), sign = at, -1 if first else 1
        if direction == "TB":
            how = {"ha": "right" if first else "left", "va": "center"}
            self.text((x + sign * GAP * 1.6, y), text, NUMBER, colour, zorder=4, **how)
        else:
            how = {"ha": "center", "va": "bottom" if first else "top"}
            self.text((x, y + sign * GAP), text, NUMBER, colour, zorder=4, **how)


def _rounded(box: Box, radius: float) -> Path:
    from matplotlib.path import Path

    (x, y), (w, h) = box.centre, box.size
    left, right, top, bottom = x - w / 2, x + w / 2, y - h / 2, y + h / 2
    r, c = radius, radius * (1 - _ARC)
    points = [
        (left + r, top),
        (right - r, top),
        *[(right - c, top), (right, top + c), (right, top + r)],
        (right, bottom - r),
        *[(right, bottom - c), (right - c, bottom), (right - r, bottom)],
        (left + r, bottom),
        *[(left + c, bottom), (left, bottom - c), (left, bottom - r)],
        (left, top + r),
        *[(left, top + c), (left + c, top), (left + r, top)],
        (left + r, top),
    ]
    line, curve = [int(Path.LINETO)], [int(Path.CURVE4)] * 3
    codes = [int(Path.MOVETO), *(line + curve) * 4, int(Path.CLOSEPOLY)]
    return Path(points, codes)
