"""Python's built-in functions as they behave on tensors in converted code."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from thalweg import config, ops
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype, is_floating, is_integer
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.branches import one_bool
from thalweg.tracing.autograph.runtime.callbacks import as_called
from thalweg.tracing.autograph.runtime.folding import FOLDING
from thalweg.tracing.autograph.runtime.listing import LISTING
from thalweg.tracing.autograph.runtime.sequences import (
    Enumerate,
    Map,
    Range,
    Reversed,
    Sequence,
    Zip,
    as_sequence,
    beside,
)
from thalweg.tracing.autograph.runtime.session import is_symbolic
from thalweg.tracing.autograph.runtime.text import has_symbols, print_, text

__all__ = ["BUILTINS"]


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
    function = as_called(function)
    if parts is None:
        return builtins.map(function, *iterables)
    return Map(function, Zip(parts))


def _filter(function: Any, iterable: Any) -> Any:
    if as_sequence(iterable) is not None:
        raise AutoGraphError(
            "filter() of a tensor gives a number of elements that depends on its values; keep all "
            "elements and use ops.where for those that do not count."
        )
    return builtins.filter(None if function is None else as_called(function), iterable)


def _reversed(sequence: Any) -> Any:
    found = as_sequence(sequence)
    return builtins.reversed(sequence) if found is None else Reversed(found)


def _len(x: Any) -> Any:
    if isinstance(x, Sequence) and not x.known:
        return x.length
    return builtins.len(x)


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


BUILTINS: dict[Any, Callable[..., Any]] = {
    **LISTING,
    **FOLDING,
    builtins.range: _range,
    builtins.enumerate: _enumerate,
    builtins.zip: _zip,
    builtins.map: _map,
    builtins.filter: _filter,
    builtins.reversed: _reversed,
    builtins.len: _len,
    builtins.int: _int,
    builtins.float: _float,
    builtins.bool: _bool,
    builtins.str: _str,
    builtins.repr: _repr,
    builtins.format: _format,
    builtins.print: print_,
}
