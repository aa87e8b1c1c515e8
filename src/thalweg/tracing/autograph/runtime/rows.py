"""Lists whose elements are the rows of one tensor, as loops on tensors leave them.

They are lists of tensors like any other; what takes a whole list (ops.stack, another loop) finds
the tensor again, so that a thousand rows are not put together one by one.
"""

from __future__ import annotations

from typing import Any

from thalweg.tensor.tensor import Tensor
from thalweg.tracing.autograph.runtime.session import SESSION

__all__ = ["rows_of", "stacked_rows"]


def rows_of(stacked: Tensor) -> list[Tensor]:
    """The rows of a tensor."""
    found = []
    for i in range(stacked.shape[0]):
        row = stacked[i]
        SESSION.rows[id(row)] = row, stacked, i
        found.append(row)
    return found


def stacked_rows(items: Any) -> Tensor | None:
    """The tensor of which a list holds all rows in order."""
    if not isinstance(items, (list, tuple)) or len(items) < 2:
        return None
    known = SESSION.rows.get(id(items[0]))
    if known is None or known[1].shape[0] != len(items):
        return None
    stacked = known[1]
    for i, item in enumerate(items):
        found = SESSION.rows.get(id(item))
        if found is None or found[1] is not stacked or found[2] != i:
            return None
    return stacked
