"""The filters of a convolution as small pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.layers.conv import Conv1D, Conv2D
from thalweg.layers.depthwise_conv import DepthwiseConv1D, DepthwiseConv2D
from thalweg.layers.layer import Layer
from thalweg.layers.separable_conv import SeparableConv1D, SeparableConv2D
from thalweg.training.model import Model
from thalweg.viz.charts.arguments import Floats
from thalweg.viz.charts.headings import heading
from thalweg.viz.charts.heatmap import colour_bar
from thalweg.viz.checks import check_model
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.layer_calls import named_layers
from thalweg.viz.model.chosen import layer_named
from thalweg.viz.model.mosaic import frame_tiles, grid_of, mosaic
from thalweg.viz.model.weight_table import values_of
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["filters", "pictures_of"]

_MOST = 256
_MOST_ON_AXIS = 16
_DEPTHWISE = (DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D)
_CONVOLUTIONS = (Conv1D, Conv2D, *_DEPTHWISE)


@drawn
def filters(
    model: Any, layer: str | Layer | None = None, *, ax: Axes | None = None
) -> Plot[Floats]:
    """Draw the filters of a convolution, by default of the first one in a model.

    All filters have one scale. Those of images with three channels are drawn in their colours,
    where grey is a weight of 0; those of one channel around 0 in two colours; of other numbers of
    channels there is a row for each channel, and a column for each filter. A filter of a `Conv1D`
    has its steps from left to right and its channels from top to bottom.

    Args:
        model: a built model.
        layer: the layer or its name; None: the first convolution.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are the kernel as float64 in the layer's own shape, such as
        `(height, width, channels, filters)`. Beyond 256 filters (16 where there is a row for each
        channel, and 16 channels) the others are in `numbers` and not drawn.

    Raises:
        TypeError: if it is not a model.
        ValueError: if the model is not built, has no such layer or no convolution, or if the layer
            is none.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((28, 28, 1)), tw.layers.Conv2D(8, 3, name="conv")])
    >>> plot = tw.viz.filters(model)
    >>> plot.numbers.shape
    (3, 3, 1, 8)
    """
    check_model("filters", model)
    name, found = _convolution(model, layer)
    kernel = values_of(found.kernel if hasattr(found, "kernel") else found.depthwise_kernel)
    whole = pictures_of(found, kernel)
    height, width, channels, count = whole.shape
    limit = float(np.max(np.abs(whole[np.isfinite(whole)]), initial=0.0)) or 1.0
    if channels in (1, 3):
        shown = min(count, _MOST)
        rows, columns = grid_of(shown, aspect=1.6 * height / width)
        tiles = np.moveaxis(whole, -1, 0)[:shown]
        tiles = tiles[..., 0] if channels == 1 else (tiles / limit + 1) / 2
    else:
        rows, columns = min(channels, _MOST_ON_AXIS), min(count, _MOST_ON_AXIS)
        shown = columns
        tiles = np.transpose(whole, (2, 3, 0, 1))[:rows, :columns].reshape(-1, height, width)
    figure, axes = axes_for(ax, *_size(rows * (height + 1), columns * (width + 1), channels))
    picture = mosaic(tiles, rows, columns)
    _draw(axes, picture, limit, coloured=channels == 3)
    frame_tiles(axes, len(tiles), columns, (height, width))
    if channels not in (1, 3):
        _name_tiles(axes, (rows, columns), (height, width))
    note = f"{counted(count, 'filter')} of {_size_words(found, whole)}"
    if shown < count:
        note += f" · the first {shown} are drawn"
    if channels == 3:
        note += f" · grey is 0, full colour ±{number(limit)}"
    heading(axes, f"Filters of '{name}'", note)
    return Plot(figure, axes, kernel, _caption(name, whole, limit))


def pictures_of(layer: Layer, kernel: Floats) -> Floats:
    """The kernel of any convolution as `(height, width, channels, filters)`.

    Args:
        layer: whose it is. A depthwise layer has a filter of one channel for each of its outputs.
        kernel: with one or two spatial axes, then inputs and outputs.
    """
    if isinstance(layer, _DEPTHWISE):
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
        return kernel[np.newaxis] if kernel.ndim == 3 else kernel
    # (steps, channels, filters): the channels below each other are a picture too.
    return np.transpose(kernel, (1, 0, 2))[:, :, np.newaxis] if kernel.ndim == 3 else kernel


def _convolution(model: Model, layer: str | Layer | None) -> tuple[str, Any]:
    there = named_layers(model)
    if layer is not None:
        name, found = layer_named("filters", model, there, layer)
        if not isinstance(found, _CONVOLUTIONS):
            raise ValueError(
                f"filters: layer '{name}' is a {type(found).__name__}; it must be one of "
                f"{', '.join(sorted(c.__name__ for c in _CONVOLUTIONS))}."
            )
        return name, found
    for name, found in there.items():
        if isinstance(found, _CONVOLUTIONS):
            return name, found
    kinds = dict.fromkeys(type(found).__name__ for found in there.values())
    raise ValueError(
        f"filters: model '{model.name}' has no convolution of one or two axes, only "
        f"{', '.join(kinds)}."
    )


def _draw(ax: Axes, picture: Floats, limit: float, coloured: bool) -> None:
    ax.grid(False)
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if coloured:
        opaque = np.isfinite(picture).all(axis=-1, keepdims=True)
        ax.imshow(
            np.concatenate([np.nan_to_num(picture), opaque], axis=-1), interpolation="nearest"
        )
        return
    image = ax.imshow(
        picture, cmap=palette().diverging(), vmin=-limit, vmax=limit, interpolation="nearest"
    )
    bar = colour_bar(ax, image, "weight")
    bar.set_ticks([-limit, 0, limit], labels=[number(-limit), "0", number(limit)])


def _name_tiles(ax: Axes, grid: tuple[int, int], tile: tuple[int, int]) -> None:
    for axis, count, length, what in (
        (ax.yaxis, grid[0], tile[0], "input channel"),
        (ax.xaxis, grid[1], tile[1], "filter"),
    ):
        numbers = range(0, count, 1 if count <= 8 else 2)
        axis.set_ticks(
            [i * (length + 1) + (length - 1) / 2 for i in numbers], [str(i) for i in numbers]
        )
        axis.set_label_text(what)
        axis.set_tick_params(length=0)


def _size(high: int, wide: int, channels: int) -> tuple[float, float]:
    """Width and height in inches of a figure for so many pixels."""
    each = min(0.26, 5.6 / wide, 6.2 / high)
    beside = 0.25 if channels == 3 else 1.0
    return max(3.4, each * wide + beside), max(1.5, each * high + 0.75)


def _size_words(layer: Layer, whole: Floats) -> str:
    height, width, channels, _ = whole.shape
    if isinstance(layer, (Conv1D, DepthwiseConv1D, SeparableConv1D)):
        return f"{counted(width, 'step')}, {counted(height, 'channel')}"
    return f"{height} × {width} pixels, {counted(channels, 'channel')}"


def _caption(name: str, whole: Floats, limit: float) -> str:
    norms = np.sqrt(np.nansum(np.square(whole), axis=(0, 1, 2)))
    strong, weak = int(np.argmax(norms)), int(np.argmin(norms))
    sentence = (
        f"The weights of the {counted(len(norms), 'filter')} of '{name}' reach ±{number(limit)}"
    )
    odd = int(np.sum(~np.isfinite(whole)))
    if odd:
        return f"{sentence}; {odd:,} are NaN or infinite."
    if len(norms) == 1:
        return f"{sentence}."
    return (
        f"{sentence}; filter {strong} is the strongest (norm {number(norms[strong])}), filter "
        f"{weak} the weakest (norm {number(norms[weak])})."
    )
