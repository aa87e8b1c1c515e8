"""What the layers of a model give for one input, as pictures below each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.layers.layer import Layer
from thalweg.viz.checks import check_model
from thalweg.viz.figure import Plot, blank, drawn
from thalweg.viz.model.activation_row import Row, draw_row, row_of
from thalweg.viz.model.captured import layer_outputs, one_input
from thalweg.viz.model.chosen import chosen_layers
from thalweg.viz.model.graph import kind_of
from thalweg.viz.words import counted, number, percent

__all__ = ["activations"]

_MOST = 24
_WIDTH = 6.4
_HEADING = 0.42
"""Inches above each row."""


@drawn
def activations(
    model: Any, x: Any, layers: str | Layer | list[str | Layer] | None = None
) -> Plot[dict[str, NDArray[Any]]]:
    """Draw what the layers of a model give for one input, as `predict` computes it.

    Feature maps of convolutions are small images, vectors of few units are bars, those of many a
    strip, and sequences have their steps from left to right. Each layer has a colour scale of its
    own: from 0 up, or around 0 where there are negative numbers.

    Args:
        model: a built model of any kind; the layers of models inside are drawn too.
        x: one input with the batch axis, such as `x_test[:1]`; a list or dict for several inputs.
        layers: names of layers, or layers, one or several; None: all.

    Returns:
        A `Plot`; its `numbers` are a dict from names of layers to arrays `(1, ...)`, in the order
        in which the layers were called. A layer that is called again is there as
        `'name (call 2)'`. Beyond 24 layers the others are in `numbers` and not drawn.

    Raises:
        TypeError: if it is not a model.
        ValueError: if the model is not built or has no such layer, if x is not one input, or if
            none of the layers is called.

    >>> import numpy as np, thalweg as tw
    >>> model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2, "relu", name="hidden")])
    >>> model.set_weights([[[1, 0], [0, 1], [1, -1]], [0, 0]])
    >>> tw.viz.activations(model, np.array([[1.0, 2.0, 3.0]])).numbers
    {'hidden': array([[4., 0.]], dtype=float32)}
    """
    check_model("activations", model)
    x = one_input("activations", x)
    chosen = chosen_layers("activations", model, layers)
    numbers = layer_outputs(model, x, chosen)
    if not numbers:
        raise ValueError(
            f"activations: model '{model.name}' calls none of the layers {', '.join(chosen)}."
        )
    rows = [
        row_of(name, kind_of(_layer(name, chosen)), _layer(name, chosen), values[0])
        for name, values in list(numbers.items())[:_MOST]
    ]
    figure, axes = _figure(rows)
    for (ax, key), row in zip(axes, rows, strict=True):
        draw_row(ax, key, row, 72 * (_WIDTH - 1.0))
    return Plot(figure, axes[:, 0], numbers, _caption(model.name, numbers))


def _layer(name: str, layers: dict[str, Layer]) -> Layer:
    return layers[name] if name in layers else layers[name.rpartition(" (call ")[0]]


def _figure(rows: list[Row]) -> tuple[Any, Any]:
    heights = [row.height(_WIDTH - 1.0) + _HEADING for row in rows]
    return blank(
        _WIDTH,
        sum(heights) + 0.25,
        len(rows),
        2,
        squeeze=False,
        gridspec_kw={"height_ratios": heights, "width_ratios": [60, 1]},
    )


def _caption(name: str, numbers: dict[str, NDArray[Any]]) -> str:
    silent = {k: float(np.mean(values == 0)) for k, values in numbers.items()}
    quiet = max(silent, key=lambda k: silent[k])
    give = "gives" if len(numbers) == 1 else "give"
    words = f"What {counted(len(numbers), 'layer')} of '{name}' {give} for one input"
    wrong = [k for k, values in numbers.items() if not np.isfinite(values).all()]
    if wrong:
        return f"{words}; from '{wrong[0]}' on there are numbers that are not finite."
    sizes = {k: float(np.abs(values).max(initial=0)) for k, values in numbers.items()}
    large = max(sizes, key=lambda k: sizes[k])
    sentence = f"{words}; '{large}' reaches the largest magnitude, {number(sizes[large])}"
    if silent[quiet] > 0:
        sentence += f", and {percent(silent[quiet])} of '{quiet}' is 0"
    return f"{sentence}."
