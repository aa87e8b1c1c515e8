"""Small models of all kinds with data: what training steps really trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import thalweg as tw
from thalweg.primitives.graph import Graph, trace
from thalweg.tensor.tree import flatten, pack
from thalweg.tracing.state import functionalize, present_values

layers, losses, metrics = tw.layers, tw.losses, tw.metrics
ROWS = 8
_RANDOM = np.random.default_rng(7)


@dataclass(frozen=True)
class Case:
    """A model, what it is compiled with, and data of `ROWS` samples."""

    make: Callable[[], Any]
    data: tuple[Any, ...]
    compile: Callable[[], dict[str, Any]]


def _floats(*shape: int) -> Any:
    return _RANDOM.standard_normal((ROWS, *shape)).astype(np.float32)


def _labels(classes: int, *shape: int) -> Any:
    return _RANDOM.integers(0, classes, (ROWS, *shape))


def _one_hot(classes: int) -> Any:
    return np.eye(classes, dtype=np.float32)[_labels(classes)]


def _sequential(*stack: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: tw.Sequential([make() for make in stack])


def _attention() -> Any:
    x = tw.Input((6, 8))
    y = layers.MultiHeadAttention(2, 4, dropout=0.1)(x, x, use_causal_mask=True)
    y = layers.LayerNormalization()(y + x)
    y = layers.Dropout(0.1)(layers.Dense(8, "gelu")(y))
    return tw.Model(x, layers.Dense(5)(y))


def _crossentropy() -> Any:
    return losses.SparseCategoricalCrossentropy(from_logits=True)


CASES: dict[str, Case] = {
    "dense": Case(
        _sequential(
            lambda: tw.Input((13,)),
            lambda: layers.Dense(16, "sigmoid", kernel_regularizer="l2"),
            lambda: layers.Dense(1),
        ),
        (_floats(13), _floats(1), _floats() ** 2),
        lambda: {
            "optimizer": tw.optimizers.SGD(0.01, momentum=0.9),
            "loss": "mse",
            "weighted_metrics": ["mae"],
        },
    ),
    "convolution": Case(
        _sequential(
            lambda: tw.Input((8, 8, 2)),
            lambda: layers.Conv2D(4, 3, activation="relu"),
            lambda: layers.MaxPooling2D(),
            lambda: layers.Flatten(),
            lambda: layers.Dropout(0.2),
            lambda: layers.BatchNormalization(),
            lambda: layers.Dense(10, "softmax"),
        ),
        (_floats(8, 8, 2), _labels(10)),
        lambda: {
            "optimizer": "adam",
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy", metrics.SparseTopKCategoricalAccuracy(3)],
        },
    ),
    "depthwise": Case(
        _sequential(
            lambda: tw.Input((8, 8, 2)),
            lambda: layers.Conv2D(4, 3, strides=2, padding="same"),
            lambda: layers.DepthwiseConv2D(3, padding="same"),
            lambda: layers.AveragePooling2D(2),
            lambda: layers.GlobalAveragePooling2D(),
            lambda: layers.Dense(3, "softmax"),
        ),
        (_floats(8, 8, 2), _one_hot(3)),
        lambda: {
            "optimizer": "rmsprop",
            "loss": "categorical_crossentropy",
            "metrics": [metrics.AUC(num_thresholds=20), metrics.F1Score()],
        },
    ),
    "lstm": Case(
        _sequential(
            lambda: tw.Input((6, 4)),
            lambda: layers.LSTM(8, dropout=0.2, recurrent_dropout=0.1),
            lambda: layers.Dense(10),
        ),
        (_floats(6, 4), _labels(10)),
        lambda: {"optimizer": "adamw", "loss": _crossentropy()},
    ),
    "bidirectional": Case(
        _sequential(
            lambda: tw.Input((6, 4)),
            lambda: layers.Bidirectional(layers.GRU(8, return_sequences=True)),
            lambda: layers.SimpleRNN(4),
            lambda: layers.Dense(1),
        ),
        (_floats(6, 4), _floats(1)),
        lambda: {"optimizer": "nadam", "loss": "huber"},
    ),
    "embedding": Case(
        _sequential(
            lambda: tw.Input((6,), dtype="int32"),
            lambda: layers.Embedding(11, 4, mask_zero=True),
            lambda: layers.LSTM(5),
            lambda: layers.Dense(1, "sigmoid"),
        ),
        (_labels(11, 6), _labels(2, 1).astype(np.float32)),
        lambda: {
            "optimizer": tw.optimizers.Adamax(0.01),
            "loss": "binary_crossentropy",
            "metrics": ["accuracy"],
        },
    ),
    "attention": Case(
        _attention,
        (_floats(6, 8), _labels(5, 6)),
        lambda: {
            "optimizer": tw.optimizers.Adam(clipnorm=1.0, gradient_accumulation_steps=2),
            "loss": _crossentropy(),
            "metrics": ["accuracy"],
        },
    ),
}


def step_graph(model: Any, data: tuple[Any, ...], mode: str = "train") -> tuple[Graph, list[Any]]:
    """A step as a graph of (state, data) to (new state, outputs), and the state's values."""
    variables = model._state_variables()
    pure = functionalize(getattr(model, f"{mode}_step"), variables)
    values = present_values(variables)
    count = len(values)

    def flat(*tensors: Any) -> list[Any]:
        try:
            outputs, new = pure(tensors[:count], pack(data, list(tensors[count:])))
        finally:
            model._clear_losses()
        return [*new, *(tw.convert_to_tensor(y) for y in flatten(outputs))]

    return trace(flat, [*values, *map(tw.convert_to_tensor, data)]), values


def ready(name: str) -> tuple[Any, tuple[Any, ...]]:
    """A compiled model that has taken a step, and its data."""
    case = CASES[name]
    tw.utils.set_random_seed(3)
    model = case.make()
    model.compile(**case.compile())
    model.train_on_batch(*case.data)
    return model, case.data
