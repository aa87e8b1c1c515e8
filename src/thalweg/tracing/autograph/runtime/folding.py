"""Built-in functions of all elements of a tensor: sum, any, all, min, max, sorted, reduce."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import Any

from thalweg import ops
from thalweg.ops.arguments import cast_to
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import result_type
from thalweg.tensor.tensor import Tensor
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.branches import choose, one_bool
from thalweg.tracing.autograph.runtime.callbacks import as_called
from thalweg.tracing.autograph.runtime.iteration import for_
from thalweg.tracing.autograph.runtime.listing import listed, stack
from thalweg.tracing.autograph.runtime.rows import rows_of, stacked_rows
from thalweg.tracing.autograph.runtime.sequences import Map, Rows, Sequence, Zip, as_sequence
from thalweg.tracing.autograph.runtime.session import is_symbolic
from thalweg.tracing.autograph.runtime.state import State

__all__ = ["FOLDING"]


def _stacked(iterable: Any) -> Tensor | None:
    """All elements as one tensor, where this says the same as looking at each."""
    found = as_sequence(iterable)
    if isinstance(found, Rows):
        return found.tensor
    if found is not None and found.known and found.length:
        items = listed(found)
        stacked = stacked_rows(items)
        return convert_to_tensor(items) if stacked is None else stacked
    return None


def _folded(iterable: Any, start: Any, combine: Callable[[Any, Any], Any]) -> Any:
    """Over a sequence whose length the graph computes: a loop."""
    total = start

    def body(item: Any) -> None:
        nonlocal total
        total = combine(total, item)

    for_(iterable, body, State(lambda: total, live=("total",)))
    return total


def _unknown(iterable: Any) -> bool:
    return isinstance(iterable, Sequence) and not iterable.known


def _sum(iterable: Any, /, start: Any = 0) -> Any:
    if _unknown(iterable):
        return _folded(iterable, start, lambda a, b: a + b)
    stacked = _stacked(iterable)
    if stacked is None:
        return builtins.sum(iterable, start)
    return cast_to(ops.sum(stacked, axis=0), result_type(0, stacked.dtype)) + start


def _truths(iterable: Any) -> Tensor | None:
    stacked = _stacked(iterable)
    if stacked is None or not stacked.shape[0]:
        return None
    one_bool(stacked[0])  # an error for rows of several elements
    return ops.cast(ops.reshape(stacked, (-1,)), "bool")


def _any(iterable: Any, /) -> Any:
    if _unknown(iterable):
        return _folded(iterable, False, lambda a, b: ops.logical_or(a, one_bool(b)))
    truths = _truths(iterable)
    if truths is not None:
        return ops.any(truths)
    found: Any = False
    for x in iterable:
        if is_symbolic(x):
            found = ops.logical_or(found, one_bool(x))
        elif x:
            return True
    return found


def _all(iterable: Any, /) -> Any:
    if _unknown(iterable):
        return _folded(iterable, True, lambda a, b: ops.logical_and(a, one_bool(b)))
    truths = _truths(iterable)
    if truths is not None:
        return ops.all(truths)
    found: Any = True
    for x in iterable:
        if is_symbolic(x):
            found = ops.logical_and(found, one_bool(x))
        elif not x:
            return False
    return found


def _extreme(name: str) -> Callable[..., Any]:
    python = getattr(builtins, name)
    least = name == "min"

    def extreme(*args: Any, key: Any = None, **default: Any) -> Any:
        items = args[0] if len(args) == 1 else args
        if key is None and len(args) == 1 and not _unknown(items):
            stacked = _stacked(items)
            if stacked is not None and stacked.ndim == 1 and stacked.shape[0]:
                return ops.min(stacked) if least else ops.max(stacked)
        if _unknown(items):
            raise AutoGraphError(
                f"{name}() of a range whose length depends on a tensor: use its ends instead."
            )
        values = builtins.list(items)
        found = None if key is None else as_called(key)
        keys = values if found is None else [found(x) for x in values]
        if not any(map(is_symbolic, keys)):
            options = default if len(args) == 1 else {}
            pairs = builtins.dict(zip(map(id, values), keys, strict=True)) if found else None
            return python(values, key=pairs and (lambda x: pairs[id(x)]), **options)
        best, best_key = values[0], keys[0]
        for x, k in zip(values[1:], keys[1:], strict=True):
            better = k < best_key if least else k > best_key
            if is_symbolic(better):
                pair = (x, k), (best, best_key)
                best, best_key = choose(
                    one_bool(better),
                    functools.partial(_same, pair[0]),
                    functools.partial(_same, pair[1]),
                    what=f"the result of {name}()",
                )
            elif better:
                best, best_key = x, k
        return best

    return extreme


def _same(x: Any) -> Any:
    return x


def _sorted(iterable: Any, /, *, key: Any = None, reverse: Any = False) -> Any:
    found = None if key is None else as_called(key)
    stacked = _stacked(iterable)
    if stacked is None:
        values = builtins.list(iterable)
        if not values or not any(is_symbolic(x) for x in values):
            return builtins.sorted(values, key=found, reverse=reverse)
        stacked = ops.stack(values)
    keys = stacked
    if found is not None:
        keys = stack(listed(Map(found, Zip([Rows(stacked)]))))
    if keys.ndim != 1:
        one_bool(keys[0] < keys[0])
    count = stacked.shape[0]
    if reverse:  # equal elements keep their order
        order = ops.flip(count - 1 - ops.argsort(ops.flip(keys)))
    else:
        order = ops.argsort(keys)
    return rows_of(ops.take(stacked, order, axis=0))


def _reduce(function: Any, iterable: Any, *initial: Any) -> Any:
    found = as_sequence(iterable)
    if found is not None:
        iterable = iter(found)
    return functools.reduce(as_called(function), iterable, *initial)


FOLDING: dict[Any, Any] = {
    builtins.sum: _sum,
    builtins.any: _any,
    builtins.all: _all,
    builtins.min: _extreme("min"),
    builtins.max: _extreme("max"),
    builtins.sorted: _sorted,
    functools.reduce: _reduce,
}
