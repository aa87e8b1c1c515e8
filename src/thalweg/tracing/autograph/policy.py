"""Which functions are the user's own, and so converted when converted code calls them."""

from __future__ import annotations

import functools
import inspect
import os
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

__all__ = ["do_not_convert", "is_left_alone", "is_user_code"]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__thalweg_do_not_convert__"
_THALWEG = str(Path(__file__).parents[2]) + os.sep
_LIBRARIES = tuple(
    {
        str(Path(path)) + os.sep
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if (path := sysconfig.get_path(name))
    }
)
_NEVER = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def do_not_convert(func: F) -> F:
    """Mark a function: AutoGraph leaves it as it is, wherever it is called.

    Args:
        func: a function. Its conditions and loops are Python's own, so they must not depend on
            symbolic tensors.

    >>> from thalweg.tracing import autograph
    >>> @autograph.do_not_convert
    ... def plain(x):
    ...     return x + 1
    >>> autograph.convert(plain) is plain
    True
    """
    setattr(getattr(func, "__func__", func), _MARK, True)
    return func


def is_left_alone(function: Any) -> bool:
    """Whether a function was marked with `do_not_convert`."""
    return bool(getattr(function, _MARK, False))


@functools.lru_cache(maxsize=4096)
def _in_library(filename: str) -> bool:
    return (
        filename.startswith(("<frozen", _THALWEG))
        or any(filename.startswith(path) for path in _LIBRARIES)
        or f"{os.sep}site-packages{os.sep}" in filename
    )


def is_user_code(function: FunctionType) -> bool:
    """Whether converted code that calls it calls its converted form."""
    code = function.__code__
    return not (_in_library(code.co_filename) or code.co_flags & _NEVER or is_left_alone(function))
