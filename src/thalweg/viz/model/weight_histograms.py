"""How the weights of a model are distributed, an axes for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.layers.layer import Layer
from thalweg.viz.charts.histogram import Histogram, histogram_of
from thalweg.viz.checks import check_model
from thalweg.viz.figure import Plot, blank, drawn
from thalweg.viz.model.weight_table import short, values_of, weights_by_path
from thalweg.viz.palette import palette
from thalweg.viz.words import counted, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["weight_histograms"]

_COLUMNS = 4
_MOST = 60


@drawn
def weight_histograms(
    model: Any, layers: str | Layer | list[str | Layer] | None = None, bins: Any = "auto"
) -> Plot[dict[str, Histogram]]:
    """Draw the distribution of each weight of a model; what is NaN or infinite is named.

    Args:
        model: a built model.
        layers: names of layers, or layers, one or several; None: all weights of the model.
        bins: how many bins, or their edges, or `'auto'`, as for `tw.viz.histogram`.

    Returns:
        A `Plot`; its `numbers` are a `Histogram` for each weight by its path, with `counts`,
        `edges`, `mean`, `std`, `zeros`, `nans`, `infs`, .... Beyond 60 weights the others are in
        `numbers` and not drawn.

    Raises:
        TypeError: if it is not a model.
        ValueError: if the model is not built, or has no such layer.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(8, name="dense")], name="net")
    >>> plot = tw.viz.weight_histograms(model)
    >>> plot.numbers["net/dense/kernel"].count, plot.numbers["net/dense/bias"].zeros
    (24, 8)
    """
    check_model("weight_histograms", model)
    weights = weights_by_path("weight_histograms", model, layers)
    numbers = {
        path: histogram_of(values_of(v), bins, caller="weight_histograms")
        for path, v in weights.items()
    }
    shown = list(numbers.items())[:_MOST]
    columns = _columns(len(shown))
    rows = -(-len(shown) // columns)
    figure, axes = blank(
        max(3.4, 0.4 + 2.3 * columns), 0.5 + 1.6 * rows, rows, columns, squeeze=False
    )
    for ax, (path, found) in zip(axes.flat, shown, strict=False):
        _draw(ax, short(model, path), found)
    for ax in axes.flat[len(shown) :]:
        ax.set_visible(False)
    figure.supxlabel("weight", fontsize=9.5)
    figure.supylabel("number of values", fontsize=9.5)
    return Plot(
        figure,
        axes,
        numbers,
        _caption({short(model, path): found for path, found in numbers.items()}, len(shown)),
    )


def _columns(count: int) -> int:
    """Few weights fill their rows, so that a kernel and its bias are side by side.

    >>> [_columns(n) for n in (1, 2, 3, 4, 5, 6, 12)]
    [1, 2, 3, 4, 3, 2, 4]
    """
    if count > 6:
        return _COLUMNS
    return next((n for n in (4, 2, 3) if count % n == 0), min(count, 3))


def _draw(ax: Axes, path: str, found: Histogram) -> None:
    from matplotlib.ticker import MaxNLocator

    colours = palette()
    odd = found.nans + found.infs
    colour = colours.bad if odd else colours.series[0]
    ax.grid(False, axis="x")
    if found.min == found.max:
        # Bins would say that the one value is spread over them.
        ax.vlines(found.min, 0, found.counts.sum(), color=colour, linewidth=5, linestyle="-")
        reach = abs(found.min) or 1.0
        ax.set_xlim(found.min - reach, found.min + reach)
    else:
        ax.bar(
            found.edges[:-1],
            found.counts,
            np.diff(found.edges),
            align="edge",
            color=colour,
            edgecolor=colours.surface,
            linewidth=0.5,
        )
        if found.edges[0] < 0 < found.edges[-1]:
            ax.axvline(0, color=colours.ink, linewidth=0.8, linestyle=(0, (2, 2)))
    ax.set_ylim(0, 1.1 * max(1, int(found.counts.max(initial=0))))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    ax.tick_params(labelsize=7.5)
    layer, _, weight = path.rpartition("/")
    ax.set_title(weight or layer, fontsize=9.5, pad=15, parse_math=False)
    ax.annotate(
        _note(layer, found),
        (0, 1),
        (0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=7.5,
        color=colours.bad if odd else colours.soft,
        parse_math=False,
    )


def _note(layer: str, found: Histogram) -> str:
    """What stands above an axes, about as long as it is wide."""
    words = counted(found.count, "value")
    if found.min == found.max:
        words += f", all {number(found.min)}"
    if found.nans or found.infs:
        odd = ((found.nans, "NaN"), (found.infs, "infinite"))
        words = ", ".join(f"{count:,} {what}" for count, what in odd if count)
    room = 34 - len(words)
    return f"{layer if len(layer) <= room else '…' + layer[1 - room :]} · {words}"


def _caption(numbers: dict[str, Histogram], shown: int) -> str:
    spread = {path: found.std for path, found in numbers.items() if np.isfinite(found.std)}
    total = sum(found.count for found in numbers.values())
    sentence = f"{counted(len(numbers), 'weight array')} of {counted(total, 'value')}"
    if shown < len(numbers):
        sentence = f"The first {shown} of {sentence}"
    if spread:
        wide, narrow = max(spread, key=lambda p: spread[p]), min(spread, key=lambda p: spread[p])
        sentence += f"; {wide} spreads most (std {number(spread[wide])})"
        if wide != narrow:
            sentence += f", {narrow} least (std {number(spread[narrow])})"
    wrong = [path for path, found in numbers.items() if found.nans or found.infs]
    return f"{sentence}; NaN or infinite values in {', '.join(wrong)}." if wrong else f"{sentence}."
