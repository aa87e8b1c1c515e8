"""What attention layers with heads share: projections, masks, and the attention itself."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

from thalweg import ops, random, regularizers
from thalweg.initializers import Initializer
from thalweg.layers.arguments import error, positive, rate_of, refuse
from thalweg.layers.einsum_dense import EinsumDense
from thalweg.layers.layer import Layer
from thalweg.layers.weights import set_weight_options, weight_config, weight_options

__all__ = ["HeadedAttention", "Shape"]

Shape = Sequence[int | None]


class HeadedAttention(Layer):
    """Projects query, key and value for each head, attends, and brings the heads together."""

    attention_axes: tuple[int, ...] | None = None
    # Saved weights are found by the names of these attributes, which are Keras's.
    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _gate_dense: EinsumDense
    _value_dense: EinsumDense
    _output_dense: EinsumDense

    def __init__(
        self,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        kernel: tuple[Any, Any, Any],
        bias: tuple[Any, Any, Any],
        activity_regularizer: Any,
        use_gate: bool,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse(self, flash_attention=flash_attention)
        self.dropout = rate_of(self, "dropout", dropout)
        self.use_bias = use_bias
        self.sliding_window = (
            None if sliding_window is None else positive(self, "sliding_window", sliding_window)
        )
        self.use_gate = use_gate
        set_weight_options(self, kernel=kernel, bias=bias)
        # As in Keras it is the projections' outputs that are penalised.
        self._activity_regularizer = regularizers.get(activity_regularizer)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    # --- building -----------------------------------------------------------------------------

    def _build_projections(
        self,
        shapes: tuple[Shape, Shape | None, Shape | None],
        heads: tuple[int, int],
        sizes: tuple[int, int],
        output_shape: Shape,
    ) -> None:
        """The layers of query, key, value and output.

        Args:
            shapes: of query, value (None: as the query) and key (None: as the value).
            heads: how many for queries, and for keys and values.
            sizes: the lengths of a key and of a value.
            output_shape: the last lengths of the output.
        """
        query_shape = shapes[0]
        value_shape = shapes[1] or query_shape
        key_shape = shapes[2] or value_shape
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise error(
                self,
                "value and key must have the same axes between batch and features, got shapes "
                f"{tuple(value_shape)} and {tuple(key_shape)}.",
            )
        self._query_dense = self._projection("query", query_shape, (heads[0], sizes[0]))
        self._key_dense = self._projection("key", key_shape, (heads[1], sizes[0]))
        if self.use_gate:
            self._gate_dense = self._projection(
                "gate", query_shape, (heads[0], sizes[1]), activation="sigmoid"
            )
        self._value_dense = self._projection("value", value_shape, (heads[1], sizes[1]))
        self._output_dense = self._projection(
            "attention_output",
            (*query_shape[:-1], heads[0], sizes[1]),
            output_shape,
            contracted=2,
        )

    def _projection(
        self,
        name: str,
        input_shape: Shape,
        output_shape: Shape,
        contracted: int = 1,
        activation: Any = None,
    ) -> EinsumDense:
        """A layer that exchanges the last `contracted` axes for those of `output_shape`."""
        letters = iter(string.ascii_lowercase)
        free = "".join(next(letters) for _ in input_shape[:-contracted])
        inner = "".join(next(letters) for _ in range(contracted))
        outer = "".join(next(letters) for _ in output_shape)
        layer = EinsumDense(
            f"{free}{inner},{inner}{outer}->{free}{outer}",
            output_shape=(*[None] * (len(free) - 1), *output_shape),
            activation=activation,
            bias_axes=outer if self.use_bias else None,
            activity_regularizer=self._activity_regularizer,
            dtype=self.dtype_policy,
            name=name,
            **self._options_for("kernel"),
            **self._options_for("bias"),
        )
        layer.build(input_shape)
        return layer

    def _options_for(self, weight: str) -> dict[str, Any]:
        options = weight_options(self, weight)
        # One initializer object gives the same values at every call.
        if isinstance(options["initializer"], Initializer):
            options["initializer"] = options["initializer"].clone()
        return {f"{weight}_{part}": option for part, option in options.items()}

    # --- calling ------------------------------------------------------------------------------

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        key = value if key is None else key
        if len({len(x.shape) for x in (query, value, key)}) > 1:
            raise error(
                self,
                "query, value and key must have the same number of axes, got shapes "
                f"{tuple(query.shape)}, {tuple(value.shape)} and {tuple(key.shape)}.",
            )
        lengths = query.shape[1], value.shape[1]
        mask = self._mask(lengths, query_mask, (value_mask, key_mask), attention_mask)
        q, k, v = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        # Where a query may see nothing (only a mask can do that) the two ways differ, and Keras's
        # choice does not depend on training.
        same = self.dropout == 0 or (not training and mask is None)
        if same and not return_attention_scores and len(q.shape) == 4:
            context, scores = self._plain(q, k, v, mask, use_causal_mask), None
        else:
            if use_causal_mask:
                past = self._behind(lengths) >= 0
                mask = past if mask is None else ops.logical_and(mask, past)
            context, scores = self._general(q, k, v, mask, training)
        if self.use_gate:
            context = context * self._gate_dense(query)
        output = self._output_dense(context)
        return (output, scores) if return_attention_scores else output

    def _mask(
        self,
        lengths: tuple[int, int],
        query_mask: Any,
        source_masks: Sequence[Any],
        attention_mask: Any,
    ) -> Any:
        """What is hidden besides the future, as one mask (batch or 1, targets or 1, sources)."""
        masks = [] if attention_mask is None else [ops.cast(attention_mask, "bool")]
        if query_mask is not None:
            masks.append(ops.expand_dims(ops.cast(query_mask, "bool"), -1))
        masks.extend(
            ops.expand_dims(ops.cast(m, "bool"), -2) for m in source_masks if m is not None
        )
        if self.sliding_window is not None:
            masks.append(ops.absolute(self._behind(lengths)) < self.sliding_window)
        found = None
        for mask in masks:
            found = mask if found is None else ops.logical_and(found, mask)
        return found

    def _behind(self, lengths: tuple[int, int]) -> Any:
        """How far each source lies behind each target (1, targets, sources)."""
        rows = ops.reshape(ops.arange(lengths[0]), (1, -1, 1))
        return rows - ops.reshape(ops.arange(lengths[1]), (1, 1, -1))

    def _plain(self, q: Any, k: Any, v: Any, mask: Any, causal: bool) -> Any:
        """Attention over one axis; a query that may see nothing gets the mean of all values."""
        if mask is not None:
            for _ in range(4 - len(mask.shape)):
                mask = ops.expand_dims(mask, axis=-3)
        return ops.dot_product_attention(q, k, v, mask=mask, is_causal=causal)

    def _general(self, q: Any, k: Any, v: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        """Attention over any axes, its weights with them; who may see nothing gets zeros."""
        # A head of keys and values may serve several heads of queries.
        times = q.shape[-2] // k.shape[-2]
        if times > 1:
            k, v = ops.repeat(k, times, axis=-2), ops.repeat(v, times, axis=-2)
        rank = len(q.shape)
        axes = self.attention_axes or tuple(range(1, rank - 2))
        # Axes count in the input, which has one axis for heads and features.
        axes = tuple(a % (rank - 1) for a in axes)
        target, source = string.ascii_lowercase[:rank], string.ascii_lowercase[:rank]
        for a in axes:
            source = source.replace(target[a], string.ascii_uppercase[a])
        batch = "".join(t for i, t in enumerate(target[:-1]) if i not in axes)
        attended = "".join(target[a] for a in axes) + "".join(source[a] for a in axes)
        weights = batch + attended

        q = ops.multiply(q, ops.cast(1 / math.sqrt(q.shape[-1]), q.dtype))
        scores = ops.einsum(f"{source},{target}->{weights}", k, q)
        over = tuple(range(-len(axes), 0))
        if mask is None:
            scores = ops.softmax(scores, axis=over)
        else:
            for _ in range(len(scores.shape) - len(mask.shape)):
                mask = ops.expand_dims(mask, axis=-2 * len(axes) - 1)
            lowest = -3e4 if scores.dtype.name == "float16" else -1e9
            scores = ops.softmax(ops.where(mask, scores, lowest), axis=over)
            scores = ops.where(mask, scores, 0.0)
        dropped = scores
        if training and self.dropout > 0:
            dropped = random.dropout(scores, self.dropout, seed=self.seed_generator)
        return ops.einsum(f"{weights},{source}->{target}", dropped, v), scores

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "use_gate": self.use_gate,
            "sliding_window": self.sliding_window,
            **weight_config(self, "kernel", "bias"),
            "activity_regularizer": regularizers.serialize(self._activity_regularizer),
            "seed": self.seed,
        }
