"""Compares figures with stored pictures, and checks that nothing in a figure overlaps.

A picture is stored, small, as `tests/viz/pictures/<name>.png`. To draw it anew after a change that
is meant, delete the file or set THALWEG_UPDATE_PICTURES=1, run the test, and look at the picture.
"""

from __future__ import annotations

import itertools
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox
from mpl_toolkits.mplot3d import Axes3D
from PIL import Image

from thalweg.viz.figure import styled_as

PICTURES = Path(__file__).with_name("pictures")
DPI = 60
TOLERANCE = 4.0
"""Greatest root mean square difference of blurred pictures, of 255; fonts move a little between
versions of matplotlib, curves do not."""


def check_look(plot: Any, name: str, tolerance: float = TOLERANCE) -> None:
    """A plot looks as stored, and nothing in it overlaps.

    Args:
        plot: a `thalweg.viz.Plot`.
        name: of the stored picture.
        tolerance: the greatest difference, of 255.
    """
    with styled_as(plot._palette):
        check_layout(plot.figure)
        drawn = pixels(plot.figure)
    file = PICTURES / f"{name}.png"
    if os.environ.get("THALWEG_UPDATE_PICTURES") == "1":
        Image.fromarray(drawn).save(file, optimize=True)
        return
    if not file.is_file():
        Image.fromarray(drawn).save(file, optimize=True)
        pytest.fail(f"{file} was not there; it was drawn: look at it, then run the test again")
    with Image.open(file) as picture:
        stored = np.asarray(picture.convert("RGB"))
    assert stored.shape == drawn.shape, f"{name}: {drawn.shape} instead of {stored.shape}"
    found = difference(stored, drawn)
    assert found <= tolerance, f"{name} differs by {found:.1f} of 255, allowed are {tolerance}"


def pixels(figure: Figure, dpi: float = DPI) -> np.ndarray[Any, Any]:
    """A figure as uint8 of shape (height, width, 3)."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return np.asarray(Image.open(file).convert("RGB"))


def difference(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Root mean square difference of two pictures after a blur over 3 x 3 pixels."""

    def blurred(picture: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        x = picture.astype(np.float64)
        x = (x[:-2] + x[1:-1] + x[2:]) / 3
        return (x[:, :-2] + x[:, 1:-1] + x[:, 2:]) / 3

    return float(np.sqrt(np.mean((blurred(one) - blurred(other)) ** 2)))


def check_layout(figure: Figure) -> None:
    """All words of a figure are inside of it, and no two of them overlap."""
    figure.canvas.draw()
    whole = figure.bbox
    words = visible_words(figure)
    for text, box in words:
        inside = (
            box.x0 >= whole.x0 - 1
            and box.x1 <= whole.x1 + 1
            and box.y0 >= whole.y0 - 1
            and box.y1 <= whole.y1 + 1
        )
        assert inside, f"{text!r} reaches beyond the figure: {box.extents} of {whole.extents}"
    for (one, a), (other, b) in itertools.combinations(words, 2):
        both = Bbox.intersection(a, b)
        overlaps = both is not None and both.width > 1 and both.height > 1.5
        assert not overlaps, f"{one!r} and {other!r} overlap"


def visible_words(figure: Figure) -> list[tuple[str, Bbox]]:
    """The texts that are seen, with their places in pixels; the figure has been drawn."""
    assert isinstance(figure.canvas, FigureCanvasAgg)
    renderer = figure.canvas.get_renderer()
    found = []
    hidden = _hidden(figure)
    for item in figure.findobj(Text):
        assert isinstance(item, Text)
        if not item.get_visible() or not item.get_text().strip() or id(item) in hidden:
            continue
        box = (
            Text.get_window_extent(item, renderer)
            if isinstance(item, Annotation)  # without its arrow
            else item.get_window_extent(renderer)
        )
        if box.width > 0 and box.height > 0:
            found.append((item.get_text(), box))
    return found


def _hidden(figure: Figure) -> set[int]:
    """The texts, by identity, of axes that are off and of ticks beyond the limits."""
    found: set[int] = set()
    for axes in figure.findobj(Axes):  # inset ones too
        assert isinstance(axes, Axes)
        off = not axes.get_visible()
        axes_of_3d = [axes.zaxis] if isinstance(axes, Axes3D) else []
        for axis in (axes.xaxis, axes.yaxis, *axes_of_3d):
            in_use = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            low, high = sorted(axis.get_view_interval())
            margin = 1e-9 * (high - low)
            for tick in {*in_use, *axis.majorTicks, *axis.minorTicks}:
                within = low - margin <= tick.get_loc() <= high + margin
                if off or not axes.axison or tick not in in_use or not within:
                    found |= {id(tick.label1), id(tick.label2)}
            if off or not axes.axison:
                found |= {id(axis.label), id(axis.offsetText)}
        if off:
            found |= {id(text) for text in axes.findobj(Text)}
    return found
