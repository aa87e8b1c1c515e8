"""Attention without projections: Attention (dot products) and AdditiveAttention."""

from __future__ import annotations

from typing import Any

from thalweg import ops, random
from thalweg.layers.arguments import error, known_length, one_of, rate_of
from thalweg.layers.layer import Layer
from thalweg.registry import serializable
from thalweg.tensor.variable import Variable

__all__ = ["AdditiveAttention", "Attention"]


class _Attention(Layer):
    """What both share: how scores become weights, and weights a result."""

    scale: Variable | None

    def __init__(self, use_scale: bool, dropout: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.dropout = rate_of(self, "dropout", dropout)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def _check(self, inputs: Any) -> None:
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise error(self, "its input must be a list [query, value] or [query, value, key].")

    def _scores(self, query: Any, key: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define _scores().")

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        self._check(inputs)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) == 3 else value
        query_mask, value_mask = mask[:2] if mask else (None, None)
        # Where a query may see nothing, what Keras gives comes from how numbers less 1e9 round, so
        # masks are applied here as they are there.
        whole = value_mask is None and not return_attention_scores
        if whole and not (training and self.dropout > 0):
            result = self._fused(query, key, value, use_causal_mask)
            if result is not None:
                return self._hidden(result, query_mask)
        scores = self._scores(query, key)
        visible = None if value_mask is None else ops.expand_dims(value_mask, axis=-2)
        if use_causal_mask:
            rows = ops.reshape(ops.arange(scores.shape[-2]), (1, -1, 1))
            causal = rows >= ops.reshape(ops.arange(scores.shape[-1]), (1, 1, -1))
            visible = causal if visible is None else ops.logical_and(visible, causal)
        if visible is not None:
            far = 65504.0 if scores.dtype.name == "float16" else 1e9
            scores = ops.where(visible, scores, scores - far)
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        result = self._hidden(ops.matmul(weights, value), query_mask)
        return (result, weights) if return_attention_scores else result

    def _fused(self, query: Any, key: Any, value: Any, causal: bool) -> Any:
        """The result without its weights, where there is an operation for it; else None."""
        return None

    def _hidden(self, result: Any, query_mask: Any) -> Any:
        if query_mask is None:
            return result
        return ops.where(ops.expand_dims(query_mask, axis=-1), result, 0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask[0] if previous_mask else None


@serializable("keras.layers")
class Attention(_Attention):
    """`softmax(scores) @ value`, with scores from the dot products of query and key.

    Args:
        use_scale: whether the scores are multiplied by a trained number.
        score_mode: `'dot'`: `query @ key^T`; `'concat'`: a trained number times
            `sum(tanh(query + key))`.
        dropout: the share of the weights to drop while training.
        seed: an integer for the same dropout masks each time.

    Called on a list: query (batch, targets, dim), value (batch, sources, dim), and perhaps key
    (batch, sources, dim), by default the value.

    >>> import thalweg as tw
    >>> tw.layers.Attention()([tw.ops.ones((2, 3, 4)), tw.ops.ones((2, 5, 4))]).shape
    (2, 3, 4)
    """

    concat_score_weight: Variable | None

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(use_scale, dropout, seed, **kwargs)
        self.score_mode = one_of(self, "score_mode", score_mode, ("dot", "concat"))

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        self.concat_score_weight = (
            self.add_weight((), "ones", name="concat_score_weight")
            if self.score_mode == "concat"
            else None
        )

    def _scores(self, query: Any, key: Any) -> Any:
        if self.concat_score_weight is None:
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else scores * self.scale
        sums = ops.expand_dims(query, axis=-2) + ops.expand_dims(key, axis=-3)
        if self.scale is not None:
            sums = sums * self.scale
        return self.concat_score_weight * ops.sum(ops.tanh(sums), axis=-1)

    def _fused(self, query: Any, key: Any, value: Any, causal: bool) -> Any:
        if self.concat_score_weight is not None or len(query.shape) != 3:
            return None
        if self.scale is not None:
            query = query * self.scale
        q, k, v = (ops.expand_dims(x, axis=2) for x in (query, key, value))
        return ops.squeeze(ops.dot_product_attention(q, k, v, scale=1.0, is_causal=causal), axis=2)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }


@serializable("keras.layers")
class AdditiveAttention(_Attention):
    """`softmax(scores) @ value`, with scores `sum(scale * tanh(query + key))` (arXiv:1409.0473).

    Args:
        use_scale: whether the features have trained factors.
        dropout: the share of the weights to drop while training.

    Called as `Attention`.
    """

    def __init__(
        self,
        use_scale: bool = True,
        dropout: float = 0.0,
        *,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(use_scale, dropout, seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        self.scale = None
        if self.use_scale:
            dim = known_length(self, input_shape[0])
            self.scale = self.add_weight((dim,), "glorot_uniform", name="scale")

    def _scores(self, query: Any, key: Any) -> Any:
        sums = ops.tanh(ops.expand_dims(query, axis=-2) + ops.expand_dims(key, axis=-3))
        return ops.sum(sums if self.scale is None else self.scale * sums, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "dropout": self.dropout,
            "seed": self.seed,
        }
