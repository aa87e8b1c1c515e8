"""CategoryEncoding: integers that name a category as vectors of zeros and ones."""

from __future__ import annotations

from typing import Any

from thalweg import ops
from thalweg.layers.arguments import check_labels, error, one_of, positive, refuse
from thalweg.layers.layer import Layer
from thalweg.registry import serializable

__all__ = ["CategoryEncoding"]


@serializable("keras.layers")
class CategoryEncoding(Layer):
    """One-hot, multi-hot or counted categories.

    Args:
        num_tokens: the number of categories; inputs are from 0 to `num_tokens - 1`.
        output_mode: `'one_hot'`: each integer becomes a vector (an axis of length 1 at the end
            is replaced by it); `'multi_hot'`: the integers of the last axis together become one
            vector with ones in their places; `'count'`: with how often each occurs.
        sparse: not supported.

    Called with `count_weights=` of the inputs' shape, `'count'` adds up weights instead of ones.

    >>> import thalweg as tw
    >>> tw.layers.CategoryEncoding(4)(tw.constant([[0, 2], [1, 1]])).numpy()
    array([[1., 0., 1., 0.],
           [0., 1., 0., 0.]], dtype=float32)
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse(self, sparse=sparse)
        self.num_tokens = positive(self, "num_tokens", num_tokens)
        self.output_mode = one_of(self, "output_mode", output_mode, _MODES)
        self.autocast = False  # a float may hold a label that half precision cannot

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise error(self, f"count_weights need output_mode='count', got {self.output_mode!r}.")
        check_labels(self, "num_tokens", inputs, self.num_tokens)
        x = ops.cast(inputs, "int32")
        if self.output_mode == "one_hot" and len(x.shape) > 1 and x.shape[-1] == 1:
            x = ops.squeeze(x, axis=-1)
        hot = ops.one_hot(x, self.num_tokens, dtype=self.compute_dtype)
        if self.output_mode == "one_hot" or not x.shape:
            return hot
        if self.output_mode == "multi_hot":
            return ops.max(hot, axis=-2)
        if count_weights is not None:
            hot = hot * ops.expand_dims(ops.cast(count_weights, self.compute_dtype), axis=-1)
        return ops.sum(hot, axis=-2)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_tokens": self.num_tokens,
            "output_mode": self.output_mode,
        }


_MODES = ("one_hot", "multi_hot", "count")
