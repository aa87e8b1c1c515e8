"""What convolution and pooling do with their arguments: layout, window, stride, padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thalweg import config
from thalweg.ops.arguments import apply
from thalweg.primitives import movement
from thalweg.tensor.tensor import Tensor

__all__ = [
    "Padding",
    "Shape",
    "channels_last",
    "check_rank",
    "data_layout",
    "from_channels_last",
    "paddings",
    "per_axis",
]

Shape = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]


def data_layout(name: str, data_format: str | None) -> str:
    """'channels_last' or 'channels_first'; None means the library's setting."""
    found = config.image_data_format() if data_format is None else data_format
    if found not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{name}: data_format must be 'channels_last' or 'channels_first', got {data_format!r}."
        )
    return found


def per_axis(name: str, argument: str, value: int | Sequence[int], count: int) -> Shape:
    """One positive number per spatial axis."""
    given = [value] * count if isinstance(value, (int, np.integer)) else list(value)
    found = tuple(int(n) for n in given)
    if len(found) != count or any(n < 1 for n in found):
        raise ValueError(
            f"{name}: {argument} must be a positive integer, or one for each of the {count} "
            f"spatial axes, got {value}."
        )
    return found


def check_rank(name: str, x: Tensor, argument: str = "inputs") -> int:
    """The number of spatial axes."""
    if not 3 <= x.ndim <= 5:
        raise ValueError(
            f"{name}: {argument} must have 3, 4 or 5 axes (batch, one to three spatial axes, "
            f"channels), got shape {x.shape}."
        )
    return x.ndim - 2


def channels_last(x: Tensor, layout: str) -> Tensor:
    """The tensor with its channels on the last axis."""
    if layout == "channels_last":
        return x
    return apply(movement.transpose, x, axes=(0, *range(2, x.ndim), 1))


def from_channels_last(x: Tensor, layout: str) -> Tensor:
    """The tensor with its channels where the layout has them."""
    if layout == "channels_last":
        return x
    return apply(movement.transpose, x, axes=(0, x.ndim - 1, *range(1, x.ndim - 1)))


def paddings(
    name: str,
    padding: str,
    spatial: Shape,
    window: Shape,
    strides: Shape,
    dilation: Shape,
    accepted: Sequence[str] = ("valid", "same"),
) -> Padding:
    """How much is added before and after each spatial axis.

    "same" gives ceil(length / stride) places, with the odd one of the padding at the end, as in
    TensorFlow; "causal" puts all of it in front.
    """
    kind = padding.lower() if isinstance(padding, str) else padding
    if kind not in accepted:
        listed = " or ".join(repr(a) for a in accepted)
        raise ValueError(f"{name}: padding must be {listed}, got {padding!r}.")
    if kind == "valid":
        return ((0, 0),) * len(spatial)
    reach = [d * (w - 1) + 1 for w, d in zip(window, dilation, strict=True)]
    if kind == "causal":
        return tuple((r - 1, 0) for r in reach)
    total = [
        max((-(-n // s) - 1) * s + r - n, 0)
        for n, r, s in zip(spatial, reach, strides, strict=True)
    ]
    return tuple((t // 2, t - t // 2) for t in total)
