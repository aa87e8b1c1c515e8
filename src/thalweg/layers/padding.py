"""Layers that add to or cut from the edges: ZeroPadding and Cropping over one to three axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.layers.arguments import data_format_of, error, tuple_of
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]

Edges = int | Sequence[int] | Sequence[Sequence[int]]


class _Edges(Layer):
    """How much there is to do before and after each spatial axis."""

    rank: int

    def _pairs(self, name: str, value: Any) -> tuple[tuple[int, ...], ...]:
        """From one number, one for each axis, or a pair for each."""
        if self.rank == 1:
            return (tuple_of(self, name, value, 2, least=0),)
        values = [value] * self.rank if isinstance(value, int) else value
        if not isinstance(values, (list, tuple)) or len(values) != self.rank:
            raise error(
                self,
                f"{name} must be an integer, {self.rank} integers or {self.rank} pairs of "
                f"integers, got {value!r}.",
            )
        return tuple(tuple_of(self, name, v, 2, least=0) for v in values)

    def __init__(self, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _all_axes(self, pairs: tuple[tuple[int, ...], ...]) -> list[tuple[int, ...]]:
        none = (0, 0)
        if self.data_format == "channels_last":
            return [none, *pairs, none]
        return [none, none, *pairs]


class _ZeroPadding(_Edges):
    def __init__(self, padding: Edges = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._padding = self._pairs("padding", padding)

    @property
    def padding(self) -> tuple[Any, ...]:
        """Before and after: a pair, or one for each axis."""
        return self._padding[0] if self.rank == 1 else self._padding

    def call(self, inputs: Any) -> Any:
        return ops.pad(inputs, self._all_axes(self._padding))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "padding": self.padding,
            "data_format": self.data_format,
        }


@serializable("keras.layers")
class ZeroPadding1D(_ZeroPadding):
    """As `ZeroPadding2D`, for sequences; `padding` is a number or a pair (before, after)."""

    rank = 1


@serializable("keras.layers")
class ZeroPadding2D(_ZeroPadding):
    """Adds zeros at the edges of images.

    Args:
        padding: how many: one number, one for height and one for width, or a pair
            (before, after) for each.
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.

    >>> import thalweg as tw
    >>> tw.layers.ZeroPadding2D(((1, 0), (2, 2)))(tw.ops.ones((1, 3, 3, 1))).shape
    (1, 4, 7, 1)
    """

    rank = 2


@serializable("keras.layers")
class ZeroPadding3D(_ZeroPadding):
    """As `ZeroPadding2D`, for volumes (batch, three spatial axes, channels)."""

    rank = 3


class _Cropping(_Edges):
    def __init__(self, cropping: Edges, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._cropping = self._pairs("cropping", cropping)

    @property
    def cropping(self) -> tuple[Any, ...]:
        """Before and after: a pair, or one for each axis."""
        return self._cropping[0] if self.rank == 1 else self._cropping

    def call(self, inputs: Any) -> Any:
        pairs = self._all_axes(self._cropping)
        if any(sum(pair) >= n for pair, n in zip(pairs, inputs.shape, strict=True) if any(pair)):
            raise error(
                self,
                f"cropping {self.cropping} leaves nothing of an input of shape "
                f"{tuple(inputs.shape)}.",
            )
        return inputs[tuple(slice(before, -after or None) for before, after in pairs)]

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "cropping": self.cropping}
        return config if self.rank == 1 else {**config, "data_format": self.data_format}


@serializable("keras.layers")
class Cropping1D(_Cropping):
    """As `Cropping2D`, for sequences; `cropping` is a number or a pair (before, after)."""

    rank = 1

    def __init__(self, cropping: Edges = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)


@serializable("keras.layers")
class Cropping2D(_Cropping):
    """Cuts off the edges of images.

    Args:
        cropping: how much: one number, one for height and one for width, or a pair
            (before, after) for each.
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'`.

    >>> import thalweg as tw
    >>> tw.layers.Cropping2D(((1, 0), (2, 2)))(tw.ops.ones((1, 5, 7, 1))).shape
    (1, 4, 3, 1)
    """

    rank = 2

    def __init__(
        self, cropping: Edges = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


@serializable("keras.layers")
class Cropping3D(_Cropping):
    """As `Cropping2D`, for volumes (batch, three spatial axes, channels)."""

    rank = 3

    def __init__(
        self,
        cropping: Edges = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
