"""Pictures of surfaces: as stored, in light and dark, and nothing overlaps at usual sizes."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from tests.viz.test_surface_exact import X, Y, line
from thalweg.viz.surface.draw_3d import best_side
from thalweg.viz.surface.levels import levels_of

NAMES = ("kernel", "bias")


def empty(size):
    """A figure of the user's own."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def walked(epochs=8):
    model = line(tw.optimizers.SGD(0.1), kernel=-1.0, bias=1.0)
    recorder = tw.callbacks.PathRecorder(NAMES)
    model.fit(X, Y, batch_size=10, epochs=epochs, shuffle=False, verbose=0, callbacks=[recorder])
    return model, recorder


def network():
    """A network with chosen weights, so that the picture depends on no random number."""
    model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(6, "tanh"), tw.layers.Dense(1)])
    model.compile(tw.optimizers.SGD(0.05), "mse")
    shapes = [w.shape for w in model.get_weights()]
    model.set_weights([np.cos(np.arange(np.prod(s)) * 1.7).reshape(s) for s in shapes])
    recorder = tw.callbacks.PathRecorder()
    model.fit(X, Y, batch_size=30, epochs=40, shuffle=False, verbose=0, callbacks=[recorder])
    return model, recorder


def test_a_contour_with_a_path():
    model, recorder = walked()
    plot = tw.viz.loss_surface(model, X, Y, weights=NAMES, path=recorder)
    check_look(plot, "surface_contour")
    assert plot.caption.startswith("In 8 epochs training brings the loss from 8.69 to 0.07")
    assert "; the lowest in the picture is 0.0702 at kernel = " in plot.caption


def test_both_pictures_of_a_network_in_the_dark():
    model, recorder = network()
    with tw.viz.theme("dark"):
        plot = tw.viz.loss_surface(
            model, X, Y, directions="path", path=recorder, kind="both", unit="m²"
        )
    check_look(plot, "surface_both_dark")
    assert "of the path's variance" in plot.caption


def test_a_saddle_in_3d():
    plot = tw.viz.function_surface(lambda u, v: u**2 - v**2, (-2, 2), at=(1, 0.5), kind="3d")
    check_look(plot, "surface_saddle_3d")


def test_a_curve_with_its_tangent():
    plot = tw.viz.loss_surface(line(kernel=1.0), X, Y, weights="kernel", unit="m²")
    check_look(plot, "surface_curve")
    assert plot.caption.startswith("The loss is 0.873 m² at kernel = 1; the lowest in the ")


def test_a_comparison_of_optimizers():
    chosen = {
        "SGD": tw.optimizers.SGD(0.1),
        "momentum": tw.optimizers.SGD(0.05, momentum=0.9),
        "Adam": tw.optimizers.Adam(0.2),
    }
    tw.set_random_seed(0)
    model = line(kernel=-1.0, bias=1.0)
    plot = tw.viz.compare_optimizers(model, X, Y, chosen, 8, weights=NAMES, batch_size=30)
    check_look(plot, "surface_compare")
    assert plot.caption.startswith("In 8 epochs the loss goes from ")


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_random_directions(kind):
    model, _ = network()
    check_layout(tw.viz.loss_surface(model, X, Y, points=15, kind=kind).figure)


@pytest.mark.parametrize("size", [(3.2, 2.8), (4.5, 3.4), (8, 5), (12, 7)])
def test_in_the_axes_of_a_figure(size):
    model, recorder = walked()
    figure = empty(size)
    plot = tw.viz.loss_surface(
        model, X, Y, weights=NAMES, path=recorder, points=15, ax=figure.subplots()
    )
    assert plot.figure is figure
    check_layout(figure)


@pytest.mark.parametrize("size", [(3.4, 3.0), (10, 8)])
def test_in_axes_of_a_3d_projection(size):
    figure = empty(size)
    axes = figure.add_subplot(projection="3d")
    tw.viz.function_surface(lambda u, v: u**2 + v**2, (-2, 2), kind="3d", ax=axes)
    check_layout(figure)


def test_long_names_of_axes_are_broken_in_small_axes():
    figure = empty((3.2, 2.6))
    ax = figure.subplots()
    tw.viz.loss_surface(network()[0], X, Y, points=5, ax=ax)
    check_layout(figure)
    assert "\n" in ax.get_xlabel()
    assert "\n" in ax.get_ylabel()
    assert "…" not in ax.get_xlabel() + ax.get_ylabel()


def test_levels_of_a_bowl_are_evenly_spaced_rings():
    across, up = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41))
    levels = levels_of(across**2 + up**2)
    assert levels.spacing == "root"
    np.testing.assert_allclose(np.diff(np.sqrt(levels.values)), np.sqrt(2) / 15)


def test_levels_of_a_plane_are_evenly_spaced():
    levels = levels_of(np.linspace(-3, 5, 100).reshape(10, 10))
    assert levels.spacing == "linear"
    assert levels.ticks == [-2.0, 0.0, 2.0, 4.0]


def test_levels_over_decades_are_a_factor_apart():
    levels = levels_of(np.geomspace(1, 1e4, 100).reshape(10, 10))
    assert levels.spacing == "log"
    factors = levels.values[1:] / levels.values[:-1]
    np.testing.assert_allclose(factors, factors[0])
    np.testing.assert_allclose(levels.shares(levels.values), np.linspace(0, 1, 16), atol=1e-12)


def test_levels_of_what_is_flat():
    levels = levels_of(np.full((4, 4), 3.0))
    assert levels.low < 3 < levels.high


def test_one_looks_over_the_lowest_corner():
    ramp = np.add.outer(np.linspace(0, 1, 10), np.linspace(0, 1, 10))
    assert best_side(ramp) == -148
    assert best_side(ramp[::-1, ::-1]) == 32
    assert best_side(np.zeros((10, 10))) == -58


def test_of_an_accuracy_the_highest_is_marked():
    labels = (X > 0).astype("float32")
    model = line(kernel=1.0)
    model.compile("sgd", "mse", metrics=["accuracy"])
    plot = tw.viz.loss_surface(
        model, X, labels, weights=NAMES, metric="accuracy", ranges=(-1, 1), points=9
    )
    word, best = plot.numbers.best
    assert (word, best.value) == ("highest", plot.numbers.losses.max())
    assert "; the highest in the picture is " in plot.caption


def test_what_captions_say_of_paths():
    def caption(path):
        return tw.viz.function_surface(lambda u: u * u, (-3, 3), path=path, label="cost").caption

    assert caption([2, 1, 0]) == (
        "In 2 steps the path brings the cost from 4 to 0; the lowest in the picture is 0 at u = 0."
    )
    assert caption({"a": [2, 0], "b": [2, 1]}).startswith(
        "In 1 step the cost goes from 4 with a to 0 and b to 1; "
    )
    assert caption({"a": [2, 0], "b": [1, 0.5, 1]}).startswith(
        "The cost goes from 4 to 0 with a and from 1 to 1 with b; "
    )


def test_scales_on_request():
    heights = np.geomspace(1, 1e4, 100).reshape(10, 10)
    assert levels_of(heights, "linear").spacing != "log"
    assert levels_of(heights[:2, :2], "log").spacing == "log"
    bowl = {"ranges": (-2, 2), "points": 9, "kind": "3d"}
    plot = tw.viz.function_surface(lambda u, v: u**2 + v**2 + 1, **bowl, scale="log")
    assert plot.numbers.scale == "log"
    with pytest.raises(ValueError, match="scale must be 'auto', 'linear' or 'log', got 'root'"):
        tw.viz.function_surface(lambda u, v: u * v, **bowl, scale="root")
    with pytest.raises(ValueError, match="scale='log' cannot show the value, which is as low as -"):
        tw.viz.function_surface(lambda u, v: u * v, **bowl, scale="log")
