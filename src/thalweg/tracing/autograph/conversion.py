"""From a function to its converted form; each piece of code is converted once."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from types import CellType, CodeType, FunctionType, MethodType, SimpleNamespace, TracebackType
from typing import Any

from thalweg.tracing.autograph.compiling import compiled
from thalweg.tracing.autograph.errors import Again, TracingWarning
from thalweg.tracing.autograph.policy import is_left_alone, is_user_code
from thalweg.tracing.autograph.runtime.session import CONVERTED, session, tracing
from thalweg.tracing.autograph.source import source_of
from thalweg.tracing.autograph.transform import converted_tree, reason_against

__all__ = ["RUNTIME", "convert", "converted", "generated_tree", "is_user_code"]

# What converted code knows as `ag__`; the runtime fills it.
RUNTIME = SimpleNamespace()

_CODES: dict[tuple[str, CodeType], CodeType | None] = {}
_LOCK = threading.RLock()


def converted(function: FunctionType) -> FunctionType:
    """The converted form of a function; the function itself where there is none.

    It shares globals, the cells of its closure, defaults and attributes with the function.
    """
    code = function.__code__
    if code in CONVERTED:
        return function
    key = code.co_filename, code
    with _LOCK:
        if key not in _CODES:
            _CODES[key] = _converted_code(function)
        new = _CODES[key]
    if new is None:
        return function
    cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    cells["ag__"] = CellType(RUNTIME)
    closure = tuple(cells[name] for name in new.co_freevars)
    found = FunctionType(
        new, function.__globals__, function.__name__, function.__defaults__, closure
    )
    found.__kwdefaults__ = function.__kwdefaults__
    found.__qualname__ = function.__qualname__
    return found


def generated_tree(function: FunctionType) -> Any:
    """The syntax tree of the converted form; None where there is none."""
    source = source_of(function)
    if source is None or reason_against(source.node) is not None:
        return None
    return converted_tree(source.node, source.owner, function.__code__.co_freevars)


def _converted_code(function: FunctionType) -> CodeType | None:
    code = function.__code__
    source = source_of(function)
    if source is None:
        warnings.warn(
            f"AutoGraph has no source for the function '{function.__qualname__}' "
            f"({code.co_filename}), so it runs as it is: conditions and loops in it must not "
            "depend on tensors; define it in a file.",
            TracingWarning,
            stacklevel=4,
        )
        return None
    if reason_against(source.node) is not None:
        return None
    tree = converted_tree(source.node, source.owner, code.co_freevars)
    return compiled(tree, code)


def convert(fn: Callable[..., Any], *, warn: bool = True) -> Callable[..., Any]:
    """A function whose `if`, `while`, `for` and the like work on tensors of a graph.

    While no graph is traced, the function runs as it is.

    Args:
        fn: a function, method or callable object of the user. A built-in function, one of a
            library and one marked with `do_not_convert` are returned as they are.
        warn: whether side effects are reported; not where it is traced for its shapes only.

    Raises `TypeError` for a generator function, which has no value that a graph could compute.

    >>> from thalweg import ops
    >>> from thalweg.primitives import trace
    >>> from thalweg.tensor import TensorSpec
    >>> from thalweg.tracing import autograph
    >>> def size(x):
    ...     if x > 10:
    ...         return 1.0
    ...     return x / 10
    >>> graph = trace(lambda x: [autograph.convert(size)(x)], [TensorSpec((), "float32")])
    >>> any(node.primitive.name == "cond" for node in graph.nodes)
    True
    """
    if isinstance(fn, MethodType):
        return MethodType(convert(fn.__func__, warn=warn), fn.__self__)
    if isinstance(fn, functools.partial):
        return functools.partial(convert(fn.func, warn=warn), *fn.args, **fn.keywords)
    if not isinstance(fn, FunctionType):
        call = type(fn).__call__ if callable(fn) else None
        if isinstance(fn, type) or not isinstance(call, FunctionType) or not is_user_code(call):
            return fn
        return MethodType(convert(call, warn=warn), fn)
    if inspect.isgeneratorfunction(fn) or inspect.iscoroutinefunction(fn):
        raise TypeError(
            f"A generator or async function cannot be traced, got '{fn.__qualname__}'; return "
            "tensors, or a list of them."
        )
    if is_left_alone(fn) or not is_user_code(fn) or fn.__code__ in CONVERTED:
        return fn
    return _entry(fn, warn)


def _entry(fn: FunctionType, warn: bool) -> Callable[..., Any]:
    """The way into converted code."""

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        if not tracing():
            return fn(*args, **kwargs)
        try:
            with session(warn):
                return RUNTIME.value(converted(fn)(*args, **kwargs))
        except Again:
            raise
        except BaseException as error:
            error.__traceback__ = _shortened(error.__traceback__)
            raise

    return run


def _shortened(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of the runtime between those of the user."""
    if traceback is None:
        return None
    rest = _shortened(traceback.tb_next)
    inside = f"{__file__.rpartition('conversion')[0]}"
    if rest is not None and traceback.tb_frame.f_code.co_filename.startswith(inside):
        return rest
    return TracebackType(rest, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)
