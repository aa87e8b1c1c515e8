"""Regularizers: functions of a weight whose result joins the training loss.

A regularizer takes a tensor of any shape and returns a scalar of its dtype. `get` finds them by any
spelling of their name.
"""

from __future__ import annotations

import math
from typing import Any, Self

from thalweg import ops
from thalweg.registry import (
    deserialize_keras_object,
    resolve,
    serializable,
    serialize_keras_object,
)
from thalweg.tensor.tensor import Tensor

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]

_MODULE = "keras.regularizers"


@serializable(_MODULE)
class Regularizer:
    """Base class: override `__call__(x)`, which returns a scalar, and `get_config`.

    >>> import thalweg as tw
    >>> class Mean(tw.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return tw.ops.mean(tw.ops.square(x))
    >>> Mean()(tw.constant([1.0, 3.0])).numpy()
    np.float32(5.0)
    """

    def __call__(self, x: Any) -> Any:
        """The penalty for `x`."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain values."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A regularizer with the arguments that `get_config` gave."""
        return cls(**config)


def _factor(owner: Regularizer, argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(
            f"{type(owner).__name__}: {argument} must be a finite number >= 0, got {value!r}."
        )
    return float(value)


@serializable(_MODULE)
class L1L2(Regularizer):
    """`l1 * sum(|x|) + l2 * sum(x²)`.

    >>> import thalweg as tw
    >>> tw.regularizers.L1L2(l1=0.1, l2=0.01)(tw.constant([3.0, -4.0])).numpy()
    np.float32(0.95)
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor(self, "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor(self, "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        x = ops.convert_to_tensor(x)
        penalty: Tensor = ops.zeros((), dtype=x.dtype)
        if self.l1:
            penalty = penalty + self.l1 * ops.sum(ops.absolute(x))
        if self.l2:
            penalty = penalty + self.l2 * ops.sum(ops.square(x))
        return penalty

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


@serializable(_MODULE)
class L1(Regularizer):
    """`l1 * sum(|x|)`: draws weights to exactly zero."""

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor(self, "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Tensor:
        return self.l1 * ops.sum(ops.absolute(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@serializable(_MODULE)
class L2(Regularizer):
    """`l2 * sum(x²)`: keeps weights small (no factor 1/2)."""

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor(self, "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        return self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


@serializable(_MODULE)
class OrthogonalRegularizer(Regularizer):
    """Draws the rows (or columns) of a matrix to right angles.

    `factor * mean(|cos|)` over all pairs of different rows.

    Args:
        factor: the strength.
        mode: `'rows'` or `'columns'`.

    >>> import thalweg as tw
    >>> tw.regularizers.OrthogonalRegularizer(1.0)(tw.constant([[1.0, 0.0], [1.0, 1.0]])).numpy()
    np.float32(0.7071068)
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor(self, "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                f"OrthogonalRegularizer: mode must be 'rows' or 'columns', got {mode!r}."
            )
        self.mode = mode

    def __call__(self, x: Any) -> Tensor:
        x = ops.convert_to_tensor(x)
        if x.ndim != 2:
            raise ValueError(
                f"OrthogonalRegularizer: the weight must be a matrix, got shape {x.shape}."
            )
        rows = ops.normalize(x if self.mode == "rows" else ops.transpose(x), axis=1)
        size = rows.shape[0]
        cosines = ops.matmul(rows, ops.transpose(rows))
        others = ops.absolute(cosines * (1.0 - ops.eye(size, dtype=x.dtype)))
        pairs = max(size * (size - 1) / 2, 1.0)
        return self.factor * 0.5 / pairs * ops.sum(others)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


# Keras names the classes as functions too.
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def get(identifier: Any) -> Any:
    """The regularizer that a name, class, configuration or function stands for.

    Args:
        identifier: `'l1'`, `'l2'`, `'l1_l2'`, `'l1l2'`, `'OrthogonalRegularizer'`, ..., a
            regularizer or its class, what `serialize` returned, or a function. None stays None.
    """
    if identifier is None:
        return None
    found = resolve("regularizer", _MODULE, identifier)
    if not callable(found):
        raise ValueError(
            "A regularizer must be a name, a Regularizer, a function or a configuration, got "
            f"{identifier!r}."
        )
    return found


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer.

    >>> from thalweg import regularizers
    >>> regularizers.serialize(regularizers.L2(0.5))["config"]
    {'l2': 0.5}
    """
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer that `serialize` wrote down."""
    return get(deserialize_keras_object(config, custom_objects))
