"""The sheet that a pass is drawn on: how large, with a line of words above and a legend below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from thalweg.viz.backprop.moments import happening, moments_of
from thalweg.viz.backprop.result import BackwardPass
from thalweg.viz.backprop.scene import NOTE, TITLE, Measure, Scene
from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = ["Sheet", "measure_text"]

EDGE = 0.14
"""Inches around everything."""

NARROWEST = 2.6
"""Inches that words need."""

_LEGENDS = {
    "LR": ("above a line: the value", "below it: the gradient"),
    "TB": ("left of a line: the value", "right of it: the gradient"),
}


@dataclass(frozen=True)
class Sheet:
    """Measures in inches.

    Attributes:
        width, height: of all.
        head: how high the words above are.
        legend: the lines below, each of one text or two.
        letters: in a line of the words above.
        scene: what is between.
    """

    width: float
    height: float
    head: float
    legend: tuple[tuple[str, ...], ...]
    letters: int
    scene: Scene

    @classmethod
    def of(cls, found: BackwardPass, scene: Scene, measure: Measure, titled: bool) -> Sheet:
        """The sheet for a scene; with a title it has room for that of any step."""
        width = max(scene.width, NARROWEST) + 2 * EDGE
        letters = int((width - 2 * EDGE) / measure("n", TITLE, True)[0])
        lines = 0
        if titled:
            told = [happening(found, moment) for moment in moments_of(found)]
            lines = max(len(_wrapped(title, words, letters)) for title, words in told)
        head = lines * 1.25 * TITLE / 72 + (0.12 if lines else 0)
        first, second = _LEGENDS[scene.direction]
        together = measure(first + "    " + second, NOTE, False)[0] <= width - 2 * EDGE
        legend = ((first, second),) if together else ((first,), (second,))
        foot = 0.12 + len(legend) * 1.25 * NOTE / 72
        height = scene.height + head + foot + 2 * EDGE
        return cls(width, height, head, legend, letters, scene)

    def prepare(self, ax: Axes, width: float, height: float) -> None:
        """Give axes the scene's coordinates, with the sheet in the middle of them.

        Args:
            ax: empty axes.
            width: what they are wide, in inches of the sheet.
            height: what they are high.
        """
        left = -(width - self.scene.width) / 2
        top = -EDGE - self.head - (height - self.height) / 2
        ax.set_axis_off()
        ax.set_xlim(left, left + width)
        ax.set_ylim(top + height, top)

    def write(self, ax: Axes, title: str, words: Sequence[str], scale: float) -> None:
        """Write what happens above and the legend below.

        Args:
            ax: prepared axes.
            title: of this step; may be empty.
            words: lines below the title.
            scale: inches of the figure for an inch of the sheet.
        """
        colours = palette()
        left = -(self.width - self.scene.width) / 2 + EDGE
        for i, line in enumerate(_wrapped(title, words, self.letters)):
            ax.text(
                left,
                -self.head + i * 1.25 * TITLE / 72,
                line,
                fontsize=TITLE * scale,
                weight="normal" if i else "bold",
                va="top",
            )
        y = self.scene.height + 0.12
        for texts in self.legend:
            x = left
            for text in texts:
                gradient = "gradient" in text
                colour = colours.series[1] if gradient else colours.series[0]
                drawn = ax.text(x, y, text, fontsize=NOTE * scale, color=colour, va="top")
                x = _right_end(ax, drawn) + 0.2
            y += 1.25 * NOTE / 72


def _wrapped(title: str, words: Sequence[str], letters: int) -> list[str]:
    return [title, *(line for text in words for line in textwrap.wrap(text, letters))]


def _right_end(ax: Axes, text: Text) -> float:
    box = text.get_window_extent()
    right: float = ax.transData.inverted().transform((box.x1, box.y0))[0]
    return right


def measure_text() -> Measure:
    """What tells how large texts are in the font of figures."""
    from matplotlib.backends import backend_agg
    from matplotlib.font_manager import FontProperties

    agg: Any = backend_agg  # it has no types
    dpi = 144
    renderer = agg.RendererAgg(1, 1, dpi)
    known: dict[tuple[str, float, bool], tuple[float, float]] = {}

    def measure(text: str, size: float, bold: bool) -> tuple[float, float]:
        key = text, size, bold
        if key not in known:
            font = FontProperties(size=size, weight="bold" if bold else "normal")
            lines = text.split("\n")
            widths = [renderer.get_text_width_height_descent(t, font, False)[0] for t in lines]
            known[key] = max(widths) / dpi, len(lines) * 1.2 * size / 72
        return known[key]

    return measure
