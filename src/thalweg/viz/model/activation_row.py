"""The output of one layer for one input, as a row of a picture: maps, bars, or a strip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thalweg.layers.layer import Layer
from thalweg.viz.charts.arguments import Floats
from thalweg.viz.model.card import text_width
from thalweg.viz.model.mosaic import frame_tiles, mosaic
from thalweg.viz.palette import palette
from thalweg.viz.words import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Row", "draw_row", "row_of"]

_MOST_BARS = 32
_MOST_MAPS = 24
_ON_A_LINE = 12
_STRIP = 0.32
_BARS = 0.75
_HIGHEST = 2.4
_ABOVE: dict[str, Any] = {
    "xycoords": "axes fraction",
    "textcoords": "offset points",
    "parse_math": False,  # names may have dollars in them
}


@dataclass(frozen=True)
class Tiles:
    """The maps in a picture: how many, how many side by side, height and width, pixels between."""

    count: int
    columns: int
    size: tuple[int, int]
    gap: int


@dataclass(frozen=True, eq=False)
class Row:
    """What is drawn of a layer.

    Attributes:
        name: of the layer.
        note: its class, shape and range, and what is not drawn.
        picture: an image `(height, width)`, or bars `(units,)`.
        low: the number of the first colour.
        high: the number of the last colour.
        tiles: the maps in the picture, whose pixels are squares then; else None.
    """

    name: str
    note: str
    picture: Floats
    low: float
    high: float
    tiles: Tiles | None

    def height(self, width: float) -> float:
        """How high it is, in inches, where it may be so wide."""
        if self.picture.ndim == 1:
            return _BARS
        if self.tiles is None:
            return _STRIP if len(self.picture) == 1 else min(1.2, _STRIP + 0.04 * len(self.picture))
        high, wide = self.picture.shape
        return min(_HIGHEST, width * high / wide)


def row_of(name: str, kind: str, layer: Layer, values: NDArray[Any]) -> Row:
    """What is drawn of an output.

    Args:
        name: of the layer.
        kind: its class.
        layer: the layer, for where its channels are.
        values: the output without the batch axis.
    """
    shape = values.shape
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    parts = [kind, str(shape).replace(",)", ")")]
    parts.append(number(low) if low == high else f"{number(low)} to {number(high)}")
    zeros = float(np.mean(values == 0)) if values.size else 0.0
    if 0 < zeros < 1:
        parts.append(f"{percent(zeros)} zeros")
    if finite.size < values.size:
        parts.append(f"{values.size - finite.size:,} not finite")
    picture, tiles, left_out = _picture(layer, values)
    reach = max(abs(low), abs(high)) or 1.0
    return Row(
        name,
        " · ".join([*parts, *left_out]),
        picture,
        -reach if low < 0 else 0.0,
        reach,
        tiles,
    )


def _picture(layer: Layer, values: Floats) -> tuple[Floats, Tiles | None, list[str]]:
    """The picture, the maps in it, and what has to be said about it."""
    if values.ndim == 0:
        return values.reshape(1), None, []
    if values.ndim == 1:
        return (values if len(values) <= _MOST_BARS else values[np.newaxis]), None, []
    if values.ndim == 2:
        return values.T, None, ["steps from left to right"]
    if getattr(layer, "data_format", None) == "channels_first":
        values = np.moveaxis(values, 0, -1)
    left_out = []
    while values.ndim > 3:
        middle = len(values) // 2
        left_out.append(f"slice {middle} of {len(values)}")
        values = values[middle]
    count = values.shape[-1]
    if count > _MOST_MAPS:
        left_out.append(f"the first {_MOST_MAPS} maps")
    maps = np.moveaxis(values, -1, 0)[:_MOST_MAPS]
    rows = -(-len(maps) // _ON_A_LINE)
    # The same size of maps in all rows of the picture, down to a few.
    columns = max(-(-len(maps) // rows), 8)
    tiles = Tiles(
        len(maps), columns, (maps.shape[1], maps.shape[2]), max(1, round(0.06 * maps.shape[2]))
    )
    return mosaic(maps, rows, columns, tiles.gap), tiles, left_out


def draw_row(ax: Axes, key: Axes, row: Row, width: float) -> None:
    """Draw it.

    Args:
        ax: where it is drawn.
        key: where colours are explained.
        row: what is drawn.
        width: how wide it is, in points.
    """
    colours = palette()
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    name = _fitting(row.name, width - text_width(row.note, 8))
    beside = text_width(name, 9.5, bold=True) + 7
    ax.annotate(name, (0, 1), (0, 5), fontsize=9.5, fontweight="bold", **_ABOVE)
    ax.annotate(row.note, (0, 1), (beside, 5), fontsize=8, color=colours.soft, **_ABOVE)
    if row.picture.ndim == 1:
        _draw_bars(ax, row)
        key.set_visible(False)
        return
    signed = row.low < 0
    image = ax.imshow(
        row.picture,
        cmap=colours.diverging() if signed else colours.sequential(),
        vmin=row.low,
        vmax=row.high,
        aspect="auto" if row.tiles is None else "equal",
        interpolation="nearest",
    )
    if row.tiles is not None:
        frame_tiles(ax, row.tiles.count, row.tiles.columns, row.tiles.size, row.tiles.gap)
    ax.set_anchor("NW")
    ax.set(xticks=[], yticks=[])
    bar = ax.figure.colorbar(image, cax=key, ticks=[row.low, row.high])
    bar.outline.set_visible(False)
    bar.ax.set_yticklabels([number(row.low), number(row.high)], fontsize=7.5)
    bar.ax.tick_params(length=0)
    bar.ax.grid(False)


def _fitting(name: str, room: float) -> str:
    """The end of a name that is too long for its place."""
    while text_width(name, 9.5, bold=True) > room and len(name) > 8:
        name = "…" + name.removeprefix("…")[1:]
    return name


def _draw_bars(ax: Axes, row: Row) -> None:
    from matplotlib.ticker import MaxNLocator

    colours = palette()
    places = np.arange(len(row.picture))
    values = np.nan_to_num(row.picture, posinf=row.high, neginf=row.low)
    ax.bar(
        places,
        values,
        width=0.8,
        color=[colours.series[0] if v >= 0 else colours.series[1] for v in values],
    )
    ax.axhline(0, color=colours.soft, linewidth=0.8, linestyle="-")
    ax.set_xlim(-0.6, max(len(places), 10) - 0.4)
    step = 1 if len(places) <= 16 else 4
    ax.set_xticks(places[::step], [str(i) for i in places[::step]])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=2))
    ax.grid(True, axis="y")
    ax.tick_params(length=0, labelsize=7.5)
