"""Functional, sequential and subclassed models: structure and calls."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from thalweg import ops
from thalweg.layers import Add, Concatenate, Dense, Flatten


def two_branches():
    a, b = tw.Input((3,), name="a"), tw.Input((4,), name="b")
    shared = Dense(5, name="shared")
    left = Dense(5, name="left")(a)
    h = Add(name="sum")([shared(left), shared(Dense(5, name="right")(b))])
    return tw.Model([a, b], {"y": Dense(1, name="y")(h), "h": h}, name="net")


def test_call_by_list_and_by_name():
    model = two_branches()
    x = [np.ones((2, 3), "float32"), np.ones((2, 4), "float32")]
    by_list = model(x)
    by_name = model({"b": x[1], "a": x[0]})
    assert set(by_list) == {"y", "h"}
    assert by_list["y"].shape == (2, 1)
    np.testing.assert_array_equal(by_list["y"], by_name["y"])
    assert model.input_names == ["a", "b"]
    assert model.count_params() == 3 * 5 + 5 + 4 * 5 + 5 + 5 * 5 + 5 + 6
    assert len(model.get_layer("shared")._inbound_nodes) == 2


def test_operators_are_steps():
    x = tw.Input((2,))
    y = ops.concatenate([x * 2.0 + 1.0, 1.0 - x, x[:, :1]], axis=-1)
    model = tw.Model(x, ops.sum(y, axis=-1, keepdims=True))
    found = model(np.array([[1.0, 2.0]], "float32"))
    assert found.numpy().tolist() == [[3.0 + 5.0 + 0.0 - 1.0 + 1.0]]
    assert model.output_shape == (None, 1)


def test_a_part_of_a_model_is_a_model():
    x = tw.Input((3,))
    h = Dense(4, activation="relu")(x)
    full = tw.Model(x, Dense(1)(h))
    features = tw.Model(full.input, full.layers[1].output)
    data = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    np.testing.assert_array_equal(features(data), full.layers[1](data))
    second_half = tw.Model(h, full.output)
    np.testing.assert_allclose(second_half(features(data)), full(data), rtol=1e-6)


def test_nested_models():
    inner = tw.Sequential([tw.Input((3,)), Dense(2)], name="inner")
    x = tw.Input((3,))
    model = tw.Model(x, Dense(1)(inner(x)))
    assert model.count_params() == 8 + 3
    assert inner in model.layers


def test_disconnected_inputs_are_named():
    a, b = tw.Input((3,), name="a"), tw.Input((3,), name="b")
    with pytest.raises(ValueError, match="'b'"):
        tw.Model(a, Add()([a, b]))
    with pytest.raises(ValueError, match="symbolic tensors"):
        tw.Model(a, np.ones(3))
    with pytest.raises(ValueError, match="twice"):
        tw.Model([a, a], a * 2)


def test_wrong_data_is_named():
    model = two_branches()
    with pytest.raises(ValueError, match=r"2 inputs \(a, b\), got 1"):
        model(np.ones((2, 3), "float32"))
    with pytest.raises(ValueError, match=r"\['b'\]"):
        model({"a": np.ones((2, 3), "float32")})
    with pytest.raises(ValueError, match=r"'b' to have shape \(None, 4\), got shape \(2, 3\)"):
        model([np.ones((2, 3), "float32"), np.ones((2, 3), "float32")])


def test_sequential_with_and_without_input():
    eager = tw.Sequential([Dense(5), Dense(2)])
    assert not eager.built
    assert eager(np.ones((4, 3), "float32")).shape == (4, 2)
    assert eager(np.ones((7, 3), "float32")).shape == (7, 2)
    assert eager.input_shape == (None, 3)
    assert eager.count_params() == 32
    legacy = tw.Sequential([Dense(5, input_shape=(3,)), Dense(2)])
    assert legacy.built
    assert legacy.count_params() == 32


def test_sequential_add_pop_and_errors():
    model = tw.Sequential(name="s")
    model.add(tw.Input((4, 4)))
    model.add(Flatten())
    model.add(Dense(3, name="d"))
    assert model.output_shape == (None, 3)
    assert model.pop().name == "d"
    assert model.output_shape == (None, 16)
    with pytest.raises(TypeError, match="'s' takes layers, got str"):
        model.add("dense")
    model.add(Dense(1, name="e"))
    with pytest.raises(ValueError, match="'e' already"):
        model.add(Dense(1, name="e"))


def test_subclassed_model_is_built_by_a_call_or_by_a_shape():
    class Net(tw.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = Dense(4), Dense(2)

        def call(self, x):
            return self.b(ops.relu(self.a(x)))

    net = Net()
    assert net(np.ones((2, 3), "float32")).shape == (2, 2)
    assert net.count_params() == 16 + 10
    net = Net()
    net.build((None, 3))
    assert len(net.weights) == 4
    assert [layer.name for layer in net.layers] == [net.a.name, net.b.name]


def test_subclass_with_inputs_and_outputs():
    class Named(tw.Model):
        pass

    x = tw.Input((3,))
    model = Named(inputs=x, outputs=Dense(2)(x), name="mine")
    assert model(np.ones((1, 3), "float32")).shape == (1, 2)
    assert model.name == "mine"


def test_get_layer_errors():
    model = two_branches()
    with pytest.raises(ValueError, match="no layer named 'x'"):
        model.get_layer("x")
    with pytest.raises(ValueError, match="no layer 99"):
        model.get_layer(index=99)
    with pytest.raises(ValueError, match="either name or index"):
        model.get_layer()


def test_deep_models_need_no_recursion():
    x = y = tw.Input((2,))
    for _ in range(1500):
        y = y + 1.0
    model = tw.Model(x, y)
    assert float(model(np.zeros((1, 2), "float32"))[0, 0]) == 1500.0


def test_layers_keep_keras_order():
    a = tw.Input((2,), name="a")
    one = Dense(2, name="one")(a)
    two = Dense(2, name="two")(one)
    joined = Concatenate(name="joined")([two, one])
    model = tw.Model(a, joined)
    assert [layer.name for layer in model.layers] == ["a", "one", "two", "joined"]


def test_clone_and_json():
    model = two_branches()
    again = tw.models.clone_model(model)
    assert again.count_params() == model.count_params()
    assert again.input_names == ["a", "b"]
    text = model.to_json()
    assert tw.models.model_from_json(text).output_names == model.output_names
