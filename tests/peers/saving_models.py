"""Models built twice from one function, once by each library, for the comparison of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Library = Any
Build = Callable[[Library], Any]

# --- models ---------------------------------------------------------------------------------------


def sequential(k: Library) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            k.Input((6,)),
            layers.Dense(8, activation="relu", kernel_regularizer=k.regularizers.L2(0.01)),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(2, kernel_initializer=k.initializers.HeNormal(seed=3)),
        ],
        name="seq",
    )


def branches(k: Library) -> Any:
    x = k.Input((6,), name="x")
    a = k.layers.Dense(4, activation="tanh", name="left")(x)
    b = k.layers.Dense(4, activation="sigmoid", name="right")(x)
    h = k.layers.Concatenate()([a, b, k.layers.Add()([a, b]), k.layers.Multiply()([a, b])])
    return k.Model(x, k.layers.Dense(2)(h), name="branches")


def shared(k: Library) -> Any:
    a, b = k.Input((6,), name="a"), k.Input((6,), name="b")
    once = k.layers.Dense(6, activation="tanh")
    # Called at several depths.
    h = k.layers.Add()([once(once(a)), once(b)])
    return k.Model([a, b], k.layers.Dense(2)(h))


def nested(k: Library) -> Any:
    inner = k.Sequential([k.Input((6,)), k.layers.Dense(5, activation="relu")], name="inner")
    y = k.Input((5,))
    deep = k.Model(y, k.layers.Dense(6)(y), name="deep")
    x = k.Input((6,))
    return k.Model(x, deep(inner(deep(inner(x)))))


def nested_at_the_end_and_the_start(k: Library) -> Any:
    y = k.Input((6,))
    deep = k.Model(y, [k.layers.Dense(3)(y), k.layers.Dense(6)(y)], name="deep")
    deep(k.Input((6,), name="unused"))
    x = k.Input((6,), name="x")
    c, d = deep(x)
    return k.Model(x, [c, k.layers.Dense(2)(d)])


def operators(k: Library) -> Any:
    x = k.Input((6,))
    h = k.layers.Dense(4)(x)
    h = 1.0 - (h * 2.0 + 1) / 3.0 - x[:, 1:5] ** 2
    h = k.ops.concatenate([h, -x, k.ops.abs(h[:, ::2])], axis=-1)
    return k.Model(x, k.layers.Dense(2)(h))


def operations(k: Library) -> Any:
    ops = k.ops
    x = k.Input((6,))
    h = ops.expand_dims(x, -1)
    h = ops.matmul(h, ops.transpose(h, (0, 2, 1)))
    h = ops.where(h > 0.5, ops.sin(h), ops.clip(h, -1.0, 1.0))
    h = ops.softmax(h, axis=-1) + ops.mean(h, axis=(1, 2), keepdims=True)
    h = ops.reshape(h, (-1, 36))
    h = ops.maximum(h, ops.roll(h, 1, axis=-1))
    a, b = ops.split(h, 2, axis=-1)
    h = ops.stack([ops.relu(a), ops.tanh(b)], axis=1)
    h = ops.einsum("bij,bkj->bik", h, h)
    h = ops.sum(ops.square(h), axis=-1) + ops.max(h, axis=1) + ops.logsumexp(h, axis=2)
    h = ops.take(h, [1, 0, 1], axis=1)
    h = h + ops.cast(ops.cast(h, "int32"), "float32")
    return k.Model(x, ops.tile(ops.pad(h, ((0, 0), (1, 0))), (1, 2)))


def by_name(k: Library) -> Any:
    inputs = {"b": k.Input((6,), name="b"), "a": k.Input((6,), name="a")}
    h = k.layers.Concatenate()([inputs["a"], inputs["b"]])
    return k.Model(inputs, {"two": k.layers.Dense(2)(h), "one": [k.layers.Dense(1)(h), h]})


def masked(k: Library) -> Any:
    x = k.Input((6,), dtype="int32")
    h = k.layers.Embedding(5, 4, mask_zero=True)(x)
    h = k.layers.LSTM(3)(h)
    return k.Model(x, k.layers.Dense(2)(h))


def attention(k: Library) -> Any:
    x = k.Input((6, 4))
    h = k.layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)
    h = k.layers.LayerNormalization()(x + h)
    return k.Model(x, k.layers.GlobalAveragePooling1D()(h))


def mixed(k: Library) -> Any:
    return k.Sequential([k.Input((6,)), k.layers.Dense(4, dtype="mixed_bfloat16")])


def half(k: Library) -> Any:
    return k.Sequential([k.Input((6,)), k.layers.Dense(4, dtype="bfloat16")])


MODELS: list[Build] = [
    sequential,
    branches,
    shared,
    nested,
    nested_at_the_end_and_the_start,
    operators,
    operations,
    by_name,
    masked,
    attention,
    mixed,
    half,
]

# --- layers ---------------------------------------------------------------------------------------

VECTOR, SERIES, IMAGE, VOLUME = (6,), (6, 4), (6, 5, 3), (4, 4, 4, 2)
TOKENS = "tokens"

# Class, arguments, shape of a sample.
LAYERS: list[tuple[str, dict[str, Any], Any]] = [
    ("Activation", {"activation": "gelu"}, VECTOR),
    ("ActivityRegularization", {"l1": 0.1}, VECTOR),
    ("AveragePooling1D", {"pool_size": 2}, SERIES),
    ("AveragePooling2D", {"pool_size": (2, 1), "padding": "same"}, IMAGE),
    ("AveragePooling3D", {"pool_size": 2}, VOLUME),
    ("BatchNormalization", {"momentum": 0.9}, IMAGE),
    ("BatchNormalization", {"scale": False, "center": False}, VECTOR),
    ("CategoryEncoding", {"num_tokens": 7, "output_mode": "multi_hot"}, TOKENS),
    ("Conv1D", {"filters": 3, "kernel_size": 2, "padding": "causal"}, SERIES),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 2}, SERIES),
    ("Conv2D", {"filters": 3, "kernel_size": (2, 3), "activation": "relu"}, IMAGE),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "strides": 2, "use_bias": False}, IMAGE),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 2, "strides": 2}, IMAGE),
    ("Conv3D", {"filters": 3, "kernel_size": 2}, VOLUME),
    ("Cropping1D", {"cropping": 1}, SERIES),
    ("Cropping2D", {"cropping": 1}, IMAGE),
    ("Dense", {"units": 3, "kernel_constraint": "non_neg", "bias_regularizer": "l1"}, SERIES),
    ("DepthwiseConv1D", {"kernel_size": 2}, SERIES),
    ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 2}, IMAGE),
    ("Dropout", {"rate": 0.4, "seed": 3}, VECTOR),
    ("ELU", {}, VECTOR),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 3)}, SERIES),
    ("Embedding", {"input_dim": 7, "output_dim": 3}, TOKENS),
    ("Flatten", {}, IMAGE),
    ("GRU", {"units": 3, "return_sequences": True}, SERIES),
    ("GRU", {"units": 3, "reset_after": False, "dropout": 0.1}, SERIES),
    ("GaussianDropout", {"rate": 0.2}, VECTOR),
    ("GaussianNoise", {"stddev": 0.2}, VECTOR),
    ("GlobalAveragePooling1D", {}, SERIES),
    ("GlobalAveragePooling2D", {"keepdims": True}, IMAGE),
    ("GlobalMaxPooling1D", {}, SERIES),
    ("GlobalMaxPooling2D", {}, IMAGE),
    ("GroupNormalization", {"groups": 2}, SERIES),
    ("Identity", {}, VECTOR),
    ("LSTM", {"units": 3, "go_backwards": True, "recurrent_dropout": 0.1}, SERIES),
    ("LayerNormalization", {"axis": [-2, -1]}, SERIES),
    ("LeakyReLU", {}, VECTOR),
    ("Masking", {"mask_value": 0.5}, SERIES),
    ("MaxPooling1D", {}, SERIES),
    ("MaxPooling2D", {"strides": 1}, IMAGE),
    ("Normalization", {}, VECTOR),
    ("Normalization", {"mean": 2.0, "variance": 4.0}, VECTOR),
    ("Normalization", {"axis": None}, SERIES),
    ("PReLU", {}, VECTOR),
    ("Permute", {"dims": (2, 1)}, SERIES),
    ("RMSNormalization", {}, SERIES),
    ("ReLU", {"max_value": 1.0}, VECTOR),
    ("RepeatVector", {"n": 3}, VECTOR),
    ("Rescaling", {"scale": 0.5, "offset": 1.0}, VECTOR),
    ("Rescaling", {"scale": [1.0, 2.0, 3.0, 4.0]}, SERIES),
    ("Reshape", {"target_shape": (3, -1)}, VECTOR),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 2}, SERIES),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 2}, IMAGE),
    ("SimpleRNN", {"units": 3}, SERIES),
    ("Softmax", {"axis": 1}, SERIES),
    ("SpatialDropout1D", {"rate": 0.2}, SERIES),
    ("UnitNormalization", {}, VECTOR),
    ("UpSampling1D", {}, SERIES),
    ("UpSampling2D", {"size": (1, 2)}, IMAGE),
    ("ZeroPadding1D", {"padding": 1}, SERIES),
    ("ZeroPadding2D", {"padding": (1, 2)}, IMAGE),
]

# Layers of layers, or of several inputs.
LAYERS_OF_LAYERS: dict[str, tuple[Callable[[Library, Any], Any], Any]] = {
    "Add": (lambda k, x: k.layers.Add()([x, x]), VECTOR),
    "AdditiveAttention": (lambda k, x: k.layers.AdditiveAttention()([x, x]), SERIES),
    "Attention": (lambda k, x: k.layers.Attention(use_scale=True)([x, x]), SERIES),
    "Average": (lambda k, x: k.layers.Average()([x, x]), VECTOR),
    "Bidirectional": (
        lambda k, x: k.layers.Bidirectional(k.layers.LSTM(3), merge_mode="sum")(x),
        SERIES,
    ),
    "Bidirectional, two layers": (
        lambda k, x: k.layers.Bidirectional(
            k.layers.GRU(3), backward_layer=k.layers.LSTM(2, go_backwards=True)
        )(x),
        SERIES,
    ),
    "Concatenate": (lambda k, x: k.layers.Concatenate(axis=1)([x, x]), SERIES),
    "Dot": (lambda k, x: k.layers.Dot(axes=1, normalize=True)([x, x]), VECTOR),
    "GroupedQueryAttention": (
        lambda k, x: k.layers.GroupQueryAttention(3, 4, 2)(x, x),
        SERIES,
    ),
    "Maximum": (lambda k, x: k.layers.Maximum()([x, x]), VECTOR),
    "Minimum": (lambda k, x: k.layers.Minimum()([x, x]), VECTOR),
    "MultiHeadAttention": (
        lambda k, x: k.layers.MultiHeadAttention(2, 3, value_dim=2, dropout=0.1)(x, x),
        SERIES,
    ),
    "Multiply": (lambda k, x: k.layers.Multiply()([x, x]), VECTOR),
    "RNN": (
        lambda k, x: k.layers.RNN([k.layers.LSTMCell(3), k.layers.SimpleRNNCell(2)])(x),
        SERIES,
    ),
    "Subtract": (lambda k, x: k.layers.Subtract()([x, x]), VECTOR),
    "TimeDistributed": (lambda k, x: k.layers.TimeDistributed(k.layers.Dense(3))(x), SERIES),
}


def random_values(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(3).normal(size=shape).astype("float32")


def layer_model(name: str, arguments: dict[str, Any], shape: Any) -> Build:
    def build(k: Library) -> Any:
        x = k.Input((6,), dtype="int32") if shape == TOKENS else k.Input(shape)
        layer = getattr(k.layers, name)(**arguments)
        if name == "Normalization" and "mean" not in arguments:
            layer.adapt(random_values((20, *shape)))
        return k.Model(x, layer(x))

    return build


def composed_model(name: str) -> Build:
    make, shape = LAYERS_OF_LAYERS[name]

    def build(k: Library) -> Any:
        x = k.Input(shape)
        return k.Model(x, make(k, x))

    return build


ALL: list[Any] = [pytest.param(build, id=build.__name__) for build in MODELS]
ALL += [pytest.param(layer_model(*case), id=f"{case[0]}-{i}") for i, case in enumerate(LAYERS)]
ALL += [pytest.param(composed_model(name), id=name) for name in LAYERS_OF_LAYERS]
