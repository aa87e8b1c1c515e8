"""Draws the pictures of `docs/evaluation-pictures.md`.

Run it as `python docs/images/make_evaluation_pictures.py`; it needs matplotlib
(`pip install thalweg[viz]`) and MNIST (docs/data.md says where it is looked for).
"""

from pathlib import Path

import numpy as np

import thalweg as tw
from thalweg.datasets import boston_housing, mnist

FOLDER = Path(__file__).parent
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def save(name: str, plot: tw.viz.Plot) -> None:
    """Write a picture, and say what is seen."""
    plot.save(FOLDER / f"evaluation-{name}.png", dpi=100)
    print(f"{name}: {plot.caption}")


def of_digits() -> None:
    """A convolutional network after two passes over 20,000 digits, so that it is not too good."""
    tw.set_random_seed(0)
    (x, y), (x_test, y_test) = mnist.load_data()
    x, x_test = x[..., None] / np.float32(255), x_test[..., None] / np.float32(255)
    layers = [
        tw.layers.Conv2D(16, 3, activation="relu", name="strokes"),
        tw.layers.MaxPooling2D(),
        tw.layers.Conv2D(32, 3, activation="relu", name="shapes"),
        tw.layers.MaxPooling2D(),
        tw.layers.Conv2D(64, 3, activation="relu", name="parts"),
        tw.layers.GlobalAveragePooling2D(),
        tw.layers.Dense(10, activation="softmax"),
    ]
    model = tw.Sequential([tw.Input((28, 28, 1)), *layers], name="digits")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:20000], y[:20000], batch_size=64, epochs=2, verbose=0)
    predicted = model.predict(x_test, verbose=0)
    save("confusion", tw.viz.confusion_matrix(y_test, predicted, title="MNIST"))
    save("precision-recall", tw.viz.precision_recall_curve(y_test, predicted, title="MNIST"))
    save("calibration", tw.viz.calibration(y_test, predicted, title="MNIST"))
    shown = x_test[[0, 1, 3, 7]]
    save("saliency", tw.viz.saliency(model, shown, method="smoothgrad", class_names=WORDS))
    save("grad-cam", tw.viz.grad_cam(model, shown, layer="shapes", class_names=WORDS))


def of_homes() -> None:
    """Boston housing, and a small network for it."""
    tw.set_random_seed(0)
    (x, y), (x_test, y_test) = boston_housing.load_data()
    names = [f"{n}, {boston_housing.UNITS[n]}" for n in boston_housing.feature_names()]
    price = "price, thousand dollars"
    normalize = tw.layers.Normalization()
    normalize.adapt(x)
    some = [0, 4, 5, 9]
    scaled = np.asarray(normalize(x))[:, some]
    save(
        "distributions", tw.viz.feature_distributions(x[:, some], [names[i] for i in some], scaled)
    )
    save("scatter", tw.viz.scatter_against_target(x[:, -3:], y, names[-3:], price))
    save("correlation", tw.viz.correlation(x, y, names, price))
    hidden = tw.layers.Dense(32, activation="relu")
    model = tw.Sequential([tw.Input((12,)), normalize, hidden, tw.layers.Dense(1)], name="homes")
    model.compile(tw.optimizers.Adam(0.01), "mse")
    model.fit(x, y, epochs=60, verbose=0)
    save("residuals", tw.viz.residuals(y_test, model.predict(x_test, verbose=0), price))


if __name__ == "__main__":
    of_digits()
    of_homes()
