"""What layers give for an input: equal to what parts of the model compute."""

import numpy as np
import pytest

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from tests.viz.models import Doubling, branches, chain, twins


def filled(model):
    draw = np.random.default_rng(2)
    model.set_weights([draw.uniform(0.05, 0.4, w.shape) - 0.18 for w in model.weights])
    return model


def image(size=28, channels=1):
    y, x = np.mgrid[:size, :size] / size
    ring = np.abs(np.hypot(y - 0.5, x - 0.45) - 0.25) < 0.09
    return np.stack([ring * (1 - 0.5 * c * x) for c in range(channels)], -1)[None].astype("float32")


def part(model, name):
    """The model up to a layer."""
    return tw.Model(model.inputs, model.get_layer(name).output)


def test_a_chain():
    model = filled(chain())
    model.get_layer("norm").moving_variance.assign(np.ones(8))
    plot = tw.viz.activations(model, image())
    check_look(plot, "activations")
    assert list(plot.numbers) == ["conv", "norm", "pool", "flat", "digit"]
    for name, values in plot.numbers.items():
        expected = part(model, name)(image(), training=False).numpy()
        np.testing.assert_allclose(values, expected, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(plot.numbers["digit"], model.predict(image(), verbose=0), rtol=1e-5)


def test_branches_with_two_inputs():
    model = filled(branches())
    x = {"image": image(16, 3), "facts": np.arange(5.0)[None]}
    with tw.viz.theme("dark"):
        plot = tw.viz.activations(model, x)
    check_look(plot, "activations_dark")
    for name in ("stem", "join", "dense", "kind", "age"):
        expected = part(model, name)([x["image"], x["facts"]]).numpy()
        np.testing.assert_allclose(plot.numbers[name], expected, rtol=2e-5, atol=2e-6)


def test_models_inside_and_shared_layers():
    model = filled(twins())
    draw = np.random.default_rng(0)
    left, right = draw.normal(size=(2, 1, 16)).astype("float32")
    found = tw.viz.activations(model, [left, right]).numbers
    encoder = model.get_layer("encoder")
    for x, call in ((left, ""), (right, " (call 2)")):
        for name in ("embed", "gate", "times"):
            expected = part(encoder, name)(x).numpy()
            np.testing.assert_allclose(found[f"encoder/{name}{call}"], expected, rtol=2e-5)
    difference = encoder(left).numpy() - encoder(right).numpy()
    np.testing.assert_allclose(found["minus"], difference, rtol=2e-4, atol=1e-6)
    np.testing.assert_allclose(found["head/same"], model([left, right]).numpy(), rtol=2e-5)


def test_a_subclass():
    model = Doubling(name="mine")
    x = np.array([[1.0, -2.0, 3.0]], "float32")
    model(x)
    filled(model)
    found = tw.viz.activations(model, x, ["again", "last"]).numbers
    hidden = model.hidden(x)
    np.testing.assert_allclose(found["again"], model.again(hidden).numpy(), rtol=1e-5)
    np.testing.assert_allclose(found["last"], model(x).numpy(), rtol=1e-5)
    assert list(found) == ["again", "last"]


def test_nothing_of_the_model_changes():
    model = filled(tw.Sequential([tw.Input((4,)), tw.layers.Dropout(0.5), tw.layers.Dense(2)]))
    before = [v.numpy().copy() for v in model.variables]
    x = np.ones((1, 4), "float32")
    found = tw.viz.activations(model, x).numbers
    np.testing.assert_array_equal(found["dropout"], x)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert "call" not in vars(model.layers[1])


def test_sequences_and_long_vectors():
    layers = [
        tw.layers.Embedding(20, 8, name="words"),
        tw.layers.Conv1D(6, 3, activation="relu", name="pairs"),
        tw.layers.LSTM(40, name="state"),
        tw.layers.Dense(1, name="mood"),
    ]
    model = filled(tw.Sequential([tw.Input((12,)), *layers]))
    plot = tw.viz.activations(model, np.arange(12)[None])
    check_look(plot, "activations_of_a_sequence")
    shapes = {name: values.shape for name, values in plot.numbers.items()}
    assert shapes == {"words": (1, 12, 8), "pairs": (1, 10, 6), "state": (1, 40), "mood": (1, 1)}


@pytest.mark.parametrize(
    ("shape", "layer", "note"),
    [
        ((6, 6, 1), lambda: tw.layers.Conv2D(30, 3), "the first 24 maps"),
        ((4, 6, 6, 1), lambda: tw.layers.Conv3D(3, 3), "slice 1 of 2"),
        ((1, 6, 6), lambda: tw.layers.Conv2D(3, 3, data_format="channels_first"), r"(3, 4, 4)"),
        ((3,), lambda: tw.layers.Dense(5, name="a_layer_with_quite_a_long_name" * 3), "Dense"),
    ],
)
def test_other_shapes(shape, layer, note):
    model = filled(tw.Sequential([tw.Input(shape), layer()]))
    plot = tw.viz.activations(model, np.ones((1, *shape), "float32"))
    check_layout(plot.figure)
    assert note in plot.axes[0].texts[1].get_text()


def test_numbers_that_are_not_finite_are_named():
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(2, name="d"), tw.layers.ReLU()])
    model.set_weights([np.full((2, 2), np.nan), np.zeros(2)])
    plot = tw.viz.activations(model, np.ones((1, 2)))
    check_layout(plot.figure)
    assert plot.caption.endswith("from 'd' on there are numbers that are not finite.")


def test_bad_input_is_named():
    model = chain()
    with pytest.raises(ValueError, match=r"x must be one input .* got shape \(2, 28, 28, 1\)"):
        tw.viz.activations(model, np.zeros((2, 28, 28, 1)))
    with pytest.raises(ValueError, match=r"x must be one input .* got shape \(28, 28, 1\)"):
        tw.viz.activations(model, np.zeros((28, 28, 1)))
    with pytest.raises(ValueError, match="has no layer 'pol'; did you mean 'pool'"):
        tw.viz.activations(model, image(), "pol")
    with pytest.raises(ValueError, match="activations: model 'm' is not built"):
        tw.viz.activations(tw.Sequential([tw.layers.Dense(1)], name="m"), np.ones((1, 2)))
    idle = Doubling(name="mine")
    idle.unused = tw.layers.Dense(1, name="unused")
    idle(np.ones((1, 3), "float32"))
    with pytest.raises(ValueError, match="model 'mine' calls none of the layers unused"):
        tw.viz.activations(idle, np.ones((1, 3), "float32"), "unused")
