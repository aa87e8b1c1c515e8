"""The measurement itself, as one function of tensors: a step of training of which nothing is kept.

What leaves the function are a few numbers for each layer and weight, not the tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.layers.layer import Layer
from thalweg.tensor.dtypes import is_floating
from thalweg.tensor.scope import StatelessScope
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten
from thalweg.tensor.variable import Variable
from thalweg.viz.layer_calls import heard

__all__ = ["BINS", "LAYER_NUMBERS", "WEIGHT_NUMBERS", "measure"]

BINS = 24
"""Bins of a histogram of weights: enough to see its shape, few enough for a small picture."""

WEIGHT_NUMBERS = ("norm", "gradient", "update", "mean", "std", "minimum", "maximum")
LAYER_NUMBERS = ("norm", "gradient", "mean", "std", "zeros", "dead")


def measure(
    model: Any, optimizer: Any, layers: Sequence[Layer], x: Any, y: Any, sample_weight: Any
) -> tuple[Any, Any, Any]:
    """What a step with this batch would be; variables are read, and none is assigned.

    Args:
        model: a compiled and built model.
        optimizer: one that is built for the model's trainable weights.
        layers: those to listen to.
        x: the inputs.
        y: the targets.
        sample_weight: weights of the samples.

    Returns:
        The loss, the learning rate and the step; then for each trainable weight its
        `WEIGHT_NUMBERS` and counts; then, by the place of a layer that was called, its
        `LAYER_NUMBERS`, its number of units and of activations, and whether it gives an output of
        the model.
    """
    weights: list[Variable] = model.trainable_weights
    given: dict[int, list[Tensor]] = {}
    places = {id(layer): i for i, layer in enumerate(layers)}

    # Assignments (moving means, random states, the update itself) stay in this scope.
    with StatelessScope() as scope:
        rate, step = ops.convert_to_tensor(optimizer.learning_rate), optimizer.iterations
        before = [v.value for v in weights]
        with GradientTape() as tape:

            def tell(layer: Layer, output: Tensor) -> None:
                if is_floating(output.dtype):
                    # Also where no weight comes before it.
                    tape.watch(output)
                    given.setdefault(places[id(layer)], []).append(output)

            with heard(list(layers), tell):
                y_pred = model._forward(x, training=True)
            loss = model._compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = optimizer.scale_loss(loss)
        outputs = [output for calls in given.values() for output in calls]
        gradients, slopes = tape.gradient(scaled, (weights, outputs))
        present = [(g, v) for g, v in zip(gradients, weights, strict=True) if g is not None]
        if present:
            optimizer.apply_gradients(present)
        after = [scope.get_current_value(v) for v in weights]

    scale = optimizer.loss_scale_factor
    of_weights = [
        _of_weight(value, _unscaled(gradient, value, scale), new)
        for value, gradient, new in zip(before, gradients, after, strict=True)
    ]
    rest = iter(slopes)
    results = {id(y) for y in flatten(y_pred)}
    of_layers = {
        place: (
            *_of_layer(
                calls, [_unscaled(next(rest), y, scale) for y in calls], _unit_axis(layers[place])
            ),
            any(id(y) in results for y in calls),
        )
        for place, calls in given.items()
    }
    return (loss, rate, step), of_weights, of_layers


def _wide(x: Any) -> Tensor:
    """In float32 at least: squares of half precision overflow."""
    return ops.cast(x, "float64" if x.dtype.name == "float64" else "float32")


def _unscaled(gradient: Tensor | None, like: Tensor, scale: float | None) -> Tensor:
    if gradient is None:  # the loss does not depend on it
        return ops.zeros(like.shape, _wide(like).dtype.name)
    return _wide(gradient) if scale is None else _wide(gradient) / scale


def _norm(x: Tensor) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(x)))


def _of_weight(value: Tensor, gradient: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    w = _wide(value)
    low, high = ops.min(w), ops.max(w)
    update = _norm(_wide(new) - w)
    numbers = [_norm(w), _norm(gradient), update, ops.mean(w), ops.std(w), low, high]
    return ops.stack([_wide(n) for n in numbers]), _counts(w, low, high)


def _counts(w: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """How many lie in each bin, the last one with its upper edge.

    Each number is compared with each bin: vectors of the processor do that many times faster than
    they scatter into bins.
    """
    width = ops.where(high > low, (high - low) / BINS, ops.ones_like(low))
    place = ops.minimum(ops.floor((ops.reshape(w, (1, -1)) - low) / width), BINS - 1.0)
    bins = ops.reshape(ops.arange(BINS, dtype=w.dtype.name), (BINS, 1))
    return ops.sum(ops.cast(ops.equal(place, bins), "int32"), axis=1)


def _unit_axis(layer: Layer) -> int:
    return 1 if getattr(layer, "data_format", None) == "channels_first" else -1


def _of_layer(outputs: list[Tensor], gradients: list[Tensor], axis: int) -> tuple[Tensor, int, int]:
    """All calls of a layer together; those that gave another number of units are left out."""
    values = [_by_unit(_wide(y), axis) for y in outputs]
    units = values[0].shape[1]
    kept = [i for i, y in enumerate(values) if y.shape[1] == units]
    y = ops.concatenate([values[i] for i in kept], axis=0)
    slope = ops.concatenate([_by_unit(gradients[i], axis) for i in kept], axis=0)
    zero = ops.equal(y, 0.0)
    numbers = [
        _norm(y),
        _norm(slope),
        ops.mean(y),
        ops.std(y),
        ops.mean(ops.cast(zero, y.dtype.name)),
        ops.sum(ops.cast(ops.all(zero, axis=0), y.dtype.name)),
    ]
    return ops.stack(numbers), units, y.shape[0] * units


def _by_unit(x: Tensor, axis: int) -> Tensor:
    """As rows with one number for each unit."""
    if x.ndim < 2:
        return ops.reshape(x, (-1, 1))
    if axis != -1:
        x = ops.moveaxis(x, axis, -1)
    return ops.reshape(x, (-1, x.shape[-1]))
