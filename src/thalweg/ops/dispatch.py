"""The decorator of every public operation.

An operation called with real tensors runs; called with a symbolic tensor of a functional model
(anything whose type has `__symbolic_call__`), it becomes a step of that model instead.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from thalweg.tensor.tensor import Tensor

__all__ = ["op"]

P = ParamSpec("P")
R = TypeVar("R")

_PLAIN = frozenset({Tensor, int, float, bool, str, type(None)})


def _symbolic(x: Any) -> Any:
    """The first argument that is symbolic, also inside lists, tuples and dicts."""
    if type(x) in _PLAIN:
        return None
    if hasattr(type(x), "__symbolic_call__"):
        return x
    if isinstance(x, dict):
        x = tuple(x.values())
    if isinstance(x, (list, tuple)):
        for item in x:
            found = _symbolic(item)
            if found is not None:
                return found
    return None


def op(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function of tensors work on symbolic tensors of functional models too."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        for x in args:
            if type(x) in _PLAIN:
                continue
            symbolic = _symbolic(x)
            if symbolic is not None:
                return symbolic.__symbolic_call__(wrapped, args, kwargs)
        if kwargs:
            symbolic = _symbolic(kwargs)
            if symbolic is not None:
                return symbolic.__symbolic_call__(wrapped, args, kwargs)
        return function(*args, **kwargs)

    return wrapped
