"""Bad input is told in a sentence, before anything is computed."""

import re

import numpy as np
import pytest

import thalweg as tw
from thalweg.viz.surface.path import PathRecorder

X, Y = np.zeros((4, 2), "float32"), np.zeros((4, 1), "float32")


def net(compiled=True, **options):
    layers = [tw.Input((2,)), tw.layers.Dense(2, name="hidden"), tw.layers.Dense(1, name="out")]
    model = tw.Sequential(layers, name="net")
    if compiled:
        model.compile("sgd", "mse", metrics=["mae"], **options)
    return model


def fails(message, model=None, x=X, y=Y, error=ValueError, **options):
    with pytest.raises(error, match=re.escape(message)):
        tw.viz.loss_surface(net() if model is None else model, x, y, **options)


def test_a_model_that_is_not_built():
    model = tw.Sequential([tw.layers.Dense(1)], name="m")
    model.compile("sgd", "mse")
    fails("loss_surface: model 'm' is not built; begin it with Input(shape)", model)


def test_a_model_that_is_not_compiled():
    fails("loss_surface: model 'net' is not compiled; call compile", net(compiled=False))


def test_a_function_is_for_another_function():
    fails("there is function_surface", lambda x: x, error=TypeError)


def test_more_than_two_weights():
    names = ("hidden/kernel[0, 0]", "hidden/bias[0]", "out/bias")
    fails("weights must name one or two numbers, got 3 names", weights=names)


def test_a_name_that_is_not_there():
    fails(
        "model 'net' has no weight 'hiden/kernel'; did you mean 'hidden/kernel'?",
        weights="hiden/kernel[0, 0]",
    )


def test_a_name_that_means_several():
    fails("2 weights are called 'bias'; write 'net/hidden/bias' or 'net/out/bias'", weights="bias")


def test_a_whole_matrix():
    fails(
        "weight 'hidden/kernel' has shape (2, 2); name one number of it, such as "
        "'hidden/kernel[0, 0]'",
        weights="hidden/kernel",
    )


def test_a_place_that_is_not_there():
    fails(
        "'hidden/bias[2]' is not in weight 'net/hidden/bias' of shape (2,)",
        weights="hidden/bias[2]",
    )
    fails("is not in weight 'net/hidden/kernel' of shape (2, 2)", weights="hidden/kernel[1]")


def test_the_same_number_twice():
    fails("names 'hidden/bias[0]' twice", weights=("hidden/bias[0]", "net/hidden/bias[-2]"))


def test_a_metric_that_was_not_compiled():
    fails("model 'net' was not compiled with metric 'mea'; did you mean 'mae'?", metric="mea")


def test_where_the_loss_is_not_finite():
    fails(
        "the loss is not finite at 9 of 9 points; choose smaller ranges",
        x=X + 1,
        weights=("hidden/bias[0]", "out/bias"),
        ranges=((1e30, 2e30), (1e30, 2e30)),
        points=3,
    )


@pytest.mark.parametrize("ranges", [(1, 1), (2, 1), ((0, 1),), "wide", (0, np.inf)])
def test_ranges(ranges):
    fails(
        "ranges must be (low, high) for random direction 1 and random direction 2, with low < high",
        ranges=ranges,
    )


@pytest.mark.parametrize("seed", ["one", -1, 1.5, True])
def test_seeds(seed):
    fails("seed must be a whole number from 0 on", seed=seed)


@pytest.mark.parametrize("directions", [3, None, [1, 2]])
def test_directions_that_are_no_lists(directions):
    with pytest.raises(TypeError, match="directions must be 'random', 'path' or one or two lists"):
        tw.viz.loss_surface(net(), X, Y, directions=directions)


def test_names_that_are_none():
    with pytest.raises(TypeError, match=r"weights must be a name such as .* got a int"):
        tw.viz.loss_surface(net(), X, Y, weights=3)


@pytest.mark.parametrize("points", [2, 1.5, (3, 3, 3), True, (5, 1)])
def test_points(points):
    fails("points must be a whole number from 3 to 2001", points=points)


def test_batches_instead_of_arrays():
    batches = [(X, Y)]
    fails("x and y must be arrays in memory", x=(b for b in batches), y=None)


def test_kinds_and_axes():
    fails("kind must be 'contour', '3d' or 'both', got '2d'", kind="2d")
    axes = tw.viz.line_chart([0, 1], [0, 1]).axes
    fails("kind='both' has two pictures", kind="both", ax=axes)
    fails("kind='3d' needs an ax with projection='3d'", kind="3d", ax=axes)


def test_directions():
    fails("directions must be 'random', 'path' or", directions="pca")
    fails("directions='path' needs path", directions="path")
    fails("give either weights or directions", directions="path", weights="out/bias")
    ways = [np.zeros((2, 2))]
    fails("directions[0] must have an array for each trainable weight", directions=[ways])
    ones = [np.ones(w.shape) for w in net().get_weights()]
    fails("both directions are the same line", directions=[ones, [-w for w in ones]])


def test_too_few_weights_for_random_directions():
    model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)], name="line")
    model.compile("sgd", "mse")
    fails("have too few numbers, or are 0, for two random directions", model, x=X[:, :1])


def test_paths():
    fails("path must be a PathRecorder, its path, or a dict of them", path=3, error=TypeError)
    with pytest.raises(ValueError, match="nothing is recorded yet"):
        _ = PathRecorder().path
    recorder = PathRecorder()
    other = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1, name="alone")], name="other")
    other.compile("sgd", "mse")
    other.fit(X, Y, epochs=3, verbose=0, callbacks=[recorder])
    fails(
        "the path is not one of model 'net', which has no weight 'other/alone/kernel'",
        path=recorder,
    )
    # With zeros as data nothing moves.
    model = net()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[recorder])
    fails("the path has 4 points along one line", model, directions="path", path=recorder)


def test_a_path_that_diverged():
    model, recorder = net(), PathRecorder()
    model.compile(tw.optimizers.SGD(1e6), "mse", metrics=["mae"])
    model.fit(X + 1, Y - 1, epochs=30, verbose=0, callbacks=[recorder])
    fails("the weights of the path are not finite after epoch", net(), path=recorder)


def test_training_needs_the_loss():
    fails("training=True needs metric='loss'", training=True, metric="mae")


def test_a_recorder():
    with pytest.raises(ValueError, match="every must be 'epoch' or a number of batches, got 0"):
        PathRecorder(every=0)
    with pytest.raises(ValueError, match="max_points must be a whole number from 3 on"):
        PathRecorder(max_points=2)
    recorder = PathRecorder(weights="nothing")
    with pytest.raises(ValueError, match="PathRecorder: model 'net' has no weight 'nothing'"):
        net().fit(X, Y, verbose=0, callbacks=[recorder])


def test_functions():
    surface = tw.viz.function_surface
    with pytest.raises(ValueError, match="must take one or two numbers, it takes 3"):
        surface(lambda a, b, c: a, (0, 1))
    with pytest.raises(TypeError, match="function must be a function, got a int"):
        surface(3, (0, 1))
    with pytest.raises(ValueError, match="must return one number, got shape"):
        surface(lambda a: tw.ops.stack([a, a]), (0, 1))
    with pytest.raises(ValueError, match=r"at must be a number for a and b, got 1.0"):
        surface(lambda a, b: a, (0, 1), at=1.0)
    with pytest.raises(ValueError, match="at must be a number for a, got 'here'"):
        surface(lambda a: a, (0, 1), at="here")
    with pytest.raises(TypeError, match="must return one number, got None"):
        surface(lambda a: None, (0, 1))
    with pytest.raises(ValueError, match="function must tell its parameters"):
        surface(min, (0, 1))
    with pytest.raises(ValueError, match=re.escape("of shape (points, 2), got shape (3,)")):
        surface(lambda a, b: a, (0, 1), path=[1, 2, 3])
    with pytest.raises(ValueError, match="the value is not finite at 101 of 201 points"):
        surface(lambda a: tw.ops.log(a), (-1, 1))


def test_a_comparison():
    compare = tw.viz.compare_optimizers
    with pytest.raises(ValueError, match="must name at least one optimizer"):
        compare(net(), X, Y, {})
    with pytest.raises(ValueError, match="epochs must be a positive whole number, got 0"):
        compare(net(), X, Y, ["sgd"], 0)
    with pytest.raises(TypeError, match=r"optimizers must be a dict from names .* got a int"):
        compare(net(), X, Y, 3)
    with pytest.raises(ValueError, match="kind must be 'contour' or '3d', got 'both'"):
        compare(net(), X, Y, ["sgd"], kind="both")
    with pytest.raises(ValueError, match="compare_optimizers: model 'net' is not compiled"):
        compare(net(compiled=False), X, Y, ["sgd"])
    for wrong, options in (
        ("not compiled with metric 'auc'", {"metric": "auc"}),
        ("points must be a whole number", {"points": 1}),
        ("ranges must be", {"ranges": 3}),
        ("has no weight 'w'", {"weights": "w"}),
    ):
        with pytest.raises(ValueError, match=f"compare_optimizers: .*{wrong}"):
            compare(net(), X, Y, ["sgd"], epochs=10**9, **options)
    with pytest.raises(ValueError, match="training with 'wild' diverged"):
        compare(net(), X + 1, Y - 1, {"wild": tw.optimizers.SGD(1e6)}, epochs=30)
