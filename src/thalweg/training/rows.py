"""Rows: a batch of samples from arrays in memory, taken only when somebody looks at it.

A compiled Program takes the rows itself, many batches in one call; other code gets them as tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import pack

__all__ = ["Pass", "Rows", "tensors_of"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One pass over arrays in memory.

    Attributes:
        structure: what a batch is, with anything as leaves.
        arrays: all rows of each leaf; None where a leaf is None.
        order: the numbers of the rows (int64) in the order of this pass; None: as they come.
        samples: how many rows there are.
        batch_size: rows in a batch; the last one may have fewer.
    """

    structure: Any
    arrays: list[Array | None]
    order: Array | None
    samples: int
    batch_size: int

    def batch(self, number: int) -> Any:
        """A batch, as tensors."""
        start = number * self.batch_size
        rows: Any = slice(start, start + self.batch_size)
        if self.order is not None:
            rows = self.order[rows]
        leaves = [None if a is None else Tensor(a[rows]) for a in self.arrays]
        return pack(self.structure, leaves)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One batch of a pass."""

    source: Pass
    number: int


def tensors_of(batch: Any) -> Any:
    """A batch as tensors, whether it is rows yet to be taken or data."""
    return batch.source.batch(batch.number) if isinstance(batch, Rows) else batch
