"""The line through the download times, against the run of TensorFlow.js 4.22."""

import numpy as np
import pytest

from tests.examples.scripts import load
from thalweg.datasets import download_times

(X_TRAIN, Y_TRAIN), (X_TEST, Y_TEST) = download_times.load_data()


def test_the_baseline() -> None:
    assert np.abs(Y_TEST - Y_TRAIN.mean()).mean() == pytest.approx(0.220225, abs=1e-6)


@pytest.mark.parametrize(
    ("epochs", "error", "kernel", "bias"),
    [
        (1, 0.1288769, 0.0304240, 0.0100000),
        (10, 0.0132293, 0.0680900, 0.0630000),
        (20, 0.0198485, 0.0633530, 0.0700000),
        (100, 0.0145753, 0.0663831, 0.0700000),
        (200, 0.0164387, 0.0652982, 0.0700000),
    ],
)
def test_the_line_after_some_epochs(epochs: int, error: float, kernel: float, bias: float) -> None:
    model = load("line").train(X_TRAIN, Y_TRAIN, epochs)
    assert model.evaluate(X_TEST, Y_TEST, verbose=0) == pytest.approx(error, abs=1e-5)
    assert [w.item() for w in model.get_weights()] == pytest.approx([kernel, bias], abs=1e-5)
