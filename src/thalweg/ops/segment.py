"""Sums, products and extremes over segments: rows that share a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.ops.arguments import apply, cast_to, splat
from thalweg.ops.dispatch import op
from thalweg.primitives import gather
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_, int32, is_floating, is_integer
from thalweg.tensor.tensor import Tensor

__all__ = ["segment_max", "segment_min", "segment_prod", "segment_sum"]


def _segmented(
    name: str, data: Any, segment_ids: Any, num_segments: int | None, start: float, mode: str
) -> Tensor:
    x, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
    if x.dtype == bool_:
        x = cast_to(x, int32)
    if ids.ndim != 1 or not is_integer(ids.dtype) or x.shape[:1] != ids.shape:
        raise ValueError(
            f"{name}: segment_ids must be one integer for each of the rows of data (shape "
            f"{x.shape}), got shape {ids.shape} of {ids.dtype.name}."
        )
    if num_segments is None:
        if type(ids) is not Tensor:
            raise ValueError(f"{name}: num_segments is needed inside a traced function.")
        num_segments = int(ids._value.max()) + 1 if ids.size else 0
    if not np.isfinite(start) and not is_floating(x.dtype):
        limits = np.iinfo(x.dtype)
        start = limits.min if start < 0 else limits.max
    initial = splat(start, (int(num_segments), *x.shape[1:]), x.dtype)
    return apply(gather.scatter, initial, ids, x, axis=0, mode=mode)


@op
def segment_sum(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The sum of the rows of each segment.

    Args:
        data: shape (n, ...).
        segment_ids: shape (n,): the segment of each row; a row whose number is out of range is
            left out.
        num_segments: how many segments there are; by default the largest number and one, which
            only eager code can know.
        sorted: for Keras's sake: whether the numbers rise; nothing depends on it.

    >>> from thalweg import ops
    >>> ops.segment_sum([1.0, 2.0, 4.0], [0, 1, 1]).numpy()
    array([1., 6.], dtype=float32)
    """
    return _segmented("segment_sum", data, segment_ids, num_segments, 0, "add")


@op
def segment_prod(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The product of the rows of each segment, 1 without rows; arguments as in `segment_sum`."""
    return _segmented("segment_prod", data, segment_ids, num_segments, 1, "mul")


@op
def segment_max(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The maximum of the rows of each segment; arguments as in `segment_sum`.

    A segment without rows gets `-inf`, or the smallest integer.
    """
    return _segmented("segment_max", data, segment_ids, num_segments, -np.inf, "max")


@op
def segment_min(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The minimum of the rows of each segment; arguments as in `segment_sum`.

    A segment without rows gets `inf`, or the largest integer.
    """
    return _segmented("segment_min", data, segment_ids, num_segments, np.inf, "min")
