"""The numbers of a backward pass: worked examples, finite differences, and GradientTape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg.viz.backprop import BackwardPassPlot, backward_pass
from thalweg.viz.backprop.result import BackwardPass, Edge

L = tw.layers


def chapter(v: Any, x: Any, y: Any) -> Any:
    """The loss of one sample of a line through the origin."""
    return tw.square(x * v - y)


def edge(found: BackwardPass, source: str, target: str | None, place: int = 0) -> Edge:
    return [e for e in found.edges if (e.source, e.target) == (source, target)][place]


# --- worked examples ----------------------------------------------------------------------------


def test_the_example_of_the_chapter() -> None:
    found = backward_pass(chapter, 0.0, 2, 5).numbers
    assert [n.name for n in found] == ["x", "v", "multiply", "y", "subtract", "square"]
    assert [float(n.value) for n in found.steps] == [0, -5, 25]
    assert [float(n.gradient) for n in found.steps] == [-10, -10, 1]
    assert {n: float(found[n].gradient) for n in "vxy"} == {"v": -20, "x": 0, "y": 10}
    assert found.backward == ("square", "subtract", "multiply")
    assert edge(found, "v", "multiply").derivative == 2
    assert edge(found, "y", "subtract").derivative == -1
    assert edge(found, "square", None).gradient == 1
    assert found["multiply"].inputs == ("x", "v")
    assert found["multiply"].derivatives == (0, 2)


def test_the_example_of_the_readme_with_a_variable() -> None:
    v = tw.Variable(0.0)
    found = backward_pass(lambda: tw.square(v * 2 - 5)).numbers
    assert [(n.name, n.kind) for n in found][:3] == [
        ("v", "variable"),
        ("constant", "constant"),
        ("multiply", "operation"),
    ]
    assert [float(n.value) for n in found.steps] == [0, -5, 25]
    gradients = [e.gradient for e in reversed(found.edges) if e.gradient is not None]
    assert gradients == [1, -10, -10, -20]
    assert found["constant"].value == 2
    assert found["constant"].gradient is None


def test_only_the_sources_have_gradients() -> None:
    found = backward_pass(chapter, 0.0, 2, 5, sources=["v"]).numbers
    assert found["v"].gradient == -20
    assert found["x"].gradient is None
    assert found["y"].gradient is None
    assert edge(found, "y", "subtract").gradient is None


def test_names_of_arguments() -> None:
    found = backward_pass(lambda *numbers: numbers[0] * numbers[1], 2.0, 3.0).numbers
    assert [n.name for n in found] == ["numbers_0", "numbers_1", "multiply"]
    found = backward_pass(lambda *numbers: numbers[0] * numbers[1], 2, 3, names=["a", "b"]).numbers
    assert [n.name for n in found] == ["a", "b", "multiply"]
    rate = tw.Variable(2.0, name="another name")
    assert backward_pass(lambda rate: rate * rate, rate).numbers["rate"].gradient == 4


def test_a_value_that_is_used_several_times_gets_the_sum() -> None:
    def function(x: Any) -> Any:
        return x * x + tw.exp(x)

    found = backward_pass(function, 3.0).numbers
    assert edge(found, "x", "multiply").gradient == 3
    assert edge(found, "x", "multiply", 1).gradient == 3
    exp = edge(found, "x", "exp").gradient
    np.testing.assert_allclose(exp, np.exp(3), rtol=1e-6)
    np.testing.assert_allclose(found["x"].gradient, 6 + np.exp(3), rtol=1e-6)


def test_broadcasting_sums_what_comes_back() -> None:
    x, b = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    found = backward_pass(lambda x, b: tw.reduce_sum((x + b) * x), x, b).numbers
    np.testing.assert_allclose(found["b"].gradient, x.sum(axis=0))
    np.testing.assert_allclose(found["x"].gradient, 2 * x + b)
    assert found["add"].derivatives[1] is None


def test_elementwise_derivatives_of_vectors() -> None:
    x = np.array([-1.0, 0.5, 2.0])
    found = backward_pass(lambda x: tw.reduce_sum(tw.nn.relu(x) ** 2), x).numbers
    (through,) = found["relu"].derivatives
    np.testing.assert_array_equal(through, [0, 1, 1])
    np.testing.assert_allclose(found["x"].gradient, [0, 1, 4])


def test_composites_are_one_box_or_their_primitives() -> None:
    def function(x: Any) -> Any:
        return tw.nn.softmax(x)[0]

    x = [0.0, 1.0, 2.0]
    found = backward_pass(function, x).numbers
    assert [n.label for n in found.steps] == ["softmax", "get_item"]
    p = np.exp(x) / np.exp(x).sum()
    np.testing.assert_allclose(found["x"].gradient, p[0] * (np.eye(3)[0] - p), rtol=1e-5)
    apart = backward_pass(function, x, grouped=False).numbers
    assert "exp" in [n.name for n in apart]
    np.testing.assert_allclose(apart["x"].gradient, found["x"].gradient, rtol=1e-5)


def test_a_gradient_of_ones_own() -> None:
    @tw.custom_gradient
    def clipped(x: Any) -> Any:
        return x * 1.0, lambda upstream: tw.clip_by_value(upstream, -1.0, 1.0)

    found = backward_pass(lambda x: tw.square(clipped(x)), 4.0).numbers
    assert [n.label for n in found.steps] == ["clipped", "square"]
    assert found["clipped"].gradient == 8
    assert found["x"].gradient == 1


def test_where_a_gradient_stops() -> None:
    found = backward_pass(lambda x: x * tw.stop_gradient(x), 4.0).numbers
    assert found["x"].gradient == 4
    assert edge(found, "x", "stop_gradient").gradient is None


def test_an_if_on_a_tensor() -> None:
    def function(x: Any) -> Any:
        return x * 2 if x > 0 else x * 3

    assert backward_pass(function, 4.0).numbers["x"].gradient == 2
    assert backward_pass(function, -4.0).numbers["x"].gradient == 3


def test_several_outputs_of_one_operation() -> None:
    def function(x: Any) -> Any:
        first, second = tw.unstack(x)
        return first * second

    plot = backward_pass(function, [4.0, 5.0])
    np.testing.assert_array_equal(plot.numbers["x"].gradient, [5, 4])
    assert [float(e.gradient) for e in plot.numbers.into("multiply")] == [5, 4]


# --- random expressions -------------------------------------------------------------------------

_BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (b * b + 1),
]
_UNARY: list[Callable[[Any], Any]] = [tw.sin, tw.tanh, tw.nn.sigmoid, tw.square, lambda a: -a]
Program = list[tuple[int, int, int]]
programs = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9), st.integers(0, 9)), max_size=6)


def interpreted(program: Program, inputs: Sequence[Any]) -> Any:
    """The sum of all values of a little program."""
    values = list(inputs)
    for which, i, j in program:
        a, b = values[i % len(values)], values[j % len(values)]
        values.append(_BINARY[which](a, b) if which < 4 else _UNARY[which - 4](a))
    total = values[0] * values[-1]
    for value in values[1:]:
        total = total + value
    return total


@given(programs, st.lists(st.floats(-1.5, 1.5), min_size=2, max_size=2))
@settings(max_examples=15, deadline=None)
def test_random_expressions_against_finite_differences(program: Program, at: list[float]) -> None:
    inputs = [np.float64(x) for x in at]
    found = backward_pass(lambda a, b: interpreted(program, [a, b]), *inputs).numbers
    step = 1e-6
    for i, name in enumerate("ab"):
        ends = []
        for sign in (1, -1):
            moved = [x + sign * step * (k == i) for k, x in enumerate(inputs)]
            ends.append(float(interpreted(program, [tw.constant(x, "float64") for x in moved])))
        slope = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(found[name].gradient, slope, rtol=1e-5, atol=1e-6)
    for node in found:
        flows = [e.gradient for e in found.out_of(node.name) if e.gradient is not None]
        if node.gradient is not None:
            np.testing.assert_allclose(sum(flows), node.gradient, rtol=1e-9, atol=1e-12)
    for e in found.edges:
        if e.target is not None and e.gradient is not None and e.derivative is not None:
            outward = found[e.target].gradient
            np.testing.assert_allclose(outward * e.derivative, e.gradient, rtol=1e-9, atol=1e-12)


# --- models -------------------------------------------------------------------------------------


def small_model() -> tw.Model:
    tw.utils.set_random_seed(3)
    model = tw.Sequential(
        [
            tw.Input((4,)),
            L.Dense(5, activation="tanh", kernel_regularizer="l2"),
            L.BatchNormalization(),
            L.Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def batch() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    return random.normal(size=(6, 4)).astype("float32"), random.integers(0, 3, 6)


def by_tape(model: Any, x: Any, y: Any) -> tuple[float, dict[str, Any]]:
    """The loss, and the gradient of each variable by its path."""
    with tw.GradientTape() as tape:
        loss = model.compute_loss(x, tw.constant(y), model(tw.constant(x), training=False))
    gradients = tape.gradient(loss, model.trainable_variables)
    paths = [v.path for v in model.trainable_variables]
    return float(loss), {p: g.numpy() for p, g in zip(paths, gradients, strict=True)}


def test_a_model_by_layers_as_the_tape_says() -> None:
    model, (x, y) = small_model(), batch()
    found = backward_pass(model, x, y, training=False).numbers
    names = [layer.name for layer in model.layers]
    assert [n.name for n in found.steps] == [*names, "sparse_categorical_crossentropy"]
    loss, gradients = by_tape(model, x, y)
    np.testing.assert_allclose(found.edges[-1].value, loss, rtol=1e-6)
    mine = {f"{n.name}/{w.name}": w.gradient for n in found for w in n.weights}
    trained = {name: g for name, g in mine.items() if g is not None}
    assert len(trained) == len(gradients) == 6
    for path, gradient in gradients.items():
        np.testing.assert_allclose(trained[path.partition("/")[2]], gradient, rtol=1e-4, atol=1e-6)
    assert mine[f"{names[1]}/moving_mean"] is None
    np.testing.assert_allclose(found[names[-1]].value, model.predict(x, verbose=0), rtol=1e-5)


def test_looking_changes_nothing() -> None:
    tw.utils.set_random_seed(1)
    model = tw.Sequential(
        [tw.Input((4,)), L.Dense(3), L.Dropout(0.5), L.BatchNormalization(), L.Dense(1)]
    )
    model.compile("adam", "mse")
    x, _ = batch()
    before = [v.numpy() for v in model._state_variables()]
    found = [backward_pass(model, x, x[:, :1]).numbers.edges[-1].value for _ in range(2)]
    assert found[0] == found[1]
    for variable, value in zip(model._state_variables(), before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_within_a_dense_layer() -> None:
    model, (x, y) = small_model(), batch()
    first = model.layers[0]
    whole = backward_pass(model, x, y).numbers
    found = backward_pass(model, x, y, layer=first.name).numbers
    assert [n.name for n in found.steps] == ["matmul", "add", "tanh"]
    kernel, bias = (n for n in found if n.kind == "variable")
    outward = found["tanh"].gradient
    np.testing.assert_allclose(outward, whole[first.name].gradient, rtol=1e-5)
    before = outward * (1 - found["tanh"].value ** 2)
    np.testing.assert_allclose(found["add"].gradient, before, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(
        edge(found, bias.name, "add").gradient, before.sum(axis=0), rtol=1e-4
    )
    into = edge(found, kernel.name, "matmul")
    np.testing.assert_allclose(into.gradient, x.T @ before, rtol=1e-4, atol=1e-6)
    assert (kernel.label, bias.label) == ("kernel", "bias")
    assert found["x"].gradient is None
    assert (found.edges[-1].source, found.edges[-1].target) == ("tanh", None)


def nested_model() -> tw.Model:
    inner = tw.Sequential(
        [tw.Input((4,)), L.Dense(4, name="a"), L.Dense(4, name="b")], name="inner"
    )
    inputs = tw.Input((4,))
    shared = L.Dense(4, name="shared")
    h = shared(inputs)
    model = tw.Model(inputs, L.Dense(1, name="last")(inner(h + shared(h))))
    model.compile("sgd", "mse")
    return model


def test_nested_models_and_shared_layers() -> None:
    model, (x, _) = nested_model(), batch()
    y = x[:, :1]
    closed = backward_pass(model, x, y).numbers
    assert [n.label for n in closed.steps] == ["shared", "shared", "add", "inner", "last", "mse"]
    assert [w.name for w in closed["inner"].weights] == ["a/kernel", "a/bias", "b/kernel", "b/bias"]
    opened = backward_pass(model, x, y, expand_nested=True).numbers
    assert [n.label for n in opened.steps] == ["shared", "shared", "add", "a", "b", "last", "mse"]
    _, gradients = by_tape(model, x, y)
    (shared,) = (g for path, g in gradients.items() if path.endswith("shared/kernel"))
    # What it gets from both calls together.
    np.testing.assert_allclose(opened["shared"].weights[0].gradient, shared, rtol=1e-4, atol=1e-6)


def test_a_model_with_several_inputs_and_targets() -> None:
    a, b = tw.Input((3,), name="a"), tw.Input((2,), name="b")
    joined = L.Concatenate()([a, b])
    model = tw.Model([a, b], {"p": L.Dense(1, name="p")(joined), "q": L.Dense(2, name="q")(joined)})
    model.compile("sgd", {"p": "mse", "q": "mae"})
    random = np.random.default_rng(0)
    x = {"a": random.normal(size=(4, 3)), "b": random.normal(size=(4, 2))}
    y = {"p": random.normal(size=(4, 1)), "q": random.normal(size=(4, 2))}
    found = backward_pass(model, x, y, np.ones(4)).numbers
    inputs = [n.name for n in found if n.kind == "input"]
    assert sorted(inputs) == ["a", "b", "sample_weight", "y_p", "y_q"]


# --- bad input ----------------------------------------------------------------------------------


def test_a_function_must_return_a_scalar() -> None:
    with pytest.raises(ValueError, match=r"must return a scalar, got a result of shape \(2,\)"):
        backward_pass(lambda x: x * 2, [1.0, 2.0])
    with pytest.raises(TypeError, match="must return a scalar tensor, got None"):
        backward_pass(lambda x: None, 1.0)
    with pytest.raises(ValueError, match="returned bool, and gradients flow only from floating"):
        backward_pass(lambda x: x > 1, 2.0)


def test_something_must_have_a_gradient() -> None:
    with pytest.raises(ValueError, match="depends on nothing that gradients are wanted for"):
        backward_pass(lambda x: tw.constant(2.0) * 3, 1.0)
    with pytest.raises(ValueError, match="is an argument or a constant; there is no operation"):
        backward_pass(lambda x: x, 1.0)
    with pytest.raises(ValueError, match="depends on nothing that gradients are wanted for"):
        backward_pass(lambda n: tw.cast(n, "float32") * 2, np.int32(3))
    with pytest.raises(ValueError, match=r"sources names 'w', .* it uses \['v', 'x', 'y'\]"):
        backward_pass(chapter, 0, 2, 5, sources=["w"])


def test_arguments_are_numbers() -> None:
    with pytest.raises(TypeError, match=r"argument 'x' must be a number.*, got a str"):
        backward_pass(chapter, 0, "2", 5)
    with pytest.raises(TypeError, match=r"argument 'y' must be a number.*, got None"):
        backward_pass(chapter, 0, 2, None)
    with pytest.raises(TypeError, match=r"argument 'v' must be a number.*, got a dict"):
        backward_pass(chapter, {"a": 1}, 2, 5)
    with pytest.raises(ValueError, match="names has 1 entries for 3 arguments"):
        backward_pass(chapter, 0, 2, 5, names=["v"])
    with pytest.raises(TypeError, match="function must be a function or a Model, got a float"):
        backward_pass(2.0)


def test_too_much_to_draw() -> None:
    def long(x: Any) -> Any:
        for _ in range(70):
            x = tw.sin(x)
        return x

    with pytest.raises(ValueError, match="has 70 operations, and at most 60 can be drawn; take a"):
        backward_pass(long, 1.0)
    model = tw.Sequential([tw.Input((2,)), *(L.Dense(2) for _ in range(60))])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"has 61 layers, .* look into one with layer="):
        backward_pass(model, np.ones((1, 2)), np.ones((1, 2)))


def test_a_model_must_be_ready() -> None:
    x, y = batch()
    with pytest.raises(ValueError, match="model 'm' is not built"):
        backward_pass(tw.Sequential([L.Dense(1)], name="m"), x, y)
    with pytest.raises(ValueError, match=r"model 'm' has no loss; call compile\(loss="):
        backward_pass(tw.Sequential([tw.Input((4,)), L.Dense(1)], name="m"), x, y)
    model = small_model()
    with pytest.raises(ValueError, match="same number of samples, but x has 6, y has 5"):
        backward_pass(model, x, y[:5])
    with pytest.raises(TypeError, match="a model is followed by x, y"):
        backward_pass(model, x)
    with pytest.raises(ValueError, match="calls no layer 'nowhere' that computes anything"):
        backward_pass(model, x, y, layer="nowhere")
    model.trainable = False
    with pytest.raises(ValueError, match="depends on nothing that gradients are wanted for"):
        backward_pass(model, x, y)
    with pytest.raises(ValueError, match="layer='dense' needs a model, got a function"):
        backward_pass(chapter, 0, 2, 5, layer="dense")


def test_steps_and_directions_exist() -> None:
    with pytest.raises(ValueError, match="step must be a whole number from 0 to 7, got 8"):
        backward_pass(chapter, 0, 2, 5, step=8)
    with pytest.raises(ValueError, match="rankdir must be 'LR', 'TB' or None, got 'up'"):
        backward_pass(chapter, 0, 2, 5, rankdir="up")


def test_an_unknown_name_of_a_node() -> None:
    plot = backward_pass(chapter, 0, 2, 5)
    assert isinstance(plot, BackwardPassPlot)
    with pytest.raises(KeyError, match="there is no node 'w'"):
        plot.numbers["w"]


def test_sources_may_be_the_ends_of_paths() -> None:
    model, (x, _) = nested_model(), batch()
    y = x[:, :1]
    found = backward_pass(model, x, y, sources="a/kernel").numbers
    (inner,) = (node for node in found if node.label == "inner")
    assert [w.name for w in inner.weights if w.gradient is not None] == ["a/kernel"]
    with pytest.raises(ValueError, match=r"sources names 'kernel', which model .* has 4 of"):
        backward_pass(model, x, y, sources=["kernel"])


def test_names_and_sources_are_lists_of_names() -> None:
    with pytest.raises(TypeError, match="sources must be a list of names, got a int"):
        backward_pass(lambda v: v * 2, 1.0, sources=3)
    assert backward_pass(lambda v: v * 2, 1.0, names="speed").numbers["speed"].value == 1.0
    with pytest.raises(ValueError, match="names are for a function's arguments"):
        backward_pass(nested_model(), *batch(), names=["x", "y"])
    with pytest.raises(ValueError, match=r"step must be a whole number from 0 to 3, got 1.5"):
        backward_pass(lambda v: v * 2, 1.0, step=1.5)
