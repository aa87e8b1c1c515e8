"""GroupedQueryAttention: heads of queries that share keys and values (arXiv:2305.13245)."""

from __future__ import annotations

from typing import Any

from thalweg.layers.arguments import error, positive
from thalweg.layers.headed_attention import HeadedAttention
from thalweg.registry import serializable

__all__ = ["GroupedQueryAttention"]


@serializable("keras.layers", name="GroupQueryAttention")
class GroupedQueryAttention(HeadedAttention):
    """As `MultiHeadAttention`, with fewer heads of keys and values than of queries.

    Args:
        head_dim: the length of a projected query, key and value.
        num_query_heads: how many heads the queries have, a multiple of `num_key_value_heads`.
        num_key_value_heads: how many heads keys and values have.
        dropout: the share of the attention weights to drop while training.
        use_bias: whether the projections have biases.
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

    >>> import thalweg as tw
    >>> x = tw.ops.ones((2, 5, 8))
    >>> tw.layers.GroupQueryAttention(4, num_query_heads=4, num_key_value_heads=2)(x, x).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
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
        self.head_dim = positive(self, "head_dim", head_dim)
        self.num_query_heads = positive(self, "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive(self, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise error(
                self,
                f"num_query_heads must be a multiple of num_key_value_heads={num_key_value_heads}, "
                f"got {num_query_heads}.",
            )

    def build(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> None:
        self._build_projections(
            (query_shape, value_shape, key_shape),
            (self.num_query_heads, self.num_key_value_heads),
            (self.head_dim, self.head_dim),
            (query_shape[-1],),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
        }
