"""Training steps written by hand as traced functions: the numbers of eager code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg as tw
from thalweg import layers, ops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 8, 6)).astype("float32")
Y = (X.sum(-1, keepdims=True) > 0).astype("float32")


def network() -> Any:
    return tw.Sequential(
        [
            layers.Dense(8, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.3, seed=7),
            layers.Dense(1),
        ]
    )


def trainer(optimizer: Any, build: bool) -> tuple[Any, Any, Any, Any]:
    """A model, its optimizer and metric, and a step that trains them."""
    tw.set_random_seed(1)
    model = network()
    metric = tw.metrics.BinaryAccuracy()
    loss_of = tw.losses.BinaryCrossentropy(from_logits=True)
    if build:
        model.build((None, 6))
        optimizer.build(model.trainable_variables)

    def step(x, y):
        with tw.GradientTape() as tape:
            logits = model(x, training=True)
            loss = loss_of(y, logits) + sum(model.losses)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        metric.update_state(y, ops.sigmoid(logits))
        return {"loss": loss, "accuracy": metric.result()}

    return model, optimizer, metric, step


def run(step: Any) -> list[tuple[float, float]]:
    logs = [step(tw.constant(x), tw.constant(y)) for x, y in zip(X, Y, strict=True)]
    return [(float(log["loss"]), float(log["accuracy"])) for log in logs]


@pytest.mark.parametrize("build", [True, False], ids=["built", "unbuilt"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: tw.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        lambda: tw.optimizers.Adam(tw.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
        lambda: tw.optimizers.AdamW(0.05, weight_decay=0.1, clipnorm=0.5, use_ema=True),
        lambda: tw.optimizers.RMSprop(0.01, gradient_accumulation_steps=2),
    ],
    ids=["sgd", "adam", "adamw", "rmsprop"],
)
def test_a_step_with_layers_optimizer_and_metric(make, build):
    model, optimizer, metric, step = trainer(make(), build)
    expected = run(step)
    other, other_optimizer, other_metric, other_step = trainer(make(), build)
    function = tw.function(other_step)
    np.testing.assert_allclose(run(function), expected, rtol=1e-4)
    assert function.experimental_get_tracing_count() == 1
    pairs = [
        (model.variables, other.variables),
        (optimizer.variables, other_optimizer.variables),
        (metric.variables, other_metric.variables),
    ]
    for mine, theirs in pairs:
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    metric.reset_state()
    other_metric.reset_state()
    np.testing.assert_allclose(run(function), run(step), rtol=1e-3)


def test_training_and_inference_are_traced_apart():
    model, _, _, step = trainer(tw.optimizers.SGD(0.1), True)
    predict = tw.function(lambda x, training=False: model(x, training=training))
    run(step)
    np.testing.assert_allclose(predict(X[0]), model(X[0]), rtol=1e-5)
    first, second = (np.asarray(predict(X[0], training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    assert predict.experimental_get_tracing_count() == 2


def test_a_layer_whose_call_is_a_function_follows_its_surroundings():
    class Noisy(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.dropout = layers.Dropout(0.5, seed=1)

        @tw.function
        def call(self, x):
            return self.dropout(x)

    layer = Noisy()
    x = np.ones((4, 4), "float32")
    for _ in range(2):
        np.testing.assert_array_equal(layer(x), x)
        assert np.asarray(layer(x, training=True)).min() == 0
    inputs = tw.Input((4,))
    model = tw.Model(inputs, Noisy()(inputs))
    np.testing.assert_array_equal(model(x), x)


def test_a_function_in_a_layer_of_half_precision_reads_weights_so():
    class Scaled(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(), initializer="ones")

        @tw.function
        def scaled(self, x):
            return x * self.scale

        def call(self, x):
            return self.scaled(x)

    layer = Scaled(dtype="mixed_float16")
    for _ in range(2):
        assert layer(np.ones(2, "float32")).dtype.name == "float16"
        assert layer.scaled(tw.constant([1.0])).dtype.name == "float32"


def test_fit_with_a_traced_method_in_the_step():
    class Model(tw.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1, kernel_initializer="ones")

        def call(self, x):
            return self.forward(x)

    class Traced(Model):
        @tw.function
        def forward(self, x):
            return ops.sin(self.dense(x))

    class Plain(Model):
        def forward(self, x):
            return ops.sin(self.dense(x))

    found = []
    for kind in (Plain, Traced):
        model = kind()
        model.compile(tw.optimizers.SGD(0.05), "mse")
        history = model.fit(X[0], Y[0], epochs=3, batch_size=4, shuffle=False, verbose=0)
        found.append(history.history["loss"])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_recurrent_layers_and_their_gradients():
    tw.set_random_seed(2)
    layer = layers.LSTM(4)
    x = RNG.normal(size=(3, 5, 2)).astype("float32")
    layer(x)

    def gradients(x):
        with tw.GradientTape() as tape:
            y = ops.sum(layer(x) ** 2)
        return tape.gradient(y, layer.trainable_variables)

    for a, b in zip(tw.function(gradients)(x), gradients(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
