"""Files go both ways: what Keras 3 writes is read here, and Keras reads what is written here.

Every model is built twice from one function, once by each library.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import thalweg as tw
from thalweg.naming import clear_names

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:keras")]

keras = pytest.importorskip("keras")

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


# --- comparing ------------------------------------------------------------------------------------


def random_values(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(3).normal(size=shape).astype("float32")


def data_for(model: Any, rows: int = 4) -> Any:
    """Inputs in the model's own structure."""

    def one(x: Any) -> Any:
        if np.dtype(str(getattr(x.dtype, "name", x.dtype))).kind == "i":
            return np.random.default_rng(2).integers(0, 5, (rows, *x.shape[1:])).astype("int32")
        return random_values((rows, *x.shape[1:]))

    inputs = model.input
    if isinstance(inputs, dict):
        return {key: one(x) for key, x in inputs.items()}
    return [one(x) for x in inputs] if isinstance(inputs, (list, tuple)) else one(inputs)


def leaves(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in leaves(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in leaves(item)]
    return [np.asarray(structure, dtype="float32")]


def same_outputs(ours: Any, theirs: Any, tolerance: float = 1e-5) -> None:
    data = data_for(ours)
    a, b = leaves(ours(data)), leaves(theirs(data))
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


def same_values(first: Any, second: Any, tolerance: float = 0.0) -> None:
    assert len(first) == len(second)
    for x, y in zip(first, second, strict=True):
        x, y = np.asarray(x.numpy()), np.asarray(y.numpy())
        assert x.shape == y.shape
        np.testing.assert_allclose(
            x.astype("float64"), y.astype("float64"), rtol=tolerance, atol=tolerance
        )


def built_by(k: Library, build: Build) -> Any:
    """Build a model with names that count from the beginning."""
    keras.utils.clear_session()
    clear_names()
    return build(k)


def without_numbers(config: Any) -> Any:
    """Keras numbers shared objects by their address, and knows of sharing that means nothing."""
    if isinstance(config, dict):
        return {k: without_numbers(v) for k, v in config.items() if k != "shared_object_id"}
    return [without_numbers(v) for v in config] if isinstance(config, list) else config


def config_of(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        return without_numbers(json.loads(archive.read("config.json")))


def tree_of(path: Path) -> dict[str, Any]:
    """Groups with their attributes, arrays with shape and dtype."""
    found: dict[str, Any] = {}

    def visit(name: str, thing: Any) -> None:
        kind = (thing.shape, thing.dtype.str) if isinstance(thing, h5py.Dataset) else None
        found[name] = (kind, dict(thing.attrs))

    with (
        zipfile.ZipFile(path) as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(visit)
    return {name: thing for name, thing in found.items() if not name.startswith("_thalweg")}


# --- tests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", ALL)
def test_keras_to_thalweg_and_back(build: Build, tmp_path: Path):
    theirs = built_by(keras, build)
    theirs.save(tmp_path / "theirs.keras")
    ours = tw.saving.load_model(tmp_path / "theirs.keras")
    same_values(ours.weights, theirs.weights)
    same_outputs(ours, theirs, 2e-2 if build in (mixed, half) else 1e-5)
    ours.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    same_values(again.weights, theirs.weights)
    same_outputs(ours, again, 2e-2 if build in (mixed, half) else 1e-5)


@pytest.mark.parametrize("build", ALL)
def test_thalweg_to_keras(build: Build, tmp_path: Path):
    ours = built_by(tw, build)
    ours.save(tmp_path / "ours.keras")
    theirs = keras.saving.load_model(tmp_path / "ours.keras")
    same_values(theirs.weights, ours.weights)
    same_outputs(ours, theirs, 2e-2 if build in (mixed, half) else 1e-5)
    ours.save_weights(tmp_path / "ours.weights.h5")
    theirs.load_weights(tmp_path / "ours.weights.h5")
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    same_values(theirs.weights, ours.weights)


# What differs on purpose, and changes nothing of what the model does.
UNLIKE = {
    "nested",  # Keras counts a name for a model that was given one
    "operators",  # x / y and abs(x) have two names each in Keras
    "operations",  # defaults that are written or not
    "attention",  # an axis as a number or as a list; the value given by position or by name
    "MultiHeadAttention",
    "GroupedQueryAttention",
}


def alike(config: Any) -> Any:
    """A configuration without what only informs.

    Keras writes `mask=None` and `training=False` into calls, numbers rounded to float32, the
    shapes of some layers that have no weights, and the batch length of the data given to `adapt`.
    """
    if isinstance(config, dict):
        found = {key: alike(value) for key, value in config.items() if key != "build_config"}
        for call in found.get("inbound_nodes", ()):
            kwargs = call["kwargs"].items()
            call["kwargs"] = {
                key: value
                for key, value in kwargs
                if value is not None and (key, value) != ("training", False)
            }
        if found.get("class_name") == "RMSNormalization":
            found["config"].pop("axis")
        return found
    if isinstance(config, list):
        return [alike(value) for value in config]
    return float(np.float32(config)) if isinstance(config, float) else config


@pytest.mark.parametrize("build", [case for case in ALL if case.id not in UNLIKE])
def test_the_files_are_alike(build: Build, tmp_path: Path):
    built_by(keras, build).save(tmp_path / "theirs.keras")
    built_by(tw, build).save(tmp_path / "ours.keras")
    assert alike(config_of(tmp_path / "ours.keras")) == alike(config_of(tmp_path / "theirs.keras"))
    assert tree_of(tmp_path / "ours.keras") == tree_of(tmp_path / "theirs.keras")


# --- training that goes on in the other library ---------------------------------------------------


def regressor(k: Library) -> Any:
    return k.Sequential(
        [
            k.Input((6,)),
            k.layers.Dense(8, activation="tanh", kernel_constraint=k.constraints.MaxNorm(1.0)),
            k.layers.BatchNormalization(),
            k.layers.Dense(2),
        ]
    )


OPTIMIZERS: dict[str, Callable[[Library], Any]] = {
    "SGD": lambda k: k.optimizers.SGD(0.05),
    "SGD momentum": lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "RMSprop": lambda k: k.optimizers.RMSprop(0.01),
    "RMSprop centered": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "Adam": lambda k: k.optimizers.Adam(0.01),
    "Adam amsgrad": lambda k: k.optimizers.Adam(0.01, amsgrad=True, clipnorm=0.5),
    "AdamW": lambda k: k.optimizers.AdamW(0.01, weight_decay=0.02),
    "Adagrad": lambda k: k.optimizers.Adagrad(0.05),
    "Adadelta": lambda k: k.optimizers.Adadelta(1.0),
    "Adamax": lambda k: k.optimizers.Adamax(0.01),
    "Nadam": lambda k: k.optimizers.Nadam(0.01),
    "averages": lambda k: k.optimizers.SGD(0.05, momentum=0.9, use_ema=True, ema_momentum=0.8),
    "accumulated": lambda k: k.optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "schedule": lambda k: k.optimizers.Adam(
        k.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5, staircase=True)
    ),
    "cosine": lambda k: k.optimizers.SGD(
        k.optimizers.schedules.CosineDecay(0.05, 4, warmup_target=0.1, warmup_steps=2),
        global_clipnorm=1.0,
    ),
}


def train(model: Any, first: int, last: int) -> None:
    """Steps `first` to `last`, each on a batch of its own."""
    for i in range(first, last):
        random = np.random.default_rng(i)
        x = random.normal(size=(8, 6)).astype("float32")
        model.train_on_batch(x, x[:, :2] * x[:, 2:4])


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("first", ["keras", "thalweg"])
def test_training_goes_on_in_the_other_library(name: str, first: str, tmp_path: Path):
    libraries = [(keras, keras.saving.load_model), (tw, tw.saving.load_model)]
    if first == "thalweg":
        libraries.reverse()
    (k, _), (_, load) = libraries
    model = regressor(k)
    model.compile(OPTIMIZERS[name](k), "mse")
    train(model, 0, 3)
    model.save(tmp_path / "m.keras")
    other = load(tmp_path / "m.keras")
    same_values(other.optimizer.variables, model.optimizer.variables)
    train(model, 3, 7)
    train(other, 3, 7)
    same_values(other.weights, model.weights, 1e-5)
    same_values(other.optimizer.variables, model.optimizer.variables, 1e-5)


def test_dropout_of_a_keras_file_drops_in_training(tmp_path: Path):
    x = keras.Input((1000,))
    keras.Model(x, keras.layers.Dropout(0.5)(x)).save(tmp_path / "m.keras")
    model = tw.saving.load_model(tmp_path / "m.keras")
    ones = np.ones((1, 1000), "float32")
    assert (np.asarray(model(ones)) == 1).all()
    assert 0.4 < (np.asarray(model(ones, training=True)) == 0).mean() < 0.6
    assert (model.predict(ones, verbose=0) == 1).all()


# --- compile --------------------------------------------------------------------------------------


def two_outputs(k: Library) -> Any:
    x = k.Input((6,), name="x")
    return k.Model(x, {"a": k.layers.Dense(2, name="a")(x), "b": k.layers.Dense(2, name="b")(x)})


COMPILED: dict[str, Callable[[Library], dict[str, Any]]] = {
    "names": lambda k: {"optimizer": "sgd", "loss": "mse", "metrics": ["mae", "mse"]},
    "objects": lambda k: {
        "optimizer": k.optimizers.Adam(0.01),
        "loss": k.losses.LogCosh(reduction="sum"),
        "metrics": [k.metrics.MeanSquaredError(name="m"), "mae"],
        "weighted_metrics": ["mse"],
    },
    "functions": lambda k: {
        "optimizer": "adam",
        "loss": k.losses.mean_absolute_error,
        "metrics": [k.metrics.mean_squared_error],
    },
    "by output": lambda k: {
        "optimizer": "rmsprop",
        "loss": {"a": "mse", "b": k.losses.LogCosh()},
        "loss_weights": {"a": 0.5, "b": 2.0},
        "metrics": {"a": ["mae"], "b": [k.metrics.MeanAbsoluteError()]},
    },
}


@pytest.mark.parametrize("name", COMPILED)
def test_compile_arguments(name: str, tmp_path: Path):
    build = two_outputs if name == "by output" else regressor
    x = random_values((8, 6))
    y = {"a": x[:, :2], "b": x[:, 2:4]} if name == "by output" else x[:, :2]
    for k, file in ((keras, "theirs"), (tw, "ours")):
        model = built_by(k, build)
        model.compile(**COMPILED[name](k))
        model.train_on_batch(x, y)  # Keras warns of an optimizer that has not begun
        model.save(tmp_path / f"{file}.keras")
    ours = alike(config_of(tmp_path / "ours.keras")["compile_config"])
    theirs = alike(config_of(tmp_path / "theirs.keras")["compile_config"])
    assert ours == theirs
    for file in ("theirs", "ours"):
        here = tw.saving.load_model(tmp_path / f"{file}.keras")
        there = keras.saving.load_model(tmp_path / f"{file}.keras")
        found = here.evaluate(x, y, verbose=0, return_dict=True)
        wanted = there.evaluate(x, y, verbose=0, return_dict=True)
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            np.testing.assert_allclose(found[key], value, rtol=1e-5)


# --- other forms ----------------------------------------------------------------------------------


def test_folders(tmp_path: Path):
    theirs = built_by(keras, branches)
    theirs.save(tmp_path / "theirs", zipped=False)
    ours = tw.saving.load_model(tmp_path / "theirs")
    same_values(ours.weights, theirs.weights)
    ours.save(tmp_path / "ours", zipped=False)
    same_values(keras.saving.load_model(tmp_path / "ours").weights, theirs.weights)


def test_shards(tmp_path: Path):
    theirs, ours = built_by(keras, sequential), built_by(tw, sequential)
    size = 6 * 8 * 4 / 2**30
    theirs.save_weights(tmp_path / "theirs.weights.json", max_shard_size=size)
    ours.load_weights(tmp_path / "theirs.weights.json")
    same_values(ours.weights, theirs.weights)
    ours.set_weights([w + 1 for w in ours.get_weights()])
    ours.save_weights(tmp_path / "ours.weights.json", max_shard_size=size)
    theirs.load_weights(tmp_path / "ours.weights.json")
    same_values(ours.weights, theirs.weights)


def own_layer(k: Library) -> Any:
    """A registered class of the user's, with the same name in both libraries."""

    class Scale(k.layers.Layer):  # type: ignore[misc]
        def __init__(self, start: float = 1.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.start = start
            self.inner = [k.layers.Dense(3), {"deep": k.layers.Dense(3)}]

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(
                shape=(3,), initializer=k.initializers.Constant(self.start), name="scale"
            )
            self.inner[0].build(input_shape)
            self.inner[1]["deep"].build((*input_shape[:-1], 3))

        def call(self, inputs: Any) -> Any:
            return self.inner[1]["deep"](self.inner[0](inputs)) * self.scale

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "start": self.start}

    return k.saving.register_keras_serializable("both")(Scale)


def test_a_layer_of_the_user_s(tmp_path: Path):
    models = {}
    for k, file in ((keras, "theirs"), (tw, "ours")):
        layer = own_layer(k)(2.0)
        models[file] = k.Sequential([k.Input((6,)), layer])
        models[file].save(tmp_path / f"{file}.keras")
    try:
        ours = tw.saving.load_model(tmp_path / "theirs.keras")
        same_values(ours.weights, models["theirs"].weights)
        same_outputs(ours, models["theirs"])
        theirs = keras.saving.load_model(tmp_path / "ours.keras")
        same_values(theirs.weights, models["ours"].weights)
        same_outputs(models["ours"], theirs)
    finally:
        tw.saving.get_custom_objects().clear()


def test_keras_passes_over_the_states_of_generators(tmp_path: Path):
    model = built_by(tw, sequential)
    model.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5") as file:
        assert "_thalweg/seeds/layers/dropout/0" in file
    theirs = built_by(keras, sequential)
    theirs.load_weights(tmp_path / "m.weights.h5")
    same_values(theirs.weights, model.weights)
