"""Integer labels as one-hot and multi-hot vectors."""

from __future__ import annotations

from typing import Any

from thalweg import config
from thalweg.ops.arguments import apply, canonical_axis, cast_to
from thalweg.ops.dispatch import op
from thalweg.ops.reduction import any as any_of
from thalweg.primitives import elementwise as e
from thalweg.primitives import movement
from thalweg.primitives.iota import iota
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = ["multi_hot", "one_hot"]


@op
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Tensor:
    """1 at the place that each integer names, 0 elsewhere.

    Args:
        x: integers; one below 0 or not below `num_classes` gives zeros only.
        num_classes: how many places there are.
        axis: where the new axis stands in the result.
        dtype: of the result, the default float type if None.

    >>> from thalweg import ops
    >>> ops.one_hot([2, 0], 3).numpy()
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    return cast_to(hits("one_hot", x, num_classes, axis), as_dtype(dtype or config.floatx()))


def hits(name: str, x: Any, num_classes: int, axis: int) -> Tensor:
    """The one-hot vectors as bools."""
    labels = convert_to_tensor(x)
    if not is_integer(labels.dtype):
        raise TypeError(f"{name}: the labels must be integers, got {labels.dtype.name}.")
    place = canonical_axis(name, axis, labels.ndim + 1)
    shape = (*labels.shape[:place], num_classes, *labels.shape[place:])
    single = (*labels.shape[:place], 1, *labels.shape[place:])
    spread = movement.broadcast_to(movement.reshape(labels, shape=single), shape=shape)
    return apply(e.eq, spread, iota(shape=shape, dtype=labels.dtype, axis=place))


@op
def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None
) -> Tensor:
    """1 at every place that one of a sample's integers names, 0 elsewhere.

    Args:
        inputs: integers, shape (labels,) or (batch, labels, ...).
        num_classes: how many places there are; it must be given.
        axis: where the new axis would stand in the one-hot vectors of `inputs`.
        dtype: of the result, the default float type if None.

    Returns:
        The one-hot vectors joined over the axis of the labels: shape (num_classes,) or
        (batch, ..., num_classes).

    >>> from thalweg import ops
    >>> ops.multi_hot([0, 3], 4).numpy()
    array([1., 0., 0., 1.], dtype=float32)
    """
    if num_classes is None:
        raise ValueError("multi_hot: num_classes must be given.")
    labels = convert_to_tensor(inputs)
    if not labels.ndim:
        raise ValueError("multi_hot: inputs need at least one axis, got a single number.")
    found = hits("multi_hot", labels, num_classes, axis)
    joined = any_of(found, axis=1 if labels.ndim > 1 else 0)
    return cast_to(joined, as_dtype(dtype or config.floatx()))
