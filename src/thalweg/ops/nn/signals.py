"""Complex numbers from modulus and angle, and the signal-to-noise ratio of images."""

from __future__ import annotations

from typing import Any

from thalweg.ops.arguments import apply, floating, promote
from thalweg.ops.dispatch import op
from thalweg.ops.reduction import mean
from thalweg.primitives import elementwise as e
from thalweg.tensor.dtypes import result_type
from thalweg.tensor.tensor import Tensor

__all__ = ["polar", "psnr"]


@op
def polar(abs_: Any, angle: Any) -> Tensor:
    """The complex number `abs_ * exp(i angle)`.

    Args:
        abs_: the modulus.
        angle: the angle in radians.
    """
    size, turn = promote("polar", abs_, angle, inexact=True)
    if size.dtype.itemsize < 4:
        size, turn = promote("polar", size, turn.astype(result_type(turn.dtype, "float32")))
    return apply(e.complex_, size * apply(e.cos, turn), size * apply(e.sin, turn))


@op
def psnr(x1: Any, x2: Any, max_val: Any) -> Tensor:
    """The peak signal-to-noise ratio in decibels.

    `20 log10(max_val) - 10 log10(mean((x1 - x2)^2))`

    Args:
        x1: an image, or several.
        x2: of the same shape.
        max_val: the largest value that a pixel may have.
    """
    a, b = floating(x1), floating(x2)
    if a.shape != b.shape:
        raise ValueError(f"psnr: x1 and x2 must have one shape, got {a.shape} and {b.shape}.")
    apart = a - b
    peak = floating(max_val).astype(apart.dtype)
    return 20 * apply(e.log10, peak) - 10 * apply(e.log10, mean(apart * apart))
