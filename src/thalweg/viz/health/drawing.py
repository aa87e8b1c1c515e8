"""One quantity by layer over time: lines with their names beside them, or a map of colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.charts.headings import NOTE_INCHES, height_of
from thalweg.viz.health.labels import end_labels, ramp, settle
from thalweg.viz.health.limits import GUIDE_RATIO
from thalweg.viz.health.log_axis import log_axis, log_ticks
from thalweg.viz.health.series import QUANTITIES, LayerSeries
from thalweg.viz.palette import palette
from thalweg.viz.words import folded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST_LINES", "colour_bar", "draw_series", "kind_for", "layer_colours", "name_lines"]

Colours = dict[str, Any]
"""Of layers, by name."""

MOST_LINES = 10
"""Up to so many layers a line for each is read easily; beyond, a map of colours."""


def kind_for(series: Iterable[LayerSeries]) -> str:
    """How quantities are best drawn together."""
    return "heatmap" if any(len(one.layers) > MOST_LINES for one in series) else "lines"


def layer_colours(series: Iterable[LayerSeries]) -> Colours:
    """A colour for each layer of a network, the same one in all pictures of it."""
    longest_first = sorted(series, key=lambda one: -len(one.layers))
    names = list(dict.fromkeys(name for one in longest_first for name in one.layers))
    return dict(zip(names, ramp(len(names)), strict=True))


def draw_series(
    axes: Axes,
    series: LayerSeries,
    kind: str,
    colours: Colours,
    title: str = "",
    like: Iterable[LayerSeries] = (),
) -> None:
    """Draw one quantity, without the names beside the lines and without a colour bar.

    Args:
        axes: where to.
        series: the quantity.
        kind: `'lines'` or `'heatmap'`.
        colours: of the layers' lines.
        title: of the picture; by default the quantity's.
        like: all that are drawn on one scale with it.
    """
    quantity = QUANTITIES[series.what]
    axes.set(xlabel="step", title=title or quantity.title)
    if not series.layers:
        axes.text(0.5, 0.5, "no layer has them", transform=axes.transAxes, ha="center", va="center")
        axes.set(xticks=[], yticks=[])
        return
    if kind == "lines":
        _lines(axes, series, colours, [series, *like])
    else:
        _map(axes, series, [series, *like])


def name_lines(drawn: Sequence[tuple[Axes, LayerSeries, Colours]]) -> None:
    """Write the layers' names beside the lines of all axes of a figure; when all else is drawn."""
    figure = drawn[0][0].get_figure(root=True)
    assert figure is not None
    settle(figure)
    for axes, series, colours in drawn:
        _name_lines(axes, series, colours)


def _name_lines(axes: Axes, series: LayerSeries, colours: Colours) -> None:
    ends, names, found = [], [], []
    for i, name in enumerate(series.layers):
        seen = np.flatnonzero(_drawable(series)[:, i])
        # All lines at 0 would have their names in one heap.
        if len(seen) and (series.what != "dead" or series.values[:, i].any()):
            ends.append((float(series.steps[seen[-1]]), float(series.values[seen[-1], i])))
            names.append(name)
            found.append(colours[name])
    if series.what == "updates" and names:
        ends.append((float(series.steps[-1]), GUIDE_RATIO))
        names.append("guide: 0.001")
        found.append(palette().soft)
    if names:
        end_labels(axes, ends, names, found)


def _drawable(series: LayerSeries) -> Any:
    finite = np.isfinite(series.values)
    return finite & (series.values > 0) if QUANTITIES[series.what].log else finite


def _shown(series: Iterable[LayerSeries]) -> Any:
    """All values that are drawn, of one or more."""
    return np.concatenate([one.values[_drawable(one)] for one in series])


def _lines(axes: Axes, series: LayerSeries, colours: Colours, like: list[LayerSeries]) -> None:
    quantity = QUANTITIES[series.what]
    drawable = _drawable(series)
    marker = "o" if len(series.steps) <= 12 else ""
    for i, name in enumerate(series.layers):
        y = np.where(drawable[:, i], series.values[:, i], np.nan)
        axes.plot(series.steps, y, color=colours[name], linestyle="-", marker=marker, markersize=3)
    axes.set_ylabel(folded(quantity.label, int(height_of(axes) / NOTE_INCHES), 2))
    values = _shown(like)
    if series.what == "dead":
        highest = max(float(np.max(values, initial=0.0)), 10.0)
        axes.set_ylim(-0.04 * highest, 1.08 * highest)
        if not np.any(series.values[drawable]):
            place: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
            axes.text(0.5, 0.5, "no dead units", color=palette().soft, **place)
    elif len(values):
        if series.what == "updates":
            axes.axhline(GUIDE_RATIO, color=palette().soft, linewidth=1.0, linestyle=(0, (4, 3)))
            values = np.append(values, GUIDE_RATIO)
        log_axis(axes, "y", values)


def _map(axes: Axes, series: LayerSeries, like: list[LayerSeries]) -> None:
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.ticker import MaxNLocator

    values = np.ma.masked_where(~_drawable(series), series.values).T
    shown = _shown(like)
    if QUANTITIES[series.what].log and len(shown):
        norm: Normalize = LogNorm(shown.min(), max(shown.max(), shown.min() * 1.01))
    else:
        norm = Normalize(0.0, 100.0)
    axes.pcolormesh(
        _edges(series.steps),
        np.arange(len(series.layers) + 1),
        values,
        cmap=palette().sequential(),
        norm=norm,
        rasterized=True,
    )
    axes.grid(False)
    axes.set_ylim(len(series.layers), 0)
    every = -(-len(series.layers) // 16)
    rows = range(0, len(series.layers), every)
    axes.set_yticks([i + 0.5 for i in rows], [series.layers[i] for i in rows])
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def colour_bar(axes: Axes, series: LayerSeries, beside: Any = None) -> None:
    """Add the scale of a heat map, to the right of `beside` (by default of its axes)."""
    if not series.layers:
        return
    mesh = axes.collections[0]
    figure = axes.get_figure(root=True)
    assert figure is not None
    quantity = QUANTITIES[series.what]
    bar = figure.colorbar(
        mesh, ax=axes if beside is None else beside, label=quantity.label, pad=0.02
    )
    bar.outline.set_linewidth(0)
    norm: Any = mesh.norm
    if quantity.log:
        log_ticks(bar.ax.yaxis, norm.vmin, norm.vmax)
    if series.what == "updates":
        bar.ax.axhline(GUIDE_RATIO, color=palette().surface, linewidth=1.6)
        bar.ax.axhline(GUIDE_RATIO, color=palette().ink, linewidth=0.8)


def _edges(steps: Any) -> Any:
    """The borders of cells around the moments of measurement."""
    x = np.asarray(steps, float)
    if len(x) == 1:
        return np.array([x[0] - 0.5, x[0] + 0.5])
    middle = (x[1:] + x[:-1]) / 2
    return np.concatenate([[x[0]], middle, [x[-1]]])
