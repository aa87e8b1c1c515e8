"""From what users pass as data to NumPy arrays, with the checks that come before any training."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import config
from thalweg.tensor.dtypes import DTYPES, is_floating
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, is_nested, map_structure
from thalweg.tensor.variable import Variable

__all__ = ["arrays_of", "check_finite", "check_lengths", "is_array_like", "named_leaves"]

Array = np.ndarray[Any, Any]


def is_array_like(data: Any) -> bool:
    """Whether it is an array, a nested list of numbers, or a structure of such."""
    # Strings too: that they are no numbers is said later, by the name of the argument.
    if data is None or isinstance(data, (Tensor, Variable, np.ndarray, np.generic)):
        return True
    if isinstance(data, (int, float, str)):
        return True
    if isinstance(data, dict):
        return all(is_array_like(item) for item in data.values())
    if isinstance(data, (list, tuple)):
        return all(is_array_like(item) for item in data)
    return hasattr(data, "__array__") and hasattr(data, "shape")


def arrays_of(data: Any, name: str) -> Any:
    """Arrays for the leaves: floats in the default float dtype, integers and booleans as they are.

    Args:
        data: an array, tensor, data frame, nested list of numbers, or a list, tuple or dict of
            these (several inputs or targets).
        name: the argument, for messages.
    """
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: arrays_of(item, f"{name}[{key!r}]") for key, item in data.items()}
    if isinstance(data, (list, tuple)) and not _plain_numbers(data):
        found = [arrays_of(item, f"{name}[{i}]") for i, item in enumerate(data)]
        return found if isinstance(data, list) else tuple(found)
    return _array(data, name)


def _plain_numbers(data: Any) -> bool:
    """Whether nested lists hold numbers only, and so stand for one array."""
    while isinstance(data, (list, tuple)):
        if not data:
            return True
        if isinstance(data[0], (Tensor, Variable, np.ndarray, dict)):
            return False
        data = data[0]
    return isinstance(data, (bool, int, float, complex, str, np.generic))


def _array(data: Any, name: str) -> Array:
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError(
            f"{name} has rows of different lengths; an array needs rows of equal length."
        ) from None
    if array.dtype.name not in DTYPES:
        kind = "text" if array.dtype.kind in "US" else f"dtype {array.dtype.name}"
        example = "".join(f" (for example {value!r})" for value in array.ravel()[:1].tolist())
        raise ValueError(f"{name} must hold numbers, got {kind}{example}.")
    if array.ndim == 0:
        raise ValueError(f"{name} must have an axis of samples, got the single value {array}.")
    if type(data).__name__ == "Series":  # one column of a pandas data frame
        array = array[:, np.newaxis]
    if is_floating(array.dtype):
        with np.errstate(over="ignore"):
            array = array.astype(DTYPES[config.floatx()], copy=False)
    return array


def named_leaves(data: Any, name: str) -> list[tuple[str, Any]]:
    """The leaves with what to call them in a message: `x`, `x['age']`, `y[1]`."""
    if isinstance(data, dict):
        return [leaf for k in sorted(data) for leaf in named_leaves(data[k], f"{name}[{k!r}]")]
    if isinstance(data, (list, tuple)):
        return [leaf for i, d in enumerate(data) for leaf in named_leaves(d, f"{name}[{i}]")]
    return [] if data is None else [(name, data)]


def check_lengths(x: Any, y: Any, sample_weight: Any) -> int:
    """The number of samples, the same everywhere."""
    leaves = [
        *named_leaves(x, "x"),
        *named_leaves(y, "y"),
        *named_leaves(sample_weight, "sample_weight"),
    ]
    if not leaves:
        raise ValueError("There is no data: x is None or empty.")
    lengths = [(name, len(array)) for name, array in leaves]
    if len({n for _, n in lengths}) > 1:
        listed = ", ".join(f"{name} has {n}" for name, n in lengths)
        raise ValueError(f"All data must have the same number of samples, but {listed}.")
    if lengths[0][1] == 0:
        raise ValueError(f"There are no samples: {lengths[0][0]} has shape {leaves[0][1].shape}.")
    return lengths[0][1]


def check_finite(data: Any, name: str) -> None:
    """Raise `ValueError` naming the place of the first NaN or infinity."""
    for label, array in named_leaves(data, name):
        if not is_floating(array.dtype):
            continue
        # One pass without a temporary array: a NaN or infinity anywhere shows in the sum.
        with np.errstate(all="ignore"):
            total = np.sum(array, dtype=np.float32 if array.itemsize < 4 else None)
        if np.isfinite(total):
            continue
        wrong = ~np.isfinite(array.astype(np.float32) if array.itemsize < 4 else array)
        if wrong.any():
            place = np.unravel_index(int(np.argmax(wrong)), array.shape)
            what = "NaN" if np.isnan(array[place]) else "an infinite value"
            raise ValueError(
                f"{label} contains {what} at {_place(place)}; replace or drop such values first."
            )


def _place(index: tuple[Any, ...]) -> str:
    sample, *rest = (int(i) for i in index)
    if not rest:
        return f"sample {sample}"
    if len(rest) == 1:
        return f"sample {sample}, feature {rest[0]}"
    return f"sample {sample}, index {tuple(rest)}"


def spread_weight(sample_weight: Any, y: Any) -> Any:
    """One sample weight for several targets becomes one for each of them."""
    if sample_weight is None or is_nested(sample_weight) or not is_nested(y):
        return sample_weight
    if len(flatten(y)) > 1 and sample_weight.ndim > 1 and sample_weight.shape[1:] != (1,):
        raise ValueError(
            "With several targets, one sample_weight array must have one weight for each sample, "
            f"got shape {sample_weight.shape}; give a list with one array for each target."
        )
    return map_structure(lambda _: sample_weight, y)
