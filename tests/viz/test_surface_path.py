"""Paths: gradient descent on the bowl against its closed form; thinning; several optimizers."""

import numpy as np
import pytest

import thalweg as tw
from tests.viz.test_surface_exact import BEST, HESSIAN, X, Y, line, numbers
from thalweg.viz.surface.path import PathRecorder

RATE = 0.1


def descended(epochs=15, **options):
    model = line(tw.optimizers.SGD(RATE), kernel=-1.0, bias=1.0)
    recorder = PathRecorder(**options)
    model.fit(X, Y, batch_size=len(X), epochs=epochs, verbose=0, callbacks=[recorder])
    return model, recorder


def closed_form(steps):
    """w_t = w* + (I - rate H)^t (w_0 - w*)."""
    turn = np.eye(2) - RATE * HESSIAN
    return np.stack(
        [BEST + np.linalg.matrix_power(turn, int(t)) @ ([-1.0, 1.0] - BEST) for t in steps]
    )


@pytest.mark.parametrize("weights", [None, ("kernel", "bias")])
def test_gradient_descent_on_the_bowl(weights):
    model, recorder = descended(weights=weights)
    surface = numbers(model, path=recorder)
    path = surface.paths[""]
    assert path.steps.tolist() == list(range(16))
    np.testing.assert_allclose(path.coordinates, closed_form(path.steps), atol=2e-5)
    np.testing.assert_allclose(path.heights, path.losses, rtol=1e-5)
    assert path.distances.max() < 1e-3
    assert path.explained == pytest.approx(1.0)
    for i, axis in enumerate(surface.axes):
        assert axis[0] < path.coordinates[:, i].min()
        assert axis[-1] > path.coordinates[:, i].max()


def test_weights_that_are_not_on_the_axes_are_told_as_distance():
    model, recorder = descended()
    path = numbers(model, path=recorder, weights="kernel").paths[""]
    expected = closed_form(path.steps)
    np.testing.assert_allclose(path.coordinates[:, 0], expected[:, 0], atol=2e-5)
    np.testing.assert_allclose(path.distances, np.abs(expected[:, 1] - expected[-1, 1]), atol=1e-4)
    spread = expected.var(axis=0)
    assert path.explained == pytest.approx(spread[0] / spread.sum(), rel=1e-4)


def test_points_after_batches():
    model = line()
    recorder = PathRecorder(every=2)
    model.fit(X, Y, batch_size=6, epochs=3, verbose=0, callbacks=[recorder])
    assert recorder.path.unit == "batch"
    assert recorder.path.steps.tolist() == [0, 2, 4, 6, 8, 10, 12, 14, 15]


def test_a_call_for_several_batches_counts_them_all():
    model = line()
    model.compile("sgd", "mse", steps_per_execution=3)
    recorder = PathRecorder(every=2)
    model.fit(X, Y, batch_size=6, epochs=2, verbose=0, callbacks=[recorder])
    assert recorder.path.steps.tolist() == [0, 3, 5, 8, 10]


def test_epochs_do_not_make_fit_stop_for_batches():
    assert not PathRecorder().wants_batches("train")
    assert PathRecorder(every=5).wants_batches("train")
    assert not PathRecorder(every=5).wants_batches("test")


def test_many_points_are_thinned():
    _, recorder = descended(epochs=50, max_points=10)
    path = recorder.path
    assert len(path) <= 10
    assert path.positions.dtype == np.float32
    assert path.steps[0] == 0
    assert path.steps[-1] == 50
    assert len(set(np.diff(path.steps[:-1]))) == 1
    np.testing.assert_allclose(path.positions, closed_form(path.steps), atol=2e-5)


def test_each_fit_begins_anew():
    model, recorder = descended(epochs=4)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[recorder])
    assert recorder.path.steps.tolist() == [0, 1, 2]


def test_optimizers_from_the_same_start():
    model = line(kernel=-1.0, bias=1.0)
    mine = tw.optimizers.SGD(RATE)
    plot = tw.viz.compare_optimizers(
        model,
        X,
        Y,
        {"descent": mine, "momentum": tw.optimizers.SGD(RATE, momentum=0.5)},
        epochs=5,
        batch_size=len(X),
        weights=("kernel", "bias"),
        points=5,
    )
    paths = plot.numbers.paths
    assert list(paths) == ["descent", "momentum"]
    np.testing.assert_allclose(paths["descent"].coordinates, closed_form(range(6)), atol=2e-5)
    np.testing.assert_array_equal(paths["descent"].coordinates[0], paths["momentum"].coordinates[0])
    assert not mine.built
    assert model.get_weights()[0][0, 0] == -1


def test_optimizers_see_the_same_order_of_samples():
    model = line(kernel=-1.0, bias=1.0)
    plot = tw.viz.compare_optimizers(
        model,
        X,
        Y,
        {"one": tw.optimizers.SGD(RATE), "same": tw.optimizers.SGD(RATE)},
        epochs=3,
        batch_size=4,
        weights=("kernel", "bias"),
        points=3,
    )
    one, same = plot.numbers.paths.values()
    np.testing.assert_array_equal(one.losses, same.losses)


def test_a_function_and_steps_on_it():
    steps = [[-1.0, 0.5], [0.0, 0.25], [0.5, 0.0]]
    plot = tw.viz.function_surface(
        lambda u, v: u**2 - 3 * v, ((-2, 2), (-1, 1)), at=(1.0, 0.5), path=steps, points=(5, 3)
    )
    surface = plot.numbers
    assert surface.names == ("u", "v")
    u, v = np.meshgrid([-2, -1, 0, 1, 2], [-1, 0, 1])
    np.testing.assert_allclose(surface.losses, u**2 - 3 * v)
    np.testing.assert_allclose(surface.gradient, [2.0, -3.0])
    np.testing.assert_allclose(surface.paths[""].heights, [-0.5, -0.75, 0.25])
