"""A table of numbers as colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats, names_for, real_array
from thalweg.viz.charts.headings import NOTE_INCHES, heading, height_of, width_of
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, folded, literal, name_and_unit, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["colour_bar", "draw_cells", "has_texts", "heatmap", "square_size", "text_on"]


@drawn
def heatmap(
    values: Any,
    row_names: Sequence[Any] | None = None,
    column_names: Sequence[Any] | None = None,
    *,
    label: str = "value",
    xlabel: str = "column",
    ylabel: str = "row",
    title: str | None = None,
    limits: tuple[float, float] | None = None,
    show_values: bool | None = None,
    ax: Axes | None = None,
) -> Plot[Floats]:
    """Draw a table of numbers as colours.

    Numbers of both signs are drawn around 0, in two colours; others from low to high.

    Args:
        values: numbers of shape `(rows, columns)`; the first row is on top. NaN stays empty.
        row_names: what each row is.
        column_names: what each column is.
        label: what the numbers are, with their unit.
        xlabel: what the columns are.
        ylabel: what the rows are.
        title: above the picture.
        limits: the numbers of the first and the last colour; None: those that occur.
        show_values: whether the numbers stand in their cells; None: where they fit.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are the values, float64 of shape `(rows, columns)`.

    Raises:
        TypeError: if the values are not real numbers.
        ValueError: if they have another number of axes, names are not as many, or the limits do
            not increase.

    >>> import thalweg as tw
    >>> tw.viz.heatmap([[1, -1], [0, 2]], label="weight").numbers.shape
    (2, 2)
    """
    cells = real_array("heatmap", "values", values, 2)
    rows = names_for("heatmap", "row_names", row_names, cells.shape[0], "rows")
    columns = names_for("heatmap", "column_names", column_names, cells.shape[1], "columns")
    if limits is not None:
        limits = _checked(limits)
    figure, axes = axes_for(ax, *square_size(*cells.shape))
    image = draw_cells(axes, cells, rows, columns, limits=limits, show_texts=show_values)
    colour_bar(axes, image, label)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    heading(axes, title)
    return Plot(figure, axes, cells, _caption(cells, label, rows, columns))


def _checked(limits: Any) -> tuple[float, float]:
    try:
        low, high = map(float, limits)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high:
        raise ValueError(f"heatmap: limits must be a low and a higher number, got {limits!r}.")
    return low, high


def square_size(rows: int, columns: int) -> tuple[float, float]:
    """Width and height in inches of a new figure for so many cells."""
    return (
        float(np.clip(2.3 + 0.5 * columns, 4.2, 8)),
        float(np.clip(1.4 + 0.5 * rows, 2.6, 7)),
    )


def colour_bar(ax: Axes, image: Any, label: str) -> Any:
    """Say, right of the axes and as high as they are, which colour means which number."""
    across = width_of(ax)
    # Inset axes follow axes whose cells are squares; a bar of the figure's would not.
    inset = ax.inset_axes((1 + 0.1 / across, 0, 0.13 / across, 1))
    bar = image.figure.colorbar(image, cax=inset)
    bar.outline.set_visible(False)
    bar.ax.grid(False)
    bar.ax.tick_params(length=0)
    bar.set_label(label)
    return bar


def draw_cells(
    ax: Axes,
    values: Floats,
    row_names: Sequence[str] | None = None,
    column_names: Sequence[str] | None = None,
    *,
    limits: tuple[float, float] | None = None,
    texts: Callable[[float], str] | NDArray[Any] = lambda value: number(value, 2),
    show_texts: bool | None = None,
) -> Any:
    """Draw the cells in these axes; returns the image, for a colour bar.

    Args:
        ax: the axes.
        values: float64 of shape `(rows, columns)`.
        row_names: names of rows.
        column_names: names of columns.
        limits: as in `heatmap`.
        texts: what stands in the cells: a function of the value, or strings of the values' shape.
        show_texts: whether it does; None: where it fits.
    """
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    signed = low < 0 < high if limits is None else limits[0] < 0 < limits[1]
    colours = palette()
    if limits is None:
        most = max(-low, high)
        limits = (-most, most) if signed else (low, high if high > low else low + 1.0)
    cmap = colours.diverging() if signed else colours.sequential()
    image = ax.imshow(
        values,
        cmap=cmap.with_extremes(bad=colours.raised),
        vmin=limits[0],
        vmax=limits[1],
        interpolation="nearest",
    )
    ax.grid(False)
    ax.spines[:].set_visible(False)
    _name_cells(ax, values.shape, row_names, column_names)
    written = np.vectorize(texts, otypes=[object])(values) if callable(texts) else texts
    if show_texts or (show_texts is None and _fits(ax, written)):
        shades = image.to_rgba(values)
        size = 8.5 if max(values.shape) <= 12 else 7.0
        for (row, column), value in np.ndenumerate(values):
            shade = text_on(shades[row, column]) if np.isfinite(value) else colours.soft
            ax.text(
                column,
                row,
                str(written[row, column]),
                ha="center",
                va="center",
                color=shade,
                fontsize=size,
            )
    return image


def text_on(colour: Any) -> str:
    """Black or white, whichever is easier to read on this colour: contrast 4.5 at least (WCAG 2).

    Args:
        colour: red, green and blue, from 0 to 1.

    >>> text_on((0.0, 0.0, 0.0)), text_on((1.0, 1.0, 1.0))
    ('#ffffff', '#000000')
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # There the contrasts with both are equal.
    return "#ffffff" if luminance < (1.05 * 0.05) ** 0.5 - 0.05 else "#000000"


def _fits(ax: Axes, written: NDArray[Any]) -> bool:
    rows, columns = written.shape
    if rows * columns > 400:
        return False
    longest = max(len(str(text)) for text in written.flat)
    return _cell_side(ax, rows, columns) > (0.078 if max(rows, columns) <= 12 else 0.066) * longest


def has_texts(ax: Axes) -> bool:
    """Whether `draw_cells` found room for the numbers."""
    return bool(ax.texts)


def _cell_side(ax: Axes, rows: int, columns: int) -> float:
    """About how long the sides of the cells are, in inches."""
    return min((width_of(ax) - 0.5) / columns, (height_of(ax) - 0.2) / rows)


def _name_cells(
    ax: Axes,
    shape: tuple[int, ...],
    row_names: Sequence[str] | None,
    column_names: Sequence[str] | None,
) -> None:
    rows, columns = shape
    if row_names is not None:
        step = int(np.ceil(rows / 40))
        letters = int(0.3 * (width_of(ax) + 0.75) / NOTE_INCHES)
        ax.set_yticks(
            np.arange(0, rows, step), [literal(folded(name, letters)) for name in row_names[::step]]
        )
    else:
        _whole_ticks(ax.yaxis, rows)
    if column_names is not None:
        each = _cell_side(ax, rows, columns)
        letters = int(0.3 * (height_of(ax) + 0.85) / NOTE_INCHES)
        column_names = [folded(name, letters) for name in column_names]
        longest = max(map(len, column_names))
        upright = longest * 0.078 + 0.05 > each
        step = max(1, int(np.ceil(0.16 / each)))
        ax.set_xticks(np.arange(0, columns, step), [literal(n) for n in column_names[::step]])
        if upright:
            ax.tick_params(axis="x", labelrotation=90)
    else:
        _whole_ticks(ax.xaxis, columns)
    ax.tick_params(length=0, labelcolor=palette().ink)


def _whole_ticks(axis: Any, count: int) -> None:
    from matplotlib.ticker import MaxNLocator

    if count <= 10:
        axis.set_ticks(range(count))
    else:
        axis.set_major_locator(MaxNLocator(nbins=10, integer=True))


def _caption(
    cells: Floats, label: str, rows: Sequence[str] | None, columns: Sequence[str] | None
) -> str:
    size = f"{cells.shape[0]} x {cells.shape[1]} cells"
    name, unit = name_and_unit(label)
    if not np.isfinite(cells).any():
        return f"{name}: {size}, none of them finite."

    def place(flat: Any) -> str:
        row, column = divmod(int(flat), cells.shape[1])
        across = columns[column] if columns else f"column {column}"
        down = rows[row] if rows else f"row {row}"
        return f"{number(cells[row, column])}{unit} at {down}, {across}"

    empty = int(np.isnan(cells).sum())
    end = f"; {counted(empty, 'cell')} NaN" if empty else ""
    return (
        f"{name}: {size}, the least is {place(np.nanargmin(cells))}, the most "
        f"{place(np.nanargmax(cells))}{end}."
    )
