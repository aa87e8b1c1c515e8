"""What `fit`, `evaluate` and `predict` take their batches from, whatever the data came as."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

__all__ = ["DataAdapter", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]


class DataAdapter(ABC):
    """One way to get batches: from arrays, or from something that yields them.

    A batch is what `pack_x_y_sample_weight` returns, with tensors as leaves, or `Rows` to take it
    from.
    """

    @property
    @abstractmethod
    def num_batches(self) -> int | None:
        """The number of batches of one pass, None if it is not known."""

    @property
    def repeatable(self) -> bool:
        """Whether a second pass is possible; not with a generator."""
        return True

    @abstractmethod
    def peek(self) -> Any:
        """The first batch, for its shapes and dtypes; no batch is lost by looking."""

    @abstractmethod
    def batches(self, skip: int = 0) -> Iterator[Any]:
        """The batches of one pass over the data, without the first `skip`."""

    def in_memory(self) -> tuple[Any, Any, Any] | None:
        """x, y and sample_weight as a whole where they are arrays, else None."""
        return None


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a step receives as its `data`: `x`, `(x, y)` or `(x, y, sample_weight)`.

    >>> pack_x_y_sample_weight("x", "y")
    ('x', 'y')
    """
    if y is None and sample_weight is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    if sample_weight is None:
        return (x, y)
    return (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight from the `data` of a step, with None for what is missing.

    >>> unpack_x_y_sample_weight(("x", "y"))
    ('x', 'y', None)
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            "Data must be x, (x,), (x, y) or (x, y, sample_weight), got a "
            f"{type(data).__name__} of length {len(data)}."
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight
