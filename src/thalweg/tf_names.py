"""TensorFlow's names at the top level: `thalweg.constant`, `thalweg.reduce_mean`, ...

Each is an operation of `thalweg.ops` under the name and with the arguments that TensorFlow gives
it; there is no second implementation here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg import ops
from thalweg.ops import (
    abs,
    add,
    broadcast_to,
    cast,
    ceil,
    cond,
    convert_to_tensor,
    cos,
    divide,
    equal,
    exp,
    expand_dims,
    eye,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    linspace,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    meshgrid,
    minimum,
    multiply,
    negative,
    not_equal,
    ones,
    ones_like,
    reshape,
    round,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    squeeze,
    stack,
    stop_gradient,
    subtract,
    tanh,
    tensordot,
    tile,
    where,
    zeros,
    zeros_like,
)
from thalweg.tensor.tensor import Tensor

__all__ = [
    "abs",
    "add",
    "argmax",
    "argmin",
    "argsort",
    "boolean_mask",
    "broadcast_to",
    "cast",
    "ceil",
    "clip_by_value",
    "concat",
    "cond",
    "constant",
    "convert_to_tensor",
    "cos",
    "cumsum",
    "divide",
    "einsum",
    "equal",
    "exp",
    "expand_dims",
    "eye",
    "fill",
    "floor",
    "gather",
    "greater",
    "greater_equal",
    "identity",
    "less",
    "less_equal",
    "linspace",
    "logical_and",
    "logical_not",
    "logical_or",
    "matmul",
    "maximum",
    "meshgrid",
    "minimum",
    "multiply",
    "negative",
    "norm",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "pow",
    "range",
    "rank",
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
    "reshape",
    "reverse",
    "roll",
    "round",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "size",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "subtract",
    "tanh",
    "tensordot",
    "tile",
    "transpose",
    "unstack",
    "where",
    "while_loop",
    "zeros",
    "zeros_like",
]

Axis = int | Sequence[int] | None


def constant(value: Any, dtype: Any = None, shape: Sequence[int] | None = None) -> Tensor:
    """A tensor with these values; one number fills a whole `shape`.

    Python floats become float32, Python ints int32, and NumPy arrays keep their dtype.

    >>> import thalweg as tw
    >>> tw.constant(1.5, shape=(2, 2))
    <Tensor shape=(2, 2) dtype=float32
    [[1.5 1.5]
     [1.5 1.5]]>
    """
    tensor = ops.convert_to_tensor(value, dtype)
    if shape is None or tensor.shape == tuple(shape):
        return tensor
    wanted = tuple(shape)
    return ops.broadcast_to(tensor, wanted) if tensor.size == 1 else ops.reshape(tensor, wanted)


def identity(input: Any) -> Tensor:
    """The same values as a tensor."""
    return ops.convert_to_tensor(input)


def fill(dims: Any, value: Any) -> Tensor:
    """A tensor of shape `dims` filled with one value."""
    return ops.full(tuple(int(n) for n in dims), value)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Tensor:
    """Numbers from `start` up to (without) `limit`; `range(n)` counts from 0."""
    if limit is None:
        start, limit = 0, start
    return ops.arange(start, limit, delta, dtype=dtype)


def shape(input: Any) -> tuple[int, ...]:
    """The lengths of the axes; shapes are static here, so they are Python's numbers."""
    return tuple(ops.shape(input))


def size(input: Any) -> int:
    """The number of elements."""
    return int(ops.size(input))


def rank(input: Any) -> int:
    """The number of axes."""
    return len(ops.shape(input))


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
) -> Tensor:
    """The product of matrices (of the last two axes).

    >>> import thalweg as tw
    >>> tw.matmul([[1.0, 2.0]], [[3.0, 4.0]], transpose_b=True).numpy()
    array([[11.]], dtype=float32)
    """
    a, b = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
    a = ops.swapaxes(a, -1, -2) if transpose_a else a
    b = ops.swapaxes(b, -1, -2) if transpose_b else b
    return ops.matmul(a, b)


def transpose(a: Any, perm: Sequence[int] | None = None, conjugate: bool = False) -> Tensor:
    """The axes in the order `perm`, by default reversed."""
    moved = ops.transpose(a, perm)
    return ops.conjugate(moved) if conjugate else moved


def einsum(equation: str, *inputs: Any) -> Tensor:
    """Einstein's summation, for example `einsum("ij,jk->ik", a, b)`."""
    return ops.einsum(equation, *inputs)


def pow(x: Any, y: Any) -> Tensor:
    """`x` to the power of `y`."""
    return ops.power(x, y)


def concat(values: Sequence[Any], axis: int) -> Tensor:
    """Tensors joined along an axis."""
    return ops.concatenate(values, axis=axis)


def unstack(value: Any, num: int | None = None, axis: int = 0) -> Any:
    """The slices along an axis, as a list."""
    return ops.unstack(value, num, axis)


def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> Any:
    """Pieces along an axis: how many (equal ones), or the length of each."""
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis=axis)
    ends, at = [], 0
    for n in list(num_or_size_splits)[:-1]:
        at += int(n)
        ends.append(at)
    return ops.split(value, ends, axis=axis)


def gather(params: Any, indices: Any, axis: int = 0) -> Tensor:
    """The slices of `params` at `indices` along an axis."""
    return ops.take(params, indices, axis=axis)


def boolean_mask(tensor: Any, mask: Any) -> Tensor:
    """The elements (or rows) where `mask` is true; its result's length depends on values."""
    return ops.convert_to_tensor(tensor)[ops.cast(mask, "bool")]


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = 1.0,
    off_value: Any = 0.0,
    axis: int = -1,
    dtype: Any = None,
) -> Tensor:
    """`on_value` at each index along a new axis of length `depth`, `off_value` elsewhere."""
    hot = ops.one_hot(ops.cast(indices, "int32"), depth, axis=axis, dtype="bool")
    chosen = ops.where(hot, on_value, off_value)
    return chosen if dtype is None else ops.cast(chosen, dtype)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Tensor:
    """Values below the minimum become the minimum, those above the maximum the maximum."""
    return ops.clip(t, clip_value_min, clip_value_max)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Tensor:
    """`tensor` with `paddings[i]` = (before, after) more elements on axis i."""
    lower = mode.lower()
    if lower == "constant":
        return ops.pad(tensor, paddings, mode=lower, constant_values=constant_values)
    return ops.pad(tensor, paddings, mode=lower)


def reverse(tensor: Any, axis: Axis) -> Tensor:
    """The elements in reverse order along the axes."""
    return ops.flip(tensor, axis=axis)


def roll(input: Any, shift: Any, axis: Any) -> Tensor:
    """The elements moved along the axes, those that fall out coming in again."""
    return ops.roll(input, shift, axis=axis)


def argmax(input: Any, axis: int = 0) -> Tensor:
    """The place of the largest element along an axis (the first axis by default)."""
    return ops.argmax(input, axis=axis)


def argmin(input: Any, axis: int = 0) -> Tensor:
    """The place of the smallest element along an axis (the first axis by default)."""
    return ops.argmin(input, axis=axis)


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Tensor:
    """The elements in order along an axis."""
    ordered = ops.sort(values, axis=axis)
    return ordered if _ascending("sort", direction) else ops.flip(ordered, axis=axis)


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Tensor:
    """The places of the elements in order along an axis."""
    ordered = ops.argsort(values, axis=axis)
    return ordered if _ascending("argsort", direction) else ops.flip(ordered, axis=axis)


def _ascending(name: str, direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            f"{name}: direction must be 'ASCENDING' or 'DESCENDING', got {direction!r}."
        )
    return direction == "ASCENDING"


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """Sums of the elements so far along an axis (from the end with `reverse`)."""
    tensor = ops.convert_to_tensor(x)
    run = ops.flip(tensor, axis=axis) if reverse else tensor
    if exclusive:  # one step later, after a zero
        ends = [(0, 0)] * run.ndim
        ends[axis] = (1, 0)
        run = ops.pad(run, ends)
    total = ops.cumsum(run, axis=axis)
    if exclusive:
        total = ops.take(total, ops.arange(total.shape[axis] - 1), axis=axis)
    return ops.flip(total, axis=axis) if reverse else total


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors or matrices; of all elements where no axis is given."""
    if ord == "euclidean":
        squares = ops.square(ops.absolute(tensor))
        return ops.sqrt(ops.sum(squares, axis=axis, keepdims=keepdims))
    return ops.norm(tensor, ord=ord, axis=axis, keepdims=keepdims)


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


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Run `body` on the loop variables while `cond` of them is true.

    >>> import thalweg as tw
    >>> i, total = tw.while_loop(
    ...     lambda i, total: i < 5, lambda i, total: (i + 1, total + i), (tw.constant(0), 0)
    ... )
    >>> int(total)
    10
    """
    return ops.while_loop(cond, body, loop_vars, maximum_iterations=maximum_iterations)
