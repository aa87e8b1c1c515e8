"""Download times: 40 files, how big they are and how long each took to download.

The data of the first example in S. Cai, S. Bileschi, E. D. Nielsen and F. Chollet, "Deep Learning
with JavaScript" (Manning, 2020), section 2.1: a line fits it, with a start-up time and a speed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_data"]

Examples = tuple[NDArray[np.float32], NDArray[np.float32]]

# fmt: off
_TRAIN_MEGABYTES = (
    0.080, 9.000, 0.001, 0.100, 8.000, 5.000, 0.100, 6.000, 0.050, 0.500,
    0.002, 2.000, 0.005, 10.00, 0.010, 7.000, 6.000, 5.000, 1.000, 1.000,
)
_TRAIN_SECONDS = (
    0.135, 0.739, 0.067, 0.126, 0.646, 0.435, 0.069, 0.497, 0.068, 0.116,
    0.070, 0.289, 0.076, 0.744, 0.083, 0.560, 0.480, 0.399, 0.153, 0.149,
)
_TEST_MEGABYTES = (
    5.000, 0.200, 0.001, 9.000, 0.002, 0.020, 0.008, 4.000, 0.001, 1.000,
    0.005, 0.080, 0.800, 0.200, 0.050, 7.000, 0.005, 0.002, 8.000, 0.008,
)
_TEST_SECONDS = (
    0.425, 0.098, 0.052, 0.686, 0.066, 0.078, 0.070, 0.375, 0.058, 0.136,
    0.052, 0.063, 0.183, 0.087, 0.066, 0.558, 0.066, 0.068, 0.610, 0.057,
)
# fmt: on


def load_data() -> tuple[Examples, Examples]:
    """Load the dataset: 20 train and 20 test pairs, always the same.

    Returns:
        `((x_train, y_train), (x_test, y_test))`, all float32 of shape `(20, 1)`: `x` in megabytes,
        `y` in seconds.

    >>> from thalweg.datasets import download_times
    >>> (x_train, y_train), (x_test, y_test) = download_times.load_data()
    >>> x_train.shape, y_train.shape
    ((20, 1), (20, 1))
    """
    return (
        (_column(_TRAIN_MEGABYTES), _column(_TRAIN_SECONDS)),
        (_column(_TEST_MEGABYTES), _column(_TEST_SECONDS)),
    )


def _column(values: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)[:, np.newaxis]
