"""`raise`, `assert` and `try` in converted code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.bodies import add_check, would_be_caught
from thalweg.tracing.autograph.runtime.branches import one_bool
from thalweg.tracing.autograph.runtime.session import SESSION, is_symbolic, user_line
from thalweg.tracing.autograph.runtime.state import UNDEFINED, Maybe

__all__ = ["assert_", "defined", "raising", "returned", "trying", "value"]


def raising(error: Any) -> Any:
    """The exception that the user's `raise` raises; in a body it happens when the graph runs."""
    if isinstance(error, type) and issubclass(error, BaseException):
        error = error()
    if isinstance(error, BaseException):
        SESSION.raised.append(error)
    return error


@contextmanager
def trying(types: Callable[[], Any]) -> Iterator[None]:
    """Around the body of a `try` statement with handlers.

    Args:
        types: gives the types of exceptions that they handle.
    """
    SESSION.tries.append(types)
    try:
        yield
    finally:
        SESSION.tries.pop()


def assert_(test: Any, message: Callable[[], Any] | None = None) -> None:
    """The `assert` statement: of a tensor, it is checked when the graph runs."""
    if not is_symbolic(test):
        if not test:
            raise raising(AssertionError() if message is None else AssertionError(message()))
        return
    filename, line = user_line()
    if would_be_caught(AssertionError(), len(SESSION.tries)):
        raise AutoGraphError(
            f"{filename}:{line}: this assert of a tensor is checked when the traced function runs, "
            "and a `try` around it cannot handle that; write what the handler does in an "
            "`if`/`else` instead."
        )
    add_check(
        one_bool(test),
        "" if message is None else message(),
        AssertionError,
        f"{filename}:{line}",
    )


def value(x: Any) -> Any:
    """A variable that has a value wherever it is read."""
    return x.value if isinstance(x, Maybe) else x


def defined(read: Callable[[], Any], name: str) -> Any:
    """A variable that may be without a value here: then it is an error when the graph runs."""
    try:
        found = read()
    except NameError:
        raise raising(
            UnboundLocalError(
                f"cannot access local variable '{name}' where it is not associated with a value"
            )
        ) from None
    if not isinstance(found, Maybe):
        return found
    filename, line = user_line()
    add_check(
        found.defined,
        f"variable '{name}' is read here, but a condition or loop on tensors has given it no value "
        f"on the path taken; give '{name}' a value before the condition or loop.",
        UnboundLocalError,
        f"{filename}:{line}",
    )
    return found.value


def returned(flag: Any, read: Callable[[], Any], name: str) -> Any:
    """What the function returns, at its end.

    Args:
        flag: whether a `return` was reached.
        read: gives the value returned.
        name: the function's name.
    """
    if flag is False:
        return None
    try:
        found = read()
    except NameError:
        found = UNDEFINED
    if found is UNDEFINED:  # every path that leads here has raised, or returns nothing
        return None
    if flag is True or found is None:
        return found
    raise AutoGraphError(
        f"{name}: a condition on a tensor decides whether the function returns a value or None; "
        "add a `return` with a value of the same structure and shape at its end."
    )
