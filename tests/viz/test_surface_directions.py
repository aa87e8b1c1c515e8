"""Directions through whole networks: filter by filter as long as the weights; PCA as NumPy's."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.viz.surface.directions import main_directions, random_plane

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(16, 3)).astype("float32")
Y = RANDOM.normal(size=(16, 1)).astype("float32")


def net():
    tw.set_random_seed(0)
    model = tw.Sequential(
        [tw.Input((3,)), tw.layers.Dense(5, "tanh"), tw.layers.Dense(1)], name="net"
    )
    model.compile(tw.optimizers.SGD(0.1), "mse")
    return model


def norms(weight, axes):
    return np.sqrt(np.sum(np.square(weight, dtype=np.float64), axis=axes))


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (lambda: tw.layers.Dense(4), (3,), (0,)),
        (lambda: tw.layers.Conv2D(5, 3), (8, 8, 2), (0, 1, 2)),
        (lambda: tw.layers.Conv2DTranspose(5, 3), (8, 8, 2), (0, 1, 3)),
        (lambda: tw.layers.DepthwiseConv2D(3, depth_multiplier=2), (8, 8, 2), (0, 1)),
        (lambda: tw.layers.LSTM(4), (6, 3), (0,)),
    ],
    ids=["dense", "conv", "transposed", "depthwise", "lstm"],
)
def test_filters_of_directions_have_the_norms_of_the_weights(layer, shape, axes):
    model = tw.Sequential([tw.Input(shape), layer()])
    plane = random_plane(model, seed=4)
    kernel = model.trainable_variables[0].numpy()
    for direction in plane.directions:
        assert direction[0].shape == kernel.shape
        np.testing.assert_allclose(norms(direction[0], axes), norms(kernel, axes), rtol=1e-5)


def test_filters_of_embeddings_are_rows():
    model = tw.Sequential([tw.Input((4,), dtype="int32"), tw.layers.Embedding(7, 3)])
    plane = random_plane(model, seed=4)
    table = model.trainable_variables[0].numpy()
    np.testing.assert_allclose(norms(plane.directions[1][0], 1), norms(table, 1), rtol=1e-5)


def test_biases_and_normalisation_stay():
    model = tw.Sequential(
        [tw.Input((3,)), tw.layers.Dense(4), tw.layers.BatchNormalization(), tw.layers.Dense(1)]
    )
    plane = random_plane(model, seed=0)
    for direction in plane.directions:
        for variable, part in zip(plane.variables, direction, strict=True):
            assert part.any() == (len(variable.shape) > 1), variable.path


def test_the_seed_decides():
    model = net()
    one, same, other = (random_plane(model, seed).directions[0][0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_the_surface_is_the_loss_of_the_moved_weights():
    model = net()
    surface = tw.viz.loss_surface(model, X, Y, points=(3, 5), ranges=(-0.5, 0.5)).numbers
    weights = model.get_weights()
    for j, b in enumerate(surface.axes[1]):
        for i, a in enumerate(surface.axes[0]):
            first, second = surface.directions
            moved = [w + a * p + b * q for w, p, q in zip(weights, first, second, strict=True)]
            model.set_weights(moved)
            expected = model.evaluate(X, Y, verbose=0)
            assert surface.losses[j, i] == pytest.approx(expected, rel=1e-4)


def test_main_directions_are_the_singular_vectors():
    points = RANDOM.normal(size=(12, 40)).astype("float32") * np.linspace(3, 0.1, 40, dtype="f")
    found, shares = main_directions(points)
    centred = points - points.mean(axis=0)
    _, values, vectors = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(shares[:11], (values**2 / np.sum(values**2))[:11], rtol=1e-5)
    for direction, vector in zip(found, vectors, strict=False):
        assert abs(direction @ vector) == pytest.approx(1.0, abs=1e-6)
        assert np.linalg.norm(direction) == pytest.approx(1.0)
        assert direction @ (points[-1] - points[0]) >= 0


def test_the_plane_of_a_path():
    model = net()
    recorder = tw.callbacks.PathRecorder()
    model.fit(X, Y, epochs=12, verbose=0, callbacks=[recorder])
    plot = tw.viz.loss_surface(model, X, Y, directions="path", path=recorder, points=5)
    surface, rows = plot.numbers, recorder.path.positions.astype(np.float64)
    path = surface.paths[""]
    # It goes through the end, where the model is.
    np.testing.assert_allclose(path.coordinates[-1], 0, atol=1e-6)
    np.testing.assert_allclose(surface.center, 0, atol=1e-6)
    assert path.distances[-1] == pytest.approx(0, abs=1e-5)
    assert path.heights[-1] == pytest.approx(path.losses[-1], rel=1e-5)
    assert path.explained == pytest.approx(sum(surface.variance), rel=1e-5)
    basis = np.stack([np.concatenate([a.ravel() for a in d]) for d in surface.directions])
    away = rows - rows[-1]
    np.testing.assert_allclose(path.coordinates, away @ basis.T, atol=1e-5)
    rest = away - away @ basis.T @ basis
    np.testing.assert_allclose(path.distances, np.linalg.norm(rest, axis=1), atol=1e-4)


def test_given_directions():
    model = net()
    ways = [[np.ones(w.shape) for w in model.get_weights()]]
    plot = tw.viz.loss_surface(model, X, Y, directions=ways, ranges=(-1, 1), points=3)
    start = model.get_weights()
    model.set_weights([w + 1 for w in start])
    assert plot.numbers.losses[2] == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)
