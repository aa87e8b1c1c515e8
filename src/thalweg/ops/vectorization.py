"""A Python function of small tensors made to work on large ones."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Collection
from typing import Any

from thalweg.ops.arguments import apply, broadcast_shapes
from thalweg.ops.dispatch import op
from thalweg.ops.indexing import get_item
from thalweg.ops.joining import stack
from thalweg.ops.shaping import reshape
from thalweg.primitives import movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor

__all__ = ["vectorize"]

Shape = tuple[int, ...]
Names = list[tuple[str, ...]]

_LIST = r"\((?:\w+(?:,\w+)*)?\)"
_SIGNATURE = re.compile(rf"{_LIST}(?:,{_LIST})*->{_LIST}(?:,{_LIST})*")


def vectorize(
    pyfunc: Callable[..., Any],
    *,
    excluded: Collection[int | str] | None = None,
    signature: str | None = None,
) -> Callable[..., Any]:
    """A function that calls `pyfunc` for each element and puts the results together.

    The function is called once an element, so this is for convenience and not for speed.

    Args:
        pyfunc: takes tensors and returns a tensor or a tuple of them.
        excluded: arguments that are passed on as they are: numbers of positional ones, names of
            keyword ones.
        signature: the axes that `pyfunc` takes and gives, such as `'(n),(n)->()'`; the axes before
            them are looped over. By default it takes and gives tensors without axes.

    >>> from thalweg import ops
    >>> larger = ops.vectorize(lambda a, b: ops.maximum(a, b))
    >>> larger([1, 5, 3], 3).numpy()
    array([3, 5, 3], dtype=int32)
    """
    passed = frozenset(excluded or ())
    takes, gives = _parsed(signature)

    @functools.wraps(pyfunc)
    @op
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        looped = [i for i in range(len(args)) if i not in passed]
        named = [name for name in kwargs if name not in passed]
        tensors = [convert_to_tensor(args[i]) for i in looped]
        tensors += [convert_to_tensor(kwargs[name]) for name in named]
        outer, inner = _loop_shape(tensors, takes)
        rows = [_rows(x, outer, core) for x, core in zip(tensors, inner, strict=True)]

        def call(k: int) -> Any:
            given = list(args)
            for i, x in zip(looped, rows, strict=False):
                given[i] = get_item(x, k)
            extra = dict(kwargs)
            for name, x in zip(named, rows[len(looped) :], strict=True):
                extra[name] = get_item(x, k)
            return pyfunc(*given, **extra)

        count = math.prod(outer)
        if count == 0:
            raise ValueError(f"vectorize: there are no elements to loop over, shape {outer}.")
        results = [call(k) for k in range(count)]
        several = isinstance(results[0], tuple)
        columns = list(zip(*results, strict=True)) if several else [results]
        if gives is not None and len(gives) != len(columns):
            raise ValueError(
                f"vectorize: the signature {signature!r} gives {len(gives)} results, the function "
                f"returned {len(columns)}."
            )
        joined = [_together(column, outer) for column in columns]
        return tuple(joined) if several else joined[0]

    return vectorized


def _parsed(signature: str | None) -> tuple[Names | None, Names | None]:
    """The names of the axes of each argument and of each result."""
    if signature is None:
        return None, None
    text = signature.replace(" ", "")
    if not _SIGNATURE.fullmatch(text):
        raise ValueError(
            f"vectorize: signature must look like '(n),(m,n)->(m)', got {signature!r}."
        )
    takes, gives = (
        [tuple(filter(None, names[1:-1].split(","))) for names in re.findall(_LIST, side)]
        for side in text.split("->")
    )
    return takes, gives


def _loop_shape(tensors: list[Tensor], takes: Names | None) -> tuple[Shape, list[Shape]]:
    """The shape looped over, and the axes of each tensor that a call gets."""
    names: Names = [()] * len(tensors) if takes is None else takes
    if len(names) != len(tensors):
        raise ValueError(
            f"vectorize: the signature takes {len(names)} arguments, got {len(tensors)}."
        )
    outer, inner = [], []
    lengths: dict[str, int] = {}
    for x, axes in zip(tensors, names, strict=True):
        split = len(x.shape) - len(axes)
        if split < 0:
            raise ValueError(f"vectorize: an argument needs the axes {axes}, got shape {x.shape}.")
        for name, n in zip(axes, x.shape[split:], strict=True):
            if lengths.setdefault(name, n) != n:
                raise ValueError(
                    f"vectorize: axis {name} is {lengths[name]} long in one argument and {n} in "
                    "another."
                )
        outer.append(tuple(x.shape[:split]))
        inner.append(tuple(x.shape[split:]))
    return broadcast_shapes("vectorize", *outer), inner


def _rows(x: Tensor, outer: Shape, core: Shape) -> Tensor:
    wide = apply(movement.broadcast_to, x, shape=(*outer, *core))
    return reshape(wide, (math.prod(outer), *core))


def _together(results: Any, outer: Shape) -> Tensor:
    rows = stack([convert_to_tensor(y) for y in results])
    return reshape(rows, (*outer, *rows.shape[1:]))
