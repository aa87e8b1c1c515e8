"""How much each input feature weighs in the first layer of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.layers.conv_transpose import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from thalweg.layers.einsum_dense import EinsumDense
from thalweg.layers.layer import Layer
from thalweg.tensor.variable import Variable
from thalweg.training.model import Model
from thalweg.viz.charts.arguments import Floats, names_for
from thalweg.viz.charts.bar_chart import bar_height, draw_bars
from thalweg.viz.charts.headings import heading
from thalweg.viz.checks import check_model
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.layer_calls import named_layers
from thalweg.viz.model.weight_table import values_of
from thalweg.viz.palette import palette
from thalweg.viz.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["kernel_magnitudes", "magnitudes_of"]

_MOST = 40
_TRANSPOSED = (Conv1DTranspose, Conv2DTranspose, Conv3DTranspose)


@drawn
def kernel_magnitudes(
    model_or_layer: Any,
    feature_names: Sequence[Any] | None = None,
    *,
    ax: Axes | None = None,
) -> Plot[dict[str, float]]:
    """Draw how much each input feature weighs in the first layer with a kernel, largest first.

    With one output unit it is the weight itself, with its sign; with several it is the Euclidean
    norm of the feature's weights to all of them. Features weigh as much as that only if they have
    the same scale, as after `Normalization`.

    Args:
        model_or_layer: a built model, of which the first layer with a kernel is taken, or a built
            layer.
        feature_names: a name for each feature (for a convolution, for each input channel); by
            default their numbers.
        ax: the axes to draw in; None makes a new figure, higher for more features.

    Returns:
        A `Plot`; its `numbers` are a dict from features to weights or norms, the largest
        magnitude first. `tw.viz.table` makes a table of it. Beyond 40 features the others are in
        `numbers` and not drawn.

    Raises:
        TypeError: if it is neither a model nor a layer.
        ValueError: if it is not built or has no kernel, or the names are not as many.

    >>> import numpy as np, thalweg as tw
    >>> model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(1)])
    >>> model.set_weights([np.array([[0.5], [-2.0], [1.0]]), np.zeros(1)])
    >>> plot = tw.viz.kernel_magnitudes(model, ["CRIM", "LSTAT", "RM"])
    >>> plot.numbers
    {'LSTAT': -2.0, 'RM': 1.0, 'CRIM': 0.5}
    >>> tw.viz.table({"feature": list(plot.numbers), "weight": list(plot.numbers.values())})
    feature   weight
    ────────────────
    LSTAT         −2
    RM             1
    CRIM         0.5
    """
    name, kernel = _first_kernel(model_or_layer)
    values = magnitudes_of(kernel)
    names = names_for(
        "kernel_magnitudes", "feature_names", feature_names, len(values), "features"
    ) or [f"feature {i}" for i in range(len(values))]
    if len(set(names)) < len(names):
        raise ValueError("kernel_magnitudes: feature_names must be distinct, one comes twice.")
    order = np.argsort(-np.abs(values), kind="stable")
    numbers = {names[i]: float(values[i]) for i in order}
    shown = dict(list(numbers.items())[:_MOST])
    figure, axes = axes_for(ax, height=0.4 + bar_height(len(shown)))
    _draw(axes, shown)
    each = kernel.size // len(values)
    axes.set(xlabel="weight" if each == 1 else f"norm of the {each:,} weights of each feature")
    note = f"kernel of '{name}', shape {kernel.shape}"
    if len(shown) < len(numbers):
        note += f" · the first {_MOST} of {len(numbers)} features"
    heading(axes, "Weights by feature", note)
    return Plot(figure, axes, numbers, _caption(numbers, name, signed=each == 1))


def magnitudes_of(kernel: Floats) -> Floats:
    """One number for each input of a kernel `(..., inputs, outputs)`.

    Returns:
        The weight itself where there is only one for each input, else the Euclidean norm of all.

    >>> magnitudes_of(np.array([[3.0, 4.0], [0.0, -1.0]]))
    array([5., 1.])
    >>> magnitudes_of(np.array([[3.0], [-1.0]]))
    array([ 3., -1.])
    """
    inputs = kernel.shape[-2]
    rows = np.moveaxis(kernel, -2, 0).reshape(inputs, -1)
    return rows[:, 0] if rows.shape[1] == 1 else np.linalg.norm(rows, axis=1)


def _first_kernel(model_or_layer: Any) -> tuple[str, Floats]:
    """The name of the layer, and its kernel of shape `(..., inputs, outputs)`."""
    layers: list[Layer]
    if isinstance(model_or_layer, Model):
        model = model_or_layer
        check_model("kernel_magnitudes", model)
        what, layers = f"model '{model.name}' has no layer", list(named_layers(model).values())
    elif isinstance(model_or_layer, Layer):
        what, layers = f"layer '{model_or_layer.name}' is none", [model_or_layer]
        if not model_or_layer.built:
            raise ValueError(
                f"kernel_magnitudes: layer '{model_or_layer.name}' is not built; call it with "
                "data, or build() it with an input shape."
            )
    else:
        raise TypeError(
            "kernel_magnitudes: model_or_layer must be a Model or Layer, got a "
            f"{type(model_or_layer).__name__}."
        )
    for layer in layers:
        # Recurrent layers have it in their cell.
        for owner in (layer, getattr(layer, "cell", None)):
            kernel = getattr(owner, "kernel", None)
            if isinstance(kernel, Variable) and not isinstance(owner, EinsumDense):
                values = values_of(kernel)
                outputs_first = isinstance(owner, _TRANSPOSED)
                return layer.name, values.swapaxes(-1, -2) if outputs_first else values
    raise ValueError(f"kernel_magnitudes: {what} with a kernel, such as Dense or Conv2D.")


def _draw(ax: Axes, shown: dict[str, float]) -> None:
    colours = palette()
    values = np.array(list(shown.values()))
    signs = [colours.series[0] if value >= 0 else colours.series[1] for value in values]
    draw_bars(ax, values, list(shown), colors=signs)


def _caption(numbers: dict[str, float], name: str, signed: bool) -> str:
    first, second = (list(numbers.items()) + [("", 0.0)])[:2]
    thing = "weight" if signed else "norm of weights"
    sentence = f"In '{name}' {first[0]} has the largest {thing}, {number(first[1])}"
    if not second[0]:
        return f"{sentence}."
    last = list(numbers.items())[-1]
    if len(numbers) == 2:
        return f"{sentence}, before {second[0]} with {number(second[1])}."
    return (
        f"{sentence}, before {second[0]} with {number(second[1])}; of {len(numbers)} features "
        f"{last[0]} has the smallest, {number(last[1])}."
    )
