"""Functional models as plain values and back."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import thalweg as tw
from thalweg import ops
from thalweg.training.keras_operations import _rows, operation_named, operation_of


def again(model: Any, change: Callable[[Any], Any] = lambda config: config) -> Any:
    """The model by way of JSON, with the same weights."""
    config = json.loads(json.dumps(model.get_config()))
    config = change(config) or config
    found = tw.Model.from_config(config)
    found.set_weights(model.get_weights())
    return found


def values(shape: tuple[int, ...], seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def same(first: Any, second: Any, data: Any) -> None:
    a, b = first(data), second(data)
    a, b = (list(y.values()) if isinstance(y, dict) else y for y in (a, b))
    for x, y in zip(*(y if isinstance(y, list) else [y] for y in (a, b)), strict=True):
        np.testing.assert_array_equal(x, y)


def two_inputs() -> Any:
    a, b = tw.Input((3,), name="a"), tw.Input((4,), name="b")
    shared = tw.layers.Dense(3, name="shared")
    right = tw.layers.Dense(3, name="right")(b)
    h = tw.layers.Add(name="add")([shared(shared(a)), shared(right)])
    return tw.Model({"a": a, "b": b}, {"y": tw.layers.Dense(2, name="y")(h), "h": [h, right]})


def test_structure_and_shared_layers():
    model = two_inputs()
    found = again(model)
    same(
        lambda data: model(data)["y"],
        lambda data: found(data)["y"],
        {"a": values((5, 3)), "b": values((5, 4))},
    )
    assert found.get_config() == model.get_config()
    assert len(found.get_layer("shared")._inbound_nodes) == 3


def test_the_order_of_layers_does_not_matter():
    model = two_inputs()
    found = again(model, lambda config: config["layers"].reverse())
    same(
        lambda data: model(data)["y"],
        lambda data: found(data)["y"],
        {"a": values((5, 3)), "b": values((5, 4))},
    )


def test_calls_outside_of_the_model_do_not_count():
    layer = tw.layers.Dense(3, name="layer")
    layer(tw.Input((3,)))
    x = tw.Input((3,), name="x")
    model = tw.Model(x, layer(layer(x)))
    config = model.get_config()
    first, second = config["layers"][1]["inbound_nodes"]
    assert first["args"][0]["config"]["keras_history"] == ["x", 0, 0]
    assert second["args"][0]["config"]["keras_history"] == ["layer", 0, 0]
    assert config["output_layers"] == ["layer", 1, 0]
    same(model, again(model), values((2, 3)))


def test_a_part_of_a_model():
    x = tw.Input((3,))
    h = tw.layers.Dense(4)(x)
    y = tw.layers.Dense(2)(ops.tanh(h) * 2.0)
    part = tw.Model(h, y)
    assert [type(layer).__name__ for layer in part.layers] == ["InputLayer", "Dense"]
    assert len(part.weights) == 2
    same(part, again(part), values((2, 4)))
    whole = tw.Model(x, y)
    np.testing.assert_array_equal(whole(values((2, 3))), part(whole.layers[1](values((2, 3)))))


# --- operations -----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", _rows().values(), ids=lambda row: row.class_name)
def test_each_line_of_the_table_is_a_function(row: Any):
    function = row.function()
    parameters = inspect.signature(function).parameters
    assert set(row.settings) <= set(parameters)
    found = operation_of(function)
    assert found is not None
    assert found.function() is function
    assert operation_named(row.module, row.class_name) == row


STEPS: dict[str, Callable[[Any], Any]] = {
    "operators": lambda x: 1.0 - x * 2.0 / (x**2 + 3.0),
    "comparison": lambda x: ops.where(x > 0.0, x, -x),
    "slices": lambda x: x[:, 1:3],
    "ellipsis and new axis": lambda x: x[..., None, ::2],
    "one index": lambda x: x[0],
    "list of indices": lambda x: x[[2, 0]],
    "tuple with a list": lambda x: x[:, [2, 0, 1]],
    "array of indices": lambda x: x[:, np.array([1, 1])],
    "keyword": lambda x: ops.expand_dims(x, axis=1),
    "list of tensors": lambda x: ops.concatenate([x, x + 1.0], axis=-1),
    "several outputs": lambda x: ops.split(x, 2, axis=-1)[1],
    "operands and a setting": lambda x: ops.einsum("ij,kj->ik", x, x),
    "constant array": lambda x: x + np.arange(4, dtype="float32"),
    "constant tensor": lambda x: ops.matmul(x, ops.ones((4, 2))),
    "dtype": lambda x: ops.cast(x, "int32"),
    "later argument only": lambda x: ops.clip(x, x_min=-0.5, x_max=0.5),
    "activation": lambda x: tw.activations.gelu(x, approximate=True),
    "reduction": lambda x: ops.std(x, axis=(0, 1), keepdims=True) + ops.mean(x),
    "nn": lambda x: ops.one_hot(ops.argmax(x, axis=-1), 4),
}


@pytest.mark.parametrize("name", STEPS)
def test_operations(name: str):
    x = tw.Input((4,))
    model = tw.Model(x, STEPS[name](x))
    found = again(model)
    same(model, found, values((3, 4)))
    assert found.get_config() == model.get_config()


def test_what_cannot_be_written():
    assert operation_of(ops.cond) is None
    x = tw.Input((4,))
    model = tw.Model(x, x + tw.Variable(1.0, name="mine"))
    with pytest.raises(ValueError, match="it uses the variable 'mine' outside of any layer"):
        model.get_config()
    n = tw.Input((), dtype="int32")
    model = tw.Model([x, n], ops.clip(x, x_min=-1.0, x_max=ops.cast(n, "float32")[:, None]))
    with pytest.raises(ValueError, match=r"argument 'x_max' of operation 'clip.*symbolic tensor"):
        model.get_config()


# --- what is not right ----------------------------------------------------------------------------


def damaged(change: Callable[[Any], Any]) -> str:
    x = tw.Input((3,), name="x")
    h = tw.layers.Dense(4, name="d")(x)
    model = tw.Model(x, tw.layers.Dense(2, name="e")(h + 1.0), name="m")
    with pytest.raises(ValueError, match=r"\S") as caught:
        again(model, change)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def history(config: Any, layer: int) -> Any:
    return config["layers"][layer]["inbound_nodes"][0]["args"][0]["config"]["keras_history"]


def test_a_loop():
    def change(config: Any) -> None:
        history(config, 1)[0] = "e"

    found = damaged(change)
    assert "the inputs of d, add" in found
    assert found.endswith(", e never come to exist.")


def test_an_unknown_layer():
    def change(config: Any) -> None:
        history(config, 1)[0] = "nobody"

    assert "a call uses 'nobody', which is not among its layers" in damaged(change)


def test_an_output_too_many():
    def change(config: Any) -> None:
        history(config, 1)[2] = 3

    assert "'x' has no output 3" in damaged(change)


@pytest.mark.parametrize("number", [1, -1])
def test_a_call_too_many(number: int):
    def change(config: Any) -> None:
        config["output_layers"][1] = number

    assert f"'e' has no call {number}" in damaged(change)


def test_two_layers_of_one_name():
    assert "two layers are called 'd'" in damaged(
        lambda config: config["layers"].append(config["layers"][1])
    )


def test_a_layer_that_is_none():
    def change(config: Any) -> None:
        config["layers"][1].update(module="keras.initializers", class_name="Zeros", config={})

    assert "'d' is a Zeros, not a layer" in damaged(change)


def test_a_call_without_the_input():
    def change(config: Any) -> None:
        config["layers"][1]["inbound_nodes"] = [{"args": [[[1.0, 2.0, 3.0]]], "kwargs": {}}]

    assert "layer 'd' is called without any input of the model" in damaged(change)


def test_unknown_operations():
    def rename(config: Any) -> None:
        config["layers"][2]["class_name"] = "WhileLoop"

    assert "The operation 'WhileLoop' (module 'keras.src.ops.numpy') is not known" in damaged(
        rename
    )

    def more(config: Any) -> None:
        config["layers"][2]["config"]["out"] = "x"

    assert "The operation 'Add' has no argument 'out'" in damaged(more)


def test_arguments_of_keras_that_ask_for_nothing():
    x = tw.Input((3,), dtype="int32")
    model = tw.Model(x, ops.one_hot(x, 4))

    def more(config: Any) -> None:
        config["layers"][1]["config"].update(sparse=False, other=None)

    same(model, again(model, more), np.array([[0, 1, 3]]))


def test_what_a_model_is_called_with_holds_for_its_layers():
    # Keras writes training=False into every call of a layer that behaves in two ways.
    x = tw.Input((1000,))
    model = again(tw.Model(x, tw.layers.Dropout(0.5)(x, training=False)))
    ones = np.ones((1, 1000), "float32")
    assert (np.asarray(model(ones)) == 1).all()
    assert (np.asarray(model(ones, training=True)) == 0).any()


def test_one_output_in_a_list_comes_alone():
    x = tw.Input((3,))
    model = again(tw.Model([x], [tw.layers.Dense(2)(x)]))
    assert model(values((4, 3))).shape == (4, 2)
    assert model.predict(values((4, 3)), verbose=0).shape == (4, 2)
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 2)
