"""plot_gradient_health: what was recorded during training, by layer over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.figure import Plot, axes_for, blank, drawn
from thalweg.viz.health.captions import sentence, told_over_time
from thalweg.viz.health.drawing import colour_bar, draw_series, kind_for, layer_colours, name_lines
from thalweg.viz.health.series import LayerSeries, history_of, layer_series, quantities

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_gradient_health"]

_KINDS = ("auto", "lines", "heatmap")


@drawn
def plot_gradient_health(
    recorded: Any, what: Any = "all", *, kind: str = "auto", ax: Axes | None = None
) -> Plot[dict[str, LayerSeries]]:
    """Draw gradients, activations, updates and dead units by layer over the time of training.

    Args:
        recorded: a `thalweg.callbacks.GradientHealth`, or a list of `Health` in the order of time.
        what: `'all'`: the four that follow; or one or several of `'activations'` (root mean
            squares), `'gradients'` (norms of the loss's gradients towards the activations of the
            hidden layers: what backpropagation passes from layer to layer), `'updates'` (how large
            a step is compared with the weights; the dashed line is at 1e-3, about where it should
            be by https://cs231n.github.io/neural-networks-3/#ratio), `'dead'` (the share of units
            that are 0 for every sample), and `'weight_gradients'` (norms of the gradients of each
            layer's weights).
        kind: `'lines'`, `'heatmap'`, or `'auto'`: lines for up to ten layers.
        ax: the axes to draw in, for one quantity.

    Returns:
        A `Plot`; its numbers are a dict with a `LayerSeries` for each quantity: `steps`, `layers`,
        `values`.

    Raises:
        ValueError: if nothing was recorded, or an argument is none of the above.

    >>> import numpy as np, thalweg as tw
    >>> model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(3, "relu"), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> health = tw.callbacks.GradientHealth()
    >>> _ = model.fit(np.ones((64, 2)), np.ones((64, 1)), epochs=3, callbacks=[health], verbose=0)
    >>> plot = tw.viz.plot_gradient_health(health, "gradients")
    >>> plot.numbers["gradients"].values.shape
    (4, 1)
    """
    history = history_of("plot_gradient_health", recorded)
    names = quantities("plot_gradient_health", what)
    if kind not in _KINDS:
        raise ValueError(f"plot_gradient_health: kind must be one of {_KINDS}, got {kind!r}.")
    if ax is not None and len(names) > 1:
        raise ValueError(
            f"plot_gradient_health: ax takes one quantity, but what names {len(names)}; draw one."
        )
    numbers = {name: layer_series(history, name) for name in names}
    if kind == "auto":
        kind = kind_for(numbers.values())
    colours = layer_colours(numbers.values())
    figure, axes = _axes(ax, len(names))
    for place, series in zip(np.ravel(axes), numbers.values(), strict=True):
        draw_series(place, series, kind, colours)
        if kind == "heatmap":
            colour_bar(place, series)
    if kind == "lines":
        name_lines(
            [
                (place, one, colours)
                for place, one in zip(np.ravel(axes), numbers.values(), strict=True)
            ]
        )
    return Plot(figure, axes, numbers, sentence(told_over_time(history, names)))


def _axes(ax: Axes | None, count: int) -> tuple[Any, Any]:
    if count == 1:
        return axes_for(ax)
    columns = 2 if count > 2 else count
    rows = -(-count // columns)
    figure, axes = blank(5.4 * columns, 3.4 * rows, rows, columns, squeeze=False)
    for spare in np.ravel(axes)[count:]:
        spare.remove()
    return figure, np.ravel(axes)[:count]
