"""layer_health: all layers of a model as they are now, in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.viz.checks import check_compiled
from thalweg.viz.figure import Plot, blank, drawn
from thalweg.viz.health.captions import sentence, told
from thalweg.viz.health.diagnose import computing_layers, diagnose
from thalweg.viz.health.limits import GUIDE_RATIO
from thalweg.viz.health.log_axis import log_axis
from thalweg.viz.health.probe import Probe
from thalweg.viz.health.records import Health, LayerHealth
from thalweg.viz.health.series import ALL, QUANTITIES
from thalweg.viz.palette import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["layer_health"]


@drawn
def layer_health(model: Any, x: Any, y: Any = None, sample_weight: Any = None) -> Plot[Health]:
    """Draw how each layer of a model is now: activations, gradients, updates, dead units.

    The model stays as it is: see `Probe`, which measures. What needs attention by `diagnose` has
    another colour and a square.

    Args:
        model: a compiled and built model.
        x: inputs, one batch; the more samples, the surer are the dead units.
        y: targets.
        sample_weight: weights of the samples.

    Returns:
        A `Plot`; its numbers are the `Health`.

    Raises:
        TypeError: if it is no model.
        ValueError: if the model is not compiled or not built, or the data do not fit it.

    >>> import numpy as np, thalweg as tw
    >>> model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(3, "relu"), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> plot = tw.viz.layer_health(model, np.ones((64, 2)), np.ones((64, 1)))
    >>> [layer.kind for layer in plot.numbers.layers]
    ['Dense', 'Dense']
    """
    check_compiled("layer_health", model)
    health = Probe(model)(x, y, sample_weight)
    figure, axes = _draw(health)
    return Plot(figure, axes, health, sentence(told(health)))


def _draw(health: Health) -> tuple[Any, Any]:
    layers = computing_layers(health) or list(health.layers)
    findings = diagnose(health)
    height = 1.5 + 0.26 * max(len(layers), 3)
    figure, axes = blank(11.0, height, 1, 4, sharey=True)
    for place, what in zip(axes, ALL, strict=True):
        members = {layer.name for layer in QUANTITIES[what].layers(health)}
        values = [QUANTITIES[what].of(x) if x.name in members else None for x in layers]
        bad = {name for finding in findings if finding.what == what for name in finding.layers}
        _dots(place, what, layers, values, bad)
    axes[0].set_yticks(range(len(layers)), [layer.name for layer in layers])
    axes[0].set_ylim(len(layers) - 0.4, -0.6)
    kinds = ", ".join(finding.kind for finding in findings)
    figure.suptitle(kinds.capitalize(), x=0.01, ha="left")
    return figure, axes


def _dots(
    axes: Axes, what: str, layers: list[LayerHealth], values: list[Any], bad: set[str]
) -> None:
    colours = palette()
    quantity = QUANTITIES[what]
    axes.set_title(quantity.title)
    guide = f" (dashed: {GUIDE_RATIO:g})" if what == "updates" else ""
    axes.set_xlabel(quantity.label + guide)
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    seen = [
        (row, float(value))
        for row, value in enumerate(values)
        if value is not None and np.isfinite(value) and (value > 0 or not quantity.log)
    ]
    if quantity.log:
        if seen:
            shown = [value for _, value in seen]
            log_axis(axes, "x", [*shown, GUIDE_RATIO] if what == "updates" else shown, most=3)
        start = axes.get_xlim()[0]
    else:
        axes.set_xlim(-4, 118)
        axes.set_xticks([0, 50, 100])
        start = 0.0
    if what == "updates":
        axes.axvline(GUIDE_RATIO, color=colours.soft, linewidth=1.0, linestyle=(0, (4, 3)))
    for row, value in seen:
        layer = layers[row]
        marked = layer.name in bad
        colour = colours.bad if marked else colours.good
        axes.plot([start, value], [row, row], color=colour, linewidth=1.1, linestyle="-", alpha=0.6)
        axes.plot([value], [row], color=colour, marker="s" if marked else "o", markersize=6)
        if what == "dead":
            axes.annotate(
                f"{layer.dead:,} of {layer.units:,}",
                (value, row),
                (7, 0),
                textcoords="offset points",
                fontsize=7.5,
                color=colours.ink if layer.dead else colours.soft,
                va="center",
            )
