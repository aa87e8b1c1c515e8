"""How often values of each size occur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thalweg.viz.charts.arguments import Floats, real_array
from thalweg.viz.charts.headings import heading, width_of
from thalweg.viz.charts.marks import mark_upright
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, name_and_unit, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Histogram", "draw_histogram", "histogram", "histogram_of"]

MOST_BINS = 64


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of values by their size, and what else is worth knowing of them.

    Attributes:
        counts: int64 of shape `(bins,)`; how many values lie in each bin. A value on an edge
            belongs to the bin above it, one on the last edge to the last bin.
        edges: float64 of shape `(bins + 1,)`.
        count: how many values there are, NaN and infinite ones included.
        min: the least finite value; NaN where there is none, as below.
        max: the greatest finite value.
        mean: of the finite values.
        std: of the finite values, divided by their number.
        quartiles: a quarter, half and three quarters of the finite values are below these.
        zeros: how many values are 0.
        nans: how many are NaN.
        infs: how many are infinite.
    """

    counts: NDArray[np.int64]
    edges: Floats
    count: int
    min: float
    max: float
    mean: float
    std: float
    quartiles: tuple[float, float, float]
    zeros: int
    nans: int
    infs: int


@drawn
def histogram(
    values: Any,
    label: str = "value",
    bins: int | str | Any = "auto",
    *,
    title: str | None = None,
    log: bool = False,
    ax: Axes | None = None,
) -> Plot[Histogram]:
    """Draw how often values of each size occur, with their mean as a dashed line.

    Args:
        values: numbers of any shape. NaN and infinite ones are counted, not drawn.
        label: what the values are, with their unit.
        bins: how many bins, or their edges, or `'auto'`: as many as Sturges or Freedman and
            Diaconis ask for, whichever is more (NumPy's `'auto'`), at most 64; whole numbers get a
            bin each where that is fewer.
        title: above the picture.
        log: whether counts are on a logarithmic scale.
        ax: the axes to draw in; None makes a new figure.

    Returns:
        A `Plot`; its `numbers` are a `Histogram` with `counts`, `edges`, and the statistics
        `count`, `min`, `max`, `mean`, `std`, `quartiles`, `zeros`, `nans` and `infs`.

    Raises:
        TypeError: if the values are not real numbers.
        ValueError: if there are none, or `bins` is not as above.

    >>> import thalweg as tw
    >>> plot = tw.viz.histogram([1, 2, 2, 5], label="rooms per dwelling")
    >>> plot.numbers.counts.tolist(), plot.numbers.mean
    ([1, 2, 0, 0, 1], 2.5)
    """
    found = histogram_of(real_array("histogram", "values", values), bins)
    figure, axes = axes_for(ax)
    draw_histogram(axes, found, label, log=log)
    heading(axes, title, _note(found))
    return Plot(figure, axes, found, _caption(found, label))


def histogram_of(
    values: Floats, bins: Any = "auto", most: int = MOST_BINS, *, caller: str = "histogram"
) -> Histogram:
    """The numbers of a histogram, as `histogram` makes them; `'auto'` makes `most` bins at most.

    Errors about `bins` name the caller.
    """
    flat = values.ravel()
    finite = flat[np.isfinite(flat)]
    some = finite.size > 0
    low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75]) if some else [np.nan] * 3
    edges = _edges(caller, finite, bins, most, high - low)
    return Histogram(
        counts=np.histogram(finite, edges)[0].astype(np.int64),
        edges=edges,
        count=flat.size,
        min=float(finite.min()) if some else np.nan,
        max=float(finite.max()) if some else np.nan,
        mean=float(finite.mean()) if some else np.nan,
        std=float(finite.std()) if some else np.nan,
        quartiles=(float(low), float(middle), float(high)),
        zeros=int(np.sum(flat == 0)),
        nans=int(np.isnan(flat).sum()),
        infs=int(np.isinf(flat).sum()),
    )


def _edges(caller: str, finite: Floats, bins: Any, most: int, middle_half: float) -> Floats:
    if isinstance(bins, str):
        if bins != "auto":
            raise ValueError(f"{caller}: bins must be 'auto', a number or the edges, got {bins!r}.")
        return _auto_edges(finite, most, middle_half)
    if isinstance(bins, (int, np.integer)) and not isinstance(bins, bool):
        if bins < 1:
            raise ValueError(f"{caller}: bins must be at least 1, got {bins}.")
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        return _spread(low, high, int(bins))
    edges = real_array(caller, "bins", bins, 1)
    if len(edges) < 2 or not np.all(np.diff(edges) > 0):
        raise ValueError(f"{caller}: edges given as bins must be two or more, and increase.")
    return edges


def _auto_edges(finite: Floats, most: int, middle_half: float) -> Floats:
    if not finite.size:
        return np.array([0.0, 1.0])
    low, high = float(finite.min()), float(finite.max())
    span = high - low
    if span < most and abs(low) < 2**52 and np.all(finite == np.round(finite)):
        return np.arange(low, high + 2) - 0.5
    # Sturges 1926; Freedman and Diaconis 1981, with the distance between the quartiles.
    count = np.log2(finite.size) + 1
    width = 2 * middle_half / np.cbrt(finite.size)
    if width * most > span:
        count = max(count, span / width)
    elif width > 0:
        count = most
    return _spread(low, high, int(min(most, np.ceil(count))))


def _spread(low: float, high: float, count: int) -> Floats:
    # Between values this close no edges have room.
    if high - low <= 2 * count * np.spacing(max(abs(low), abs(high))):
        wing = 0.5 if low == 0 else 0.5 * min(1, abs(low)) if abs(low) < 2**40 else 0.01 * abs(low)
        low, high = low - wing, high + wing
    return np.linspace(low, high, count + 1)


def draw_histogram(
    ax: Axes,
    found: Histogram,
    label: str,
    *,
    color: str | None = None,
    log: bool = False,
    mean: bool = True,
) -> None:
    """Draw the bars in these axes, with labels."""
    colours = palette()
    edges, counts = found.edges, found.counts
    ax.bar(
        edges[:-1],
        counts,
        np.diff(edges),
        align="edge",
        color=color or colours.series[0],
        edgecolor=colours.surface,
        # Gaps between bars, but not in place of bars.
        linewidth=float(np.clip(12 * width_of(ax) / len(counts) - 0.4, 0, 1)),
    )
    if mean and np.isfinite(found.mean):
        mark_upright(ax, found.mean)
    if log:
        ax.set_yscale("log")
        ax.set_ylim(0.7, None)
    else:
        from matplotlib.ticker import MaxNLocator

        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.grid(False, axis="x")
    ax.set(xlabel=label, ylabel="number of values")


def _note(found: Histogram) -> str:
    parts = [counted(found.count, "value")]
    if np.isfinite(found.mean):
        parts += [f"mean {number(found.mean)} (dashed)", f"std {number(found.std)}"]
    parts += [
        counted(count, thing)
        for count, thing in (
            (found.zeros, "zero"),
            (found.nans, "NaN"),
            (found.infs, "infinite value"),
        )
        if count
    ]
    return " · ".join(parts)


def _caption(found: Histogram, label: str) -> str:
    odd = " and ".join(
        text
        for count, text in (
            (found.nans, f"{found.nans:,} NaN"),
            (found.infs, f"{found.infs:,} infinite"),
        )
        if count
    )
    name, unit = name_and_unit(label)
    if not np.isfinite(found.mean):
        return f"{name}: none of {counted(found.count, 'value')} is finite ({odd})."
    if found.min == found.max and found.count > 1 and not odd:
        return f"{name}: {counted(found.count, 'value')}, all {number(found.min)}{unit}."
    low, _, high = (number(q) for q in found.quartiles)
    seen = (
        f"{name}: {counted(found.count, 'value')} from {number(found.min)} to "
        f"{number(found.max)}{unit}, mean {number(found.mean)}, the middle half between {low} and "
        f"{high}"
    )
    are = "is" if found.nans + found.infs == 1 else "are"
    return f"{seen}; {odd} {are} not drawn." if odd else f"{seen}."
