import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.datasets._split import shuffled_split

ROWS = 506


@given(test_rows=st.integers(0, ROWS - 1), seed=st.integers(0, 2**32 - 1))
def test_a_fraction_gives_exactly_that_many_rows(test_rows: int, seed: int) -> None:
    train, test = shuffled_split(np.zeros(ROWS, dtype=int), test_rows / ROWS, seed, "f")
    assert len(test) == test_rows
    assert sorted([*train, *test]) == list(range(ROWS))


@given(
    strata=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    test_split=st.floats(0, 1, exclude_max=True),
)
def test_each_stratum_is_divided_in_proportion(strata: list[int], test_split: float) -> None:
    labels = np.array(strata)
    train, test = shuffled_split(labels, test_split, 1, "f")
    assert sorted([*train, *test]) == list(range(len(labels)))
    for stratum in set(strata):
        wanted = np.sum(labels == stratum) * (1 - test_split)
        assert wanted - 1 < np.sum(labels[train] == stratum) <= wanted + 0.001


def test_the_seed_decides_the_rows() -> None:
    labels = np.zeros(100, dtype=int)
    first, again, other = (shuffled_split(labels, 0.3, seed, "f")[0] for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_rows_of_strata_are_mixed() -> None:
    labels = np.repeat([0, 1, 2], 50)
    train, _ = shuffled_split(labels, 0.2, 113, "f")
    assert len(set(labels[train][:10])) == 3


@pytest.mark.parametrize("test_split", [-0.1, 1, 1.5, float("nan"), "0.2", None])
def test_a_bad_test_split_is_refused(test_split: float) -> None:
    with pytest.raises(ValueError, match=r"^f: test_split must be a number from 0 .*, got "):
        shuffled_split(np.zeros(9, dtype=int), test_split, 1, "f")


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", None])
def test_a_bad_seed_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=r"^f: seed must be an integer from 0 .*, got "):
        shuffled_split(np.zeros(9, dtype=int), 0.2, seed, "f")
