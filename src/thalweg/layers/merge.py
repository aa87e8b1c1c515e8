"""Layers of several inputs, element by element: Add, Subtract, Multiply, Average, Maximum, Minimum.

Each has a function form that makes the layer and calls it: `add([x, y])`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.layers.arguments import error
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = [
    "Add",
    "Average",
    "Maximum",
    "Merge",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


class Merge(Layer):
    """Base class: takes a list of tensors; those with fewer axes get new ones after the batch."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def _merged(self, inputs: list[Any]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define _merged().")

    def build(self, input_shape: Any) -> None:
        self._check_shapes(_shapes(self, input_shape))

    def _check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        rank = max(map(len, shapes))
        wide = [(*s[:1], *[1] * (rank - len(s)), *s[1:]) for s in shapes]
        for lengths in zip(*wide, strict=True):
            if len({n for n in lengths if n not in (1, None)}) > 1:
                raise error(self, f"inputs of shapes {shapes} cannot be merged.")

    def call(self, inputs: Any) -> Any:
        rank = max(len(x.shape) for x in inputs)
        wide = []
        for x in inputs:
            for _ in range(rank - len(x.shape)):
                x = ops.expand_dims(x, axis=1)
            wide.append(x)
        return self._merged(wide)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """What any input has counts; without a mask of every input there is none."""
        if previous_mask is None or any(m is None for m in previous_mask):
            return None
        return functools.reduce(ops.logical_or, previous_mask)


def _shapes(layer: Layer, shapes: Any) -> list[tuple[int | None, ...]]:
    """The shapes of at least one input, which came as a list."""
    if (
        not isinstance(shapes, (list, tuple))
        or not shapes
        or not isinstance(shapes[0], (list, tuple))
    ):
        raise error(layer, f"its input must be a list of tensors, got shape {shapes}.")
    return [tuple(s) for s in shapes]


@serializable("keras.layers")
class Add(Merge):
    """The sum of its inputs.

    >>> import thalweg as tw
    >>> tw.layers.Add()([tw.constant([[1.0]]), tw.constant([[2.0]])]).numpy()
    array([[3.]], dtype=float32)
    """

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.add, inputs)


@serializable("keras.layers")
class Subtract(Merge):
    """The first of two inputs less the second."""

    def _check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        super()._check_shapes(shapes)
        if len(shapes) != 2:
            raise error(self, f"it takes two inputs, got {len(shapes)}.")

    def _merged(self, inputs: list[Any]) -> Any:
        first, second = inputs
        return ops.subtract(first, second)


@serializable("keras.layers")
class Multiply(Merge):
    """The product of its inputs, element by element."""

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.multiply, inputs)


@serializable("keras.layers")
class Average(Merge):
    """The mean of its inputs."""

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.add, inputs) / len(inputs)


@serializable("keras.layers")
class Maximum(Merge):
    """The largest of its inputs, element by element."""

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.maximum, inputs)


@serializable("keras.layers")
class Minimum(Merge):
    """The smallest of its inputs, element by element."""

    def _merged(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.minimum, inputs)


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Add(**kwargs)(inputs)`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Subtract(**kwargs)(inputs)`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Multiply(**kwargs)(inputs)`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Average(**kwargs)(inputs)`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Maximum(**kwargs)(inputs)`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Minimum(**kwargs)(inputs)`."""
    return Minimum(**kwargs)(inputs)
