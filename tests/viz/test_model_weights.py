"""Weights in numbers and pictures: tables, histograms, magnitudes by feature."""

import numpy as np
import pytest

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from tests.viz.models import Doubling, chain, twins
from thalweg.viz.figure import blank, drawn


def filled(model, seed=0):
    """The same model with weights that do not depend on initializers."""
    draw = np.random.default_rng(seed)
    model.set_weights([draw.normal(0, 0.1 + i / 10, w.shape) for i, w in enumerate(model.weights)])
    return model


# --- the table ------------------------------------------------------------------------------------


def test_the_table_agrees_with_numpy():
    model = filled(chain())
    table = tw.viz.weight_table(model)
    assert list(table.numbers) == [v.path for v in model.weights]
    for variable, found in zip(model.weights, table.numbers.values(), strict=True):
        values = variable.numpy().astype(np.float64)
        assert (found.shape, found.dtype, found.count) == (variable.shape, "float32", values.size)
        expected = (values.mean(), values.std(), values.min(), values.max())
        np.testing.assert_allclose(
            (found.mean, found.std, found.minimum, found.maximum), expected, rtol=1e-12
        )
        assert found.norm == pytest.approx(np.sqrt((values**2).sum()), rel=1e-12)
    assert table.column("weight")[0] == "conv/kernel"
    assert table.column("count") == [found.count for found in table.numbers.values()]


def test_zeros_nan_and_infinite_weights_are_counted():
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(3, name="d")], name="m")
    model.set_weights([np.array([[0, 1, np.nan], [np.inf, -np.inf, 3]]), np.full(3, np.nan)])
    table = tw.viz.weight_table(model)
    kernel, bias = table.numbers.values()
    assert (kernel.nans, kernel.infs, kernel.zeros) == (1, 2, 1 / 6)
    assert (kernel.minimum, kernel.maximum, kernel.norm) == (0, 3, np.sqrt(10))
    assert bias.nans == 3
    assert np.isnan(bias.mean)
    assert table.caption == (
        "The model 'm' has 9 weights in 2 arrays; the longest is d/kernel with norm 3.16; "
        "6 are NaN or infinite, in d/kernel, d/bias."
    )


def test_the_table_is_text_and_html():
    table = tw.viz.weight_table(filled(chain()), ["conv", "digit"])
    lines = str(table).splitlines()
    assert lines[0] == "Weights of 'digits'"
    assert lines[4].split()[:2] == ["conv/kernel", "(3,"]
    assert len(lines) == 8
    assert max(map(len, lines)) <= 160
    assert table._repr_html_().count("<tr>") == 5


def test_layers_are_found_in_models_inside():
    assert list(tw.viz.weight_table(twins(), "head/wide").numbers) == [
        "head/wide/kernel",
        "head/wide/bias",
    ]
    model = twins()
    by_name = tw.viz.weight_table(model, "embed").numbers
    assert by_name == tw.viz.weight_table(model, model.get_layer("encoder").layers[1]).numbers


def test_layers_of_one_name_keep_their_weights_apart():
    class Pair(tw.Model):
        def __init__(self):
            super().__init__(name="pair")
            self.parts = [tw.layers.Dense(1, name="same"), tw.layers.Dense(1, name="same")]

        def call(self, x):
            return self.parts[1](self.parts[0](x))

    model = Pair()
    model(np.ones((1, 3), "float32"))
    found = tw.viz.weight_table(model).numbers
    assert list(found) == [
        "pair/same/kernel",
        "pair/same/bias",
        "pair/same/kernel (2)",
        "pair/same/bias (2)",
    ]
    assert [found[k].shape for k in found] == [(3, 1), (1,), (1, 1), (1,)]


# --- histograms -----------------------------------------------------------------------------------


def test_histograms():
    model = filled(chain())
    kernel = model.weights[0].numpy().copy()
    kernel[0, 0, 0, :2] = np.nan, np.inf
    model.weights[0].assign(kernel)
    model.get_layer("conv").bias.assign(np.zeros(8))
    plot = tw.viz.weight_histograms(model)
    check_look(plot, "weight_histograms")
    assert list(plot.numbers) == [v.path for v in model.weights]
    for variable, found in zip(model.weights, plot.numbers.values(), strict=True):
        values = variable.numpy().astype(np.float64).ravel()
        finite = values[np.isfinite(values)]
        np.testing.assert_array_equal(found.counts, np.histogram(finite, found.edges)[0])
        assert found.counts.sum() == finite.size
    assert (plot.numbers["digits/conv/kernel"].nans, plot.numbers["digits/conv/kernel"].infs) == (
        1,
        1,
    )
    notes = [ax.texts[0].get_text() for ax in plot.axes.flat]
    assert notes[:2] == ["conv · 1 NaN, 1 infinite", "conv · 8 values, all 0"]
    assert plot.caption.endswith("NaN or infinite values in conv/kernel.")


@pytest.mark.parametrize("layers", [["conv"], ["conv", "norm"], "digit"])
def test_few_histograms_fit_too(layers):
    check_layout(tw.viz.weight_histograms(filled(chain()), layers).figure)


def test_histograms_with_given_bins():
    plot = tw.viz.weight_histograms(filled(chain()), "conv", bins=[-1, 0, 1])
    assert plot.numbers["digits/conv/kernel"].counts.size == 2


# --- magnitudes by feature ------------------------------------------------------------------------

NAMES = ["CRIM", "ZN", "INDUS", "NOX", "RM", "LSTAT"]


def line(units=1):
    model = tw.Sequential([tw.Input((6,)), tw.layers.Dense(units, name="price")], name="line")
    return filled(model)


def test_one_output_has_signed_weights():
    model = line()
    plot = tw.viz.kernel_magnitudes(model, NAMES)
    check_look(plot, "kernel_magnitudes")
    kernel = model.weights[0].numpy()[:, 0]
    assert plot.numbers == {NAMES[i]: kernel[i] for i in np.argsort(-np.abs(kernel))}
    assert list(map(abs, plot.numbers.values())) == sorted(map(abs, kernel), reverse=True)


def test_several_outputs_have_norms():
    model = line(units=4)
    with tw.viz.theme("dark"):
        plot = tw.viz.kernel_magnitudes(model.layers[0])
    check_look(plot, "kernel_magnitudes_dark")
    norms = np.linalg.norm(model.weights[0].numpy().astype(np.float64), axis=1)
    assert plot.numbers == pytest.approx({f"feature {i}": norms[i] for i in range(6)})


@pytest.mark.parametrize(
    ("shape", "layer", "axis"),
    [
        ((8, 8, 3), lambda: tw.layers.Conv2D(4, 3), (0, 1, 3)),
        ((8, 8, 3), lambda: tw.layers.DepthwiseConv2D(3, depth_multiplier=2), (0, 1, 3)),
        ((8, 8, 3), lambda: tw.layers.Conv2DTranspose(4, 3), (0, 1, 2)),
        ((8, 3), lambda: tw.layers.Conv1D(4, 3), (0, 2)),
        ((8, 3), lambda: tw.layers.GRU(4), (1,)),
    ],
)
def test_other_layers_have_norms_by_input_channel(shape, layer, axis):
    model = filled(tw.Sequential([tw.Input(shape), layer()]))
    plot = tw.viz.kernel_magnitudes(model, ["red", "green", "blue"])
    kernel = model.weights[0].numpy().astype(np.float64)
    expected = np.sqrt((kernel**2).sum(axis=axis))
    found = [plot.numbers[name] for name in ("red", "green", "blue")]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_they_go_into_given_axes():
    outer = tw.viz.histogram([1.0, 2.0])
    plot = tw.viz.kernel_magnitudes(line(), NAMES, ax=outer.figure.add_axes((0.1, 0.1, 0.8, 0.3)))
    assert plot.figure is outer.figure


# --- bad input ------------------------------------------------------------------------------------

unbuilt = tw.Sequential([tw.layers.Dense(1)], name="m")


@pytest.mark.parametrize(
    "function",
    [tw.viz.weight_table, tw.viz.weight_histograms, tw.viz.kernel_magnitudes],
)
def test_a_model_that_is_not_built_is_named(function):
    with pytest.raises(ValueError, match=f"{function.__name__}: model 'm' is not built; begin it"):
        function(unbuilt)


def test_wrong_layers_are_named():
    with pytest.raises(ValueError, match="has no layer 'convv'; did you mean 'conv'"):
        tw.viz.weight_table(chain(), "convv")
    with pytest.raises(ValueError, match="'digits' has no layer 'x'; it has conv, norm"):
        tw.viz.weight_histograms(chain(), ["conv", "x"])
    with pytest.raises(ValueError, match="there are no weights in 'pool' and 'flat'"):
        tw.viz.weight_table(chain(), ["pool", "flat"])
    x = tw.Input((2,))
    a, b = (tw.Sequential([tw.layers.Dense(1, name="d")], name=name) for name in "ab")
    with pytest.raises(ValueError, match="several layers named 'd': a/d, b/d"):
        tw.viz.weight_table(tw.Model(x, [a(x), b(x)]), "d")


def test_wrong_features_are_named():
    with pytest.raises(ValueError, match="feature_names must have one name for each of the 6"):
        tw.viz.kernel_magnitudes(line(), ["a", "b"])
    with pytest.raises(ValueError, match="feature_names must be distinct"):
        tw.viz.kernel_magnitudes(line(), ["a"] * 6)
    with pytest.raises(TypeError, match="must be a Model or Layer, got a list"):
        tw.viz.kernel_magnitudes([])
    with pytest.raises(ValueError, match="layer 'd' is not built"):
        tw.viz.kernel_magnitudes(tw.layers.Dense(1, name="d"))
    flat = tw.Sequential([tw.Input((2, 2)), tw.layers.Flatten()], name="flat")
    with pytest.raises(ValueError, match="model 'flat' has no layer with a kernel"):
        tw.viz.kernel_magnitudes(flat)


def test_a_subclass_that_was_not_called_is_not_built():
    with pytest.raises(ValueError, match="model 'mine' is not built"):
        tw.viz.weight_table(Doubling(name="mine"))


@pytest.mark.parametrize(("width", "height"), [(3.2, 3), (6, 4), (12, 5)])
def test_magnitudes_fit_axes_of_any_size(width, height):
    @drawn
    def figure():
        return blank(width, height)[1]

    check_layout(tw.viz.kernel_magnitudes(line(), NAMES, ax=figure()).figure)
