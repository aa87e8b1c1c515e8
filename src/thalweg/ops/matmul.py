"""Products of tensors under NumPy's names: matmul, dot, outer, tensordot, kron, cross, trace."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from thalweg.ops.arguments import apply, broadcast_shapes, canonical_axis
from thalweg.ops.contraction import (
    Labels,
    as_operands,
    contract_labels,
    product_dtype,
    squeezed,
)
from thalweg.ops.diagonals import diagonal_along
from thalweg.ops.dispatch import op
from thalweg.ops.joining import stack
from thalweg.ops.reduction import summable
from thalweg.ops.shaping import along, reshape
from thalweg.primitives import elementwise, reduce
from thalweg.primitives.contract import contract
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor

__all__ = ["cross", "dot", "inner", "kron", "matmul", "outer", "tensordot", "trace", "vdot"]


@op
def matmul(x1: Any, x2: Any) -> Tensor:
    """The matrix product over the last axis of `x1` and the second last of `x2`.

    Args:
        x1: shape (..., m, k), or (k,) for a row.
        x2: shape (..., k, n), or (k,) for a column.

    Returns:
        Shape (..., m, n), the leading axes broadcast; the axis of a vector is left out.
        int8 with int8 gives int32.

    >>> from thalweg import ops
    >>> ops.matmul([[1, 2], [3, 4]], [1, 10]).numpy()
    array([21, 43], dtype=int32)
    """
    values = [x if hasattr(x, "dtype") else convert_to_tensor(x) for x in (x1, x2)]
    a, b = as_operands(*values, dtype=product_dtype(*values))
    if not a.ndim or not b.ndim:
        raise ValueError(
            f"matmul: both arguments need at least one axis, got shapes {a.shape} and {b.shape}."
        )
    length_a, length_b = a.shape[-1], b.shape[-2 if b.ndim > 1 else -1]
    if length_a != length_b:
        raise ValueError(
            f"matmul: the last axis of x1 must be as long as the "
            f"{'second last' if b.ndim > 1 else 'only'} axis of x2, got shapes {a.shape} and "
            f"{b.shape}."
        )
    if b.ndim == 2:  # the common case, a layer's weights: nothing to broadcast or to reorder
        return apply(contract, a, b, axes=((a.ndim - 1,), (0,)), batch=((), ()))
    rank = max(a.ndim, b.ndim, 2) - 2
    batch_a, batch_b = a.shape[:-2], b.shape[:-2]
    broadcast_shapes("matmul", batch_a, batch_b)
    labels_a: list[Hashable] = [*range(rank - len(batch_a), rank), *("m" * (a.ndim > 1)), "k"]
    labels_b: list[Hashable] = [*range(rank - len(batch_b), rank), "k", *("n" * (b.ndim > 1))]
    # An axis of length 1 that meets a longer one is left out: the product repeats it by itself.
    sizes_a = dict(zip(labels_a, a.shape, strict=True))
    sizes_b = dict(zip(labels_b, b.shape, strict=True))
    drop_a = [n for n in range(rank) if sizes_a.get(n) == 1 and sizes_b.get(n, 1) != 1]
    drop_b = [n for n in range(rank) if sizes_b.get(n) == 1 and sizes_a.get(n, 1) != 1]
    a = squeezed(a, [labels_a.index(n) for n in drop_a])
    b = squeezed(b, [labels_b.index(n) for n in drop_b])
    labels_a = [n for n in labels_a if n not in drop_a]
    labels_b = [n for n in labels_b if n not in drop_b]
    ends = [n for n, labels in (("m", labels_a), ("n", labels_b)) if n in labels]
    return contract_labels(a, tuple(labels_a), b, tuple(labels_b), (*range(rank), *ends))


@op
def dot(x1: Any, x2: Any) -> Tensor:
    """NumPy's dot: the sum over the last axis of `x1` and the second last of `x2`.

    All other axes of `x1` come first in the result, then those of `x2`; with a number it is the
    plain product.
    """
    a, b = as_operands(x1, x2)
    if not a.ndim or not b.ndim:
        return contract_labels(a, _numbered("a", a), b, _numbered("b", b), _outer_labels(a, b))
    return _tensordot("dot", a, b, (a.ndim - 1,), (max(b.ndim - 2, 0),))


@op
def inner(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axis of both; the other axes come one after another."""
    a, b = as_operands(x1, x2)
    if not a.ndim or not b.ndim:
        return contract_labels(a, _numbered("a", a), b, _numbered("b", b), _outer_labels(a, b))
    return _tensordot("inner", a, b, (a.ndim - 1,), (b.ndim - 1,))


@op
def vdot(x1: Any, x2: Any) -> Tensor:
    """The sum of products of all elements of two tensors of one size, the first conjugated."""
    a, b = as_operands(x1, x2)
    if a.size != b.size:
        raise ValueError(
            f"vdot: x1 and x2 must have equally many elements, got shapes {a.shape} and {b.shape}."
        )
    a, b = (reshape(x, (x.size,)) for x in (a, b))
    return _tensordot("vdot", elementwise.conj(a), b, (0,), (0,))


@op
def outer(x1: Any, x2: Any) -> Tensor:
    """Every element of `x1` times every element of `x2`, shape (size of x1, size of x2).

    >>> from thalweg import ops
    >>> ops.outer([1, 2], [3, 4, 5]).numpy()
    array([[ 3,  4,  5],
           [ 6,  8, 10]], dtype=int32)
    """
    a, b = (reshape(x, (x.size,)) for x in as_operands(x1, x2))
    return contract_labels(a, ("a",), b, ("b",), ("a", "b"))


@op
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sum of products over pairs of axes.

    Args:
        x1: the first tensor.
        x2: the second tensor.
        axes: a number n (the last n axes of `x1` with the first n of `x2`, in order), or a pair of
            lists: the axes of `x1` and those of `x2`.

    Returns:
        The axes left of `x1`, then those of `x2`.
    """
    a, b = as_operands(x1, x2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(a.ndim, b.ndim):
            raise ValueError(
                f"tensordot: axes must lie in 0..{min(a.ndim, b.ndim)} for shapes {a.shape} and "
                f"{b.shape}, got {axes}."
            )
        left, right = tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    else:
        left, right = (
            tuple(canonical_axis("tensordot", i, x.ndim) for i in _listed(places))
            for places, x in zip(axes, (a, b), strict=True)
        )
    return _tensordot("tensordot", a, b, left, right)


def _listed(places: Any) -> list[int]:
    return [places] if isinstance(places, int) else list(places)


def _tensordot(
    name: str, a: Tensor, b: Tensor, left: tuple[int, ...], right: tuple[int, ...]
) -> Tensor:
    lengths_a, lengths_b = [a.shape[i] for i in left], [b.shape[i] for i in right]
    if lengths_a != lengths_b:
        raise ValueError(
            f"{name}: shapes {a.shape} and {b.shape} do not match on axes {left} and {right}."
        )
    return apply(contract, a, b, axes=(left, right), batch=((), ()))


def _numbered(name: str, x: Tensor) -> Labels:
    return tuple((name, i) for i in range(x.ndim))


def _outer_labels(a: Tensor, b: Tensor) -> Labels:
    return (*_numbered("a", a), *_numbered("b", b))


@op
def kron(x1: Any, x2: Any) -> Tensor:
    """The Kronecker product: every element of `x1` replaced by itself times the whole of `x2`."""
    a, b = as_operands(x1, x2)
    rank = max(a.ndim, b.ndim)
    a, b = (reshape(x, (1,) * (rank - x.ndim) + x.shape) for x in (a, b))
    labels_a, labels_b = _numbered("a", a), _numbered("b", b)
    pairs = tuple(label for both in zip(labels_a, labels_b, strict=True) for label in both)
    found = contract_labels(a, labels_a, b, labels_b, pairs)
    shape = tuple(n * m for n, m in zip(a.shape, b.shape, strict=True))
    return reshape(found, shape)


@op
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum along a diagonal of the plane of two axes.

    Args:
        x: at least two axes.
        offset: which diagonal: 0 the main one, positive above it, negative below.
        axis1: the axis of the rows.
        axis2: the axis of the columns.

    >>> from thalweg import ops
    >>> ops.trace([[1.0, 2.0], [3.0, 4.0]]).numpy()
    np.float32(5.0)
    """
    diagonals = diagonal_along("trace", summable(x), offset, axis1, axis2)
    return apply(reduce.reduce_sum, diagonals, axes=(diagonals.ndim - 1,))


@op
def cross(
    x1: Any,
    x2: Any,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Tensor:
    """The cross product of vectors with three (or two) components.

    Args:
        x1: vectors along `axisa`, which is 2 or 3 long; the other axes broadcast.
        x2: vectors along `axisb`.
        axisa: the axis of `x1` that holds the components.
        axisb: the axis of `x2` that holds the components.
        axisc: where the result holds its components; two plane vectors give a number instead.
        axis: all three at once.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = as_operands(x1, x2)
    components = [_components(x, place) for x, place in ((a, axisa), (b, axisb))]
    (a0, a1, a2), (b0, b1, b2) = components

    def difference(p: Tensor | None, q: Tensor | None, r: Tensor | None, s: Tensor | None) -> Any:
        """p q - r s, where a missing component is zero."""
        first = None if p is None or q is None else p * q
        second = None if r is None or s is None else r * s
        if second is None:
            return first
        return -second if first is None else first - second

    z = difference(a0, b1, a1, b0)
    if a2 is None and b2 is None:
        found: Tensor = z
        return found
    return stack([difference(a1, b2, a2, b1), difference(a2, b0, a0, b2), z], axis=axisc)


def _components(x: Tensor, axis: int) -> list[Tensor | None]:
    place = canonical_axis("cross", axis, x.ndim)
    n = x.shape[place]
    if n not in (2, 3):
        raise ValueError(
            f"cross: the axis of the components must be 2 or 3 long, got axis {axis} of a tensor "
            f"of shape {x.shape}."
        )
    rest = (*x.shape[:place], *x.shape[place + 1 :])
    rows = [reshape(along(x, place, i, i + 1), rest) for i in range(n)]
    return [*rows, *[None] * (3 - n)]
