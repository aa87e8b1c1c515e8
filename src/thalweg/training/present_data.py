"""A batch of the data that a model is trained on right now, for callbacks that measure."""

from __future__ import annotations

from typing import Any

from thalweg.training.data_adapter import DataAdapter, unpack_x_y_sample_weight

__all__ = ["present_batch"]


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
