"""Grad-CAM against its definition by hand and where it is known in closed form; its looks."""

import numpy as np
import pytest
from scipy.signal import correlate2d

import thalweg as tw
from tests.viz.looks import check_layout, check_look
from thalweg import viz

RNG = np.random.default_rng(0)


def averaging_model(activation=None):
    """Its class activation map is known: the channels times the weights of the class."""
    tw.set_random_seed(0)
    return tw.Sequential(
        [
            tw.Input((10, 12, 1)),
            tw.layers.Conv2D(4, 3, activation="relu", name="features"),
            tw.layers.GlobalAveragePooling2D(),
            tw.layers.Dense(3, activation=activation),
        ],
        name="averaging",
    )


def deep_model():
    tw.set_random_seed(1)
    return tw.Sequential(
        [
            tw.Input((12, 12, 2)),
            tw.layers.Conv2D(4, 3, activation="relu", name="first"),
            tw.layers.MaxPooling2D(),
            tw.layers.Conv2D(5, 3, activation="tanh", name="second"),
            tw.layers.Flatten(),
            tw.layers.Dense(6, activation="relu"),
            tw.layers.Dense(3, activation="softmax"),
        ],
        name="deep",
    )


def by_hand(model, x, target, layer):
    """The definition, with the model cut at the layer and everything after it called one by one."""
    place = [each.name for each in model.layers].index(layer) + 1
    maps = tw.constant(x)
    for each in model.layers[:place]:
        maps = each(maps)
    with tw.GradientTape() as tape:
        tape.watch(maps)
        y = maps
        for each in model.layers[place:-1]:
            y = each(y)
        last = model.layers[-1]
        score = tw.reduce_sum((y @ last.kernel + last.bias)[:, target])
    weights = tape.gradient(score, maps).numpy().mean((1, 2))
    cam = np.einsum("nhwk,nk->nhw", maps.numpy(), weights)
    return weights, np.maximum(cam, 0)


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_with_global_average_pooling_it_is_the_class_activation_map(activation):
    """Zhou et al. 2016: then the weights are those of the last layer, over the number of places."""
    model = averaging_model(activation)
    image = RNG.normal(size=(10, 12)).astype("float32")
    kernel, bias, last, _ = model.get_weights()
    maps = [correlate2d(image, kernel[:, :, 0, k], "valid") + bias[k] for k in range(4)]
    maps = np.maximum(np.stack(maps, -1), 0)
    for target in range(3):
        found = viz.grad_cam(model, image[None], target).numbers
        np.testing.assert_allclose(found.weights[0], last[:, target] / 80, rtol=1e-5)
        cam = np.maximum(maps @ last[:, target] / 80, 0)
        np.testing.assert_allclose(found.maps[0], cam, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("layer", ["first", "second", None])
def test_it_is_its_definition(layer):
    model, x = deep_model(), RNG.normal(size=(3, 12, 12, 2)).astype("float32")
    found = viz.grad_cam(model, x, 1, layer).numbers
    weights, maps = by_hand(model, x, 1, layer or "second")
    assert found.layer == (layer or "second")
    np.testing.assert_allclose(found.weights, weights, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found.maps, maps, rtol=1e-4, atol=1e-6)
    assert found.heat.shape == (3, 12, 12)


def test_by_default_it_explains_what_is_predicted():
    model, x = deep_model(), RNG.normal(size=(4, 12, 12, 2)).astype("float32")
    found = viz.grad_cam(model, x).numbers
    predicted = model.predict(x, verbose=0).argmax(1)
    np.testing.assert_array_equal(found.target, predicted)
    for i, target in enumerate(predicted):
        np.testing.assert_allclose(
            found.maps[i],
            by_hand(model, x[i : i + 1], target, "second")[1][0],
            rtol=1e-4,
            atol=1e-6,
        )


def test_layers_of_nested_and_subclass_models_are_found_by_their_path():
    class Outer(tw.Model):
        def __init__(self):
            super().__init__(name="outer")
            self.encoder = encoder
            self.top = tw.layers.Dense(3)

        def call(self, inputs):
            return self.top(self.encoder(inputs))

    x = RNG.normal(size=(2, 10, 12, 1)).astype("float32")
    encoder = tw.Sequential(averaging_model().layers[:-1], name="encoder")
    image = tw.Input((10, 12, 1))
    nested = tw.Model(image, tw.layers.Dense(3)(encoder(image)))
    subclass = Outer()
    subclass(x)
    subclass.top.set_weights(nested.layers[-1].get_weights())
    one = viz.grad_cam(nested, x, 0, "encoder/features").numbers
    other = viz.grad_cam(subclass, x, 0).numbers
    assert one.layer == other.layer == "encoder/features"
    assert one.maps.any()
    np.testing.assert_allclose(one.maps, other.maps, rtol=1e-5)


def test_channels_may_come_first():
    last, image = averaging_model(), RNG.normal(size=(2, 10, 12, 1)).astype("float32")
    first = tw.Sequential(
        [
            tw.Input((1, 10, 12)),
            tw.layers.Conv2D(4, 3, activation="relu", data_format="channels_first"),
            tw.layers.GlobalAveragePooling2D(data_format="channels_first"),
            tw.layers.Dense(3),
        ]
    )
    first.set_weights(last.get_weights())
    one, other = viz.grad_cam(last, image, 0), viz.grad_cam(first, np.moveaxis(image, -1, 1), 0)
    np.testing.assert_allclose(one.numbers.heat, other.numbers.heat, rtol=1e-4, atol=1e-6)
    assert other.axes[0, 0].images[0].get_array().shape == (10, 12)
    maps = viz.saliency(first, np.moveaxis(image, -1, 1), 0).numbers.maps
    np.testing.assert_allclose(maps, viz.saliency(last, image, 0).numbers.maps, rtol=1e-4)


def test_nothing_of_the_model_changes():
    model, x = deep_model(), np.ones((1, 12, 12, 2))
    viz.grad_cam(model, x)
    with pytest.raises(ValueError, match="target 7"):
        viz.grad_cam(model, x, 7)
    assert all("call" not in vars(layer) for layer in model.layers)
    assert model.layers[-1].activation.__name__ == "softmax"


def test_an_image_in_which_nothing_speaks():
    plot = viz.grad_cam(averaging_model(), np.zeros((1, 10, 12, 1)), 0)
    assert plot.caption == "For output 0, nothing in image 0 speaks by the features of 'features'."
    check_layout(plot.figure)


def bright_spots():
    """Images with a bright square, and a model that looks for it."""
    model = averaging_model()
    kernel = np.full((3, 3, 1, 4), 1 / 9)
    model.set_weights([kernel, np.full(4, -0.5), np.ones((4, 3)), np.zeros(3)])
    images = np.zeros((3, 10, 12, 1), "float32")
    for i, (row, column) in enumerate([(0, 1), (3, 7), (6, 4)]):
        images[i, row : row + 4, column : column + 4] = 1
        images[i, 9 - row, :] = 0.6
    return model, images


def test_heat_is_where_the_square_is():
    model, images = bright_spots()
    plot = viz.grad_cam(model, images, 0)
    for i, (row, column) in enumerate([(0, 1), (3, 7), (6, 4)]):
        heat = plot.numbers.heat[i]
        top, left = np.unravel_index(heat.argmax(), heat.shape)
        assert row <= top < row + 4
        assert column <= left < column + 4
    assert plot.caption.startswith(
        "For output 0, the features of 'features' that count in image 0 are "
    )
    assert "strongest at the upper left" in plot.caption


def test_look():
    model, images = bright_spots()
    names = ["square", "line", "dot"]
    check_look(viz.grad_cam(model, images, [0, 0, 0], class_names=names), "grad_cam")
    with viz.theme("dark"):
        check_look(viz.grad_cam(model, images[:1], 0, class_names=names), "grad_cam_dark")


def rows_model():
    return tw.Sequential([tw.Input((3,)), tw.layers.Dense(2, name="only")], name="rows")


IMAGES = np.ones((1, 12, 12, 2))
BAD = {
    "grad_cam: x must be images, got shape (2, 3)": lambda: viz.grad_cam(
        rows_model(), np.ones((2, 3))
    ),
    "grad_cam: model 'deep' has no layer 'third'; it has first, max_pooling2d, second, flatten, "
    "dense, dense_1": lambda: viz.grad_cam(renamed(), IMAGES, layer="third"),
    "grad_cam: layer 'flatten' must give maps of shape (n, height, width, channels), it gives "
    "(1, 45)": lambda: viz.grad_cam(renamed(), IMAGES, layer="flatten"),
    "grad_cam: model 'rows' has no convolution over images; name a layer that gives maps, of "
    "only": (lambda: viz.grad_cam(rows_model(), np.ones((1, 3, 1, 1)))),
    "grad_cam: target 3 is not one of the 3 outputs of model 'deep'": lambda: viz.grad_cam(
        deep_model(), IMAGES, 3
    ),
}


def renamed():
    """The names that layers get by themselves depend on what was made before."""
    model = deep_model()
    for i, name in ((1, "max_pooling2d"), (3, "flatten"), (4, "dense"), (5, "dense_1")):
        model.layers[i].name = name
    return model


@pytest.mark.parametrize("message", BAD)
def test_bad_input_in_a_sentence(message):
    with pytest.raises((TypeError, ValueError)) as caught:
        BAD[message]()
    assert str(caught.value) == f"{message}."


def test_a_layer_is_named_as_in_the_other_pictures_of_models():
    inner = tw.Sequential([tw.Input((8, 8, 1)), tw.layers.Conv2D(2, 3, name="c")], name="inner")
    model = tw.Sequential([inner, tw.layers.GlobalAveragePooling2D(), tw.layers.Dense(2)])
    x = np.ones((1, 8, 8, 1), np.float32)
    for layer in ("inner/c", "c", inner.layers[-1]):
        assert viz.grad_cam(model, x, 0, layer).numbers.layer == "inner/c"
    with pytest.raises(ValueError, match=r"grad_cam: model .* has no layer 'innr/c'; did you mean"):
        viz.grad_cam(model, x, 0, "innr/c")
