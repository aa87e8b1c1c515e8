"""Files of earlier versions of Keras: configurations without modules, other names for keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import thalweg as tw
from tests.saving.archives import batch, same, values, with_config, with_weights


def dense(name: str, units: int, **config: Any) -> dict[str, Any]:
    """A Dense as Keras 2 described it."""
    return {
        "class_name": "Dense",
        "config": {
            "name": name,
            "trainable": True,
            "dtype": "float32",
            "units": units,
            "activation": "relu",
            "use_bias": True,
            "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
            "bias_initializer": {"class_name": "Zeros", "config": {}},
            "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}},
            "bias_regularizer": None,
            "activity_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
            **config,
        },
    }


def input_layer(name: str, shape: list[Any]) -> dict[str, Any]:
    return {
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": shape,
            "dtype": "float32",
            "sparse": False,
            "ragged": False,
            "name": name,
        },
    }


def test_sequential_of_keras_2(tmp_path: Path):
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(4, "relu"), tw.layers.Dense(1, "relu")])
    model.save(tmp_path / "m.keras")
    older = {
        "class_name": "Sequential",
        "config": {
            "name": "sequential",
            "layers": [
                input_layer("dense_input", [None, 3]),
                dense("dense", 4, batch_input_shape=[None, 3]),
                dense("dense_1", 1),
            ],
        },
    }
    with_config(tmp_path / "m.keras", lambda _: older)
    loaded = tw.saving.load_model(tmp_path / "m.keras")
    assert same(values(loaded), values(model))
    assert loaded.layers[0].kernel_regularizer.l2 == 0.01


def test_the_first_layer_gives_the_shape(tmp_path: Path):
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(4, "relu")])
    model.save(tmp_path / "m.keras")
    older = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [dense("dense", 4, batch_input_shape=[None, 3])]},
    }
    with_config(tmp_path / "m.keras", lambda _: older)
    assert same(values(tw.saving.load_model(tmp_path / "m.keras")), values(model))


def test_functional_of_keras_2(tmp_path: Path):
    x = tw.Input((3,), name="x")
    once = tw.layers.Dense(3, activation="relu", name="once")
    h = tw.layers.Add(name="add")([once(x), once(once(x))])
    y = tw.Input((3,), name="y")
    inner = tw.Model(y, tw.layers.Dense(2, activation="relu", name="in")(y), name="inner")
    model = tw.Model(x, inner(h), name="outer")
    model.save(tmp_path / "m.keras")

    def layer(entry: dict[str, Any], *calls: Any) -> dict[str, Any]:
        return {**entry, "name": entry["config"]["name"], "inbound_nodes": list(calls)}

    older = {
        "class_name": "Functional",
        "config": {
            "name": "outer",
            "layers": [
                layer(input_layer("x", [None, 3])),
                layer(dense("once", 3), [["x", 0, 0, {}]], [["once", 0, 0, {}]]),
                layer(
                    {"class_name": "Add", "config": {"name": "add", "dtype": "float32"}},
                    [["once", 0, 0, {}], ["once", 1, 0, {}]],
                ),
                layer(
                    {
                        "class_name": "Functional",
                        "config": {
                            "name": "inner",
                            "layers": [
                                layer(input_layer("y", [None, 3])),
                                layer(dense("in", 2), [["y", 0, 0, {}]]),
                            ],
                            "input_layers": [["y", 0, 0]],
                            "output_layers": [["in", 0, 0]],
                        },
                    },
                    [["add", 0, 0, {}]],
                ),
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["inner", 1, 0]],
        },
    }
    with_config(tmp_path / "m.keras", lambda _: older)
    loaded = tw.saving.load_model(tmp_path / "m.keras")
    assert same(values(loaded), values(model))
    data, _ = batch()
    np.testing.assert_array_equal(
        np.asarray(loaded.predict(data, verbose=0)), np.asarray(model.predict(data, verbose=0))
    )


def test_the_module_of_functional_models_moved(tmp_path: Path):
    x = tw.Input((3,))
    model = tw.Model(x, tw.layers.Dense(2)(x))
    model.save(tmp_path / "m.keras")
    for module in ("keras.src.engine.functional", "keras.models", "keras.src.models.functional"):
        with_config(tmp_path / "m.keras", lambda c, m=module: c.update(module=m))
        assert same(values(tw.saving.load_model(tmp_path / "m.keras")), values(model))


def test_weights_of_keras_2_13(tmp_path: Path):
    model = tw.Sequential([tw.Input((5, 3)), tw.layers.Dense(4), tw.layers.LSTM(2)])
    model.save(tmp_path / "m.keras")

    def rename(file: h5py.File) -> None:
        file.move("layers", "_layer_checkpoint_dependencies")

    with_weights(tmp_path / "m.keras", rename)
    assert same(values(tw.saving.load_model(tmp_path / "m.keras")), values(model))


@pytest.mark.parametrize(
    ("layer", "more"),
    [
        (tw.layers.LSTM(2), {"time_major": False, "implementation": 2}),
        (tw.layers.GRU(2), {"time_major": False, "implementation": 1}),
        (tw.layers.SimpleRNN(2), {"time_major": False}),
    ],
    ids=["LSTM", "GRU", "SimpleRNN"],
)
def test_arguments_that_are_gone(layer: Any, more: dict[str, Any], tmp_path: Path):
    model = tw.Sequential([tw.Input((5, 3)), layer])
    model.save(tmp_path / "m.keras")

    def change(config: dict[str, Any]) -> None:
        entry = config["config"]["layers"][1]
        del entry["module"], entry["registered_name"]
        entry["config"].update(more)

    with_config(tmp_path / "m.keras", change)
    assert same(values(tw.saving.load_model(tmp_path / "m.keras")), values(model))


def test_json_of_an_archive_is_json_of_the_model(tmp_path: Path):
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(4)])
    again = tw.models.model_from_json(model.to_json())
    assert json.loads(again.to_json()) == json.loads(model.to_json())
