"""Whole models trained on the GPU: the numbers of the processor, to rounding."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from tests.devices.webgpu import device
from thalweg import layers

Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture(autouse=True)
def _always(monkeypatch):
    monkeypatch.setenv("THALWEG_COMPILE", "always")


def boston() -> tuple[tw.Model, Data]:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(75, 13)).astype(np.float32)
    y = (x[:, :1] ** 2 + x @ generator.normal(size=(13, 1))).astype(np.float32)
    model = tw.Sequential(
        [
            tw.Input((13,)),
            layers.Dense(20, activation="sigmoid"),
            layers.Dense(10, activation="relu", kernel_regularizer="l2"),
            layers.Dense(1),
        ]
    )
    model.compile(tw.optimizers.SGD(0.01, momentum=0.9), "mse", metrics=["mae"])
    return model, (x, y)


def mlp() -> tuple[tw.Model, Data]:
    generator = np.random.default_rng(2)
    x = generator.integers(0, 256, (90, 6, 6)).astype(np.uint8)
    y = (x[:, :3].mean((1, 2)) > x[:, 3:].mean((1, 2))).astype(np.int64)
    model = tw.Sequential(
        [
            tw.Input((6, 6)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(32, activation="gelu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, (x, y)


def cnn() -> tuple[tw.Model, Data]:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(50, 10, 10, 2)).astype(np.float32)
    y = generator.integers(0, 3, 50).astype(np.int32)
    model = tw.Sequential(
        [
            tw.Input((10, 10, 2)),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.DepthwiseConv2D(3, padding="same", activation="relu"),
            layers.Conv2D(5, 2, strides=2),
            layers.LayerNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
    loss = tw.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tw.optimizers.AdamW(0.005), loss, metrics=["accuracy"])
    return model, (x, y)


def lstm() -> tuple[tw.Model, Data]:
    generator = np.random.default_rng(4)
    x = generator.integers(0, 12, (45, 7)).astype(np.int32)
    y = (x[:, :1] > x[:, -1:]).astype(np.float32)
    model = tw.Sequential(
        [
            tw.Input((7,), dtype="int32"),
            layers.Embedding(12, 5),
            layers.Bidirectional(layers.LSTM(6)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return model, (x, y)


def trained(make, name: str, epochs: int) -> dict[str, np.ndarray]:
    """All that a training, an evaluation and a prediction give."""
    with device(name):
        tw.set_random_seed(5)
        model, (x, y) = make()
        history = model.fit(x, y, batch_size=16, epochs=epochs, verbose=0).history
        found = {key: np.array(values) for key, values in history.items()}
        found["evaluate"] = np.array(model.evaluate(x, y, 13, verbose=0))
        found["predict"] = model.predict(x[:20], 9, verbose=0)
        variables = [*model.variables, *model.optimizer.variables]
        return found | {f"{i} of {v.shape}": v.numpy() for i, v in enumerate(variables)}


@pytest.mark.parametrize("make", [boston, mlp, cnn, lstm])
def test_training_is_that_of_the_processor(make):
    # Shuffled, with dropout: the same orders and masks.
    expected, found = (trained(make, name, 8) for name in ("cpu", "webgpu"))
    for key, value in expected.items():
        if value.dtype.kind == "f":
            np.testing.assert_allclose(found[key], value, rtol=1e-3, atol=1e-3, err_msg=key)
        else:
            np.testing.assert_array_equal(found[key], value, err_msg=key)


def test_dropout_masks_and_random_numbers_are_the_same():
    def draw():
        tw.set_random_seed(11)
        layer = layers.Dropout(0.4)
        generator = tw.random.SeedGenerator(3)

        @tw.function(jit_compile=True)
        def numbers(x):
            return (
                layer(x, training=True),
                tw.random.uniform((50,), seed=generator),
                tw.random.randint((50,), 0, 1000),
                tw.random.shuffle(tw.ops.arange(50)),
            )

        x = tw.ops.ones((30, 20))
        return [y.numpy() for _ in range(3) for y in numbers(x)]

    with device("cpu"):
        expected = draw()
    with device("webgpu"):
        found = draw()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_batches_one_by_one_validation_and_weights():
    x = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    y = x.sum(1, keepdims=True)

    def train():
        tw.set_random_seed(1)
        model = tw.Sequential([tw.Input((4,)), layers.Dense(8, "tanh"), layers.Dense(1)])
        model.compile("nadam", "huber", metrics=["mae"], steps_per_execution=2)
        seen = []
        stop = tw.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: seen.append(logs["loss"])
        )
        weights = np.linspace(0, 1, 30).astype(np.float32)
        history = model.fit(
            x, y, 7, 3, 0, [stop], validation_split=0.3, sample_weight=weights
        ).history
        seen += [*model.train_on_batch(x[:5], y[:5]), *model.test_on_batch(x, y)]
        return np.concatenate([seen, *history.values()])

    with device("cpu"):
        expected = train()
    with device("webgpu"):
        np.testing.assert_allclose(train(), expected, rtol=1e-4)


def test_a_step_of_ones_own():
    class Twice(tw.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)
            self.steps = tw.Variable(0, dtype="int32", trainable=False)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            for _ in range(2):
                with tw.GradientTape() as tape:
                    loss = tw.ops.mean((self(x) - y) ** 2)
                gradients = tape.gradient(loss, self.trainable_weights)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
                self.steps.assign_add(1)
            return {"loss": loss}

    x = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    found = []
    for name in ("cpu", "webgpu"):
        with device(name):
            tw.set_random_seed(2)
            model = Twice()
            model.compile("sgd")
            history = model.fit(x, x[:, :1], batch_size=8, epochs=4, verbose=0).history["loss"]
            found.append([*history, int(model.steps)])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    assert found[1][-1] == 2 * 3 * 4


def test_more_rows_than_a_dataset_may_have(monkeypatch):
    x = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    y = x[:, :1] * 2
    found = []
    for part in (None, 1024):
        with device("webgpu"):
            tw.set_random_seed(2)
            model = tw.Sequential([tw.Input((8,)), layers.Dense(1)])
            model.compile("sgd", "mse")
            if part:
                gatherer = "thalweg.devices.webgpu.dataset.Gatherer.dataset"
                monkeypatch.setattr(gatherer, lambda self, wholes: None)
                monkeypatch.setattr("thalweg.devices.webgpu.executable._PART", part)
            history = model.fit(x, y, batch_size=7, epochs=4, verbose=0).history["loss"]
            found.append([*history, *model.predict(x, 9, verbose=0).ravel()])
    np.testing.assert_array_equal(found[0], found[1])
