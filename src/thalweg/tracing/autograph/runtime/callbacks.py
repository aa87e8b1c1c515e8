"""Functions of the user that built-in functions are given: they are called in converted form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["as_called", "set_callee"]

_CALLEE: list[Callable[[Any], Any]] = []


def set_callee(callee: Callable[[Any], Any]) -> None:
    """Set what gives the converted form; the room of calls does, which needs the built-ins."""
    _CALLEE[:] = [callee]


def as_called(function: Any) -> Any:
    """What is called instead of a function."""
    return _CALLEE[0](function)
