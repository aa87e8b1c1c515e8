"""Exact surfaces: the bowl of linear regression against its closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg.viz.surface.compute import model_surface

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(30, 1)).astype("float32")
Y = (2 * X - 0.5 + 0.3 * RANDOM.normal(size=(30, 1))).astype("float32")
DESIGN = np.concatenate([X, np.ones_like(X)], axis=1).astype("float64")
BEST = np.linalg.lstsq(DESIGN, Y[:, 0].astype("float64"), rcond=None)[0]
HESSIAN = 2 * DESIGN.T @ DESIGN / len(X)


def line(optimizer="sgd", kernel=0.0, bias=0.0, **options):
    model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)], name="line")
    model.compile(optimizer, "mse", metrics=["mae"], **options)
    model.set_weights([np.full((1, 1), kernel, "float32"), np.full((1,), bias, "float32")])
    return model


def bowl(kernel, bias):
    return np.mean((kernel * X[:, 0] + bias - Y[:, 0]) ** 2)


def numbers(model, x=X, y=Y, **options):
    known = {
        "sample_weight": None,
        "weights": ("kernel", "bias"),
        "directions": "random",
        "path": None,
        "ranges": None,
        "points": None,
        "metric": "loss",
        "unit": "",
        "training": False,
        "batch_size": 512,
        "seed": 0,
    }
    return model_surface(model, x, y, **{**known, **options})


def test_every_value_is_that_of_the_formula():
    surface = numbers(line(), ranges=((-1, 4), (-3, 2)), points=(7, 5))
    assert surface.losses.shape == (5, 7)
    expected = [[bowl(k, b) for k in surface.axes[0]] for b in surface.axes[1]]
    np.testing.assert_allclose(surface.losses, expected, rtol=2e-6)


def test_second_differences_are_the_hessian():
    surface = numbers(line(), ranges=((1, 3), (-1, 1)), points=3)
    z = surface.losses
    found = [
        [z[1, 0] - 2 * z[1, 1] + z[1, 2], (z[2, 2] - z[2, 0] - z[0, 2] + z[0, 0]) / 4],
        [(z[2, 2] - z[2, 0] - z[0, 2] + z[0, 0]) / 4, z[0, 1] - 2 * z[1, 1] + z[2, 1]],
    ]
    np.testing.assert_allclose(found, HESSIAN, rtol=1e-4, atol=1e-5)


def test_chosen_ranges_are_centred_at_the_least_squares_solution():
    surface = numbers(line(), points=51)
    middle = [axis[len(axis) // 2] for axis in surface.axes]
    np.testing.assert_allclose(middle, BEST, rtol=1e-3)
    np.testing.assert_allclose(surface.minimum.place, BEST, rtol=1e-3)
    assert surface.minimum.value == pytest.approx(bowl(*BEST), rel=1e-4)
    assert not surface.minimum.at_edge
    for axis, present in zip(surface.axes, (0, 0), strict=True):
        assert axis[0] < present < axis[-1]


def test_the_gradient_is_that_of_the_formula():
    surface = numbers(line(kernel=1.0, bias=0.5))
    np.testing.assert_allclose(surface.gradient, HESSIAN @ ([1.0, 0.5] - BEST), rtol=1e-4)
    assert surface.center == (1.0, 0.5)
    assert surface.center_loss == pytest.approx(bowl(1.0, 0.5), rel=1e-5)


def test_a_single_weight_is_a_parabola():
    surface = numbers(line(bias=BEST[1]), weights="kernel")
    assert surface.names == ("kernel",)
    assert surface.losses.shape == (201,)
    expected = [bowl(k, BEST[1]) for k in surface.axes[0]]
    np.testing.assert_allclose(surface.losses, expected, rtol=1e-4)


def test_one_number_of_a_matrix():
    x = RANDOM.normal(size=(20, 3)).astype("float32")
    y = RANDOM.normal(size=(20, 2)).astype("float32")
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2, name="out")])
    model.compile("sgd", "mse")
    kernel = model.get_weights()[0]
    names = ("out/kernel[2, 1]", "kernel[-1, 0]")
    surface = numbers(model, x, y, weights=names, ranges=(-1, 1), points=3)
    for j, b in enumerate((-1, 0, 1)):
        for i, a in enumerate((-1, 0, 1)):
            changed = kernel.copy()
            changed[2, 1], changed[2, 0] = a, b
            expected = np.mean((x @ changed - y) ** 2)
            assert surface.losses[j, i] == pytest.approx(expected, rel=1e-5)


@given(
    rows=st.integers(1, 9),
    batch=st.integers(1, 10),
    points=st.tuples(st.integers(3, 5), st.integers(3, 5)),
)
@settings(max_examples=5, deadline=None)
def test_batches_of_rows_change_nothing(rows, batch, points):
    weight = np.arange(1.0, rows + 1, dtype="float32")
    for metric in ("loss", "mae"):
        options = {"sample_weight": weight, "metric": metric, "points": points, "ranges": (-1, 1)}
        whole = numbers(line(), X[:rows], Y[:rows], **options)
        parts = numbers(line(), X[:rows], Y[:rows], batch_size=batch, **options)
        np.testing.assert_allclose(parts.losses, whole.losses, rtol=1e-5)


def test_it_is_what_evaluate_reports():
    x = RANDOM.normal(size=(40, 3)).astype("float32")
    y = RANDOM.integers(0, 2, size=(40, 1)).astype("float32")
    weight = RANDOM.uniform(size=40).astype("float32")
    model = tw.Sequential(
        [
            tw.Input((3,)),
            tw.layers.Dense(4, "relu", kernel_regularizer="l2", name="hidden"),
            tw.layers.BatchNormalization(),
            tw.layers.Dropout(0.5),
            tw.layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile("adam", "bce", metrics=["accuracy", tw.metrics.AUC(name="auc")])
    model.fit(x, y, epochs=2, verbose=0)
    expected = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    for metric in ("loss", "accuracy", "auc"):
        options = {"metric": metric, "sample_weight": weight, "points": 3, "batch_size": 16}
        found = numbers(model, x, y, weights=None, **options)
        assert found.losses[1, 1] == pytest.approx(expected[metric], rel=1e-5)
        assert found.center_loss == pytest.approx(expected[metric], rel=1e-5)


def test_several_inputs_and_outputs():
    a, b = tw.Input((2,), name="a"), tw.Input((3,), name="b")
    joined = tw.layers.Concatenate()([a, b])
    model = tw.Model(
        [a, b], [tw.layers.Dense(1, name="u")(joined), tw.layers.Dense(2, name="v")(joined)]
    )
    model.compile("sgd", {"u": "mse", "v": "mae"}, loss_weights={"u": 1.0, "v": 0.5})
    x = {"a": RANDOM.normal(size=(9, 2)), "b": RANDOM.normal(size=(9, 3))}
    y = {"u": RANDOM.normal(size=(9, 1)), "v": RANDOM.normal(size=(9, 2))}
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    for metric in ("loss", "v_loss"):
        surface = numbers(model, x, y, weights=None, points=3, metric=metric, batch_size=4)
        assert surface.losses[1, 1] == pytest.approx(expected[metric], rel=1e-5)


def test_training_takes_the_statistics_of_the_batch():
    model = tw.Sequential([tw.Input((1,)), tw.layers.BatchNormalization(name="norm")])
    model.compile("sgd", "mse")
    y = np.zeros_like(X)
    options = {"weights": ("gamma", "beta"), "ranges": (0, 2), "points": 3}
    found = numbers(model, X, y, training=True, **options)
    # A normalised x has mean 0 and variance 1, so the mean square of g x + b is g^2 + b^2.
    expected = [[g**2 + b**2 for g in (0, 1, 2)] for b in (0, 1, 2)]
    np.testing.assert_allclose(found.losses, expected, rtol=5e-3, atol=1e-6)
    present = numbers(model, X, y, **options)
    assert present.losses[0, 1] == pytest.approx(float(np.mean(X**2)), rel=2e-3)


def test_a_test_step_of_the_users_own():
    class Own(tw.Sequential):
        def test_step(self, data):
            x, y = data
            return {"loss": tw.ops.sum(tw.ops.abs(self(x) - y)), "five": tw.ops.ones(()) * 5}

    model = Own([tw.Input((1,)), tw.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((1, 1)), np.zeros(1)])
    surface = numbers(model, ranges=(-1, 1), points=3)
    assert surface.losses[1, 1] == pytest.approx(float(np.abs(Y).sum()), rel=1e-5)
    assert surface.gradient is None


def test_a_function_that_is_the_same_everywhere():
    plot = tw.viz.function_surface(lambda a: 0.0 * a + 5.0, (-1, 1), at=0.5)
    assert plot.numbers.flat
    assert plot.caption == "The value is 5 at a = 0.5; it is 5 everywhere in the picture."
    low, high = plot.axes.get_ylim()
    assert low < 5 < high
    legend = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert legend == ["slope 0", "present: 5"]  # no point is the lowest
