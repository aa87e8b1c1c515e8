import numpy as np
import pytest

from thalweg.datasets import iris


def test_shapes_and_dtypes() -> None:
    (x_train, y_train), (x_test, y_test) = iris.load_data()
    assert x_train.shape == (120, 4)
    assert y_train.shape == (120,)
    assert x_test.shape == (30, 4)
    assert y_test.shape == (30,)
    assert x_train.dtype == x_test.dtype == np.float32
    assert y_train.dtype == y_test.dtype == np.int32


@pytest.mark.parametrize("test_split", [0, 0.2, 0.5, 0.9])
def test_species_keep_their_share(test_split: float) -> None:
    (_, y_train), (_, y_test) = iris.load_data(test_split=test_split)
    assert len(set(np.bincount(y_train, minlength=3))) == 1
    assert len(set(np.bincount(y_test, minlength=3))) == 1
    assert len(y_train) + len(y_test) == 150


def test_means_of_the_species() -> None:
    # From the table of means in Fisher's paper, centimetres.
    (x, y), _ = iris.load_data(test_split=0)
    means = [x[y == label].mean(axis=0) for label in range(len(iris.CLASS_NAMES))]
    np.testing.assert_allclose(
        means,
        [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]],
        rtol=1e-5,
    )
    assert iris.CLASS_NAMES == ("setosa", "versicolor", "virginica")
    assert len(iris.FEATURE_NAMES) == x.shape[1]


def test_the_seed_decides_the_rows() -> None:
    (first, _), _ = iris.load_data(seed=1)
    (again, _), _ = iris.load_data(seed=1)
    (other, _), _ = iris.load_data(seed=2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_bad_arguments_name_the_function() -> None:
    with pytest.raises(ValueError, match=r"^iris\.load_data: test_split must be"):
        iris.load_data(test_split=-1)
    with pytest.raises(ValueError, match=r"^iris\.load_data: seed must be"):
        iris.load_data(seed=0.5)
