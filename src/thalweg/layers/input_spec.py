"""InputSpec: what a layer expects of its input, and the check with its one-sentence errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.tensor.dtypes import as_dtype
from thalweg.tensor.tree import flatten

__all__ = ["InputSpec", "check_input_spec"]


class InputSpec:
    """Rank, shape and dtype that a layer's input must have; None means any.

    Args:
        dtype: the dtype.
        shape: the whole shape, None for lengths that may vary.
        ndim: the number of axes.
        max_ndim: the most axes.
        min_ndim: the fewest axes.
        axes: lengths by axis (negative axes count from the end).
        allow_last_axis_squeeze: whether a last axis of length 1 may be missing or extra.
        name: the input's name in a functional model.
        optional: whether the input may be None.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else as_dtype(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = dict(axes or {})
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def __repr__(self) -> str:
        parts = [f"{k}={v}" for k, v in vars(self).items() if v]
        return f"InputSpec({', '.join(parts)})"


def check_input_spec(spec: Any, inputs: Any, layer: str) -> None:
    """Raise `ValueError` with one sentence where `inputs` do not fit the specs of a layer."""
    if spec is None:
        return
    specs = flatten(spec)
    values = flatten(inputs)
    if len(specs) != len(values):
        raise ValueError(f"Layer '{layer}' expects {len(specs)} inputs, got {len(values)}.")
    for i, (one, x) in enumerate(zip(specs, values, strict=True)):
        if one is None or (x is None and one.optional):
            continue
        if not hasattr(x, "shape"):
            raise ValueError(
                f"Layer '{layer}' expects tensors as inputs, got {type(x).__name__} ({x!r})."
            )
        which = f"input {i}" if len(specs) > 1 else "its input"
        _check(one, tuple(x.shape), f"Layer '{layer}'", which)


def _check(spec: InputSpec, shape: tuple[int | None, ...], layer: str, which: str) -> None:
    got = f"got shape {shape}"
    if spec.shape is not None and spec.allow_last_axis_squeeze and len(shape) != len(spec.shape):
        if len(shape) == len(spec.shape) + 1 and shape[-1] == 1:
            shape = shape[:-1]
        elif len(shape) == len(spec.shape) - 1 and spec.shape[-1] == 1:
            shape = (*shape, 1)
    if spec.ndim is not None and len(shape) != spec.ndim:
        raise ValueError(f"{layer} expects {which} to have {spec.ndim} axes, {got}.")
    if spec.max_ndim is not None and len(shape) > spec.max_ndim:
        raise ValueError(f"{layer} expects {which} to have at most {spec.max_ndim} axes, {got}.")
    if spec.min_ndim is not None and len(shape) < spec.min_ndim:
        raise ValueError(f"{layer} expects {which} to have at least {spec.min_ndim} axes, {got}.")
    for axis, length in spec.axes.items():
        if length is not None and shape[axis] not in (length, None):
            raise ValueError(
                f"{layer} expects axis {axis} of {which} to have length {length}, {got}."
            )
    if spec.shape is not None:
        for wanted, n in zip(spec.shape, shape, strict=True):
            if wanted is not None and n not in (wanted, None):
                raise ValueError(f"{layer} expects {which} to have shape {spec.shape}, {got}.")
