"""Small classic datasets, as NumPy arrays.

`boston_housing`, `iris` and `download_times` come with the package; `mnist` reads a folder of
yours or downloads its files once. Each has `load_data()`, which returns
`((x_train, y_train), (x_test, y_test))`.

>>> from thalweg.datasets import iris
>>> (x_train, y_train), (x_test, y_test) = iris.load_data()
>>> x_train.shape, x_test.shape
((120, 4), (30, 4))
"""

from thalweg.datasets import boston_housing, download_times, iris, mnist

__all__ = ["boston_housing", "download_times", "iris", "mnist"]
