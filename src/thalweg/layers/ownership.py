"""What belongs to a layer: its weights, the layers inside it, and their states."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.layers.tracking import members, unique
from thalweg.metrics.metric import Metric
from thalweg.random import SeedGenerator
from thalweg.tensor.stored import assign_stored, store_variables
from thalweg.tensor.variable import Variable

__all__ = ["WeightOwner"]


class WeightOwner:
    """The part of `Layer` that knows its weights and those of the layers inside."""

    name: str
    built: bool
    _trainable: bool
    _own_variables: list[Variable]

    def _sublayers(self) -> list[Any]:
        found: dict[int, Any] = {}
        for layer in members(self, WeightOwner):
            if layer is not self:
                found.setdefault(id(layer), layer)
        return list(found.values())

    def _flatten_layers(self) -> list[Any]:
        """All layers inside, each once, parents before children; without the layer itself."""
        found: dict[int, Any] = {}

        def visit(layer: Any) -> None:
            for inner in layer._sublayers():
                if id(inner) not in found and inner is not self:
                    found[id(inner)] = inner
                    visit(inner)

        visit(self)
        return list(found.values())

    def _variables_of_its_own(self) -> list[Variable]:
        return unique([*self._own_variables, *members(self, Variable)])

    @property
    def trainable(self) -> bool:
        """Whether trainable weights are trained; setting it sets it for all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._sublayers():
            layer.trainable = value

    @property
    def weights(self) -> list[Variable]:
        """All weights: the layer's own trainable, its own others, then those of inner layers."""
        found = self._stored_variables()
        for layer in self._sublayers():
            found.extend(layer.weights)
        return unique(found)

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that optimizers update; none while `trainable` is False."""
        if not self._trainable:
            return []
        found = [v for v in self._variables_of_its_own() if v.trainable]
        for layer in self._sublayers():
            found.extend(layer.trainable_weights)
        return unique(found)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that optimizers leave alone."""
        trained = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def variables(self) -> list[Variable]:
        """All weights, then the states of random generators, metrics and stateful layers."""
        states: list[Variable] = []
        for layer in [self, *self._flatten_layers()]:
            states.extend(layer._kept_variables())
        return unique([*self.weights, *states])

    def _kept_variables(self) -> list[Variable]:
        """The layer's own variables that are not weights: a step changes them, files lack them."""
        found = [g.state for g in members(self, SeedGenerator)]
        for metric in members(self, Metric):
            found.extend(metric.variables)
        return found

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that optimizers update."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """All other variables."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trained]

    def get_weights(self) -> list[Any]:
        """The values of `weights` as NumPy arrays."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the values of `weights`, in their order."""
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                f"Layer '{self.name}': set_weights() got {len(weights)} arrays, expected "
                f"{len(variables)}."
            )
        for variable, value in zip(variables, weights, strict=True):
            if tuple(np.shape(value)) != variable.shape:
                raise ValueError(
                    f"Layer '{self.name}': set_weights() got shape {np.shape(value)} for weight "
                    f"'{variable.path}' of shape {variable.shape}."
                )
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(ops.cast(value, variable.dtype))

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the layer's own weights, without those of inner layers, into a store for a file."""
        store_variables(self._stored_variables(), store)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the layer's own weights from a store, as `save_own_variables` filled it."""
        assign_stored(f"layer '{self.name}'", self._stored_variables(), store)

    def _stored_variables(self) -> list[Variable]:
        own = self._variables_of_its_own()
        return [v for v in own if v.trainable] + [v for v in own if not v.trainable]

    def count_params(self) -> int:
        """The number of elements of all weights."""
        if not self.built:
            raise ValueError(
                f"Layer '{self.name}' is not built, so its weights are not known: call it, or "
                "build() it with an input shape."
            )
        return sum(v.size for v in self.weights)
