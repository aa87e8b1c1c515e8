"""The filters of convolutions."""

import numpy as np
import pytest

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from tests.viz.models import branches, chain
from thalweg.viz.figure import blank, drawn
from thalweg.viz.model.filters import pictures_of
from thalweg.viz.model.mosaic import grid_of, mosaic


def stack(shape, *layers, name="net"):
    """A model whose weights do not depend on initializers."""
    model = tw.Sequential([tw.Input(shape), *layers], name=name)
    draw = np.random.default_rng(1)
    model.set_weights([draw.normal(0, 0.2, w.shape) for w in model.weights])
    return model


def test_filters_of_one_channel():
    model = stack((9, 9, 1), tw.layers.Conv2D(8, 3, name="conv"))
    plot = tw.viz.filters(model)
    check_look(plot, "filters")
    np.testing.assert_array_equal(plot.numbers, model.weights[0].numpy())
    shown = plot.axes.images[0].get_array()
    np.testing.assert_array_equal(shown[:3, :3], plot.numbers[:, :, 0, 0])
    np.testing.assert_array_equal(shown[4:7, 4:7], plot.numbers[:, :, 0, 5])
    norms = np.linalg.norm(plot.numbers.reshape(9, 8), axis=0)
    assert f"filter {norms.argmax()} is the strongest" in plot.caption
    assert f"filter {norms.argmin()} the weakest" in plot.caption


def test_filters_in_dark():
    with tw.viz.theme("dark"):
        plot = tw.viz.filters(stack((9, 9, 1), tw.layers.Conv2D(8, 3, name="conv")))
    check_look(plot, "filters_dark")


def test_filters_of_images_have_their_colours():
    model = stack((9, 9, 3), tw.layers.Conv2D(16, 5, name="stem"))
    plot = tw.viz.filters(model)
    check_look(plot, "filters_of_colours")
    kernel = plot.numbers
    shown = plot.axes.images[0].get_array()
    expected = 0.5 + kernel[..., 0] / (2 * np.abs(kernel).max())
    np.testing.assert_allclose(shown[:5, :5, :3], expected, atol=1 / 255)


def test_filters_of_other_numbers_of_channels_are_a_table():
    plot = tw.viz.filters(branches(), "second")
    check_layout(plot.figure)
    shown = plot.axes.images[0].get_array()
    np.testing.assert_array_equal(shown[8:11, 4:7], plot.numbers[:, :, 2, 1])
    assert (plot.axes.get_xlabel(), plot.axes.get_ylabel()) == ("filter", "input channel")


@pytest.mark.parametrize(
    ("shape", "layer", "pictures"),
    [
        ((9, 2), lambda: tw.layers.Conv1D(5, 3), (2, 3, 1, 5)),
        ((9, 2), lambda: tw.layers.DepthwiseConv1D(3, depth_multiplier=2), (1, 3, 1, 4)),
        ((9, 9, 2), lambda: tw.layers.DepthwiseConv2D(3), (3, 3, 1, 2)),
        ((9, 9, 2), lambda: tw.layers.SeparableConv2D(4, 3), (3, 3, 1, 2)),
        ((9, 9, 1), lambda: tw.layers.Conv2D(1, 1), (1, 1, 1, 1)),
        ((9, 9, 1), lambda: tw.layers.Conv2D(300, 2), (2, 2, 1, 300)),
    ],
)
def test_other_convolutions(shape, layer, pictures):
    model = stack(shape, layer())
    plot = tw.viz.filters(model)
    check_layout(plot.figure)
    assert pictures_of(model.layers[0], plot.numbers).shape == pictures
    assert np.sort(pictures_of(model.layers[0], plot.numbers), axis=None).tolist() == (
        np.sort(model.weights[0].numpy().astype(np.float64), axis=None).tolist()
    )


@pytest.mark.parametrize(("width", "height"), [(3.2, 3), (6, 4), (12, 5)])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_filters_fit_axes_of_any_size(width, height, channels):
    @drawn
    def figure():
        return blank(width, height)[1]

    model = stack((9, 9, channels), tw.layers.Conv2D(8, 3, name="conv"))
    check_layout(tw.viz.filters(model, ax=figure()).figure)


def test_weights_that_are_not_finite_are_named():
    model = stack((9, 9, 1), tw.layers.Conv2D(2, 3))
    model.weights[0].assign(np.full((3, 3, 1, 2), np.nan))
    plot = tw.viz.filters(model)
    check_layout(plot.figure)
    assert plot.caption.endswith("18 are NaN or infinite.")


def test_a_mosaic_has_its_pictures_and_gaps():
    pictures = np.arange(12.0).reshape(3, 2, 2)
    whole = mosaic(pictures, 2, 2, gap=1)
    assert whole.shape == (5, 5)
    np.testing.assert_array_equal(whole[:2, 3:], pictures[1])
    np.testing.assert_array_equal(whole[3:, :2], pictures[2])
    assert np.isnan(whole[2]).all()
    assert np.isnan(whole[:, 2]).all()
    assert np.isnan(whole[3:, 3:]).all()


@pytest.mark.parametrize("count", [1, 2, 7, 8, 16, 31, 256])
def test_a_grid_has_room_for_all(count):
    rows, columns = grid_of(count)
    assert rows * columns >= count > (rows - 1) * columns


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="layer 'flat' is a Flatten; it must be one of Conv1D"):
        tw.viz.filters(chain(), "flat")
    with pytest.raises(ValueError, match="no layer 'con'; did you mean 'conv'"):
        tw.viz.filters(chain(), "con")
    dense = stack((3,), tw.layers.Dense(1), name="dense")
    with pytest.raises(ValueError, match=r"'dense' has no convolution .*, only Dense"):
        tw.viz.filters(dense)
    with pytest.raises(ValueError, match="filters: model 'm' is not built"):
        tw.viz.filters(tw.Sequential([tw.layers.Conv2D(1, 3)], name="m"))
