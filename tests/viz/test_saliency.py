"""Saliency against closed forms, for all kinds of models, and its looks."""

import re

import numpy as np
import pytest

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from thalweg import viz
from thalweg.viz.explanation.image_grid import upsampled

RNG = np.random.default_rng(0)
FEATURES = ["CRIM", "RM", "LSTAT"]


def linear_model(units=1, activation=None):
    tw.set_random_seed(0)
    return tw.Sequential([tw.Input((3,)), tw.layers.Dense(units, activation=activation)])


def curved_model(activation=None):
    tw.set_random_seed(1)
    return tw.Sequential(
        [
            tw.Input((3,)),
            tw.layers.Dense(8, activation="tanh"),
            tw.layers.Dense(4, activation=activation),
        ]
    )


def image_model():
    """The score of output 0 is the sum of squares of a patch, that of output 1 of another."""
    x = tw.Input((12, 16, 3))
    patches = [tw.ops.sum(tw.square(part), axis=(1, 2, 3)) for part in (x[:, :4, :4], x[:, 6:, 9:])]
    return tw.Model(x, tw.ops.stack(patches, axis=-1), name="patches")


def tanh_gradient(model, x, output):
    """The gradient of one output of the curved model, by hand."""
    kernel, bias, last, _ = (w.numpy() for w in model.weights)
    return ((1 - np.tanh(x @ kernel + bias) ** 2) * last[:, output]) @ kernel.T


def test_of_a_linear_model_it_is_the_kernel():
    model, x = linear_model(2), RNG.normal(size=(5, 3))
    for method in ("gradient", "smoothgrad"):
        found = viz.saliency(model, x, 1, method).numbers
        kernel = model.weights[0].numpy()[:, 1]
        np.testing.assert_allclose(found.values, np.tile(kernel, (5, 1)), rtol=1e-5)
        np.testing.assert_allclose(found.maps, np.abs(found.values), rtol=1e-6)
    contributions = viz.saliency(model, x, 1, "integrated_gradients").numbers.values
    np.testing.assert_allclose(contributions, x * kernel, rtol=1e-4, atol=1e-6)


def test_gradients_are_those_of_the_formula_for_the_predicted_output():
    model, x = curved_model(), RNG.normal(size=(6, 3)).astype("float32")
    found = viz.saliency(model, x).numbers
    outputs = model.predict(x, verbose=0)
    np.testing.assert_array_equal(found.target, outputs.argmax(1))
    np.testing.assert_allclose(found.scores, outputs.max(1), rtol=1e-5)
    by_hand = [tanh_gradient(model, x[i], found.target[i]) for i in range(6)]
    np.testing.assert_allclose(found.values, by_hand, rtol=1e-4, atol=1e-6)


def test_each_input_may_have_a_target_of_its_own():
    model, x = curved_model(), RNG.normal(size=(3, 3)).astype("float32")
    found = viz.saliency(model, x, [3, 0, 2]).numbers
    np.testing.assert_array_equal(found.target, [3, 0, 2])
    by_hand = [tanh_gradient(model, x[i], t) for i, t in enumerate([3, 0, 2])]
    np.testing.assert_allclose(found.values, by_hand, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_the_score_is_that_before_the_last_softmax_or_sigmoid(activation):
    x = RNG.normal(size=(4, 3))
    plain, squashed = curved_model(), curved_model(activation)
    squashed.set_weights(plain.get_weights())
    np.testing.assert_allclose(
        viz.saliency(squashed, x, 2).numbers.values,
        viz.saliency(plain, x, 2).numbers.values,
        rtol=1e-5,
        atol=1e-7,
    )
    assert squashed.layers[-1].activation.__name__ == activation
    assert "activation" in vars(squashed.layers[-1])


def test_it_is_found_within_nested_models_and_as_a_layer_of_its_own():
    inner = curved_model()
    x = tw.Input((3,))
    functional = tw.Model(x, tw.layers.Softmax()(inner(x)))
    nested = tw.Sequential([tw.Input((3,)), functional])
    rows = RNG.normal(size=(4, 3))
    before = nested.predict(rows, verbose=0)
    np.testing.assert_allclose(
        viz.saliency(nested, rows, 1).numbers.values,
        viz.saliency(inner, rows, 1).numbers.values,
        rtol=1e-5,
        atol=1e-7,
    )
    np.testing.assert_array_equal(nested.predict(rows, verbose=0), before)
    assert "call" not in vars(functional.layers[-1])


def test_the_activation_within_a_last_recurrent_layer_stays():
    tw.set_random_seed(0)
    model = tw.Sequential([tw.Input((4, 2)), tw.layers.LSTM(3, activation="sigmoid")])
    x = tw.constant(RNG.normal(size=(2, 4, 2)), dtype="float32")
    with tw.GradientTape() as tape:
        tape.watch(x)
        score = tw.reduce_sum(model(x)[:, 1])
    by_hand = tape.gradient(score, x).numpy()
    found = viz.saliency(model, x, 1).numbers
    np.testing.assert_allclose(found.values, by_hand, rtol=1e-4, atol=1e-7)


def test_integrated_gradients_sum_to_the_difference_of_the_scores():
    model, x = curved_model(), RNG.normal(size=(4, 3)).astype("float32")
    base = np.array([0.2, -0.1, 0.3], "float32")
    found = viz.saliency(model, x, 0, "integrated_gradients", samples=200, baseline=base).numbers
    scores = model.predict(np.vstack([x, base[None]]), verbose=0)[:, 0]
    np.testing.assert_allclose(found.values.sum(1), scores[:-1] - scores[-1], rtol=1e-3, atol=1e-4)


def test_smoothgrad_is_the_mean_gradient_at_noisy_copies():
    model, x = curved_model(), RNG.normal(size=(2, 3)).astype("float32")
    found = viz.saliency(model, x, 1, "smoothgrad", samples=7, noise=0.3, seed=5).numbers
    noise = np.random.default_rng(5).normal(0, 0.3 * np.ptp(x), (7, 2, 3))
    by_hand = [
        np.mean([tanh_gradient(model, x[i] + n[i], 1) for n in noise], axis=0) for i in range(2)
    ]
    np.testing.assert_allclose(found.values, by_hand, rtol=1e-4, atol=1e-6)
    again = viz.saliency(model, x, 1, "smoothgrad", samples=3, noise=0.0).numbers
    np.testing.assert_allclose(again.values, viz.saliency(model, x, 1).numbers.values, rtol=1e-5)


def test_of_images_the_map_is_the_largest_over_the_channels():
    x = RNG.normal(size=(2, 12, 16, 3)).astype("float32")
    found = viz.saliency(image_model(), x, [0, 1]).numbers
    expected = np.zeros_like(x)
    expected[0, :4, :4], expected[1, 6:, 9:] = 2 * x[0, :4, :4], 2 * x[1, 6:, 9:]
    np.testing.assert_allclose(found.values, expected, rtol=1e-5)
    np.testing.assert_allclose(found.maps, np.abs(expected).max(-1), rtol=1e-5)


def test_images_of_bytes_and_of_a_subclass_model():
    class Bright(tw.Model):
        def call(self, inputs):
            return tw.ops.sum(inputs, axis=(1, 2))[:, None] / 255

    model = Bright()
    images = np.zeros((2, 6, 5), np.uint8)
    model(images.astype("float32"))
    plot = viz.saliency(model, images)
    np.testing.assert_allclose(plot.numbers.values, np.full((2, 6, 5), 1 / 255), rtol=1e-6)
    assert plot.axes.shape == (2, 2)
    check_layout(plot.figure)


def test_nothing_of_the_model_changes():
    model = curved_model("softmax")
    model.compile("adam", "mse")
    weights = [w.copy() for w in model.get_weights()]
    viz.saliency(model, RNG.normal(size=(2, 3)))
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    with pytest.raises(ValueError, match="target 9"):
        viz.saliency(model, np.ones((1, 3)), 9)
    assert model.layers[-1].activation.__name__ == "softmax"


def test_captions_say_what_is_seen():
    model = linear_model()
    model.set_weights([[[1.0], [0.5], [-4.0]], [0.0]])
    plot = viz.saliency(model, np.ones((1, 3)), feature_names=FEATURES)
    assert plot.caption == "The score depends most on LSTAT: −4 for this example, least on RM: 0.5."
    several = viz.saliency(model, np.ones((9, 3)), feature_names=FEATURES)
    assert several.caption == (
        "The score depends most on LSTAT: 4 in magnitude on average, least on RM: 0.5."
    )
    x = np.zeros((1, 12, 16, 3))
    x[0, 7, 11] = 1.0
    assert viz.saliency(image_model(), x, 1, class_names=["left", "right"]).caption == (
        "The score of right for input 0 depends most on row 7, column 11; a tenth of the points "
        "hold 100% of all that matters."
    )


def gentle_images(count):
    rows, columns = np.mgrid[:12, :16] / 16
    image = np.stack([rows, columns, 0.5 + 0 * rows], -1)
    return np.stack([np.roll(image, 3 * i, axis=1) for i in range(count)]).astype("float32")


def test_look_of_images():
    names = ["left", "right"]
    check_look(
        viz.saliency(image_model(), gentle_images(3), [0, 1, 1], class_names=names),
        "saliency_images",
    )


def test_look_of_features():
    model = linear_model()
    model.set_weights([[[1.0], [0.5], [-4.0]], [0.0]])
    with viz.theme("dark"):
        plot = viz.saliency(model, np.ones((1, 3)), feature_names=FEATURES, title="One district")
        check_look(plot, "saliency_features_dark")


@pytest.mark.parametrize("count", [1, 9])
def test_any_number_of_images_has_room(count):
    check_layout(viz.saliency(image_model(), gentle_images(count), 0).figure)


def test_enlarging_keeps_places():
    maps = RNG.normal(size=(2, 3, 5))
    np.testing.assert_allclose(upsampled(maps, 3, 5), maps)
    # Three times as large, the middle of each former pixel is where it was.
    np.testing.assert_allclose(upsampled(maps, 9, 15)[:, 1::3, 1::3], maps)
    slope = np.arange(4.0)[None, :, None] + np.zeros((1, 4, 2))
    np.testing.assert_allclose(np.diff(upsampled(slope, 16, 2)[0, 2:-2, 0]), 0.25)


def two_inputs():
    a, b = tw.Input((3,)), tw.Input((3,))
    return tw.Model([a, b], tw.layers.Dense(1)(a + b), name="two")


def embedding():
    return tw.Sequential(
        [
            tw.Input((3,), dtype="int32"),
            tw.layers.Embedding(5, 2),
            tw.layers.Flatten(),
            tw.layers.Dense(2),
        ],
        name="words",
    )


def not_built():
    return tw.Sequential([tw.layers.Dense(2)], name="later")


ROWS = np.ones((2, 3))
BAD = {
    "saliency: model must be a Model, got a str": lambda: viz.saliency("model", ROWS),
    "saliency: model 'later' is not built; begin it with Input(shape), call it on data or fit it "
    "first": lambda: viz.saliency(not_built(), ROWS),
    "saliency: model 'two' has 2 inputs, only models of one input can be explained": (
        lambda: viz.saliency(two_inputs(), ROWS)
    ),
    "saliency: no gradient reaches the input of model 'words'; its first layers cannot be "
    "differentiated": lambda: viz.saliency(embedding(), ROWS),
    "saliency: target 4 is not one of the 4 outputs of model 'net'": lambda: viz.saliency(
        named(curved_model), ROWS, 4
    ),
    "saliency: target must be the number of a class, or one for each of the 2 inputs, got "
    "[1, 2, 3]": lambda: viz.saliency(curved_model(), ROWS, [1, 2, 3]),
    "saliency: method must be one of 'gradient', 'smoothgrad', 'integrated_gradients', got "
    "'lime'": (lambda: viz.saliency(curved_model(), ROWS, method="lime")),
    "saliency: at most 32 inputs can be drawn, got 40; take some, as x[:8]": lambda: viz.saliency(
        image_model(), np.ones((40, 12, 16, 3))
    ),
    "saliency: samples must be a whole number from 1 on, got 0": (
        lambda: viz.saliency(curved_model(), ROWS, samples=0)
    ),
    "saliency: feature_names must have one name for each of the 3 features, got 1": (
        lambda: viz.saliency(curved_model(), ROWS, feature_names=["a"])
    ),
    "saliency: baseline must broadcast to the shape of x, (2, 3), got (5,)": lambda: viz.saliency(
        curved_model(), ROWS, method="integrated_gradients", baseline=np.ones(5)
    ),
    "saliency: feature_names are for rows of features, x has shape (1, 12, 16, 3)": (
        lambda: viz.saliency(image_model(), np.ones((1, 12, 16, 3)), feature_names=["a"])
    ),
    "saliency: x must be real numbers, got an array of <U1": lambda: viz.saliency(
        curved_model(), [["a"]]
    ),
    "saliency: x must be a batch of inputs, the examples first, got shape (3,)": (
        lambda: viz.saliency(curved_model(), np.ones(3))
    ),
}


def named(make):
    model = make()
    model.name = "net"
    return model


@pytest.mark.parametrize("message", BAD)
def test_bad_input_in_a_sentence(message):
    with pytest.raises((TypeError, ValueError)) as caught:
        BAD[message]()
    assert str(caught.value) == f"{message}."


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"samples": 2.5}, "samples must be a whole number from 1 on, got 2.5."),
        ({"samples": 0}, "samples must be a whole number from 1 on, got 0."),
        ({"seed": -1}, "seed must be a whole number from 0 on, got -1."),
        ({"noise": "x"}, "noise must be a number from 0 on, got 'x'."),
        ({"x": [[np.nan, 1.0]]}, "x must be finite, 1 of its numbers are not."),
    ],
)
def test_wrong_numbers_are_named(wrong, sentence):
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
    with pytest.raises(ValueError, match=re.escape(f"saliency: {sentence}")):
        viz.saliency(model, **{"x": [[1.0, 2.0]], "method": "smoothgrad", **wrong})
