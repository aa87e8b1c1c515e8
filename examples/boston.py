"""Boston housing: how far a linear model comes, and how much further two hidden layers."""

import numpy as np

import thalweg as tw
from thalweg.datasets import boston_housing


def make(normalize, hidden):
    """Layers of 50 units, as many as asked for, and one output."""
    layers = [
        tw.layers.Dense(50, activation="sigmoid", kernel_initializer="lecun_normal")
        for _ in range(hidden)
    ]
    model = tw.Sequential([tw.Input((12,)), normalize, *layers, tw.layers.Dense(1)])
    model.compile(optimizer=tw.optimizers.SGD(0.01), loss="mse", metrics=["mae"])
    return model


def main(epochs=200):
    tw.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    normalize = tw.layers.Normalization()
    normalize.adapt(x_train)

    baseline = np.square(y_test - y_train.mean()).mean()
    print(f"always the mean price: test MSE {baseline:.2f}")
    for hidden, name in enumerate(("linear model", "one hidden layer", "two hidden layers")):
        model = make(normalize, hidden)
        model.fit(x_train, y_train, batch_size=40, epochs=epochs, validation_split=0.2, verbose=0)
        mse, mae = model.evaluate(x_test, y_test, verbose=0)
        print(f"{name}: test MSE {mse:.2f}, off by ${1000 * mae:,.0f}")
        if not hidden:
            weights = model.layers[-1].get_weights()[0][:, 0]

    print("the five largest weights of the linear model:")
    names = boston_housing.feature_names()
    for i in np.argsort(-np.abs(weights))[:5]:
        print(f"  {names[i]:<8} {weights[i]:+.4f}")


if __name__ == "__main__":
    main()
