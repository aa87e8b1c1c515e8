"""Recurrent networks and transformers train elsewhere as they do in Python."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Browser

import thalweg as tw
from tests.web.elsewhere import in_chromium, in_node
from thalweg import layers


def letters():
    """Two blocks of a transformer, which guesses the next letter."""
    inputs = tw.Input((16,), dtype="int32")
    x = layers.Embedding(20, 32)(inputs)
    for _ in range(2):
        h = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, 8)(h, h, use_causal_mask=True)
        h = layers.LayerNormalization()(x)
        x = x + layers.Dense(32)(layers.Dense(128, activation="gelu")(h))
    model = tw.Model(inputs, layers.Dense(20)(x))
    loss = tw.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tw.optimizers.AdamW(1e-3), loss)
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 20, (2, 48, 16)).astype("i4")
    return model, x, y


def sequences():
    """Recurrent layers in both directions, with dropout."""
    model = tw.Sequential(
        [
            tw.Input((12, 5)),
            layers.Bidirectional(layers.LSTM(16, return_sequences=True)),
            layers.GRU(8),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 12, 5)).astype("f4")
    return model, x, np.eye(3, dtype="f4")[rng.integers(0, 3, 50)]


@pytest.mark.parametrize("make", [letters, sequences])
@pytest.mark.parametrize("place", ["node", "webgpu"])
def test_losses_are_those_of_python(make, place, tmp_path, chromium_with_webgpu: Browser) -> None:
    tw.set_random_seed(1)
    model, x, y = make()
    site = model.export_web(tmp_path, batch_size=16, webgpu=True)
    expected = model.fit(x, y, batch_size=16, epochs=3, verbose=0).history
    fit = {"batchSize": 16, "epochs": 3}
    if place == "node":
        found = in_node(site, x, y, load={"device": "wasm"}, fit=fit)
    else:
        options = {"load": {"device": "webgpu"}, "fit": fit}
        found = in_chromium(chromium_with_webgpu, site, x, y, **options)
    for name, values in expected.items():
        np.testing.assert_allclose(found["history"][name], values, rtol=1e-4, err_msg=name)
