"""Boston housing: 506 districts of Boston in the 1970s and the median price of their homes.

From D. Harrison and D. L. Rubinfeld, "Hedonic housing prices and the demand for clean air",
Journal of Environmental Economics and Management 5 (1978), pages 81-102.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from thalweg.datasets._files import read_table
from thalweg.datasets._split import shuffled_split

__all__ = [
    "FEATURE_NAMES",
    "TARGET_NAME",
    "UNITS",
    "feature_names",
    "load_data",
    "load_table",
]

Features = Literal["book", "all"]
Examples = tuple[NDArray[np.float32], NDArray[np.float32]]

FEATURE_NAMES = (
    "CRIM",
    "ZN",
    "INDUS",
    "CHAS",
    "NOX",
    "RM",
    "AGE",
    "DIS",
    "RAD",
    "TAX",
    "PTRATIO",
    "B",
    "LSTAT",
)
"""The 13 columns of the source, in its order."""

TARGET_NAME = "MEDV"

UNITS = {
    "CRIM": "crimes per inhabitant and year",
    "ZN": "% of residential land zoned for lots over 25,000 square feet",
    "INDUS": "% of land used by non-retail business",
    "CHAS": "1 if the district lies on the Charles River, else 0",
    "NOX": "nitrogen oxides, parts per 10 million",
    "RM": "rooms per dwelling, mean",
    "AGE": "% of owner-occupied homes built before 1940",
    "DIS": "distance to five employment centres, weighted, no unit",
    "RAD": "access to radial highways, index from 1 to 24",
    "TAX": "property tax, dollars per 10,000 dollars of value",
    "PTRATIO": "pupils per teacher",
    "B": "1000 (k - 0.63)^2, k the share of Black inhabitants",
    "LSTAT": "% of inhabitants of lower status",
    "MEDV": "median value of owner-occupied homes, thousands of dollars",
}
"""What each column measures and in which unit, the target included."""


def feature_names(features: Features = "book") -> tuple[str, ...]:
    """The names of the columns that `load_data(features=features)` returns, in order.

    Args:
        features: `'book'` or `'all'`, as in `load_data`.

    Raises:
        ValueError: if `features` is neither.

    >>> from thalweg.datasets import boston_housing
    >>> len(boston_housing.feature_names()), len(boston_housing.feature_names("all"))
    (12, 13)
    """
    return _feature_names(features, "boston_housing.feature_names")


def load_table(features: Features = "book") -> Examples:
    """Load all 506 rows, undivided and in the order of the file.

    Args:
        features: `'book'` or `'all'`, as in `load_data`.

    Returns:
        `(x, y)`, float32: `x` of shape `(506, 12)` or `(506, 13)`, `y` of shape `(506,)` in
        thousands of dollars.

    Raises:
        ValueError: if `features` is neither.

    >>> from thalweg.datasets import boston_housing
    >>> x, y = boston_housing.load_table()
    >>> x.shape, y[:3]
    ((506, 12), array([24. , 21.6, 34.7], dtype=float32))
    """
    return _table(features, "boston_housing.load_table")


def load_data(
    test_split: float = 173 / 506, seed: int = 113, features: Features = "book"
) -> tuple[Examples, Examples]:
    """Load the dataset, shuffled and divided into train and test examples.

    The values are raw, in the units of `UNITS`: normalise them with the mean and the deviation of
    the train set before training. With `test_split=0.2, features="all"` the rows are those of
    Keras's `boston_housing.load_data()`, in the same order.

    Args:
        test_split: the share of test rows, from 0 up to but not including 1; by default 333 rows
            are for training and 173 for testing.
        seed: an integer from 0 to 2**32 - 1; the same seed gives the same rows.
        features: `'book'` for 12 columns, without `B`, as in the books that teach with this
            dataset (`B` was built on the assumption that house prices follow race); `'all'` for
            the 13 columns of the source.

    Returns:
        `((x_train, y_train), (x_test, y_test))`, all float32: `x` of shape `(n, 12)` or `(n, 13)`,
        `y` of shape `(n,)` in thousands of dollars.

    Raises:
        ValueError: if an argument is not as above.

    >>> from thalweg.datasets import boston_housing
    >>> (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    >>> x_train.shape, y_train.shape, x_test.shape, x_train.dtype
    ((333, 12), (333,), (173, 12), dtype('float32'))
    """
    caller = "boston_housing.load_data"
    x, y = _table(features, caller)
    train, test = shuffled_split(np.zeros(len(x), dtype=np.int32), test_split, seed, caller)
    return (x[train], y[train]), (x[test], y[test])


def _table(features: Features, caller: str) -> Examples:
    columns = [FEATURE_NAMES.index(name) for name in _feature_names(features, caller)]
    table = np.array(read_table("boston_housing.csv"), dtype=np.float32)
    return table[:, columns], table[:, -1]


def _feature_names(features: Features, caller: str) -> tuple[str, ...]:
    if features == "all":
        return FEATURE_NAMES
    if features == "book":
        return tuple(name for name in FEATURE_NAMES if name != "B")
    raise ValueError(f"{caller}: features must be 'book' or 'all', got {features!r}.")
