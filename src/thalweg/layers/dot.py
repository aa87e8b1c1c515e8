"""Dot: sums of products of two inputs, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.layers.arguments import error
from thalweg.layers.merge import Merge
from thalweg.registry import serializable

__all__ = ["Dot", "dot"]


@serializable("keras.layers")
class Dot(Merge):
    """The products of two inputs, summed over one axis of each, for each sample.

    Args:
        axes: the axis to sum over, or a pair with one for each input.
        normalize: whether to divide by the lengths first, which gives the cosine.

    Inputs (batch, ..., n, ...); the output has the other axes of the first, then those of the
    second, and at least (batch, 1).

    >>> import thalweg as tw
    >>> x, y = tw.constant([[1.0, 2.0]]), tw.constant([[3.0, 4.0]])
    >>> tw.layers.Dot(axes=1)([x, y]).numpy()
    array([[11.]], dtype=float32)
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = [axes, axes] if isinstance(axes, int) else list(axes)
        if len(pair) != 2 or not all(isinstance(a, int) for a in pair):
            raise error(self, f"axes must be an integer or two of them, got {axes!r}.")
        self.axes = axes if isinstance(axes, int) else tuple(axes)
        self.normalize = normalize
        self._pair = pair

    def _places(self, ranks: list[int]) -> list[int]:
        return [a % rank for a, rank in zip(self._pair, ranks, strict=True)]

    def _check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        if len(shapes) != 2:
            raise error(self, f"it takes two inputs, got {len(shapes)}.")
        if any(not -len(s) <= a < len(s) for a, s in zip(self._pair, shapes, strict=True)):
            raise error(self, f"axes {self.axes} are out of range for inputs of shapes {shapes}.")
        first, second = (
            s[a] for s, a in zip(shapes, self._places([len(s) for s in shapes]), strict=True)
        )
        if None not in (first, second) and first != second:
            raise error(
                self, f"inputs of shapes {shapes} have different lengths on axes {self.axes}."
            )

    def call(self, inputs: Any) -> Any:
        places = self._places([len(x.shape) for x in inputs])
        if self.normalize:
            inputs = [
                ops.normalize(x, axis=a, order=2, epsilon=1e-12)
                for x, a in zip(inputs, places, strict=True)
            ]
        x, y = inputs
        letters = iter("cdefghijklmnopqrstuvwxyz")
        labels = [
            ["a" if i == 0 else "b" if i == place else next(letters) for i in range(len(t.shape))]
            for t, place in zip(inputs, places, strict=True)
        ]
        kept = [label for row in labels for label in row if label not in "ab"]
        left, right = map("".join, labels)
        found = ops.einsum(f"{left},{right}->a{''.join(kept)}", x, y)
        return found if kept else ops.expand_dims(found, axis=1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """`Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes=axes, **kwargs)(inputs)
