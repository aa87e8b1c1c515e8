"""A batch of the data that a model is trained on right now, for callbacks that measure."""

from __future__ import annotations

from typing import Any

from thalweg.tensor.tree import flatten
from thalweg.training.data_adapter import DataAdapter, unpack_x_y_sample_weight

__all__ = ["present_batch", "samples_in_a_step"]


def present_batch(model: Any) -> tuple[Any, Any, Any] | None:
    """The first batch of the data that `fit` was given; the same one whenever it is asked for.

    Args:
        model: a `Model`.

    Returns:
        `(x, y, sample_weight)`, tensors in the structures that the data have, with None for what
        there is not; None where no `fit` runs.
    """
    adapter: DataAdapter | None = model._present_data
    return None if adapter is None else unpack_x_y_sample_weight(adapter.peek())


def samples_in_a_step(model: Any) -> float | None:
    """How many samples a step of the present `fit` takes on average; None where no `fit` runs.

    Where the data are not in memory, that is how many the first batch has.
    """
    adapter: DataAdapter | None = model._present_data
    if adapter is None:
        return None
    whole, batches = adapter.in_memory(), adapter.num_batches
    data = whole[0] if whole and batches else unpack_x_y_sample_weight(adapter.peek())[0]
    first = next(leaf for leaf in flatten(data) if leaf is not None)
    return len(first) / batches if whole and batches else float(first.shape[0])
