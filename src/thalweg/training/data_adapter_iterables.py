"""Batches from generators, data sets, and anything else that yields them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import map_structure
from thalweg.training.class_weight import class_weight_to_sample_weights
from thalweg.training.data_adapter import (
    DataAdapter,
    pack_x_y_sample_weight,
    unpack_x_y_sample_weight,
)
from thalweg.training.data_arrays import arrays_of, check_lengths, spread_weight

__all__ = ["IterableAdapter"]


class IterableAdapter(DataAdapter):
    """Batches `x`, `(x, y)` or `(x, y, sample_weight)` as some object yields them.

    An object with `__getitem__` and `__len__` (a sequence of batches) works too, and its
    `on_epoch_end()`, where it has one, is called after each pass.

    Args:
        source: a generator, or an object that can be iterated again and again.
        class_weight: weights of classes, from which those of the samples are made.
    """

    def __init__(self, source: Any, class_weight: dict[int, float] | None = None) -> None:
        self._source = source
        self._class_weight = class_weight
        self._once = hasattr(source, "__next__")
        self._stream: Iterator[Any] | None = iter(source) if self._once else None
        self._first: Any = None

    @property
    def num_batches(self) -> int | None:
        count = getattr(self._source, "num_batches", None)
        if count is None and not self._once and hasattr(self._source, "__len__"):
            try:
                count = len(self._source)
            except TypeError:  # a data set that does not know its length
                return None
        return count if isinstance(count, int) and count >= 0 else None

    @property
    def repeatable(self) -> bool:
        return not self._once

    def _new_stream(self) -> Iterator[Any]:
        if self._stream is not None:
            return self._stream
        if hasattr(self._source, "__iter__"):
            return iter(self._source)
        return (self._source[i] for i in range(len(self._source)))

    def peek(self) -> Any:
        if self._first is None:
            stream = self._new_stream()
            raw = next(stream, None)
            if raw is None:
                raise ValueError("There are no samples: the data yields no batch.")
            self._first = self._batch(raw)
            if self._once:
                # A generator gives each batch once: put the first one back.
                self._stream = itertools.chain([raw], stream)
        return self._first

    def batches(self, skip: int = 0) -> Iterator[Any]:
        stream = self._new_stream()
        for _ in itertools.islice(stream, skip):
            pass
        for raw in stream:
            yield self._batch(raw)
        ended = getattr(self._source, "on_epoch_end", None)
        if ended is not None:
            ended()

    def _batch(self, raw: Any) -> Any:
        if isinstance(raw, list):
            raw = tuple(raw)
        x, y, sample_weight = unpack_x_y_sample_weight(raw)
        x, y = arrays_of(x, "x"), arrays_of(y, "y")
        sample_weight = arrays_of(sample_weight, "sample_weight")
        check_lengths(x, y, sample_weight)
        if self._class_weight is not None:
            if sample_weight is not None:
                raise ValueError(
                    "class_weight and the sample weights that the data yields cannot be combined; "
                    "give one of them."
                )
            sample_weight = class_weight_to_sample_weights(y, self._class_weight)
        parts = (x, y, spread_weight(sample_weight, y))
        return map_structure(_tensor, pack_x_y_sample_weight(*parts))


def _tensor(array: np.ndarray[Any, Any] | None) -> Tensor | None:
    # A generator may fill the same array again for its next batch.
    return None if array is None else Tensor(array.copy())
