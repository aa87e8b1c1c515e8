"""Which inputs and outputs of a Program have a row for each sample of a batch."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.expression import Buffer

__all__ = ["batched", "gathered_outputs"]


def batched(inputs: Sequence[Buffer]) -> list[tuple[int, int]]:
    """The inputs that hold a row for each sample: their numbers, and the bytes of a row."""
    return [
        (k, buffer.size.scale * buffer.dtype.itemsize)
        for k, buffer in enumerate(inputs)
        if buffer.size.scale
    ]


def gathered_outputs(
    outputs: Sequence[Buffer], shapes: Sequence[tuple[Dim, ...]]
) -> list[tuple[int, int]]:
    """The outputs that hold a row for each sample; steps write them one after the other."""
    return [
        (k, buffer.size.scale * buffer.dtype.itemsize)
        for k, (buffer, shape) in enumerate(zip(outputs, shapes, strict=True))
        if shape and shape[0] == Dim(1, 0) and buffer.size.scale and not buffer.size.offset
    ]
