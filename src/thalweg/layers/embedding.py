"""Embedding: a vector for each integer."""

from __future__ import annotations

from typing import Any

from thalweg import ops, regularizers
from thalweg.layers.arguments import check_labels, positive, refuse
from thalweg.layers.layer import Layer
from thalweg.layers.weights import set_weight_options, weight_config, weight_options
from thalweg.registry import serializable
from thalweg.tensor.dtypes import is_integer
from thalweg.tensor.variable import Variable

__all__ = ["Embedding"]


@serializable("keras.layers")
class Embedding(Layer):
    """`embeddings[inputs]`: row i of a trained table for each integer i.

    Args:
        input_dim: the number of rows; inputs are from 0 to `input_dim - 1`.
        output_dim: the length of a row.
        embeddings_initializer: how the table starts.
        embeddings_regularizer: a penalty on the table.
        embeddings_constraint: applied to the table after each update.
        mask_zero: whether 0 stands for padding, which the layers after this one skip.
        weights: a table to start from.
        lora_rank: not supported, nor are `lora_alpha` and `quantization_config`.

    Input (batch, ...) of integers, output (batch, ..., output_dim).

    >>> import numpy as np, thalweg as tw
    >>> layer = tw.layers.Embedding(3, 2, weights=np.array([[0, 1], [2, 3], [4, 5]]))
    >>> layer(tw.constant([[2, 0]])).numpy()
    array([[[4., 5.],
            [0., 1.]]], dtype=float32)
    """

    embeddings: Variable

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse(
            self,
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            quantization_config=quantization_config,
        )
        self.input_dim = positive(self, "input_dim", input_dim)
        self.output_dim = positive(self, "output_dim", output_dim)
        set_weight_options(
            self,
            embeddings=(embeddings_initializer, embeddings_regularizer, embeddings_constraint),
        )
        self.mask_zero = mask_zero
        self.autocast = False  # a float may hold an index that half precision cannot
        self.supports_masking = mask_zero
        if weights is not None:
            self.build(None)
            self.set_weights(weights if isinstance(weights, (list, tuple)) else [weights])

    def build(self, input_shape: Any) -> None:
        if not self.built:
            self.embeddings = self.add_weight(
                (self.input_dim, self.output_dim),
                name="embeddings",
                **weight_options(self, "embeddings"),
            )

    def call(self, inputs: Any) -> Any:
        if not is_integer(inputs.dtype):
            inputs = ops.cast(inputs, "int32")
        check_labels(self, "input_dim", inputs, self.input_dim)
        return ops.cast(ops.take(self.embeddings, inputs, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            **weight_config(self, "embeddings"),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }
