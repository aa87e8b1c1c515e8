"""Small models that the tests of this room share."""

from __future__ import annotations

from typing import Any

import numpy as np

import thalweg as tw


def linear(inputs: int = 2, **compiled: Any) -> Any:
    """One dense unit with known weights."""
    model = tw.Sequential([tw.Input((inputs,)), tw.layers.Dense(1, name="dense")], name="line")
    kernel = 0.1 * np.arange(1, inputs + 1, dtype="float32")[:, np.newaxis]
    model.set_weights([kernel, np.array([0.5], "float32")])
    model.compile(**{"optimizer": tw.optimizers.SGD(0.05), "loss": "mse", **compiled})
    return model


def classifier(classes: int = 3, **compiled: Any) -> Any:
    """A softmax over a few classes."""
    model = tw.Sequential(
        [tw.Input((2,)), tw.layers.Dense(classes, "softmax", name="softmax")], name="classes"
    )
    model.compile(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **compiled})
    return model


def two_by_two(**compiled: Any) -> Any:
    """Two inputs `a` and `b`, two outputs `sum` and `kind`."""
    a, b = tw.Input((2,), name="a"), tw.Input((3,), name="b")
    h = tw.layers.Concatenate(name="join")([a, b])
    outputs = [
        tw.layers.Dense(1, name="sum")(h),
        tw.layers.Dense(3, activation="softmax", name="kind")(h),
    ]
    model = tw.Model([a, b], outputs, name="two")
    model.compile(
        **{"optimizer": "sgd", "loss": ["mse", "sparse_categorical_crossentropy"], **compiled}
    )
    return model


def snapshot(model: Any) -> dict[str, Any]:
    """Everything of a model that training changes, and the random stream."""
    variables = [*model.variables]
    if model.optimizer is not None:
        variables += model.optimizer.variables
    return {
        "values": [np.array(v.numpy()) for v in variables],
        "seed": tw.random.global_seed_generator().state.numpy().copy(),
        "numpy": np.random.get_state()[1].tolist(),
        "history": model.history,
        "stop": model.stop_training,
    }


def assert_unchanged(model: Any, before: dict[str, Any]) -> None:
    """The model is as it was at the snapshot."""
    after = snapshot(model)
    assert len(after["values"]) == len(before["values"])
    for a, b in zip(after["values"], before["values"], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(after["seed"], before["seed"])
    for key in ("numpy", "history", "stop"):
        assert after[key] == before[key] or after[key] is before[key]
