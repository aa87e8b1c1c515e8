"""Health: what one measurement of a network says, in plain numbers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

__all__ = ["Health", "LayerHealth", "WeightHealth"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class WeightHealth:
    """One trainable weight.

    A norm is the root of the sum of squares.

    Attributes:
        path: the weight's path, such as `'sequential/dense/kernel'`.
        layer: the `name` of the `LayerHealth` to which it belongs, or None.
        shape: its shape.
        norm: its norm.
        gradient: the norm of the loss's gradient towards it, before any clipping.
        update: the norm of the change that the optimizer would make now.
        mean: of its numbers, like `std`, `minimum` and `maximum`.
        std: their standard deviation.
        minimum: the smallest.
        maximum: the largest.
        counts: int64, how many of its numbers lie in each of equally wide bins between `minimum`
            and `maximum`; all 0 where one of them is not finite.
    """

    path: str
    layer: str | None
    shape: tuple[int, ...]
    norm: float
    gradient: float
    update: float
    mean: float
    std: float
    minimum: float
    maximum: float
    counts: Array

    @property
    def ratio(self) -> float | None:
        """`update / norm`: the share by which a step changes it; None where it is all zeros."""
        return self.update / self.norm if self.norm else None

    @property
    def edges(self) -> Array:
        """float64, the edges of the bins of `counts`, one more than there are bins."""
        return np.linspace(self.minimum, self.maximum, len(self.counts) + 1)


@dataclass(frozen=True, eq=False)
class LayerHealth:
    """One layer: what it gave for the batch, and how the loss depends on that.

    Attributes:
        name: the layer's name, after those of the models it is in: `'encoder/dense'`.
        kind: its class, such as `'Dense'`.
        activation: the name of its nonlinear function, `'relu'`; None where it has none.
        values: how many numbers it gave.
        norm: the root of the sum of squares of its activations.
        mean: of its activations.
        std: their standard deviation.
        zeros: the share of activations that are exactly 0, from 0 to 1.
        units: how many units it has: the length of the last axis, or of the channels.
        dead: how many units were 0 for every sample (and at every place).
        gradient: the norm of the loss's gradient towards its activations.
        weights: the norm of its trainable weights together; None where it has none.
        weight_gradient: the norm of their gradients together, or None.
        update: the norm of the changes that the optimizer would make to them, or None.
        is_output: whether what it gives is an output of the model.
    """

    name: str
    kind: str
    activation: str | None
    values: int
    norm: float
    mean: float
    std: float
    zeros: float
    units: int
    dead: int
    gradient: float
    weights: float | None = None
    weight_gradient: float | None = None
    update: float | None = None
    is_output: bool = False

    @property
    def size(self) -> float:
        """The root mean square of its activations: how large one typically is."""
        return self.norm / math.sqrt(self.values)

    @property
    def ratio(self) -> float | None:
        """`update / weights`: the share by which a step changes them; None without weights."""
        return self.update / self.weights if self.weights and self.update is not None else None


@dataclass(frozen=True, eq=False)
class Health:
    """What a `Probe` found.

    Attributes:
        layers: a record for each layer that gives floating numbers, in the order of their calls.
        weights: a record for each trainable weight, in the model's order.
        loss: of the batch.
        learning_rate: the optimizer's.
        step: how many steps the optimizer has made.
        samples: how many the batch had.
    """

    layers: tuple[LayerHealth, ...]
    weights: tuple[WeightHealth, ...]
    loss: float
    learning_rate: float
    step: int
    samples: int

    @property
    def gradient(self) -> float:
        """The norm of all gradients together."""
        return math.hypot(*(w.gradient for w in self.weights))

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold: dicts, lists, numbers; None for what is not finite."""
        found = {
            **asdict(self),
            "gradient": self.gradient,
            "layers": [{**asdict(x), "size": x.size, "ratio": x.ratio} for x in self.layers],
            "weights": [{**asdict(x), "ratio": x.ratio} for x in self.weights],
        }
        plain: dict[str, Any] = _plain(found)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return None if isinstance(value, float) and not math.isfinite(value) else value
