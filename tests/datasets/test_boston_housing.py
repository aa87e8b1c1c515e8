import csv
from pathlib import Path

import numpy as np
import pytest

from thalweg.datasets import boston_housing


def all_rows(**arguments: object) -> tuple[np.ndarray, np.ndarray]:
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data(**arguments)
    return np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])


@pytest.mark.parametrize(("features", "columns"), [("book", 12), ("all", 13)])
def test_shapes_and_dtypes(features: str, columns: int) -> None:
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data(features=features)
    assert x_train.shape == (333, columns)
    assert y_train.shape == (333,)
    assert x_test.shape == (173, columns)
    assert y_test.shape == (173,)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.float32)}


def test_the_rows_are_those_of_keras() -> None:
    # What keras.datasets.boston_housing.load_data() is known to return.
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data(0.2, 113, "all")
    assert (len(x_train), len(x_test)) == (404, 102)
    np.testing.assert_allclose(
        x_train[0],
        [1.23247, 0, 8.14, 0, 0.538, 6.142, 91.7, 3.9769, 4, 307, 21, 396.9, 18.72],
        rtol=1e-6,
    )
    np.testing.assert_allclose(y_train[:6], [15.2, 42.3, 50.0, 21.1, 17.7, 18.5], rtol=1e-6)
    np.testing.assert_allclose(y_test[:5], [7.2, 18.8, 19.0, 27.0, 22.2], rtol=1e-6)


def test_every_row_is_there_once_whatever_the_split() -> None:
    x, y = all_rows(features="all")
    other_x, other_y = all_rows(features="all", test_split=0.5, seed=1)
    rows = np.column_stack([x, y])
    other = np.column_stack([other_x, other_y])
    assert len(rows) == 506
    np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(other, axis=0))


def test_means_of_the_columns() -> None:
    # Harrison and Rubinfeld's data as it has been passed on since StatLib.
    x, y = all_rows(features="all")
    mean = dict(zip(boston_housing.FEATURE_NAMES, x.mean(axis=0, dtype=np.float64), strict=True))
    assert mean["CRIM"] == pytest.approx(3.613524, rel=1e-6)
    assert mean["RM"] == pytest.approx(6.284634, rel=1e-6)
    assert mean["B"] == pytest.approx(356.674032, rel=1e-6)
    assert mean["LSTAT"] == pytest.approx(12.653063, rel=1e-6)
    assert y.mean(dtype=np.float64) == pytest.approx(22.532806, rel=1e-6)


def test_book_is_all_without_b() -> None:
    names = boston_housing.feature_names("all")
    kept = [i for i, name in enumerate(names) if name != "B"]
    assert boston_housing.feature_names() == tuple(names[i] for i in kept)
    np.testing.assert_array_equal(all_rows()[0], all_rows(features="all")[0][:, kept])


def test_names_match_the_file_and_have_units() -> None:
    file = Path(boston_housing.__file__).parent / "files" / "boston_housing.csv"
    with file.open(newline="") as rows:
        header = next(csv.reader(rows))
    assert [*boston_housing.FEATURE_NAMES, boston_housing.TARGET_NAME] == header
    assert list(boston_housing.UNITS) == header


def test_bad_features_are_refused_by_name() -> None:
    message = r"^boston_housing\.load_data: features must be 'book' or 'all', got 'most'\.$"
    with pytest.raises(ValueError, match=message):
        boston_housing.load_data(features="most")
    with pytest.raises(ValueError, match=r"^boston_housing\.feature_names: features must be"):
        boston_housing.feature_names(13)


def test_a_bad_split_names_the_function() -> None:
    with pytest.raises(ValueError, match=r"^boston_housing\.load_data: test_split must be"):
        boston_housing.load_data(test_split=2)


def test_the_table_holds_every_row_once():
    x, y = boston_housing.load_table("all")
    (a, b), (c, d) = boston_housing.load_data(features="all")
    divided = np.column_stack([np.concatenate([a, c]), np.concatenate([b, d])])
    assert sorted(divided.tolist()) == sorted(np.column_stack([x, y]).tolist())
    assert y[0] == 24.0
