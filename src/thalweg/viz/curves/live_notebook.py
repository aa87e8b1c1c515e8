"""Live curves in a notebook: a figure that is replaced by newer ones, and a line below it."""

from __future__ import annotations

import importlib
from typing import Any

from thalweg.viz.curves.curve import TrainingCurves
from thalweg.viz.curves.plot_history import draw_curves
from thalweg.viz.curves.sentence import describe
from thalweg.viz.figure import Plot, drawn

__all__ = ["LiveNotebook"]

_WIDTH = 100


class _Frame:
    """A picture as a notebook takes it, coarser and so faster than the last one."""

    def __init__(self, plot: Plot[Any]) -> None:
        width, height = (int(n * 100) for n in plot.figure.get_size_inches())
        self._png = plot._bytes("png", 100), {"width": width, "height": height}

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self._png


class LiveNotebook:
    """The output of a notebook cell."""

    share = 1 / 25
    """The share of the time that drawing may take."""

    def __init__(self) -> None:
        self._handles: list[Any] = []

    def draw(self, curves: TrainingCurves, line: Any) -> None:
        """Draw the curves, and below them the `ProgressLine` or None."""
        if curves.curves:
            plot = Plot(*drawn(draw_curves)(curves), curves)
            self._show(_Frame(plot), line and line.text(_WIDTH))

    def finish(self, curves: TrainingCurves) -> None:
        """Leave a figure that is finely drawn, with a sentence about it."""
        from rich.text import Text

        if curves.curves:
            plot = Plot(*drawn(draw_curves)(curves), curves, describe(curves))
            self._show(plot, Text(plot.caption))

    def _show(self, *shown: Any) -> None:
        display = importlib.import_module("IPython.display").display
        if not self._handles:
            self._handles = [display(what, display_id=True) for what in shown]
        else:
            for handle, what in zip(self._handles, shown, strict=True):
                handle.update(what)
