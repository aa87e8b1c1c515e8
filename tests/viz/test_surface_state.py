"""Drawing a surface leaves model, optimizer, metrics and random numbers as they were."""

import numpy as np

import thalweg as tw

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(24, 3)).astype("float32")
Y = RANDOM.normal(size=(24, 1)).astype("float32")


def trained():
    tw.set_random_seed(3)
    model = tw.Sequential(
        [
            tw.Input((3,)),
            tw.layers.Dense(4, "tanh"),
            tw.layers.BatchNormalization(),
            tw.layers.Dropout(0.3),
            tw.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    recorder = tw.callbacks.PathRecorder()
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[recorder])
    return model, recorder


def state(model):
    """Everything that could have changed, as bytes."""
    variables = [*model.variables, *model.optimizer.variables]
    variables += [v for metric in model.metrics for v in metric.variables]
    variables.append(tw.random.seed.global_seed_generator().state)
    return [(id(v), v.numpy().tobytes()) for v in variables]


def unchanged(draw):
    model, recorder = trained()
    before, history, optimizer = state(model), model.history, model.optimizer
    draw(model, recorder)
    assert state(model) == before
    assert model.history is history
    assert model.optimizer is optimizer
    draws = tw.random.normal((3,)).numpy()
    model.fit(X, Y, epochs=2, verbose=0)
    # And it goes on as it would have.
    other, _ = trained()
    np.testing.assert_array_equal(tw.random.normal((3,)).numpy(), draws)
    other.fit(X, Y, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_surface_along_random_directions():
    unchanged(lambda model, _: tw.viz.loss_surface(model, X, Y, points=3))


def test_a_surface_of_a_metric_along_a_path():
    def draw(model, recorder):
        tw.viz.loss_surface(model, X, Y, directions="path", path=recorder, points=3, metric="mae")

    unchanged(draw)


def test_a_surface_as_in_training():
    unchanged(lambda model, _: tw.viz.loss_surface(model, X, Y, points=3, training=True))


def test_a_comparison_of_optimizers():
    def draw(model, _):
        tw.viz.compare_optimizers(model, X, Y, ["sgd", "adam"], 3, points=3)

    unchanged(draw)
