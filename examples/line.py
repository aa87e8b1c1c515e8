"""A line through download times: seconds = speed * megabytes + start-up time."""

import numpy as np

import thalweg as tw
from thalweg.datasets import download_times


def train(x, y, epochs):
    """A line that starts at zero, trained on all rows at once in each epoch."""
    model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer=tw.optimizers.SGD(0.01), loss="mean_absolute_error")
    model.fit(x, y, batch_size=len(x), epochs=epochs, verbose=0)
    return model


def main():
    (x_train, y_train), (x_test, y_test) = download_times.load_data()
    mean = y_train.mean()
    print(f"always {mean:.5f} s: test MAE {np.abs(y_test - mean).mean():.6f}")

    for epochs in (10, 200):
        model = train(x_train, y_train, epochs)
        kernel, bias = model.get_weights()
        error = model.evaluate(x_test, y_test, verbose=0)
        print(
            f"{epochs:3d} epochs: test MAE {error:.7f},"
            f" seconds = {kernel.item():.5f} * megabytes + {bias.item():.5f}"
        )

    megabytes = np.array([[1.0], [100.0], [10000.0]])
    seconds = model.predict(megabytes, verbose=0)
    for size, time in zip(megabytes[:, 0], seconds[:, 0], strict=True):
        print(f"{size:7.0f} MB take {time:7.3f} s")


if __name__ == "__main__":
    main()
