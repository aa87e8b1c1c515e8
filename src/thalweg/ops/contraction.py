"""The contraction of labelled axes, on which matmul, tensordot and einsum all rest.

Every axis gets a label. Of two tensors, labels that both have are summed over, or kept side by side
when the result has them; labels that one of them has stay. Nothing is repeated in memory to
broadcast it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from thalweg.ops.arguments import cast_to
from thalweg.primitives import movement, reduce
from thalweg.primitives.contract import contract
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, int8, int32, result_type
from thalweg.tensor.tensor import Tensor

__all__ = [
    "Labels",
    "as_operands",
    "contract_labels",
    "diagonal_of",
    "product_dtype",
    "squeezed",
    "sum_to",
]

Labels = tuple[Hashable, ...]


def sum_to(x: Tensor, labels: Labels, kept: Labels) -> Tensor:
    """Sum over the axes whose label is not in `kept`, and put the others in that order."""
    axes = tuple(i for i, label in enumerate(labels) if label not in kept)
    if axes:
        x = reduce.reduce_sum(x, axes=axes)
    remaining = [label for label in labels if label in kept]
    order = tuple(remaining.index(label) for label in kept)
    return x if order == tuple(range(x.ndim)) else movement.transpose(x, axes=order)


def contract_labels(
    a: Tensor, labels_a: Labels, b: Tensor, labels_b: Labels, result: Labels
) -> Tensor:
    """The product of two tensors, summed over the labels that the result does not have."""
    own_a = tuple(n for n in labels_a if n in labels_b or n in result)
    own_b = tuple(n for n in labels_b if n in labels_a or n in result)
    a, b = sum_to(a, labels_a, own_a), sum_to(b, labels_b, own_b)
    batch = tuple(n for n in own_a if n in own_b and n in result)
    summed = tuple(n for n in own_a if n in own_b and n not in result)
    taken = {*batch, *summed}
    found = contract(
        a,
        b,
        axes=(_places(summed, own_a), _places(summed, own_b)),
        batch=(_places(batch, own_a), _places(batch, own_b)),
    )
    free = [n for labels in (own_a, own_b) for n in labels if n not in taken]
    return sum_to(found, (*batch, *free), result)


def _places(wanted: Labels, labels: Labels) -> tuple[int, ...]:
    return tuple(labels.index(n) for n in wanted)


def squeezed(x: Tensor, axes: Sequence[int]) -> Tensor:
    """The tensor without these axes of length 1."""
    if not axes:
        return x
    shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    found: Tensor = movement.reshape(x, shape=shape)
    return found


def product_dtype(*xs: Any) -> DType:
    """The dtype of a product; int8 with int8 is added up in int32."""
    found = result_type(*xs)
    return int32 if found == int8 else found


def as_operands(*xs: Any, dtype: DType | None = None) -> list[Tensor]:
    """The arguments as tensors of one dtype (by default the one in which they meet)."""
    values = [x if hasattr(x, "dtype") else convert_to_tensor(x) for x in xs]
    wanted = result_type(*values) if dtype is None else dtype
    return [cast_to(x, wanted) for x in values]


def diagonal_of(x: Tensor) -> Tensor:
    """The main diagonal of the last two axes, which must be equally long."""
    n = x.shape[-1]
    flat = movement.reshape(x, shape=(*x.shape[:-2], n * n))
    zeros, ones = (0,) * (flat.ndim - 1), (1,) * (flat.ndim - 1)
    found: Tensor = movement.slice_(flat, start=(*zeros, 0), stop=flat.shape, step=(*ones, n + 1))
    return found
