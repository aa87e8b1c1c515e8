"""The models of the workloads through the Keras API, in Thalweg and in Keras by the same code."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from benchmarks.workloads import BLOCKS, HEADS, LENGTH, TOKENS, WIDTH, Workload

_LOSSES = {"mae": "mean_absolute_error", "mse": "mean_squared_error"}
_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}


def model(workload: Workload, keras: ModuleType) -> Any:
    """The model of a workload, not yet compiled.

    Args:
        workload: which.
        keras: `thalweg` or `keras`.
    """
    layers = keras.layers
    if workload.name == "gpt":
        return _gpt(keras)
    if workload.name == "cnn":
        inner = [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    elif workload.name == "lstm":
        inner = [layers.LSTM(128), layers.Dense(10)]
    else:
        *hidden, last = workload.units[1:]
        inner = [layers.Dense(n, activation=workload.activation) for n in hidden]
        inner.append(layers.Dense(last))
    return keras.Sequential([keras.Input(workload.shape), *inner])


def loss(workload: Workload, keras: ModuleType) -> Any:
    """What `compile` takes as the loss."""
    if workload.loss == "cross-entropy":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return _LOSSES[workload.loss]


def optimizer(workload: Workload, keras: ModuleType) -> Any:
    """The optimizer."""
    return getattr(keras.optimizers, _OPTIMIZERS[workload.optimizer])(workload.learning_rate)


def _gpt(keras: ModuleType) -> Any:
    layers = keras.layers

    class Positions(layers.Layer):
        """Adds a learned vector for each position."""

        def build(self, input_shape: Any) -> None:
            self.table = self.add_weight(shape=(LENGTH, WIDTH), initializer="uniform", name="table")

        def call(self, x: Any) -> Any:
            return x + self.table

    def gelu(x: Any) -> Any:
        return keras.activations.gelu(x, approximate=True)

    tokens = keras.Input((LENGTH,), dtype="int32")
    x = Positions()(layers.Embedding(TOKENS, WIDTH)(tokens))
    for _ in range(BLOCKS):
        inner = layers.LayerNormalization(epsilon=1e-5)(x)
        attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS)
        x = x + attention(inner, inner, use_causal_mask=True)
        inner = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.Dense(WIDTH)(layers.Dense(4 * WIDTH, activation=gelu)(inner))
    logits = layers.Dense(TOKENS)(layers.LayerNormalization(epsilon=1e-5)(x))
    return keras.Model(tokens, logits)
