"""Several small pictures as one: in a grid, with a gap between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thalweg.viz.charts.arguments import Floats
from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["frame_tiles", "grid_of", "mosaic"]


def grid_of(count: int, aspect: float = 1.0) -> tuple[int, int]:
    """Rows and columns for so many pictures.

    Args:
        count: the number of pictures.
        aspect: about how many columns there are to be for a row.

    >>> grid_of(8), grid_of(32), grid_of(5)
    ((2, 4), (4, 8), (1, 5))
    """
    columns = max(1, min(count, int(np.ceil(np.sqrt(count * aspect)))))
    # A full last row looks better than a nearly square whole.
    full = [n for n in range(columns, min(count, 2 * columns) + 1) if count % n == 0]
    columns = full[0] if full else columns
    return -(-count // columns), columns


def mosaic(pictures: Floats, rows: int, columns: int, gap: int = 1) -> Floats:
    """Pictures of the same size as one picture; gaps and places without a picture are NaN.

    Args:
        pictures: of shape `(count, height, width)` or `(count, height, width, 3)`.
        rows: pictures below each other.
        columns: pictures side by side.
        gap: pixels between them.

    >>> mosaic(np.ones((3, 1, 1)), 2, 2)
    array([[ 1., nan,  1.],
           [nan, nan, nan],
           [ 1., nan, nan]])
    """
    count, high, wide, *rest = pictures.shape
    shape = (rows * (high + gap) - gap, columns * (wide + gap) - gap, *rest)
    whole = np.full(shape, np.nan)
    for i in range(min(count, rows * columns)):
        y, x = (i // columns) * (high + gap), (i % columns) * (wide + gap)
        whole[y : y + high, x : x + wide] = pictures[i]
    return whole


def frame_tiles(ax: Axes, count: int, columns: int, size: tuple[int, int], gap: int = 1) -> None:
    """Thin lines around the pictures of a mosaic, whose light parts else end in the ground.

    Args:
        ax: where the mosaic is drawn.
        count: the number of pictures.
        columns: pictures side by side.
        size: height and width of a picture in pixels.
        gap: pixels between them.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    high, wide = size
    corners = [
        ((i % columns) * (wide + gap) - 0.5, (i // columns) * (high + gap) - 0.5)
        for i in range(count)
    ]
    tiles = [Rectangle(corner, wide, high) for corner in corners]
    frames = PatchCollection(
        tiles, facecolor="none", edgecolor=palette().soft, linewidth=0.5, alpha=0.6
    )
    frames.set_clip_on(False)
    ax.add_collection(frames, autolim=False)
