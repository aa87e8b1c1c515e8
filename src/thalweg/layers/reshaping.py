"""Layers that only move values: Flatten, Reshape, Permute, RepeatVector, Identity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.layers.arguments import data_format_of, error, positive
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = ["Flatten", "Identity", "Permute", "RepeatVector", "Reshape"]


@serializable("keras.layers")
class Flatten(Layer):
    """All axes but the batch's as one: (batch, ...) becomes (batch, n).

    Args:
        data_format: `'channels_first'` moves the channels to the end first, so that weights after
            it fit both formats.

    >>> import thalweg as tw
    >>> tw.layers.Flatten()(tw.ops.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        x = inputs
        if self.data_format == "channels_first" and len(x.shape) > 2:
            x = ops.moveaxis(x, 1, -1)
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


@serializable("keras.layers")
class Reshape(Layer):
    """The same values in another shape.

    Args:
        target_shape: the shape of a sample; one length may be -1, which stands for what is left.

    >>> import thalweg as tw
    >>> tw.layers.Reshape((2, -1))(tw.ops.ones((5, 6))).shape
    (5, 2, 3)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        shape = tuple(target_shape) if isinstance(target_shape, (list, tuple)) else None
        if shape is None or shape.count(-1) > 1 or any(n < -1 for n in shape):
            raise error(
                self,
                "target_shape must be lengths that are not negative, one of which may be -1, got "
                f"{target_shape!r}.",
            )
        self.target_shape = shape

    def call(self, inputs: Any) -> Any:
        size = math.prod(inputs.shape[1:])
        known = math.prod(n for n in self.target_shape if n != -1)
        if size != known if -1 not in self.target_shape else known == 0 or size % known:
            raise error(
                self,
                f"a sample of shape {tuple(inputs.shape[1:])} cannot become target_shape "
                f"{self.target_shape}: the number of values differs.",
            )
        shape = [size // known if n == -1 else n for n in self.target_shape]
        return ops.reshape(inputs, (inputs.shape[0], *shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


@serializable("keras.layers")
class Permute(Layer):
    """The axes of a sample in another order.

    Args:
        dims: for each axis of the output the axis of the input, counted from 1 (0 is the batch).

    >>> import thalweg as tw
    >>> tw.layers.Permute((2, 1))(tw.ops.ones((5, 3, 4))).shape
    (5, 4, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise error(
                self, f"dims must hold each of 1 to {len(self.dims)} once, got {self.dims}."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, axes=(0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


@serializable("keras.layers")
class RepeatVector(Layer):
    """Each sample `n` times: (batch, features) becomes (batch, n, features)."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        batch, features = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, axis=1), (batch, self.n, features))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}


@serializable("keras.layers")
class Identity(Layer):
    """Returns its input."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs
