"""What is written in a box of `plot_model`, and how large the box is for it, in points."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from thalweg.viz.model.graph import Box, Shape

__all__ = ["PAD", "ROW", "TITLE", "Card", "Show", "card_of", "text_width"]

TITLE = 9.5
"""Font size of titles."""
ROW = 8.0
"""Font size of rows."""
PAD = (9.0, 6.5)
"""Space between the border and the text, sideways and up and down."""

_TITLE_HEIGHT = 13.0
_ROW_HEIGHT = 11.5
_LABEL_GAP = 8.0
_RULE = 5.0
_NAME_GAP = 5.0
_MOST_SHAPES = 4


@dataclass(frozen=True)
class Show:
    """What is shown of each layer besides its class; the arguments of `plot_model`."""

    shapes: bool = False
    dtype: bool = False
    names: bool = False
    activations: bool = False
    trainable: bool = False


@dataclass(frozen=True)
class Card:
    """The words of a box.

    Attributes:
        kind: the class, in bold.
        name: beside it; may be empty.
        rows: what a line is about, and what it says.
        width: of the box.
        height: of the box.
    """

    kind: str
    name: str
    rows: tuple[tuple[str, str], ...]
    width: float
    height: float

    @property
    def title_width(self) -> float:
        """Of kind and name together."""
        return _title_width(self.kind, self.name)

    @property
    def name_place(self) -> float:
        """How far right of the kind's beginning the name begins."""
        return text_width(self.kind, TITLE, bold=True) + _NAME_GAP

    @property
    def value_place(self) -> float:
        """How far right of the labels' beginning the values begin."""
        return max((text_width(label, ROW) for label, _ in self.rows), default=0.0) + _LABEL_GAP

    @property
    def title_line(self) -> float:
        """How far below the upper border the middle of the title is."""
        return PAD[1] + _TITLE_HEIGHT / 2

    @property
    def rule(self) -> float:
        """How far below the upper border the line between title and rows is."""
        return PAD[1] + _TITLE_HEIGHT + _RULE / 2

    def row_line(self, i: int) -> float:
        """How far below the upper border the middle of a row is."""
        return PAD[1] + _TITLE_HEIGHT + _RULE + (i + 0.5) * _ROW_HEIGHT + 1


def card_of(box: Box, show: Show, *, frame: bool = False) -> Card:
    """The words of a box.

    Args:
        box: a call of a layer.
        show: what is shown.
        frame: whether it stands above the layers of a model, without rows.
    """
    shared = box.calls > 1
    name = box.name if show.names or shared or frame else ""
    if shared:
        name += f" · call {box.call} of {box.calls}"
    rows = () if frame else tuple(_rows(box, show))
    wide = _title_width(box.kind, name)
    high = 2 * PAD[1] + _TITLE_HEIGHT
    card = Card(box.kind, name, rows, 0.0, 0.0)
    if rows:
        values = max(text_width(value, ROW) for _, value in rows)
        wide = max(wide, card.value_place + values)
        high += _RULE + len(rows) * _ROW_HEIGHT
    # Fonts of other machines may be a little wider.
    return Card(box.kind, name, rows, 1.04 * wide + 2 * PAD[0], high)


def _rows(box: Box, show: Show) -> list[tuple[str, str]]:
    found = []
    if show.activations and box.activation is not None:
        found.append(("activation", box.activation))
    if show.shapes:
        found += _shape_rows("in", box.inputs) + _shape_rows("out", box.outputs)
    if show.dtype and box.dtype is not None:
        found.append(("dtype", box.dtype))
    if show.trainable and box.trainable is not None:
        found.append(("trainable", "yes" if box.trainable else "no"))
    return found


def _shape_rows(label: str, shapes: tuple[Shape, ...]) -> list[tuple[str, str]]:
    """A row for each shape; several of the same shape in a row are written once.

    >>> _shape_rows("in", ((None, 4), (None, 4), (None, 2)))
    [('in', '2 × (None, 4)'), ('', '(None, 2)')]
    """
    runs: list[tuple[Shape, int]] = []
    for shape in shapes:
        if runs and runs[-1][0] == shape:
            runs[-1] = shape, runs[-1][1] + 1
        else:
            runs.append((shape, 1))
    words = [f"{n} × {shape}" if n > 1 else str(shape) for shape, n in runs]
    if len(words) > _MOST_SHAPES:
        words = [*words[: _MOST_SHAPES - 1], f"and {len(words) - _MOST_SHAPES + 1} more"]
    return [("" if i else label, word) for i, word in enumerate(words)]


def _title_width(kind: str, name: str) -> float:
    width = text_width(kind, TITLE, bold=True)
    return width + _NAME_GAP + text_width(name, ROW) if name else width


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide a line is in the font of all figures, in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    width: float = text_to_path.get_text_width_height_descent(text, font, False)[0]
    return width
