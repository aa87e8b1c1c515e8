"""Which adapter takes which data, and how validation data are set apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from thalweg.training.data_adapter import DataAdapter, unpack_x_y_sample_weight
from thalweg.training.data_adapter_arrays import ArrayAdapter, split_arrays
from thalweg.training.data_adapter_iterables import IterableAdapter
from thalweg.training.data_arrays import arrays_of, check_finite, check_lengths, is_array_like

__all__ = ["adapter_for", "in_validation_data", "split_validation", "validation_adapter"]


def adapter_for(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool = False,
    class_weight: dict[int, float] | None = None,
    finite: bool = True,
) -> DataAdapter:
    """The adapter for the data that `fit`, `evaluate` or `predict` was given.

    Args:
        x: arrays, or something that yields batches.
        y: targets; with arrays only.
        sample_weight: weights of the samples; with arrays only.
        batch_size: the length of a batch; used with arrays only.
        steps: the number of batches, from which the length of a batch follows if it is not given.
        shuffle: whether arrays are taken in a random order.
        class_weight: weights of classes.
        finite: whether NaN and infinities in arrays are an error.
    """
    if isinstance(x, DataAdapter):
        return x
    if class_weight is not None and sample_weight is not None:
        raise ValueError("class_weight and sample_weight cannot be combined; give one of them.")
    if x is not None and is_array_like((x, y, sample_weight)):
        return ArrayAdapter(
            x, y, sample_weight, batch_size, steps, shuffle, class_weight, finite=finite
        )
    if x is not None and is_array_like(x):
        wrong = "y" if not is_array_like(y) else "sample_weight"
        value = y if wrong == "y" else sample_weight
        raise ValueError(f"{wrong} must be made of arrays like x, got {_kind(value)}.")
    yields = hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))
    if not yields or isinstance(x, (str, bytes, dict, list, tuple)):
        raise ValueError(
            "x must be an array, a list or dict of arrays, or something that yields batches, got "
            f"{_kind(x)}."
        )
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                f"{name} cannot be given beside data that yield batches ({type(x).__name__}): the "
                "batches must have it in them, as (x, y) or (x, y, sample_weight)."
            )
    return IterableAdapter(x, class_weight)


def _kind(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        inner = next((item for item in value if not is_array_like(item)), None)
        return f"a {type(value).__name__} with a {type(inner).__name__} in it"
    if isinstance(value, dict):
        inner = next((item for item in value.values() if not is_array_like(item)), None)
        return f"a dict with a {type(inner).__name__} in it"
    return f"a {type(value).__name__}" if value is not None else "None"


def split_validation(x: Any, y: Any, sample_weight: Any, share: float) -> tuple[Any, Any]:
    """`(x, y, sample_weight)` for training, and of their last `share` for validation.

    All data are checked for NaN first, so that the places named are those of the user's arrays.
    """
    if x is None or not is_array_like((x, y, sample_weight)):
        raise ValueError(
            "validation_split needs data in memory (arrays); with data that yield batches give "
            "validation_data."
        )
    data = (arrays_of(x, "x"), arrays_of(y, "y"), arrays_of(sample_weight, "sample_weight"))
    check_lengths(*data)
    for part, name in zip(data, ("x", "y", "sample_weight"), strict=True):
        check_finite(part, name)
    train, last = split_arrays(data, share)
    return train, last


@contextmanager
def in_validation_data() -> Iterator[None]:
    """Report a mistake in the data as one in the validation data."""
    try:
        yield
    except ValueError as problem:
        raise ValueError(f"Validation data: {problem}") from problem


def validation_adapter(
    validation_data: Any, batch_size: int | None, steps: int | None
) -> DataAdapter:
    """The adapter for `validation_data`: `(x, y)`, `(x, y, sample_weight)`, or batches."""
    with in_validation_data():
        x, y, sample_weight = unpack_x_y_sample_weight(validation_data)
        return adapter_for(x, y, sample_weight, batch_size, steps)
