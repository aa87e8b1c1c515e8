"""Divides the rows of a dataset into train and test rows, the same way for the same seed."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import NDArray

__all__ = ["shuffled_split"]

# A share of test rows is often written as a fraction (173 / 506); the rounding of the division
# must not move a row to the other side.
_ROUNDING = 1e-3


def shuffled_split(
    strata: NDArray[np.integer], test_split: float, seed: int, caller: str
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Shuffle the row numbers and divide them, each stratum in the same proportion.

    A stratum of `n` rows gives `floor(n * (1 - test_split))` rows to the train set, as in Keras.
    The shuffle is that of `np.random.RandomState`, whose stream NumPy has frozen: a seed gives the
    same rows under every NumPy version, and with one stratum the rows that Keras gives.

    Args:
        strata: the stratum of each row, shape `(n,)`; all equal for a plain split.
        test_split: the share of test rows, from 0 up to but not including 1.
        seed: an integer from 0 to 2**32 - 1.
        caller: the function that the user called, for the error.

    Returns:
        The train row numbers and the test row numbers, both in shuffled order.

    Raises:
        ValueError: if `test_split` or `seed` is not as above.
    """
    if not isinstance(test_split, Real) or not 0 <= test_split < 1:
        raise ValueError(
            f"{caller}: test_split must be a number from 0 up to but not including 1, "
            f"got {test_split!r}."
        )
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise ValueError(f"{caller}: seed must be an integer from 0 to 2**32 - 1, got {seed!r}.")

    order = np.arange(len(strata))
    np.random.RandomState(seed).shuffle(order)
    in_train = np.zeros(len(strata), dtype=bool)
    for stratum in np.unique(strata):
        members = order[strata[order] == stratum]
        in_train[members[: int(len(members) * (1 - test_split) + _ROUNDING)]] = True
    return order[in_train[order]], order[~in_train[order]]
