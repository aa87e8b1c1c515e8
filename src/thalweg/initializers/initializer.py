"""Initializer, the base class: an object that makes the first value of a weight from its shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from thalweg import config as settings
from thalweg.tensor.dtypes import as_dtype

__all__ = ["MODULE", "Initializer", "dtype_name"]

# Where Keras exports initializers; the registry files them under this name.
MODULE = "keras.initializers"


def dtype_name(dtype: Any) -> str:
    """The dtype's name; None is the default float type."""
    return settings.floatx() if dtype is None else as_dtype(dtype).name


class Initializer:
    """Base class: `__call__(shape, dtype=None)` makes the values, `get_config()` describes it.

    >>> import thalweg as tw
    >>> class Twos(tw.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return tw.ops.full(shape, 2, dtype=dtype)
    >>> tw.layers.Dense(1, kernel_initializer=Twos()).kernel_initializer((2,)).numpy()
    array([2, 2], dtype=int32)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """A tensor of this shape; `dtype` is by default the default float type."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(shape, dtype).")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain values."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An initializer with the arguments that `get_config` gave."""
        return cls(**config)

    def clone(self) -> Self:
        """A new one with the same arguments: without a seed it makes other values."""
        return type(self).from_config(self.get_config())
