"""Shapes as layers are given them: from older arguments, and from JSON."""

from __future__ import annotations

from typing import Any

from thalweg.tensor.tensor import TensorSpec

__all__ = ["as_tuples", "legacy_shape", "specs_of"]


def legacy_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The batch shape from `input_shape`, `batch_shape` or `input_dim`, removed from kwargs."""
    for key in ("batch_shape", "batch_input_shape"):
        if key in kwargs:
            return tuple(kwargs.pop(key))
    if "input_shape" in kwargs:
        return (None, *kwargs.pop("input_shape"))
    if "input_dim" in kwargs:
        return (None, kwargs.pop("input_dim"))
    return None


def as_tuples(shape: Any) -> Any:
    """JSON turned a shape (or a nested structure of them) into lists; make it tuples again."""
    if isinstance(shape, dict):
        return {k: as_tuples(v) for k, v in shape.items()}
    if isinstance(shape, (list, tuple)):
        if all(n is None or isinstance(n, int) for n in shape):
            return tuple(shape)
        return [as_tuples(s) for s in shape]
    return shape


def specs_of(shape: Any, dtype: str) -> Any:
    """A spec for each shape of a nested structure."""
    shape = as_tuples(shape)
    if isinstance(shape, tuple):
        return TensorSpec(shape, dtype)
    if isinstance(shape, dict):
        return {k: specs_of(v, dtype) for k, v in shape.items()}
    return [specs_of(s, dtype) for s in shape]
