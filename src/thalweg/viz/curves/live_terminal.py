"""Live curves in a terminal, above the line that shows how far training is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from thalweg.viz.curves.curve import TrainingCurves, panels
from thalweg.viz.curves.sentence import describe
from thalweg.viz.curves.text_curves import chart_columns, curve_lines
from thalweg.viz.words import in_ascii

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["LiveTerminal", "chart_texts"]

# The terminal's own colours, which fit its background whatever that is.
_STYLES = {
    "title": "bold",
    "soft": "dim",
    **{str(i): c for i, c in enumerate(("cyan", "yellow", "magenta", "red", "green", "blue"))},
}
_LEAST_WIDTH, _LEAST_HEIGHT = 30, 4
# Title, axis and numbers of a chart, and the line between two.
_FRAME = 3


class LiveTerminal:
    """The lower part of a terminal; what is printed meanwhile appears above it.

    Args:
        height: of each chart in lines, at most.
    """

    share = 1 / 100
    """The share of the time that drawing may take."""

    def __init__(self, height: int) -> None:
        from rich.console import Console
        from rich.live import Live

        self.height = height
        self.console = Console(file=sys.stdout, highlight=False)
        self.ascii_only = self.console.options.ascii_only
        self.live = Live(console=self.console, auto_refresh=False)
        self.live.start()

    def draw(self, curves: TrainingCurves, line: Any) -> None:
        """Draw the curves as large as there is room, and below them the `ProgressLine` or None."""
        width = self.console.width
        lines = self._charts(curves)
        if line is not None:
            lines += [*self._gap(lines), line.text(width - 1, self.ascii_only)]
        self._show(lines)

    def finish(self, curves: TrainingCurves) -> None:
        """Leave the curves on the screen, with a sentence about them."""
        from rich.text import Text

        lines = self._charts(curves)
        if curves.curves:
            said = in_ascii(describe(curves)) if self.ascii_only else describe(curves)
            sentence = Text(said).wrap(self.console, max(self.console.width - 1, 8))
            lines += [*self._gap(lines), *sentence]
        self._show(lines)
        self.live.stop()

    def _show(self, lines: list[Text]) -> None:
        from rich.console import Group

        self.live.update(Group(*lines), refresh=True)

    def _gap(self, lines: list[Text]) -> list[Text]:
        from rich.text import Text

        return [Text()] if lines else []

    def _charts(self, curves: TrainingCurves) -> list[Text]:
        # The sentence at the end may need two lines, and the prompt one.
        width, room = self.console.width - 1, self.console.height - 4
        return chart_texts(curves, width, room, self.height, self.ascii_only)


def chart_texts(
    curves: TrainingCurves, width: int, room: int, height: int, ascii_only: bool = False
) -> list[Text]:
    """The charts of as many metrics as there is room for, in colours.

    Args:
        curves: what is drawn.
        width: of the lines.
        room: how many lines there may be.
        height: of each chart in lines, at most, without its title and axis.
        ascii_only: whether only the characters of ASCII are used.
    """
    from rich.text import Text

    if width < _LEAST_WIDTH or not curves.curves:
        return []
    names = [panel.name for panel in panels(curves)]
    columns = chart_columns(len(names), width)
    rows = max(min(-(-len(names) // columns), (room + 1) // (_LEAST_HEIGHT + _FRAME + 1)), 1)
    height = min((room - (rows - 1)) // rows - _FRAME, height)
    if height < 2:
        return []
    shown = names[: rows * columns]
    seen = tuple(curve for curve in curves.curves if curve.name in shown)
    lines = curve_lines(TrainingCurves(curves.runs, seen), width, height, ascii_only)
    found = [
        Text.assemble(*((text, _STYLES.get(kind, "")) for text, kind in line), no_wrap=True)
        for line in lines
    ]
    if len(shown) < len(names):
        rest = f"no room for {', '.join(names[len(shown) :])}"
        found.append(Text(rest, style="dim", no_wrap=True, overflow="ellipsis"))
    return found
