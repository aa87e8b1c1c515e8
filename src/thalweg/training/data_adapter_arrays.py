"""Batches from data in memory: arrays, or nested structures of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from thalweg import ops, random
from thalweg.tensor.tree import flatten, map_structure
from thalweg.training.class_weight import class_weight_to_sample_weights
from thalweg.training.data_adapter import DataAdapter, pack_x_y_sample_weight
from thalweg.training.data_arrays import arrays_of, check_finite, check_lengths, spread_weight
from thalweg.training.rows import Pass, Rows

__all__ = ["ArrayAdapter", "split_arrays"]

DEFAULT_BATCH_SIZE = 32


class ArrayAdapter(DataAdapter):
    """Batches from arrays (as `Rows`), in a new random order at each pass if wanted.

    Args:
        x: an array, or a list, tuple or dict of them; the first axis counts samples.
        y: targets, of the same form.
        sample_weight: weights of the samples, one array or one for each target.
        batch_size: the length of a batch; the last one may be shorter.
        steps: the number of batches, if there is no batch size.
        shuffle: whether each pass has an order of its own, drawn from `thalweg.random`.
        class_weight: weights of classes, from which those of the samples are made.
        finite: whether NaN and infinities in the data are an error.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool = False,
        class_weight: dict[int, float] | None = None,
        finite: bool = True,
    ) -> None:
        x, y = arrays_of(x, "x"), arrays_of(y, "y")
        sample_weight = arrays_of(sample_weight, "sample_weight")
        self.num_samples = check_lengths(x, y, sample_weight)
        if finite:
            check_finite(x, "x")
            check_finite(y, "y")
            check_finite(sample_weight, "sample_weight")
        if class_weight is not None:
            sample_weight = class_weight_to_sample_weights(y, class_weight)
        self._parts = (x, y, spread_weight(sample_weight, y))
        self._data = pack_x_y_sample_weight(*self._parts)
        # Arrays of its own, though of the same memory: devices know by the array what they were
        # sent, and between two trainings its content may change.
        self._arrays: list[Any] = [None if a is None else a.view() for a in flatten(self._data)]
        if batch_size is None:
            batch_size = math.ceil(self.num_samples / steps) if steps else DEFAULT_BATCH_SIZE
        self.batch_size = batch_size
        self.shuffle = shuffle

    @property
    def num_batches(self) -> int:
        return math.ceil(self.num_samples / self.batch_size)

    def in_memory(self) -> tuple[Any, Any, Any]:
        return self._parts

    def peek(self) -> Any:
        return self.begin_pass(None).batch(0)

    def batches(self, skip: int = 0) -> Iterator[Rows]:
        source = self.begin_pass(self._order() if self.shuffle else None)
        for number in range(skip, self.num_batches):
            yield Rows(source, number)

    def begin_pass(self, order: np.ndarray[Any, Any] | None) -> Pass:
        """A pass over the data in an order of its own."""
        return Pass(self._data, self._arrays, order, self.num_samples, self.batch_size)

    def _order(self) -> np.ndarray[Any, Any]:
        order = random.shuffle(ops.arange(self.num_samples)).numpy()
        return order.astype(np.int64)


def split_arrays(data: Any, share: float) -> tuple[Any, Any]:
    """The first samples, and the last `share` of them, of a structure of arrays."""
    leaves = [array for array in flatten(data) if array is not None]
    total = len(leaves[0])
    cut = math.floor(total * (1.0 - share))
    if cut in (0, total):
        raise ValueError(
            f"validation_split={share} leaves no sample on one side of {total}; give more data or "
            "another share."
        )
    first = map_structure(lambda a: None if a is None else a[:cut], data)
    last = map_structure(lambda a: None if a is None else a[cut:], data)
    return first, last
