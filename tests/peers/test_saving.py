"""Files go both ways: what Keras 3 writes is read here, and Keras reads what is written here.

Every model is built twice from one function, once by each library.
"""

from __future__ import annotations

import importlib
import inspect
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

import thalweg as tw
from tests.peers.saving_models import (
    ALL,
    Build,
    Library,
    branches,
    half,
    mixed,
    random_values,
    sequential,
)
from thalweg.naming import clear_names
from thalweg.training.keras_operations import _rows

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:keras")]


# --- comparing ------------------------------------------------------------------------------------


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
def test_each_reads_what_the_other_wrote(build: Build, tmp_path: Path):
    tolerance = 2e-2 if build in (mixed, half) else 1e-5
    theirs = built_by(keras, build)
    theirs.save(tmp_path / "theirs.keras")
    here = tw.saving.load_model(tmp_path / "theirs.keras")
    same_values(here.weights, theirs.weights)
    same_outputs(here, theirs, tolerance)
    # And back.
    here.save(tmp_path / "back.keras")
    again = keras.saving.load_model(tmp_path / "back.keras")
    same_values(again.weights, theirs.weights)

    ours = built_by(tw, build)
    ours.save(tmp_path / "ours.keras")
    there = keras.saving.load_model(tmp_path / "ours.keras")
    same_values(there.weights, ours.weights)
    same_outputs(ours, there, tolerance)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    ours.save_weights(tmp_path / "ours.weights.h5")
    there.load_weights(tmp_path / "ours.weights.h5")
    same_values(there.weights, theirs.weights)


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


def test_the_table_of_operations():
    for row in _rows().values():
        cls = getattr(importlib.import_module(row.module), row.class_name)
        theirs = set(inspect.signature(cls.__init__).parameters) - {"self", "name"}
        missing = theirs - set(row.settings)
        assert set(row.settings) <= theirs
        assert missing <= {"sparse", "ragged", "kwargs", "rms_scaling"}
        calls = [p for p in inspect.signature(cls.call).parameters if p != "self"]
        ours = [p for p in inspect.signature(row.function()).parameters if p not in theirs]
        assert ours[: len(calls)] == calls[: len(ours)]


def test_keras_passes_over_the_states_of_generators(tmp_path: Path):
    model = built_by(tw, sequential)
    model.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5") as file:
        assert "_thalweg/seeds/layers/dropout/0" in file
    theirs = built_by(keras, sequential)
    theirs.load_weights(tmp_path / "m.weights.h5")
    same_values(theirs.weights, model.weights)
