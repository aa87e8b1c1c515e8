"""MNIST: a small convolutional network that reads handwritten digits.

Run it as `python examples/mnist.py [FOLDER]`. FOLDER holds the four idx files; without it they are
looked for where THALWEG_DATA says, and downloaded once if they are nowhere.
"""

import sys
import time

import thalweg as tw
from thalweg.datasets import mnist


def make():
    model = tw.Sequential(
        [
            tw.Input((28, 28, 1)),
            tw.layers.Rescaling(1 / 255),
            tw.layers.Conv2D(8, 5, activation="relu"),
            tw.layers.MaxPooling2D(2),
            tw.layers.Conv2D(16, 5, activation="relu"),
            tw.layers.MaxPooling2D(2),
            tw.layers.Flatten(),
            tw.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=tw.optimizers.Adam(0.002),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def main(folder=None, epochs=2, rows=None):
    tw.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = mnist.load_data(folder)
    model = make()
    model.summary()

    start = time.perf_counter()
    model.fit(x_train[:rows, ..., None], y_train[:rows], batch_size=64, epochs=epochs)
    minutes = (time.perf_counter() - start) / 60
    loss, accuracy = model.evaluate(x_test[:rows, ..., None], y_test[:rows], verbose=0)
    print(f"test accuracy {accuracy:.4f}, loss {loss:.4f}, after {minutes:.1f} minutes of training")


if __name__ == "__main__":
    main(*sys.argv[1:2])
