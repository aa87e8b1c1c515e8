"""Lists and tuples of the elements of a tensor, and lists of tensors put together."""

from __future__ import annotations

import builtins
from typing import Any

from thalweg import ops
from thalweg.tracing.autograph.runtime.comprehensions import comprehension
from thalweg.tracing.autograph.runtime.rows import rows_of, stacked_rows
from thalweg.tracing.autograph.runtime.sequences import Rows, as_sequence

__all__ = ["LISTING", "listed", "stack"]


def listed(iterable: Any) -> list[Any]:
    """The elements of a sequence on tensors."""
    return comprehension(iterable, lambda x: [x])


def _list(*args: Any) -> Any:
    if args and as_sequence(args[0]) is not None:
        found = as_sequence(args[0])
        return rows_of(found.tensor) if isinstance(found, Rows) else listed(args[0])
    return builtins.list(*args)


def _tuple(*args: Any) -> Any:
    if args and as_sequence(args[0]) is not None:
        return builtins.tuple(_list(*args))
    return builtins.tuple(*args)


def stack(x: Any, axis: int = 0) -> Any:
    """`ops.stack`, which need not take rows of one tensor apart and put them together again."""
    stacked = stacked_rows(x)
    if stacked is None:
        return ops.stack(x, axis=axis)
    return ops.moveaxis(stacked, 0, axis) if axis else stacked


def _convert_to_tensor(x: Any, *args: Any, **kwargs: Any) -> Any:
    stacked = stacked_rows(x)
    return ops.convert_to_tensor(x if stacked is None else stacked, *args, **kwargs)


LISTING: dict[Any, Any] = {
    builtins.list: _list,
    builtins.tuple: _tuple,
    ops.stack: stack,
    ops.convert_to_tensor: _convert_to_tensor,
}
