"""The numbers of the pictures: a quantity by layer, over time or at one moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.health.diagnose import computing_layers, hidden_layers
from thalweg.viz.health.records import Health, LayerHealth

__all__ = ["QUANTITIES", "LayerSeries", "Quantity", "history_of", "layer_series", "quantities"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Quantity:
    """Something that each layer has at each moment.

    Attributes:
        title: the head of its picture.
        label: of its axis.
        of: its value for a layer, None where the layer has none.
        layers: the layers that it is shown for.
        log: whether its axis is logarithmic.
    """

    title: str
    label: str
    of: Callable[[LayerHealth], float | None]
    layers: Callable[[Health], list[LayerHealth]]
    log: bool = True


def _with_weights(health: Health) -> list[LayerHealth]:
    return [x for x in health.layers if x.weights is not None]


def _active(health: Health) -> list[LayerHealth]:
    return [x for x in health.layers if x.activation]


QUANTITIES = {
    "activations": Quantity(
        "Activations", "activation, root mean square", lambda x: x.size, computing_layers
    ),
    "gradients": Quantity(
        "Gradients", "gradient of activations, norm", lambda x: x.gradient, hidden_layers
    ),
    "weight_gradients": Quantity(
        "Gradients of the weights",
        "gradient of weights, norm",
        lambda x: x.weight_gradient,
        _with_weights,
    ),
    "updates": Quantity("Updates", "update / weights", lambda x: x.ratio, _with_weights),
    "dead": Quantity(
        "Dead units", "dead units, %", lambda x: 100.0 * x.dead / x.units, _active, log=False
    ),
}

ALL = ("activations", "gradients", "updates", "dead")
"""The quantities that are drawn where none is named."""


@dataclass(frozen=True, eq=False)
class LayerSeries:
    """A quantity by layer over time.

    Attributes:
        what: which quantity, as in `plot_gradient_health`.
        steps: int64 (times,): how many steps the optimizer had made.
        layers: the names of the layers, from the first to the last.
        values: float64 (times, layers); NaN where there is nothing.
    """

    what: str
    steps: Array
    layers: tuple[str, ...]
    values: Array


def layer_series(history: Sequence[Health], what: str) -> LayerSeries:
    """One quantity out of measurements of one model.

    Args:
        history: in the order of time.
        what: which quantity.
    """
    quantity = QUANTITIES[what]
    names = tuple(dict.fromkeys(x.name for h in history for x in quantity.layers(h)))
    values = np.full((len(history), len(names)), np.nan)
    for row, health in zip(values, history, strict=True):
        for layer in quantity.layers(health):
            value = quantity.of(layer)
            if value is not None:
                row[names.index(layer.name)] = value
    return LayerSeries(what, np.array([h.step for h in history], np.int64), names, values)


def quantities(function: str, what: Any) -> list[str]:
    """The names in an argument `what`: `'all'`, one name, or several."""
    if what == "all":
        return list(ALL)
    names = list(what) if isinstance(what, (list, tuple)) else [what]
    for name in names:
        if not isinstance(name, str) or name not in QUANTITIES:
            known = ", ".join(f"'{known}'" for known in QUANTITIES)
            raise ValueError(f"{function}: what must be 'all' or of {known}, got {name!r}.")
    if not names:
        raise ValueError(f"{function}: what names nothing to draw.")
    return names


def history_of(function: str, recorded: Any) -> list[Health]:
    """The measurements in what a user gave."""
    history = getattr(recorded, "history", recorded)
    if isinstance(history, Health):
        history = [history]
    if not isinstance(history, Sequence) or not all(isinstance(h, Health) for h in history):
        raise TypeError(
            f"{function}: recorded must be a GradientHealth or a list of Health, got a "
            f"{type(recorded).__name__}."
        )
    if not history:
        raise ValueError(
            f"{function}: nothing was recorded; pass the GradientHealth to fit(callbacks=...) "
            "before."
        )
    return list(history)
