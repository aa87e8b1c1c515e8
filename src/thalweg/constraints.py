"""Constraints: functions that put a weight back into its bounds after each update.

A constraint takes a tensor and returns one of the same shape and dtype. `get` finds them by any
spelling of their name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from thalweg import config as settings
from thalweg import ops
from thalweg.registry import (
    deserialize_keras_object,
    resolve,
    serializable,
    serialize_keras_object,
)
from thalweg.tensor.tensor import Tensor

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

_MODULE = "keras.constraints"


@serializable(_MODULE)
class Constraint:
    """Base class: override `__call__(w)`, which returns the weight in its bounds.

    >>> import thalweg as tw
    >>> class Clipped(tw.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return tw.ops.clip(w, -1.0, 1.0)
    >>> Clipped()(tw.constant([0.5, 3.0])).numpy()
    array([0.5, 1. ], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        """The weight `w` in its bounds."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain values."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A constraint with the arguments that `get_config` gave."""
        return cls(**config)


def _norms(w: Tensor, axis: int | Sequence[int]) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


@serializable(_MODULE)
class MaxNorm(Constraint):
    """Scales weights down where their norm along `axis` is above `max_value`.

    Args:
        max_value: the largest norm.
        axis: the axes of the norm; 0 is right for the kernel of Dense (one norm for each unit),
            `[0, 1, 2]` for that of Conv2D (one for each filter).

    >>> import thalweg as tw
    >>> tw.constraints.MaxNorm(2.0)(tw.constant([[3.0], [4.0]])).numpy()
    array([[1.2],
           [1.6]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = ops.convert_to_tensor(w)
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (settings.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


@serializable(_MODULE)
class NonNeg(Constraint):
    """Sets negative weights to zero."""

    def __call__(self, w: Any) -> Tensor:
        return ops.maximum(w, 0)


@serializable(_MODULE)
class UnitNorm(Constraint):
    """Scales weights so that their norm along `axis` is 1."""

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = ops.convert_to_tensor(w)
        return w / (settings.epsilon() + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


@serializable(_MODULE)
class MinMaxNorm(Constraint):
    """Draws the norm of weights along `axis` into `[min_value, max_value]`.

    Args:
        min_value: the smallest norm.
        max_value: the largest norm.
        rate: how far to go at each update: 1.0 all the way, 0.0 nowhere.
        axis: the axes of the norm, as in `MaxNorm`.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = ops.convert_to_tensor(w)
        norms = _norms(w, self.axis)
        bounded = ops.clip(norms, self.min_value, self.max_value)
        desired = self.rate * bounded + (1 - self.rate) * norms
        return w * (desired / (settings.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


# Keras names the classes as functions too.
max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm


def get(identifier: Any) -> Any:
    """The constraint that a name, class, configuration or function stands for.

    Args:
        identifier: `'max_norm'`, `'MaxNorm'`, `'maxNorm'`, ..., a constraint or its class, what
            `serialize` returned, or a function. None stays None.
    """
    if identifier is None:
        return None
    found = resolve("constraint", _MODULE, identifier)
    if not callable(found):
        raise ValueError(
            "A constraint must be a name, a Constraint, a function or a configuration, got "
            f"{identifier!r}."
        )
    return found


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint.

    >>> from thalweg import constraints
    >>> constraints.serialize(constraints.MaxNorm(3))["config"]
    {'max_value': 3, 'axis': 0}
    """
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint that `serialize` wrote down."""
    return get(deserialize_keras_object(config, custom_objects))
