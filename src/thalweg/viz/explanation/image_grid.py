"""Images, each above a map of what matters in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats
from thalweg.viz.figure import blank
from thalweg.viz.palette import DARK, palette
from thalweg.viz.words import literal

__all__ = ["draw_image", "draw_pairs", "gray_of", "lit", "upsampled"]

MOST_ACROSS = 8


def draw_pairs(
    images: NDArray[Any],
    maps: Floats,
    labels: Sequence[str],
    title: str | None,
    over: bool = False,
) -> tuple[Any, NDArray[Any]]:
    """A new figure of images and maps.

    Args:
        images: of shape `(n, height, width)` or with channels at the end.
        maps: what matters, not negative, of shape `(n, height, width)`.
        labels: a few words above each image.
        title: above all.
        over: whether maps are laid over their images, else they stand alone.

    Returns:
        The figure; its axes as an array of shape `(2, n)`: images, maps.
    """
    n = len(images)
    across = min(n, MOST_ACROSS)
    blocks = -(-n // across)
    rows, columns = (1, 2) if n == 1 else (2 * blocks, across)
    side = 2.1 if columns <= 2 else 1.5 if columns <= 4 else 1.15
    tall = side * min(2.0, images.shape[1] / images.shape[2])
    figure, grid = blank(
        max(3.2, side * columns),
        rows * (tall - 0.05) + 0.22 * blocks * any(labels) + (0.3 if title else 0.0),
        rows=rows,
        columns=columns,
        squeeze=False,
    )
    figure.set_layout_engine("constrained", h_pad=0.03, w_pad=0.03, hspace=0, wspace=0)
    pairs = np.empty((2, n), dtype=object)
    for axes in grid.flat:
        axes.set_axis_off()
    for i in range(n):
        block, column = divmod(i, across)
        pair = grid[0] if n == 1 else grid[2 * block : 2 * block + 2, column]
        pairs[:, i] = pair
        draw_image(pair[0], images[i])
        if labels[i]:
            pair[0].set_title(
                literal(labels[i]), fontsize=9, fontweight="normal", loc="center", pad=4
            )
        _draw_map(pair[1], images[i], maps[i], over)
    if title:
        figure.suptitle(title, x=0.02, ha="left")
    return figure, pairs


def draw_image(ax: Any, image: NDArray[Any]) -> None:
    """An image with its own range of values, grey unless it has three channels."""
    ax.set_axis_off()
    if image.ndim == 3 and image.shape[-1] == 3:
        ax.imshow(_unit(image))
        return
    ax.imshow(gray_of(image), cmap="gray", vmin=0, vmax=1)


def gray_of(image: NDArray[Any]) -> Floats:
    """An image as brightness from 0 to 1, of shape `(height, width)`."""
    unit = _unit(image)
    return unit.mean(-1) if unit.ndim == 3 else unit


def _unit(values: NDArray[Any]) -> Floats:
    found = np.nan_to_num(values.astype(np.float64))
    low, high = found.min(), found.max()
    return (found - low) / (high - low) if high > low else np.zeros_like(found)


def _coloured(values: Floats) -> Floats:
    """Magnitudes as colours from none to the most that occurs."""
    most = values.max()
    return palette().sequential()(values / most if most > 0 else values)[..., :3]


def _draw_map(ax: Any, image: NDArray[Any], values: Floats, over: bool) -> None:
    if not over:
        ax.imshow(_coloured(values))
        return
    ax.imshow(lit(gray_of(image), values))
    if values.max() > values.min():
        # Around what has more than half of the most: seen without colours too.
        for color, width in (("#000000", 2.0), ("#ffffff", 0.9)):
            ax.contour(values, [values.max() / 2], colors=[color], linewidths=width)


def lit(gray: Floats, heat: Floats) -> Floats:
    """A grey image, dim, under light where the heat is; red, green and blue from 0 to 1.

    Args:
        gray: brightness from 0 to 1, of shape `(height, width)`.
        heat: not negative, of the same shape.
    """
    from matplotlib.colors import to_rgb

    most = heat.max()
    share = (heat / most if most > 0 else heat)[..., None]
    # The image is its own ground, so the light is the same in both themes.
    light = np.array(to_rgb(DARK.series[1]))
    return np.clip((0.75 - 0.3 * share) * gray[..., None] + 0.85 * share * light, 0, 1)


def upsampled(maps: Floats, height: int, width: int) -> Floats:
    """Maps of shape `(n, h, w)` enlarged bilinearly; pixels are squares whose centres count.

    >>> upsampled(np.array([[[0.0, 1.0]]]), 1, 4).tolist()
    [[[0.0, 0.25, 0.75, 1.0]]]
    """
    return _stretched(_stretched(maps, 1, height), 2, width)


def _stretched(maps: Floats, axis: int, length: int) -> Floats:
    there = maps.shape[axis]
    place = np.clip((np.arange(length) + 0.5) * there / length - 0.5, 0, there - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, there - 1)
    share = (place - low).reshape([-1 if i == axis else 1 for i in range(maps.ndim)])
    return (1 - share) * maps.take(low, axis) + share * maps.take(high, axis)
