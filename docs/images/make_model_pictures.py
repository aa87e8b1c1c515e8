"""Draws the pictures of `docs/model-pictures.md`.

Run it as `python docs/images/make_model_pictures.py`; it needs matplotlib
(`pip install thalweg[viz]`) and MNIST (docs/data.md says where it is looked for).
"""

from pathlib import Path

import thalweg as tw
from thalweg.datasets import boston_housing, mnist

FOLDER = Path(__file__).parent


def twins() -> tw.Model:
    """One encoder for two inputs, and a head that says whether they show the same."""
    pixels = tw.Input((16,), name="pixels")
    embedded = tw.layers.Dense(8, "relu", name="embed")(pixels)
    gate = tw.layers.Dense(8, "sigmoid", name="gate")(pixels)
    encoder = tw.Model(pixels, tw.layers.Multiply()([embedded, gate]), name="encoder")
    layers = [tw.layers.Dense(4, "relu"), tw.layers.Dense(1, "sigmoid")]
    head = tw.Sequential(layers, name="head")
    left, right = tw.Input((16,), name="left"), tw.Input((16,), name="right")
    difference = tw.layers.Subtract()([encoder(left), encoder(right)])
    return tw.Model([left, right], head(difference), name="twins")


def main() -> None:
    """Draw a graph, the weights of a linear model, and what a network sees in a digit."""
    options = {"expand_nested": True, "show_shapes": True, "dpi": 110}
    plot = tw.viz.plot_model(twins(), FOLDER / "model-twins.png", **options)
    print(plot.caption)

    tw.set_random_seed(0)
    (x, y), _ = boston_housing.load_data(seed=0)
    line = tw.Sequential([tw.Input((12,)), tw.layers.Dense(1, name="price")], name="line")
    line.compile(tw.optimizers.SGD(0.01), "mse")
    line.fit((x - x.mean(0)) / x.std(0), y, epochs=100, verbose=0)
    plot = tw.viz.kernel_magnitudes(line, boston_housing.feature_names())
    plot.save(FOLDER / "model-features.png", dpi=110)
    print(plot.caption)

    (digits, labels), _ = mnist.load_data()
    digits = digits[..., None] / 255
    layers = [
        tw.layers.Conv2D(8, 5, activation="relu", name="conv"),
        tw.layers.MaxPooling2D(name="pool"),
        tw.layers.Conv2D(16, 3, activation="relu", name="conv_2"),
        tw.layers.GlobalMaxPooling2D(name="found"),
        tw.layers.Dense(10, "softmax", name="digit"),
    ]
    model = tw.Sequential([tw.Input((28, 28, 1)), *layers], name="digits")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(digits, labels, epochs=2, batch_size=128, verbose=0)
    pictures = {
        "model-filters": tw.viz.filters(model),
        "model-activations": tw.viz.activations(model, digits[:1]),
        "model-weights": tw.viz.weight_histograms(model),
    }
    for name, plot in pictures.items():
        plot.save(FOLDER / f"{name}.png", dpi=110)
        print(plot.caption)


if __name__ == "__main__":
    main()
