"""TensorFlow's names for reductions, running sums, order and norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = [
    "argmax",
    "argmin",
    "argsort",
    "cumprod",
    "cumsum",
    "norm",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
    "sort",
    "top_k",
]

Axis = int | Sequence[int] | None


def _reduction(name: str, function: Callable[..., Tensor], what: str) -> Callable[..., Tensor]:
    def reduce(input_tensor: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return function(input_tensor, axis=axis, keepdims=keepdims)

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"{what} of the elements along the axes (of all, where none is given)."
    return reduce


reduce_sum = _reduction("reduce_sum", ops.sum, "The sum")
reduce_mean = _reduction("reduce_mean", ops.mean, "The mean")
reduce_max = _reduction("reduce_max", ops.max, "The largest")
reduce_min = _reduction("reduce_min", ops.min, "The smallest")
reduce_prod = _reduction("reduce_prod", ops.prod, "The product")
reduce_all = _reduction("reduce_all", ops.all, "Whether all are true")
reduce_any = _reduction("reduce_any", ops.any, "Whether any is true")
reduce_std = _reduction("reduce_std", ops.std, "The standard deviation")
reduce_variance = _reduction("reduce_variance", ops.var, "The variance")
reduce_logsumexp = _reduction("reduce_logsumexp", ops.logsumexp, "log(sum(exp(x)))")


def argmax(input: Any, axis: int = 0) -> Tensor:
    """The place of the largest element along an axis (the first axis by default)."""
    return ops.argmax(input, axis=axis)


def argmin(input: Any, axis: int = 0) -> Tensor:
    """The place of the smallest element along an axis (the first axis by default)."""
    return ops.argmin(input, axis=axis)


def top_k(input: Any, k: int = 1, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest elements of the last axis, and their places."""
    return ops.top_k(input, k, sorted=sorted)


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Tensor:
    """The elements in order along an axis."""
    ordered = ops.sort(values, axis=axis)
    return ordered if _ascending("sort", direction) else ops.flip(ordered, axis=axis)


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Tensor:
    """The places of the elements in order along an axis; equal ones stay in their order."""
    if _ascending("argsort", direction):
        return ops.argsort(values, axis=axis)
    # Turned round twice, so that equal elements stay in their order in falling order too.
    tensor = ops.convert_to_tensor(values)
    backward = ops.flip(ops.argsort(ops.flip(tensor, axis=axis), axis=axis), axis=axis)
    return ops.subtract(tensor.shape[axis] - 1, backward)


def _ascending(name: str, direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            f"{name}: direction must be 'ASCENDING' or 'DESCENDING', got {direction!r}."
        )
    return direction == "ASCENDING"


def _running(
    function: Callable[..., Tensor], first: int, x: Any, axis: int, exclusive: bool, reverse: bool
) -> Tensor:
    tensor = ops.convert_to_tensor(x)
    run = ops.flip(tensor, axis=axis) if reverse else tensor
    if exclusive:  # one step later, after a neutral element
        ends = [(0, 0)] * run.ndim
        ends[axis] = (1, 0)
        run = ops.pad(run, ends, constant_values=first)
    total = function(run, axis=axis)
    if exclusive:
        total = ops.take(total, ops.arange(total.shape[axis] - 1), axis=axis)
    return ops.flip(total, axis=axis) if reverse else total


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Sums of the elements so far along an axis.

    Args:
        x: the input.
        axis: the axis.
        exclusive: whether each sum leaves out its own element.
        reverse: whether to run from the end.

    >>> import thalweg as tw
    >>> tw.cumsum([1, 2, 3], exclusive=True).numpy()
    array([0, 1, 3], dtype=int32)
    """
    return _running(ops.cumsum, 0, x, axis, exclusive, reverse)


def cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Products of the elements so far along an axis; arguments as for `cumsum`."""
    return _running(ops.cumprod, 1, x, axis, exclusive, reverse)


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors or matrices; of all elements where no axis is given.

    Args:
        tensor: the input.
        ord: 'euclidean' (for matrices that of Frobenius), or as for `ops.norm`.
        axis: one axis for vectors, two for matrices; None for the whole tensor as one vector.
        keepdims: whether the axes stay, with length 1.
    """
    if ord == "euclidean":
        return ops.norm(tensor, axis=axis, keepdims=keepdims)
    if axis is None and ord != "fro":
        flat = ops.norm(ops.ravel(tensor), ord=ord)
        return ops.reshape(flat, (1,) * len(ops.shape(tensor))) if keepdims else flat
    return ops.norm(tensor, ord=None if ord == "fro" else ord, axis=axis, keepdims=keepdims)
