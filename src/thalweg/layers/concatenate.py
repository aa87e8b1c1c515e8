"""Concatenate: several inputs one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.layers.arguments import error
from thalweg.layers.merge import Merge
from thalweg.registry import serializable

__all__ = ["Concatenate", "concatenate"]


@serializable("keras.layers")
class Concatenate(Merge):
    """Its inputs joined along an axis; their other axes must have the same lengths.

    Args:
        axis: the axis along which they are joined.

    >>> import thalweg as tw
    >>> tw.layers.Concatenate()([tw.constant([[1.0]]), tw.constant([[2.0, 3.0]])]).numpy()
    array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def _check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        rank = len(shapes[0])
        if not -rank <= self.axis < rank:
            raise error(self, f"axis {self.axis} is out of range for inputs of shapes {shapes}.")
        others = [(*s[: self.axis % rank], *s[self.axis % rank + 1 :]) for s in shapes]
        if {len(s) for s in shapes} != {rank} or any(
            len({n for n in lengths if n is not None}) > 1 for lengths in zip(*others, strict=True)
        ):
            raise error(
                self,
                f"inputs of shapes {shapes} cannot be joined along axis {self.axis}, because "
                "their other axes differ.",
            )

    def call(self, inputs: Any) -> Any:
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks joined likewise; an input without one counts everywhere."""
        if previous_mask is None or all(m is None for m in previous_mask):
            return None
        masks = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            whole = ops.ones_like(x, dtype="bool")
            if mask is not None:
                for _ in range(len(x.shape) - len(mask.shape)):
                    mask = ops.expand_dims(mask, axis=-1)
                whole = ops.logical_and(whole, mask)
            masks.append(whole)
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
