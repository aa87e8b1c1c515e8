"""Draws a picture into axes of several sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.viz.looks import check_layout
from thalweg.viz.figure import Plot, blank, drawn

SIZES = ((3.2, 2.8), (12.0, 7.0))
"""From a column of a page to a whole slide, in inches."""


@drawn
def check_sizes(draw: Callable[[Any], Plot[Any]], sizes: tuple[Any, ...] = SIZES) -> None:
    """Nothing overlaps when `draw(ax)` draws into axes of these sizes; it draws there."""
    for width, height in sizes:
        figure, axes = blank(width, height)
        plot = draw(axes)
        assert plot.figure is figure
        assert plot.axes is axes
        check_layout(figure)
