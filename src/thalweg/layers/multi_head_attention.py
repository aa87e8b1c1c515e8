"""MultiHeadAttention: several attentions side by side (Vaswani et al., arXiv:1706.03762)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.layers.arguments import positive
from thalweg.layers.einsum_dense import EinsumDense
from thalweg.layers.headed_attention import HeadedAttention
from thalweg.registry import serializable

__all__ = ["MultiHeadAttention"]


@serializable("keras.layers")
class MultiHeadAttention(HeadedAttention):
    """Each query becomes a mean of the values, weighted by how well their keys fit.

    For each head `softmax(query @ key^T / sqrt(key_dim)) @ value`, with query, key and value
    projected by kernels of the head; a last kernel brings the heads together.

    Args:
        num_heads: how many attentions run side by side.
        key_dim: the length of a projected query and key.
        value_dim: the length of a projected value; by default `key_dim`.
        dropout: the share of the attention weights to drop while training.
        use_bias: whether the projections have biases.
        output_shape: the length (or lengths) of an output; by default that of a query.
        attention_axes: the axes over which it attends; by default all but the first and last.
        sliding_window: how near key and query must be: less than this many places apart.
        flash_attention: how attention is computed is not a choice here; None or False.
        kernel_initializer: how the kernels start, each with values of its own.
        bias_initializer: how the biases start.
        kernel_regularizer: a penalty on the kernels.
        bias_regularizer: a penalty on the biases.
        activity_regularizer: a penalty on the output.
        kernel_constraint: applied to the kernels after each update.
        bias_constraint: applied to the biases after each update.
        use_gate: whether the attention's result is multiplied by a sigmoid of the query.
        seed: an integer for the same dropout masks each time.

    Called with `query` (batch, targets, dim), `value` (batch, sources, dim) and perhaps `key` (by
    default the value); `attention_mask` (batch, targets, sources) is true where attention is
    allowed, `use_causal_mask=True` hides later sources, and masks that come with the inputs hide
    padding. `return_attention_scores=True` also returns the weights (batch, heads, targets,
    sources).

    >>> import thalweg as tw
    >>> x = tw.ops.ones((2, 5, 8))
    >>> y, scores = tw.layers.MultiHeadAttention(2, 4)(x, x, return_attention_scores=True)
    >>> y.shape, scores.shape
    ((2, 5, 8), (2, 2, 5, 5))
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dropout,
            use_bias,
            sliding_window,
            flash_attention,
            (kernel_initializer, kernel_regularizer, kernel_constraint),
            (bias_initializer, bias_regularizer, bias_constraint),
            activity_regularizer,
            use_gate,
            seed,
            **kwargs,
        )
        self.num_heads = positive(self, "num_heads", num_heads)
        self.key_dim = positive(self, "key_dim", key_dim)
        self.value_dim = positive(self, "value_dim", value_dim or key_dim)
        self._output_shape = _tuple(output_shape)
        self.attention_axes = _tuple(attention_axes)

    def build(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> None:
        self._build_projections(
            (query_shape, value_shape, key_shape),
            (self.num_heads, self.num_heads),
            (self.key_dim, self.value_dim),
            self._output_shape or (query_shape[-1],),
        )

    @property
    def query_dense(self) -> EinsumDense:
        """The layer that projects queries."""
        return self._query_dense

    @property
    def key_dense(self) -> EinsumDense:
        """The layer that projects keys."""
        return self._key_dense

    @property
    def value_dense(self) -> EinsumDense:
        """The layer that projects values."""
        return self._value_dense

    @property
    def output_dense(self) -> EinsumDense:
        """The layer that brings the heads together."""
        return self._output_dense

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "output_shape": self._output_shape,
            "attention_axes": self.attention_axes,
        }


def _tuple(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(value)
