"""Python's built-in functions as they behave on tensors in converted code."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import Any

from thalweg import config, ops
from thalweg.ops.arguments import cast_to
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype, is_floating, is_integer, result_type
from thalweg.tensor.tensor import Tensor
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.branches import choose, one_bool
from thalweg.tracing.autograph.runtime.iteration import comprehension, for_
from thalweg.tracing.autograph.runtime.rows import rows_of, stacked_rows
from thalweg.tracing.autograph.runtime.sequences import (
    Enumerate,
    Map,
    Range,
    Reversed,
    Rows,
    Sequence,
    Zip,
    as_sequence,
    beside,
)
from thalweg.tracing.autograph.runtime.session import is_symbolic
from thalweg.tracing.autograph.runtime.state import State
from thalweg.tracing.autograph.runtime.text import has_symbols, print_, text

__all__ = ["BUILTINS", "converter"]

# From a function of the user to its converted form; the calls module sets it.
converter: list[Callable[[Any], Any]] = []


def _converted(function: Any) -> Any:
    return converter[0](function)


def _range(*args: Any) -> Any:
    if any(map(is_symbolic, args)):
        return Range(*args)
    return builtins.range(*args)


def _enumerate(iterable: Any, start: Any = 0) -> Any:
    found = as_sequence(iterable)
    return builtins.enumerate(iterable, start) if found is None else Enumerate(found, start)


def _parts(iterables: tuple[Any, ...]) -> list[Sequence] | None:
    """All as sequences on tensors, if one of them is one and all can be."""
    if not any(as_sequence(x) is not None for x in iterables):
        return None
    found = [beside(x) for x in iterables]
    parts = [x for x in found if x is not None]
    return parts if len(parts) == len(found) else None


def _zip(*iterables: Any, strict: bool = False) -> Any:
    parts = _parts(iterables)
    if parts is None:
        return builtins.zip(*iterables, strict=strict)
    if strict and builtins.all(part.known for part in parts):
        for i, part in enumerate(parts):
            if part.length != parts[0].length:
                word = "longer" if part.length > parts[0].length else "shorter"
                before = "argument 1" if i == 1 else f"arguments 1-{i}"
                raise ValueError(f"zip() argument {i + 1} is {word} than {before}")
    return Zip(parts)


def _map(function: Any, *iterables: Any) -> Any:
    parts = _parts(iterables)
    function = _converted(function)
    if parts is None:
        return builtins.map(function, *iterables)
    return Map(function, Zip(parts))


def _filter(function: Any, iterable: Any) -> Any:
    if as_sequence(iterable) is not None:
        raise AutoGraphError(
            "filter() of a tensor gives a number of elements that depends on its values; keep all "
            "elements and use ops.where for those that do not count."
        )
    return builtins.filter(None if function is None else _converted(function), iterable)


def _reversed(sequence: Any) -> Any:
    found = as_sequence(sequence)
    return builtins.reversed(sequence) if found is None else Reversed(found)


def _len(x: Any) -> Any:
    if isinstance(x, Sequence) and not x.known:
        return x.length
    return builtins.len(x)


def _listed(iterable: Any) -> list[Any]:
    """The elements of a sequence on tensors."""
    return comprehension(iterable, lambda x: [x])


def _list(*args: Any) -> Any:
    if args and as_sequence(args[0]) is not None:
        found = as_sequence(args[0])
        return rows_of(found.tensor) if isinstance(found, Rows) else _listed(args[0])
    return builtins.list(*args)


def _tuple(*args: Any) -> Any:
    if args and as_sequence(args[0]) is not None:
        return builtins.tuple(_list(*args))
    return builtins.tuple(*args)


def _stacked(iterable: Any) -> Tensor | None:
    """All elements as one tensor, where this says the same as looking at each."""
    found = as_sequence(iterable)
    if isinstance(found, Rows):
        return found.tensor
    if found is not None and found.known and found.length:
        items = _listed(found)
        stacked = stacked_rows(items)
        return convert_to_tensor(items) if stacked is None else stacked
    return None


def _folded(
    iterable: Any, start: Any, combine: Callable[[Any, Any], Any]
) -> Any:
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
        found = None if key is None else _converted(key)
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
    found = None if key is None else _converted(key)
    stacked = _stacked(iterable)
    if stacked is None:
        values = builtins.list(iterable)
        if not values or not any(is_symbolic(x) for x in values):
            return builtins.sorted(values, key=found, reverse=reverse)
        stacked = ops.stack(values)
    keys = stacked
    if found is not None:
        keys = _stack([x for x in _listed(Map(found, Zip([Rows(stacked)])))])
    if keys.ndim != 1:
        one_bool(keys[0] < keys[0])
    count = stacked.shape[0]
    if reverse:  # equal elements keep their order
        order = ops.flip(count - 1 - ops.argsort(ops.flip(keys)))
    else:
        order = ops.argsort(keys)
    return rows_of(ops.take(stacked, order, axis=0))


def _int(*args: Any) -> Any:
    if len(args) == 1 and is_symbolic(args[0]):
        x = ops.reshape(convert_to_tensor(args[0]), ()) if args[0].size == 1 else args[0].item()
        return x if is_integer(x.dtype) else ops.cast(x, "int32")
    return builtins.int(*args)


def _float(*args: Any) -> Any:
    if len(args) == 1 and is_symbolic(args[0]):
        x = ops.reshape(convert_to_tensor(args[0]), ()) if args[0].size == 1 else args[0].item()
        return x if is_floating(x.dtype) else ops.cast(x, as_dtype(config.floatx()))
    return builtins.float(*args)


def _bool(*args: Any) -> Any:
    return one_bool(args[0]) if args and is_symbolic(args[0]) else builtins.bool(*args)


def _str(*args: Any, **kwargs: Any) -> Any:
    if len(args) == 1 and not kwargs and has_symbols(args[0]):
        return text((args[0], "s", ""))
    return builtins.str(*args, **kwargs)


def _repr(x: Any, /) -> Any:
    return text((x, "r", "")) if has_symbols(x) else builtins.repr(x)


def _format(x: Any, spec: str = "", /) -> Any:
    return text((x, "", spec)) if has_symbols(x) else builtins.format(x, spec)


def _reduce(function: Any, iterable: Any, *initial: Any) -> Any:
    found = as_sequence(iterable)
    if found is not None:
        iterable = iter(found)
    return functools.reduce(_converted(function), iterable, *initial)


def _stack(x: Any, axis: int = 0) -> Any:
    """`ops.stack`, which need not take rows of one tensor apart and put them together again."""
    stacked = stacked_rows(x)
    if stacked is None:
        return ops.stack(x, axis=axis)
    return ops.moveaxis(stacked, 0, axis) if axis else stacked


def _convert_to_tensor(x: Any, *args: Any, **kwargs: Any) -> Any:
    stacked = stacked_rows(x)
    return ops.convert_to_tensor(x if stacked is None else stacked, *args, **kwargs)


BUILTINS: dict[Any, Callable[..., Any]] = {
    builtins.range: _range,
    builtins.enumerate: _enumerate,
    builtins.zip: _zip,
    builtins.map: _map,
    builtins.filter: _filter,
    builtins.reversed: _reversed,
    builtins.len: _len,
    builtins.list: _list,
    builtins.tuple: _tuple,
    builtins.sum: _sum,
    builtins.any: _any,
    builtins.all: _all,
    builtins.min: _extreme("min"),
    builtins.max: _extreme("max"),
    builtins.sorted: _sorted,
    builtins.int: _int,
    builtins.float: _float,
    builtins.bool: _bool,
    builtins.str: _str,
    builtins.repr: _repr,
    builtins.format: _format,
    builtins.print: print_,
    functools.reduce: _reduce,
    ops.stack: _stack,
    ops.convert_to_tensor: _convert_to_tensor,
}
