"""plot_history: the curves of a training as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.curves.curve import Panel, TrainingCurves, panels
from thalweg.viz.curves.legend import add_legend
from thalweg.viz.curves.panel import draw_panel
from thalweg.viz.curves.reading import read_curves
from thalweg.viz.curves.sentence import describe
from thalweg.viz.figure import Plot, axes_for, blank, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_curves", "plot_history"]

_WIDTHS = {1: 6.4, 2: 9.6, 3: 12.0}


@drawn
def plot_history(
    history: Any,
    metrics: str | Sequence[str] | None = None,
    *,
    smoothing: float = 0.0,
    scale: str = "auto",
    zoom_to_fit: bool = True,
    best: bool = True,
    ax: Axes | None = None,
) -> Plot[TrainingCurves]:
    """Draw training curves: axes for each metric, training and validation together.

    An axis is logarithmic where smaller values are better (or it is the learning rate), all are
    positive and the greatest is at least 30 times the least. Where values are no numbers there is
    a gap.

    Args:
        history: what `fit` returned; a dict from the name of a metric to its values; or a dict from
            names to several of these, which are then compared: `{"SGD": h1, "Adam": h2}`.
        metrics: which metrics: a name or several; `'loss'` means `'val_loss'` as well. By default
            all that were recorded as numbers.
        smoothing: the weight of an exponential moving average, from 0 (none) to below 1; the curves
            as recorded stay visible, faintly.
        scale: of the axes of metrics: `'auto'`, `'linear'` or `'log'`.
        zoom_to_fit: whether linear axes show just the range of the values. If not, they reach down
            to 0 where no value is negative, and up to 1 where larger values are better and none
            exceeds 1, as an accuracy.
        best: whether the best epoch is marked; whether that is the lowest or the highest is known
            from the metric's name, as in `EarlyStopping`.
        ax: the matplotlib `Axes` to draw in; then there must be one metric only.

    Returns:
        A `Plot`. `numbers` is a `TrainingCurves`: `numbers["val_loss"]`, or for several runs
        `numbers["Adam", "val_loss"]`, is a `Curve` with `epochs` (from 1 on), `values`, `smoothed`,
        `best_epoch` and `best_value`. The caption says how the training went.

    Raises:
        TypeError: if `history` is something else.
        ValueError: for a metric that was not recorded, a history without epochs, several metrics
            for one `ax`, or a logarithmic scale for values that are not positive.

    The moving average is the one of TensorBoard, free of bias at its beginning as in Adam (Kingma
    and Ba 2015, section 3).

    >>> import thalweg as tw
    >>> log = {"loss": [8, 4, 2, 1, 0.5, 0.2], "val_loss": [9, 5, 3, 3.5, 4, 4.5]}
    >>> plot = tw.viz.plot_history(log)
    >>> plot.numbers["val_loss"].best_epoch
    3
    >>> plot.caption
    'Loss falls from 8 to 0.2; validation is lowest at epoch 3 (3) and rises after, to 4.5: it \
overfits.'
    """
    if scale not in ("auto", "linear", "log"):
        raise ValueError(f"plot_history: scale must be 'auto', 'linear' or 'log', got {scale!r}.")
    curves = read_curves("plot_history", history, metrics, smoothing)
    shown = panels(curves)
    if ax is not None and len(shown) > 1:
        names = ", ".join(panel.name for panel in shown)
        raise ValueError(
            f"plot_history: ax holds one metric and there are {names}; pass metrics='...' too."
        )
    if scale == "log":
        _check_positive(shown)

    return Plot(*draw_curves(curves, scale, zoom_to_fit, best, ax), curves, describe(curves))


def draw_curves(
    curves: TrainingCurves,
    scale: str = "auto",
    zoom_to_fit: bool = True,
    best: bool = True,
    ax: Axes | None = None,
) -> tuple[Figure, Any]:
    """The figure of `plot_history` and its axes; within a function that is `drawn`."""
    shown = panels(curves)
    if ax is not None or len(shown) == 1:
        figure, axes = axes_for(ax, _WIDTHS[1], 3.9)
        every = [axes]
    else:
        columns = 2 if len(shown) in (2, 4) else 3
        rows = -(-len(shown) // columns)
        figure, axes = blank(_WIDTHS[columns], 0.4 + 3.2 * rows, rows, columns, squeeze=False)
        figure.set_layout_engine("constrained", wspace=0.06)
        every = list(axes.flat)
        for spare in every[len(shown) :]:
            spare.set_visible(False)
        axes = axes if rows > 1 else axes[0]
    handles: dict[str, Any] = {}
    for panel, where in zip(shown, every, strict=False):
        handles |= draw_panel(where, panel, curves.runs, scale, zoom_to_fit, best)
    # Runs before what their lines and rings mean.
    handles = {name: handles[name] for name in sorted(handles, key=lambda n: n not in curves.runs)}
    if len(handles) > 1:
        add_legend(figure, ax, handles)
    return figure, axes


def _check_positive(shown: tuple[Panel, ...]) -> None:
    for panel in shown:
        for curve in panel.curves:
            wrong = np.flatnonzero(curve.finite & (curve.values <= 0))
            if len(wrong):
                raise ValueError(
                    f"plot_history: scale='log' needs positive values, and '{curve.metric}' is "
                    f"{curve.values[wrong[0]]:g} in epoch {curve.epochs[wrong[0]]}."
                )
