"""Dashed lines that mark something, seen on bars as on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["mark_line", "mark_upright"]


def _styles(cased: bool = True) -> list[dict[str, Any]]:
    """A line in the ground's colour, and dashes in the ink's over it."""
    colours = palette()
    ground: dict[str, Any] = {"color": colours.surface, "linewidth": 3.2, "alpha": 0.85}
    dashes: dict[str, Any] = {"color": colours.ink, "linewidth": 1.3, "linestyle": (0, (4, 2.5))}
    case = [{**ground, "linestyle": "-", "zorder": 3}] if cased else []
    return [*case, {**dashes, "zorder": 3.1}]


def mark_line(ax: Axes, x: Sequence[float], y: Sequence[float], *, cased: bool = True) -> None:
    """Mark a line between two points.

    Args:
        ax: the axes.
        x: where it begins and ends.
        y: where it begins and ends.
        cased: whether it parts what is below it, such as bars; points it would hide.
    """
    for style in _styles(cased):
        ax.plot(x, y, **style)


def mark_upright(ax: Axes, x: float) -> None:
    """Mark a place on the x axis, over the whole height of the axes."""
    for style in _styles():
        ax.axvline(x, **style)
