"""Iris: three species of flowers told apart by four lengths."""

import numpy as np

import thalweg as tw
from thalweg.datasets import iris


def main(epochs=100):
    tw.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = iris.load_data()
    model = tw.Sequential(
        [
            tw.Input((4,)),
            tw.layers.Dense(10, activation="relu"),
            tw.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=tw.optimizers.Adam(0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x_train, y_train, batch_size=32, epochs=epochs, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test loss {loss:.3f}, accuracy {accuracy:.3f}")

    guesses = model.predict(x_test, verbose=0).argmax(axis=1)
    counts = np.zeros((3, 3), dtype=int)
    np.add.at(counts, (y_test, guesses), 1)
    print("rows: the species; columns: what the model takes it for")
    for name, row in zip(iris.CLASS_NAMES, counts, strict=True):
        print(f"  {name:<11} {row}")


if __name__ == "__main__":
    main()
