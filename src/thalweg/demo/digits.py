"""The network behind the page that reads drawn digits: trained on MNIST, exported with examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thalweg.callbacks import LambdaCallback
from thalweg.datasets import mnist
from thalweg.demo.boston import Progress
from thalweg.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, Rescaling
from thalweg.models import Sequential
from thalweg.optimizers import Adam
from thalweg.random import set_random_seed
from thalweg.web.export import export_model

__all__ = ["export_digits", "train_digits"]

EPOCHS = 2
BATCH_SIZE = 64

# A batch of what the page learns from: a correction among remembered examples.
PAGE_BATCH = 32

# How many images of each digit the page rehearses while it learns, and how many it never learns
# from, to tell whether it forgets.
REMEMBERED = 30
EXAM = 20

Images = NDArray[np.uint8]


def train_digits(epochs: int = EPOCHS, progress: Progress | None = None) -> Sequential:
    """Train a convolutional network on MNIST: about 98% of the test images after two epochs.

    Args:
        epochs: how often it sees the 60,000 images.
        progress: called after each epoch with the name `digits`.

    Raises:
        OSError: if MNIST is not at hand and cannot be downloaded, see `mnist.load_data`.
    """

    def on_epoch_end(epoch: int, logs: dict[str, float]) -> None:
        if progress is not None:
            progress("digits", epoch + 1, float(logs["loss"]), float(logs["val_loss"]))

    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    set_random_seed(0)
    model = Sequential(
        [
            Input((28, 28, 1), name="image"),
            Rescaling(1 / 255),
            Conv2D(8, 5, activation="relu"),
            MaxPooling2D(2),
            Conv2D(16, 5, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )
    model.compile(
        optimizer=Adam(0.002), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(
        x_train[..., None],
        y_train,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=(x_test[..., None], y_test),
        callbacks=[LambdaCallback(on_epoch_end=on_epoch_end)],
        verbose=0,
    )
    return model


def export_digits(model: Sequential, folder: Path) -> None:
    """Write what the page loads: the network as `model/`, and `examples.bin`.

    The examples are of each digit `REMEMBERED` train images, all these first, and `EXAM` test
    images: first all pixels, two in a byte, then a byte for each label.
    """
    # The page reads while one draws: on WebAssembly, at once.
    export_model(model, folder / "model", batch_size=PAGE_BATCH, webgpu=False)
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    remembered, exam = _each(y_train, REMEMBERED), _each(y_test, EXAM)
    pixels = np.concatenate([x_train[remembered], x_test[exam]]).reshape(-1, 2) >> 4
    labels = np.concatenate([y_train[remembered], y_test[exam]])
    packed = pixels[:, 0] << 4 | pixels[:, 1]
    (folder / "examples.bin").write_bytes(packed.tobytes() + labels.tobytes())


def _each(labels: Images, count: int) -> NDArray[np.intp]:
    """The places of so many images of each digit, spread over the whole: writers differ."""
    found = []
    for digit in range(10):
        places = np.flatnonzero(labels == digit)
        found.append(places[np.linspace(0, len(places) - 1, count).astype(int)])
    return np.sort(np.concatenate(found))
