"""What converted code calls instead of what it names: converted functions, built-ins on tensors."""

from __future__ import annotations

import datetime
import functools
import random
import time
import types
from typing import Any

import numpy as np

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.autograph.conversion import converted, is_user_code
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.callbacks import set_callee
from thalweg.tracing.autograph.runtime.effects import changing
from thalweg.tracing.autograph.runtime.functions import BUILTINS
from thalweg.tracing.autograph.runtime.session import SESSION, bear, depth, tracing, user_line
from thalweg.tracing.autograph.runtime.text import format_
from thalweg.tracing.autograph.runtime.warning import once

__all__ = ["callee"]

_MUTATORS = frozenset(
    ("append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse")
    + ("update", "setdefault", "popitem", "add", "discard")
)
_CONSTANT = "; what it gives is a constant in the graph"
_CLOCK_MODULES = ("time", "random", "secrets", "uuid")
_GENERATORS = (random.Random, np.random.Generator, np.random.RandomState)
_CLOCKS = (datetime.datetime, datetime.date)


def callee(function: Any, outside: bool = False) -> Any:
    """What is called where the user's code calls `function`.

    Args:
        function: what the code names.
        outside: whether it is a method of an object from outside of the traced function.
    """
    if isinstance(function, types.FunctionType):
        if is_user_code(function):
            return _watched(function, converted(function))
        if function.__module__ and function.__module__.partition(".")[0] == "thalweg":
            return BUILTINS.get(function) or _with_converted_arguments(function)
    elif isinstance(function, types.MethodType):
        inner = function.__func__
        if isinstance(inner, types.FunctionType) and is_user_code(inner):
            return types.MethodType(_watched(inner, converted(inner)), function.__self__)
        if tracing() and isinstance(function.__self__, _GENERATORS):
            once(f"{inner.__name__}() is called", _CONSTANT)
    elif isinstance(function, types.BuiltinFunctionType):
        return _builtin(function, outside)
    elif isinstance(function, type):
        return _class(function)
    elif isinstance(function, functools.partial):
        return functools.partial(callee(function.func), *function.args, **function.keywords)
    elif not isinstance(function, (Tensor, Variable)):
        return _callable_object(function)
    return function


set_callee(callee)


def _builtin(function: Any, outside: bool) -> Any:
    owner = function.__self__
    if isinstance(owner, (list, dict, set)) and function.__name__ in _MUTATORS:

        def change(*args: Any, **kwargs: Any) -> Any:
            changing(owner, outside)
            return function(*args, **kwargs)

        return change
    if isinstance(owner, str) and function.__name__ == "format":
        return lambda *args, **kwargs: format_(owner, args, kwargs)
    if tracing() and _varies(function, owner):
        once(f"{function.__name__}() is called", _CONSTANT)
    return BUILTINS.get(function, function)


def _varies(function: Any, owner: Any) -> bool:
    """Whether it gives something else at each call: a clock, or chance."""
    if isinstance(owner, types.ModuleType):
        return owner.__name__ in _CLOCK_MODULES and function is not time.sleep
    if isinstance(owner, _GENERATORS):
        return True
    return (
        isinstance(owner, type)
        and issubclass(owner, _CLOCKS)
        and (function.__name__ in ("now", "today", "utcnow"))
    )


def _class(kind: Any) -> Any:
    if not tracing():
        return kind
    kind = BUILTINS.get(kind, kind)

    def make(*args: Any, **kwargs: Any) -> Any:
        return bear(kind(*args, **kwargs))

    return make


def _callable_object(function: Any) -> Any:
    call = type(function).__call__ if callable(function) else None
    if isinstance(call, types.FunctionType) and is_user_code(call):
        return types.MethodType(_watched(call, converted(call)), function)
    return function


def _with_converted_arguments(function: Any) -> Any:
    """A function of Thalweg: the user's functions that it is given are converted too."""

    def call(*args: Any, **kwargs: Any) -> Any:
        found = function(
            *[_argument(x) for x in args], **{name: _argument(x) for name, x in kwargs.items()}
        )
        return bear(found) if isinstance(found, list) else found

    return call


def _argument(x: Any) -> Any:
    if isinstance(x, (types.FunctionType, types.MethodType)):
        code = getattr(x, "__func__", x)
        return callee(x) if isinstance(code, types.FunctionType) and is_user_code(code) else x
    if isinstance(x, (list, tuple)) and any(isinstance(i, types.FunctionType) for i in x):
        return type(x)([_argument(i) for i in x])
    return x


# --- recursion --------------------------------------------------------------------------------


def _watched(function: types.FunctionType, found: Any) -> Any:
    """Inside a condition or loop on tensors: an error if it calls itself without an end."""
    if not depth():
        return found

    def call(*args: Any, **kwargs: Any) -> Any:
        here = depth()
        entry = function.__code__, _signature(args, kwargs), here
        for code, given, outer in SESSION.calls:
            if code is entry[0] and given == entry[1] and outer < here:
                filename, line = user_line()
                raise AutoGraphError(
                    f"{filename}:{line}: {function.__name__} calls itself under a condition on a "
                    "tensor, and a graph has no stack of calls; write it as a loop (while or for) "
                    "that keeps what the calls would in variables."
                )
        SESSION.calls.append(entry)
        try:
            return found(*args, **kwargs)
        finally:
            SESSION.calls.pop()

    return functools.wraps(function)(call)


def _signature(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """What decides how a call is traced."""
    return [_key(x) for x in args] + [(name, _key(x)) for name, x in sorted(kwargs.items())]


def _key(x: Any) -> Any:
    if isinstance(x, Tensor):
        return "tensor", x.shape, x.dtype.name
    if isinstance(x, (list, tuple)):
        return type(x), [_key(i) for i in x]
    if isinstance(x, (bool, int, float, str, bytes, type(None))):
        return type(x), x
    return id(x)
