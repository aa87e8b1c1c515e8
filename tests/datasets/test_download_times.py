import numpy as np
import pytest

from thalweg.datasets import download_times


def test_shapes_and_dtypes() -> None:
    for x, y in download_times.load_data():
        assert x.shape == y.shape == (20, 1)
        assert x.dtype == y.dtype == np.float32


def test_known_figures() -> None:
    (x_train, y_train), (_, y_test) = download_times.load_data()
    assert y_train.mean() == pytest.approx(0.29505)
    # The error of always answering with the mean of the train set.
    assert np.abs(y_test - y_train.mean()).mean() == pytest.approx(0.220225)
    assert (x_train.min(), x_train.max()) == (np.float32(0.001), 10)


def test_a_line_fits() -> None:
    (x_train, y_train), (x_test, y_test) = download_times.load_data()
    speed, start = np.polyfit(x_train[:, 0], y_train[:, 0], 1)
    assert np.abs(speed * x_test + start - y_test).mean() < 0.025


def test_callers_do_not_share_arrays() -> None:
    download_times.load_data()[0][0][:] = 0
    assert download_times.load_data()[0][0].any()
