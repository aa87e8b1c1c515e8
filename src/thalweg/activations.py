"""Activations: the functions between layers, by name or as functions.

Every function takes a tensor of any shape and returns one of the same shape and dtype (`glu`, which
halves an axis, apart). `get` finds them by any spelling of their name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg import ops
from thalweg.registry import (
    deserialize_keras_object,
    find,
    public_name,
    serializable,
    serialize_keras_object,
    unknown,
)

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

_MODULE = "keras.activations"


@serializable(_MODULE)
def linear(x: Any) -> Any:
    """`x`."""
    return x


@serializable(_MODULE)
def relu(
    x: Any,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Any:
    """`max(x, 0)`; in general `max_value` from there on, `negative_slope * (x - threshold)` below.

    Args:
        x: any tensor.
        negative_slope: the slope below the threshold.
        max_value: the largest value it returns; None for no limit.
        threshold: where it begins to return `x`.

    >>> from thalweg import activations
    >>> activations.relu([-10.0, 0.0, 5.0, 10.0], max_value=6.0, negative_slope=0.5).numpy()
    array([-5.,  0.,  5.,  6.], dtype=float32)
    """
    x = ops.convert_to_tensor(x)
    if threshold == 0.0 and max_value is None:
        return ops.relu(x) if negative_slope == 0.0 else ops.leaky_relu(x, negative_slope)
    above = x * ops.cast(x > threshold, x.dtype) if threshold != 0.0 else ops.relu(x)
    if max_value is not None:
        above = ops.clip(above, 0.0, max_value)
    return above if negative_slope == 0.0 else above - negative_slope * ops.relu(threshold - x)


@serializable(_MODULE)
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """`x` where `x > 0`, else `negative_slope * x`."""
    return ops.leaky_relu(x, negative_slope=negative_slope)


@serializable(_MODULE)
def relu6(x: Any) -> Any:
    """`min(max(x, 0), 6)`."""
    return ops.relu6(x)


@serializable(_MODULE)
def elu(x: Any, alpha: float = 1.0) -> Any:
    """`x` where `x > 0`, else `alpha * (exp(x) - 1)` (Clevert et al., arXiv:1511.07289)."""
    return ops.elu(x, alpha=alpha)


@serializable(_MODULE)
def selu(x: Any) -> Any:
    """`1.05070098 * elu(x, alpha=1.67326324)` (Klambauer et al., arXiv:1706.02515)."""
    return ops.selu(x)


@serializable(_MODULE)
def celu(x: Any, alpha: float = 1.0) -> Any:
    """`max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))` (Barron, arXiv:1704.07483)."""
    return ops.celu(x, alpha=alpha)


@serializable(_MODULE)
def gelu(x: Any, approximate: bool = False) -> Any:
    """`x * P(X <= x)` for a standard normal X (Hendrycks and Gimpel, arXiv:1606.08415).

    Args:
        x: any tensor.
        approximate: use `0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))` instead.
    """
    return ops.gelu(x, approximate=approximate)


@serializable(_MODULE)
def sigmoid(x: Any) -> Any:
    """`1 / (1 + exp(-x))`."""
    return ops.sigmoid(x)


@serializable(_MODULE)
def hard_sigmoid(x: Any) -> Any:
    """`relu6(x + 3) / 6`."""
    return ops.hard_sigmoid(x)


@serializable(_MODULE)
def log_sigmoid(x: Any) -> Any:
    """`-log(1 + exp(-x))`."""
    return ops.log_sigmoid(x)


@serializable(_MODULE)
def sparse_sigmoid(x: Any) -> Any:
    """`(x + 1) / 2` between -1 and 1, 0 before and 1 behind (Blondel et al., arXiv:1901.02324)."""
    return ops.sparse_sigmoid(x)


@serializable(_MODULE, "swish")
def silu(x: Any) -> Any:
    """`x * sigmoid(x)`; `swish` is the same function (Ramachandran et al., arXiv:1710.05941)."""
    return ops.silu(x)


@serializable(_MODULE, "hard_swish")
def hard_silu(x: Any) -> Any:
    """`x * relu6(x + 3) / 6`; `hard_swish` is the same function (Howard, arXiv:1905.02244)."""
    return ops.hard_silu(x)


@serializable(_MODULE)
def mish(x: Any) -> Any:
    """`x * tanh(softplus(x))` (Misra, arXiv:1908.08681)."""
    x = ops.convert_to_tensor(x)
    return x * ops.tanh(ops.softplus(x))


@serializable(_MODULE)
def tanh(x: Any) -> Any:
    """`(exp(x) - exp(-x)) / (exp(x) + exp(-x))`."""
    return ops.tanh(x)


@serializable(_MODULE)
def hard_tanh(x: Any) -> Any:
    """`min(max(x, -1), 1)`."""
    return ops.hard_tanh(x)


@serializable(_MODULE)
def tanh_shrink(x: Any) -> Any:
    """`x - tanh(x)`."""
    return ops.tanh_shrink(x)


@serializable(_MODULE)
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """`x` where `|x| > threshold`, else 0."""
    return ops.hard_shrink(x, threshold=threshold)


@serializable(_MODULE)
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """`x - threshold` above the threshold, `x + threshold` below `-threshold`, else 0."""
    return ops.soft_shrink(x, threshold=threshold)


@serializable(_MODULE)
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """`x` where `x > threshold`, else `default_value`."""
    return ops.threshold(x, threshold, default_value)


@serializable(_MODULE)
def softplus(x: Any) -> Any:
    """`log(1 + exp(x))`."""
    return ops.softplus(x)


@serializable(_MODULE)
def sparse_plus(x: Any) -> Any:
    """`x` from 1 on, `(x + 1)^2 / 4` between -1 and 1, 0 before (arXiv:1901.02324)."""
    return ops.sparse_plus(x)


@serializable(_MODULE)
def squareplus(x: Any, b: float = 4) -> Any:
    """`(x + sqrt(x^2 + b)) / 2` (Barron, arXiv:2112.11687)."""
    return ops.squareplus(x, b=b)


@serializable(_MODULE)
def softsign(x: Any) -> Any:
    """`x / (1 + |x|)`."""
    return ops.softsign(x)


@serializable(_MODULE)
def exponential(x: Any) -> Any:
    """`exp(x)`."""
    return ops.exp(x)


@serializable(_MODULE)
def softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Any:
    """`exp(x) / sum(exp(x))` along `axis`.

    >>> from thalweg import activations
    >>> activations.softmax([[0.0, 0.0]]).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """
    return ops.softmax(x, axis=axis)


@serializable(_MODULE)
def log_softmax(x: Any, axis: int | Sequence[int] | None = -1) -> Any:
    """`x - log(sum(exp(x)))` along `axis`."""
    return ops.log_softmax(x, axis=axis)


@serializable(_MODULE)
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest point to `x` on the probability simplex (Martins et al., arXiv:1602.02068)."""
    return ops.sparsemax(x, axis=axis)


@serializable(_MODULE)
def glu(x: Any, axis: int = -1) -> Any:
    """`a * sigmoid(b)` for the halves a, b of `x` along `axis` (Dauphin, arXiv:1612.08083)."""
    return ops.glu(x, axis=axis)


swish = silu
hard_swish = hard_silu


def get(identifier: Any) -> Callable[..., Any]:
    """The function that a name, a configuration or a function stands for; None is `linear`.

    >>> from thalweg import activations
    >>> activations.get("hardSigmoid") is activations.get("hard_sigmoid")
    True
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        found = find(_MODULE, identifier, kind="function")
        if found is None:
            raise unknown("activation", _MODULE, identifier)
    elif isinstance(identifier, dict):
        found = deserialize_keras_object(identifier)
    else:
        found = identifier
    if not callable(found):
        raise ValueError(
            f"activation must be a name, a function or a configuration, got {identifier!r}."
        )
    return found


def serialize(activation: Callable[..., Any]) -> Any:
    """The name of a function of this module; a configuration for any other.

    >>> from thalweg import activations
    >>> activations.serialize(activations.swish)
    'silu'
    """
    public = public_name(activation)
    if public is not None and public[0] == _MODULE:
        return public[1]
    return serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Callable[..., Any]:
    """The function that `serialize` wrote down."""
    if isinstance(config, dict):
        config = deserialize_keras_object(config, custom_objects)
    elif custom_objects and config in custom_objects:
        config = custom_objects[config]
    return get(config)
