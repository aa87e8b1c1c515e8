"""The loss curve is the same in Python, Node and Chromium, on WebAssembly and on WebGPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import thalweg as tw
from tests.web.elsewhere import in_chromium, in_node
from thalweg.datasets import boston_housing

PLACES = ["node", "chromium", "webgpu"]
TOLERANCE = {"node": 1e-4, "chromium": 1e-4, "webgpu": 1e-3}


@pytest.fixture
def browser(chromium_with_webgpu):
    return chromium_with_webgpu


def train(place, browser, site, x, y, **fit):
    if place == "node":
        return in_node(site, x, y, load={"device": "wasm"}, fit=fit)
    device = "webgpu" if place == "webgpu" else "wasm"
    return in_chromium(browser, site, x, y, load={"device": device}, fit=fit)


def boston():
    (x, y), _ = boston_housing.load_data()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return x.astype("f4"), y.astype("f4").reshape(-1, 1)


def housing_model():
    model = tw.Sequential(
        [
            tw.Input((12,)),
            tw.layers.Dense(50, activation="sigmoid", name="first"),
            tw.layers.Dense(50, activation="sigmoid", name="second"),
            tw.layers.Dense(1, name="price"),
        ],
        name="boston",
    )
    model.compile(tw.optimizers.SGD(0.01), "mse", metrics=["mae"])
    return model


def digits():
    """Images of MNIST's shape with a bright square whose place tells the class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 800).astype("i4")
    images = rng.random((800, 28, 28, 1)).astype("f4") * 0.3
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 4)
        image[2 + 8 * row : 8 + 8 * row, 1 + 7 * column : 6 + 7 * column] += 0.7
    return images, labels


def digits_model():
    layers = tw.layers
    model = tw.Sequential(
        [
            tw.Input((28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu", name="first"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu", name="second"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )
    model.compile(tw.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def same(found, expected, tolerance):
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=tolerance, err_msg=name)


@pytest.fixture(scope="module")
def housing(tmp_path_factory) -> tuple[Path, dict[str, list[float]]]:
    """An untrained export, and the history of 200 epochs in Python."""
    x, y = boston()
    tw.set_random_seed(7)
    model = housing_model()
    site = model.export_web(tmp_path_factory.mktemp("boston"), batch_size=40, webgpu=True)
    return site, model.fit(x, y, batch_size=40, epochs=200, verbose=0).history


@pytest.mark.parametrize("place", PLACES)
def test_two_hundred_epochs_of_boston_housing(place, browser, housing):
    site, expected = housing
    found = train(place, browser, site, *boston(), batchSize=40, epochs=200)
    assert found["device"] == ("webgpu" if place == "webgpu" else "wasm")
    same(found["history"], expected, TOLERANCE[place])


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> tuple[Path, dict[str, list[float]]]:
    """An untrained export, and the history of 100 steps with dropout in Python."""
    x, y = digits()
    tw.set_random_seed(3)
    model = digits_model()
    site = model.export_web(tmp_path_factory.mktemp("digits"), batch_size=32, webgpu=True)
    return site, model.fit(x, y, batch_size=32, epochs=4, verbose=0).history


@pytest.mark.parametrize("place", PLACES)
def test_a_hundred_steps_with_dropout(place, browser, images):
    site, expected = images
    found = train(place, browser, site, *digits(), batchSize=32, epochs=4)
    assert expected["loss"][-1] < 0.9 * expected["loss"][0]
    same(found["history"], expected, TOLERANCE[place])


def test_half_in_python_half_in_the_page_and_back(tmp_path, browser):
    x, y = boston()
    tw.set_random_seed(7)
    whole = housing_model()
    expected = whole.fit(x, y, batch_size=40, epochs=200, verbose=0).history["loss"]
    weights = whole.get_weights()
    expected_more = whole.fit(x, y, batch_size=40, epochs=3, verbose=0).history["loss"]
    tw.set_random_seed(7)
    model = housing_model()
    first = model.fit(x, y, batch_size=40, epochs=100, verbose=0).history["loss"]
    site = model.export_web(tmp_path / "site", batch_size=40)
    found = train("chromium", browser, site, x, y, batchSize=40, epochs=100)
    np.testing.assert_allclose(first + found["history"]["loss"], expected, rtol=1e-4)
    state = tmp_path / "trained.safetensors"
    state.write_bytes(bytes(found["state"]))
    other = housing_model()
    other.load_weights(state)
    for back, there in zip(other.get_weights(), weights, strict=True):
        np.testing.assert_allclose(back, there, rtol=1e-3, atol=1e-5)
    # And it goes on here with the order of samples that would have come.
    more = other.fit(x, y, batch_size=40, epochs=3, verbose=0).history["loss"]
    np.testing.assert_allclose(more, expected_more, rtol=1e-4)


def test_weights_end_as_the_averages_that_the_optimizer_kept(tmp_path, chromium):
    def averaging():
        model = housing_model()
        model.compile(tw.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.9), "mse")
        return model

    x, y = boston()
    tw.set_random_seed(7)
    model = averaging()
    site = model.export_web(tmp_path / "site", batch_size=40)
    model.fit(x, y, batch_size=40, epochs=3, verbose=0)
    found = train("node", chromium, site, x, y, batchSize=40, epochs=3)
    state = tmp_path / "trained.safetensors"
    state.write_bytes(bytes(found["state"]))
    other = averaging()
    other.load_weights(state)
    for back, there in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(back, there, rtol=1e-4, atol=1e-6)
