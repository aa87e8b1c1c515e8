"""Draws the scene of a model with matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from thalweg.viz.figure import blank
from thalweg.viz.model.card import PAD, ROW, TITLE
from thalweg.viz.model.scene import Placed, Scene
from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_scene"]

_MARGIN = 10.0
_HEAD = (6.5, 3.0)
"""Length and half the width of an arrow's head."""
_DOT = 2.0
_ROUND = 5.0

_LONGEST_SIDE = 30_000
_MOST_PIXELS = 80_000_000
"""What a picture of pixels may have; a larger model is drawn smaller."""


def draw_scene(scene: Scene, dpi: float) -> tuple[Figure, Axes]:
    """A figure of the scene's own size.

    Args:
        scene: what to draw.
        dpi: how many pixels an inch is to have.
    """
    width, height = scene.width + 2 * _MARGIN, scene.height + 2 * _MARGIN
    scale = _scale(width / 72 * dpi, height / 72 * dpi)
    figure, axes = blank(scale * width / 72, scale * height / 72)
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(-_MARGIN, width - _MARGIN), ylim=(height - _MARGIN, -_MARGIN))
    for frame in scene.frames:
        _draw_frame(axes, frame, scale)
    _draw_ways(axes, scene, scale)
    for box in scene.boxes:
        _draw_box(axes, box, scale)
    return figure, axes


def _scale(width: float, height: float) -> float:
    most = _LONGEST_SIDE / max(width, height)
    return min(1.0, most, math.sqrt(_MOST_PIXELS / (width * height)))


def _draw_ways(axes: Axes, scene: Scene, scale: float) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Circle, PathPatch
    from matplotlib.path import Path

    colour = palette().soft
    points: list[tuple[float, float]] = []
    codes: list[Any] = []
    for way in scene.ways:
        points.append(way[0][0])
        codes.append(Path.MOVETO)
        for _, a, b, end in way:
            points += [a, b, end]
            codes += [Path.CURVE4] * 3
    if not points:
        return
    axes.add_patch(
        PathPatch(
            Path(points, codes),
            fill=False,
            edgecolor=colour,
            linewidth=1.1 * scale,
            capstyle="butt",
            zorder=2,
        )
    )
    heads = [_head(scene.ways[i][-1]) for i in scene.heads]
    axes.add_collection(PolyCollection(heads, facecolor=colour, linewidth=0, zorder=2.5))
    for x, y in scene.ports:
        axes.add_patch(Circle((x, y), _DOT, facecolor=colour, linewidth=0, zorder=2.5))


def _head(last: Any) -> list[tuple[float, float]]:
    """The triangle at the end of a way, which arrives straight down or straight to the right."""
    _, _, (bx, by), (x, y) = last
    long, half = _HEAD
    if abs(x - bx) < abs(y - by):
        return [(x, y), (x - half, y - long), (x + half, y - long)]
    return [(x, y), (x - long, y - half), (x - long, y + half)]


def _draw_frame(axes: Axes, frame: Placed, scale: float) -> None:
    colours = palette()
    face = colours.ground if frame.depth % 2 == 0 else colours.surface
    _outline(axes, frame, face, colours.rule, scale, zorder=1 + 0.01 * frame.depth)
    _title(axes, frame, frame.x + PAD[0], scale)


def _draw_box(axes: Axes, placed: Placed, scale: float) -> None:
    colours = palette()
    box, card = placed.box, placed.card
    if box.kind == "Input":
        face, edge, style = colours.surface, colours.soft, "-"
    elif box.trainable is None:
        face, edge, style = colours.raised, mixed(colours.soft, colours.raised, 0.35), "-"
    else:
        face, edge = mixed(colours.series[0], colours.surface, 0.16), colours.series[0]
        style = "-" if box.trainable else "--"
    _outline(axes, placed, face, edge, scale, zorder=3, style=style)
    left = placed.x + PAD[0]
    if not card.rows:
        _title(axes, placed, placed.x + (placed.width - card.title_width) / 2, scale)
        return
    _title(axes, placed, left, scale)
    line = placed.y + card.rule
    ends = (placed.x + PAD[0], placed.x + placed.width - PAD[0])
    axes.plot(
        ends, (line, line), color=edge, linewidth=0.6 * scale, linestyle="-", alpha=0.5, zorder=4
    )
    for i, (label, value) in enumerate(card.rows):
        y = placed.y + card.row_line(i)
        _write(axes, left, y, label, ROW * scale, colours.soft)
        _write(axes, left + card.value_place, y, value, ROW * scale, colours.ink)


def _title(axes: Axes, placed: Placed, x: float, scale: float) -> None:
    colours = palette()
    y = placed.y + placed.card.title_line
    _write(axes, x, y, placed.card.kind, TITLE * scale, colours.ink, bold=True)
    if placed.card.name:
        name = x + placed.card.name_place
        _write(axes, name, y, placed.card.name, ROW * scale, colours.soft)


def _write(
    axes: Axes, x: float, y: float, text: str, size: float, colour: str, *, bold: bool = False
) -> None:
    if text:
        axes.text(
            x,
            y,
            text,
            fontsize=size,
            color=colour,
            fontweight="bold" if bold else "normal",
            va="center_baseline",
            parse_math=False,
            zorder=5,
        )


def _outline(
    axes: Axes,
    placed: Placed,
    face: str,
    edge: str,
    scale: float,
    *,
    zorder: float,
    style: str = "-",
) -> None:
    from matplotlib.patches import FancyBboxPatch

    rounding = placed.height / 2 if placed.box.kind == "Input" and not placed.card.rows else _ROUND
    axes.add_patch(
        FancyBboxPatch(
            (placed.x, placed.y),
            placed.width,
            placed.height,
            boxstyle=f"round,pad=0,rounding_size={rounding}",
            facecolor=face,
            edgecolor=edge,
            linewidth=scale,
            linestyle=style,
            zorder=zorder,
        )
    )


def mixed(colour: str, ground: str, share: float) -> str:
    """A colour laid thinly on another one.

    Args:
        colour: as `#rrggbb`.
        ground: what lies below.
        share: how much of the colour shows, from 0 to 1.

    >>> mixed("#ff0000", "#000000", 0.5)
    '#800000'
    """
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
