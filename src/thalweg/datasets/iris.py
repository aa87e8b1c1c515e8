"""Iris: 150 flowers of three species and four lengths of each.

From R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7
(1936), pages 179-188. The values are those of the paper; a widely copied file has two misprints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thalweg.datasets._files import read_table
from thalweg.datasets._split import shuffled_split

__all__ = ["CLASS_NAMES", "FEATURE_NAMES", "load_data"]

Examples = tuple[NDArray[np.float32], NDArray[np.int32]]

FEATURE_NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
"""The four columns, in centimetres."""

CLASS_NAMES = ("setosa", "versicolor", "virginica")
"""The species: label `i` is `CLASS_NAMES[i]`."""


def load_data(test_split: float = 0.2, seed: int = 113) -> tuple[Examples, Examples]:
    """Load the dataset, shuffled and divided so that each species keeps its share.

    Args:
        test_split: the share of test rows, from 0 up to but not including 1; by default 120 rows
            are for training and 30, ten of each species, for testing.
        seed: an integer from 0 to 2**32 - 1; the same seed gives the same rows.

    Returns:
        `((x_train, y_train), (x_test, y_test))`: `x` float32 of shape `(n, 4)` in centimetres,
        `y` int32 of shape `(n,)`, an index into `CLASS_NAMES`.

    Raises:
        ValueError: if an argument is not as above.

    >>> import numpy as np
    >>> from thalweg.datasets import iris
    >>> (x_train, y_train), (x_test, y_test) = iris.load_data()
    >>> np.bincount(y_train), np.bincount(y_test)
    (array([40, 40, 40]), array([10, 10, 10]))
    """
    rows = read_table("iris.csv")
    x = np.array([row[:-1] for row in rows], dtype=np.float32)
    y = np.array([CLASS_NAMES.index(row[-1]) for row in rows], dtype=np.int32)
    train, test = shuffled_split(y, test_split, seed, "iris.load_data")
    return (x[train], y[train]), (x[test], y[test])
