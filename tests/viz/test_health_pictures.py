"""Pictures of gradient health: the numbers in them, their words, and how they look."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from thalweg import layers
from thalweg.viz import (
    Health,
    LayerHealth,
    WeightHealth,
    compare_health,
    layer_health,
    plot_gradient_health,
)
from thalweg.viz.figure import blank, drawn
from thalweg.viz.health.labels import spread
from thalweg.viz.health.log_axis import places, short

WHAT = ("activations", "gradients", "updates", "dead")


def health_at(step, count, factor=0.5, dead=0):
    """A network of `count` hidden layers whose gradients shrink by `factor` from one to another."""
    found, weights = [], []
    for i in range(count + 1):
        name = f"hidden_{i + 1}" if i < count else "output"
        size = factor ** (count - i)
        wave = 1 + 0.3 * np.sin(step / 20 + i)
        weights.append(
            WeightHealth(
                f"model/{name}/kernel", name, (8, 8), 2.0, size, 2e-3 * wave, 0.0, 1.0, -2.0, 2.0,
                np.ones(24, np.int64),
            )
        )  # fmt: skip
        found.append(
            LayerHealth(
                name=name,
                kind="Dense",
                activation="relu" if i < count else None,
                values=64 * 16,
                norm=32 * (0.5 + 0.1 * i) * wave,
                mean=0.0,
                std=1.0,
                zeros=0.5,
                units=16,
                dead=min(dead * i, 16) if i < count else 0,
                gradient=size,
                weights=2.0,
                weight_gradient=size,
                update=2e-3 * wave,
            )
        )
    return Health(tuple(found), tuple(weights), 1.0, 0.01, step, 64)


def history(count=4, factor=0.5, dead=1, times=30):
    return [health_at(10 * t, count, factor, dead) for t in range(times)]


def fast(activation="relu", **options):
    tw.random.set_seed(1)
    hidden = [layers.Dense(12, activation, name=f"hidden_{i}", **options) for i in range(6)]
    model = tw.Sequential([tw.Input((4,)), *hidden, layers.Dense(1, name="output")])
    model.compile(tw.optimizers.SGD(0.01), "mse", run_eagerly=True)
    return model


X = np.random.default_rng(1).normal(size=(64, 4)).astype("float32")
Y = X[:, :1]


# --- over time -----------------------------------------------------------------------------------


def test_numbers_are_what_was_recorded():
    recorded = history()
    numbers = plot_gradient_health(recorded, [*WHAT, "weight_gradients"]).numbers
    assert list(numbers) == [*WHAT, "weight_gradients"]
    last = recorded[-1].layers
    assert numbers["gradients"].layers == tuple(x.name for x in last[:-1])
    assert numbers["gradients"].steps.tolist() == list(range(0, 300, 10))
    for what, value in (
        ("activations", [x.norm / 32 for x in last]),
        ("gradients", [x.gradient for x in last[:-1]]),
        ("updates", [x.update / x.weights for x in last]),
        ("dead", [100 * x.dead / 16 for x in last[:-1]]),
        ("weight_gradients", [x.weight_gradient for x in last]),
    ):
        assert numbers[what].values[-1] == pytest.approx(value), what


def test_lines():
    plot = plot_gradient_health(history())
    check_look(plot, "health_lines")
    assert plot.caption == (
        "After 290 steps all is well: gradients differ at most 8-fold between layers, 6 of 64 "
        "units are dead and a step changes the kernels by 0.071% to 0.13% of their norms."
    )


def test_lines_in_the_dark():
    with tw.viz.theme("dark"):
        check_look(plot_gradient_health(history(), "gradients"), "health_lines_dark")


def test_map_for_many_layers():
    plot = plot_gradient_health(history(24, factor=0.7))
    check_look(plot, "health_map")
    assert plot.caption == (
        "After 290 steps gradients vanish, shrinking 3,700-fold from the last hidden layer to the "
        "first, 'hidden_1'; 248 of 384 units are dead, most in 'hidden_17' (16 of 16): they give 0 "
        "for all 64 samples."
    )


@pytest.mark.parametrize("kind", ["lines", "heatmap"])
@pytest.mark.parametrize("size", [(3.2, 2.6), (12.0, 5.0)])
@pytest.mark.parametrize("what", ["updates", "dead"])
def test_nothing_overlaps_in_axes_of_any_size(kind, size, what):
    figure, ax = drawn(blank)(*size)
    plot = plot_gradient_health(history(8), what, kind=kind, ax=ax)
    assert plot.figure is figure
    check_layout(figure)


def test_no_dead_units_are_said_to_be_none():
    plot = plot_gradient_health(history(dead=0), "dead")
    assert [text.get_text() for text in plot.axes.texts] == ["no dead units"]


def test_what_a_network_lacks():
    tw.random.set_seed(1)
    model = tw.Sequential([tw.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    recorded = tw.callbacks.GradientHealth()
    model.fit(X, Y, epochs=1, callbacks=[recorded], verbose=0)
    check_layout(plot_gradient_health(recorded, "dead").figure)


def test_gradients_of_zero_and_nan_are_left_out():
    recorded = history(3)
    recorded += [
        Health((), (), np.nan, 0.01, 300, 64),
        health_at(310, 3, factor=0.0),
    ]
    plot = plot_gradient_health(recorded)
    assert np.isnan(plot.numbers["gradients"].values[-2]).all()
    check_layout(plot.figure)
    check_layout(plot_gradient_health(recorded, kind="heatmap").figure)


def test_a_change_is_told():
    caption = plot_gradient_health([health_at(0, 4, 0.1), health_at(50, 4)]).caption
    assert caption.startswith("At the start gradients vanish, shrinking 1,")
    assert "; after 50 steps all is well: " in caption


@pytest.mark.parametrize(
    ("what", "caption"),
    [
        ("gradients", "gradients vanish, shrinking 1,000-fold from the last hidden layer to the "
         "first, 'hidden_1'."),
        ("dead", "6 of 64 units are dead."),
        ("updates", "a step changes the kernels by 0.071% to 0.13% of their norms."),
        (["weight_gradients"], "gradients of the weights differ at most 10,000-fold between "
         "layers."),
        (["dead", "updates"], "6 of 64 units are dead and a step changes the kernels by 0.071% to "
         "0.13% of their norms."),
    ],
)  # fmt: skip
def test_a_caption_tells_of_what_is_drawn(what, caption):
    plot = plot_gradient_health([health_at(10, 4, 0.1, 1)], what)
    assert plot.caption == f"At step 10 {caption}"


def test_wrong_arguments():
    with pytest.raises(ValueError, match="nothing was recorded; pass the GradientHealth to fit"):
        plot_gradient_health(tw.callbacks.GradientHealth())
    with pytest.raises(TypeError, match="recorded must be a GradientHealth or a list of Health"):
        plot_gradient_health([1.0])
    with pytest.raises(ValueError, match=r"what must be 'all' or of 'activations'.* got 'weights'"):
        plot_gradient_health(history(), "weights")
    with pytest.raises(ValueError, match="what names nothing to draw"):
        plot_gradient_health(history(), [])
    with pytest.raises(ValueError, match="kind must be one of"):
        plot_gradient_health(history(), kind="bars")
    _, ax = drawn(blank)()
    with pytest.raises(ValueError, match="ax takes one quantity, but what names 4"):
        plot_gradient_health(history(), ax=ax)


# --- now -----------------------------------------------------------------------------------------


def test_snapshot():
    model = fast()
    kernel, bias = model.get_layer("hidden_3").get_weights()
    bias[:5] = -100
    model.get_layer("hidden_3").set_weights([kernel, bias])
    plot = layer_health(model, X, Y)
    check_look(plot, "health_snapshot")
    h = X
    for layer in model.layers[:4]:
        h = layer(h)
    dead = int(np.sum(np.max(h.numpy(), axis=0) == 0))
    assert dead >= 5
    assert plot.numbers.layers[3].dead == dead
    assert plot.caption == (
        f"{dead} of 12 units of 'hidden_3' are dead: they give 0 for all 64 samples."
    )


def test_snapshot_of_layers_with_long_names():
    tw.random.set_seed(1)
    model = tw.Sequential([tw.Input((4,)), layers.Dense(3, name="a_layer_with_a_rather_long_name")])
    model.compile("sgd", "mse", run_eagerly=True)
    check_layout(layer_health(model, X, np.zeros((64, 3))).figure)


# --- side by side --------------------------------------------------------------------------------


def test_activations_side_by_side():
    models = {name: fast(name) for name in ("sigmoid", "tanh", "relu")}
    plot = compare_health(models, X, Y)
    check_look(plot, "health_compare")
    slopes = {name: found["gradients"].values[0] for name, found in plot.numbers.items()}
    assert slopes["sigmoid"][-1] / slopes["sigmoid"][0] > 4**5
    assert slopes["tanh"][-1] / slopes["tanh"][0] < 10
    assert plot.caption.startswith("sigmoid: gradients vanish, shrinking ")


def test_recordings_side_by_side():
    recorded = {"SGD": history(4, 0.3), "Adam": history(4, 0.8)}
    check_look(compare_health(recorded, what=["updates", "gradients"]), "health_compare_recorded")
    many = {name: history(12, f) for name, f in (("SGD", 0.4), ("RMSprop", 0.7), ("Adam", 0.9))}
    plot = compare_health(many)
    check_look(plot, "health_compare_map")
    scales = {axes.collections[0].norm.vmin for axes in plot.axes.ravel()}
    assert len(scales) == 1


def test_a_snapshot_beside_others():
    plot = compare_health({"now": health_at(3, 4), "deeper": [health_at(0, 7)]}, what="all")
    check_layout(plot.figure)
    assert plot.numbers["deeper"]["gradients"].values.shape == (1, 7)


def test_wrong_networks():
    with pytest.raises(ValueError, match="networks must name at least one network"):
        compare_health({})
    with pytest.raises(ValueError, match="'a' is a model, so x must be given"):
        compare_health({"a": fast()})
    with pytest.raises(TypeError, match="'a' must be a Model, a Health, a GradientHealth or a"):
        compare_health({"a": 3})


# --- parts ---------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(wanted=st.lists(st.floats(0, 1), min_size=1, max_size=12), gap=st.floats(0.01, 0.08))
def test_labels_keep_their_distance_and_order(wanted, gap):
    found = spread(wanted, gap, 0.0, 1.0)
    order = np.argsort(wanted, kind="stable")
    placed = np.array(found)[order]
    assert (np.diff(placed) >= gap - 1e-9).all()
    assert placed[0] >= -1e-9
    assert placed[-1] <= 1 + 1e-9


def test_labels_far_apart_stay_where_they_are():
    assert spread([0.9, 0.1, 0.5], 0.1, 0.0, 1.0) == pytest.approx([0.9, 0.1, 0.5])


@settings(max_examples=60, deadline=None)
@given(
    low=st.floats(-12, 8), decades=st.floats(0.5, 20), most=st.integers(3, 8)
)  # fmt: skip
def test_numbers_of_a_logarithmic_axis(low, decades, most):
    found = places(10**low, 10 ** (low + decades), most)
    assert 1 <= len(found) <= most
    assert len({short(x) for x in found}) == len(found)
