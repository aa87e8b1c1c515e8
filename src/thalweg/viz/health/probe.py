"""Probe: measures a model on a batch, at about the cost of one step, and leaves it as it is."""

from __future__ import annotations

import copy
import math
import sys
from typing import Any

import numpy as np

from thalweg.layers.layer import Layer
from thalweg.random.seed import streams_kept
from thalweg.tensor.tree import flatten
from thalweg.tracing.function import function
from thalweg.training.data_adapter import unpack_x_y_sample_weight
from thalweg.training.data_adapters import adapter_for
from thalweg.viz.checks import check_compiled
from thalweg.viz.health.measure import LAYER_NUMBERS, WEIGHT_NUMBERS, measure
from thalweg.viz.health.records import Health, LayerHealth, WeightHealth
from thalweg.viz.layer_calls import named_layers

__all__ = ["Probe"]


class Probe:
    """Measures gradients, activations, updates and weights of a model, by layer.

    A measurement does what a training step with this batch would do (dropout included, with the
    numbers that the next step will draw; with the update that the optimizer would make now), and
    keeps nothing of it: weights, optimizer, metrics and random state stay as they are, bit for bit.
    It is compiled as the model's steps are, once for each shape of batches, and costs as much as
    one or two of them.

    A model with a `train_step` of its own is measured through its `call` and `compute_loss`.

    Args:
        model: a compiled and built model.

    Raises:
        ValueError: if the model is not compiled, not built, or has no optimizer.

    >>> import numpy as np, thalweg as tw
    >>> tw.random.set_seed(1)
    >>> hidden, output = tw.layers.Dense(3, "relu", name="hidden"), tw.layers.Dense(1, name="out")
    >>> model = tw.Sequential([tw.Input((2,)), hidden, output])
    >>> model.compile(tw.optimizers.SGD(0.1), "mse")
    >>> health = tw.viz.Probe(model)(np.ones((4, 2)), np.ones((4, 1)))
    >>> [layer.name for layer in health.layers]
    ['hidden', 'out']
    >>> kernel = health.weights[0]
    >>> kernel.shape, round(kernel.update / kernel.gradient, 4)
    ((2, 3), 0.1)
    """

    def __init__(self, model: Any) -> None:
        _check(model)
        self.model = model
        self._key: Any = None

    def __call__(self, x: Any, y: Any = None, sample_weight: Any = None) -> Health:
        """Measure with one batch.

        Args:
            x: inputs, as `fit` takes them; the first batch of something that yields batches.
            y: targets.
            sample_weight: weights of the samples.

        Returns:
            A `Health`.

        Raises:
            ValueError: if the data do not fit the model.
        """
        adapter = adapter_for(x, y, sample_weight, batch_size=sys.maxsize)
        self.model._check(adapter, training=True)
        data = unpack_x_y_sample_weight(adapter.peek())
        self._prepare()
        try:
            # What layers draw without a generator of their own.
            with streams_kept():
                found = self._measure(*data)
        finally:
            self.model._clear_losses()
        return self._record(found, _samples(data[0]))

    def _prepare(self) -> None:
        """The function that measures, made anew when the model is another than last time."""
        model = self.model
        _check(model)
        optimizer = model.optimizer
        weights = model.trainable_weights
        compiled = model._compiles() is not False
        parts = [model._compiled, optimizer, *weights]
        key = (optimizer.built, compiled, *map(id, parts))
        if key == self._key:
            return
        # While they are held, their identities are not given to others.
        self._held = parts
        if not optimizer.built:
            # A stand-in with slots, that reads the true step and rate; the optimizer gets its own
            # when training begins.
            optimizer = copy.copy(optimizer)
            optimizer._variables = list(optimizer._variables)
            optimizer.build(weights)
        layers = named_layers(model)

        def of_batch(x: Any, y: Any, sample_weight: Any) -> Any:
            return measure(model, optimizer, list(layers.values()), x, y, sample_weight)

        self._layers = layers
        self._owners = _owners(layers)
        self._measure = (
            function(of_batch, autograph=False, jit_compile=True) if compiled else of_batch
        )
        self._key = key

    def _record(self, found: Any, samples: int) -> Health:
        (loss, rate, step), of_weights, of_layers = found
        weights = tuple(
            _weight_record(variable, self._owners.get(id(variable)), *row)
            for variable, row in zip(self.model.trainable_weights, of_weights, strict=True)
        )
        names = list(self._layers)
        layers = tuple(
            _layer_record(names[place], self._layers[names[place]], row, weights)
            for place, row in of_layers.items()
        )
        return Health(layers, weights, float(loss), float(rate), int(step), samples)


def _check(model: Any) -> None:
    check_compiled("Probe", model)
    if model.optimizer is None:
        raise ValueError(
            f"Probe: model '{model.name}' was compiled without an optimizer, so there are no "
            "updates to measure."
        )


def _samples(x: Any) -> int:
    return int(next(leaf for leaf in flatten(x) if leaf is not None).shape[0])


def _owners(layers: dict[str, Layer]) -> dict[int, str]:
    """By identity of a variable, the name of the layer that it belongs to."""
    return {id(v): name for name, layer in layers.items() for v in layer.weights}


def _weight_record(variable: Any, layer: str | None, numbers: Any, counts: Any) -> WeightHealth:
    row = dict(zip(WEIGHT_NUMBERS, numbers.numpy().tolist(), strict=True))
    finite = math.isfinite(row["minimum"]) and math.isfinite(row["maximum"])
    counted = counts.numpy().astype(np.int64) * finite
    return WeightHealth(variable.path, layer, variable.shape, counts=counted, **row)


def _layer_record(
    name: str, layer: Layer, found: Any, weights: tuple[WeightHealth, ...]
) -> LayerHealth:
    numbers, units, values, is_output = found
    row = dict(zip(LAYER_NUMBERS, numbers.numpy().tolist(), strict=True))
    own = [w for w in weights if w.layer == name]
    return LayerHealth(
        name=name,
        kind=type(layer).__name__,
        activation=_activation(layer),
        values=int(values),
        units=int(units),
        **{**row, "dead": int(row["dead"])},
        weights=math.hypot(*(w.norm for w in own)) if own else None,
        weight_gradient=math.hypot(*(w.gradient for w in own)) if own else None,
        update=math.hypot(*(w.update for w in own)) if own else None,
        is_output=bool(is_output),
    )


def _activation(layer: Layer) -> str | None:
    """The name of a layer's nonlinear function."""
    if type(layer).__module__ == "thalweg.layers.activation" and not hasattr(layer, "activation"):
        return type(layer).__name__.lower()
    found = getattr(layer, "activation", None)
    name = getattr(found, "__name__", None) or type(found).__name__
    return None if found is None or name == "linear" else str(name)
