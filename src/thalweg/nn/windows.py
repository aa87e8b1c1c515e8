"""TensorFlow's data formats and numbers per axis, and blocks of places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.tensor.tensor import Tensor

__all__ = ["Numbers", "depth_to_space", "layout_of", "space_to_depth", "spatial_numbers"]


Numbers = int | Sequence[int]


def layout_of(name: str, data_format: str | None) -> str:
    """Keras's name for 'NHWC' and the like; None means channels last."""
    if data_format is None or data_format in ("NWC", "NHWC", "NDHWC"):
        return "channels_last"
    if data_format in ("NCW", "NCHW", "NCDHW"):
        return "channels_first"
    raise ValueError(f"{name}: data_format must be 'NHWC' or 'NCHW', got {data_format!r}.")


def spatial_numbers(name: str, given: Numbers, rank: int, layout: str) -> tuple[int, ...]:
    """Numbers for the spatial axes, from one number, one an axis, or TensorFlow's full list."""
    if isinstance(given, int):
        return (given,) * rank
    full = tuple(given)
    if len(full) == rank + 2:
        last = layout == "channels_last"
        inner = full[1:-1] if last else full[2:]
        if full[0] != 1 or full[-1 if last else 1] != 1:
            raise ValueError(
                f"{name}: windows do not cover batch and channels, so their numbers must be 1, "
                f"got {full}."
            )
        return inner
    if len(full) not in (1, rank):
        raise ValueError(f"{name}: expected 1, {rank} or {rank + 2} numbers, got {full}.")
    return full if len(full) == rank else full * rank


def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC") -> Tensor:
    """Channels laid out as blocks of places."""
    return ops.depth_to_space(input, block_size, layout_of("depth_to_space", data_format))


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC") -> Tensor:
    """Blocks of places moved into the channels."""
    return ops.space_to_depth(input, block_size, layout_of("space_to_depth", data_format))
