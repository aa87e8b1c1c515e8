"""Tracing one body of a construct on tensors: the variables it assigns, and how it may end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.primitives import host
from thalweg.primitives.elementwise import stop_gradient
from thalweg.primitives.graph import Builder, Graph, SymbolicTensor
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.variable import Variable
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.session import CONVERTED, SESSION, Frame, user_line
from thalweg.tracing.autograph.runtime.text import RuntimeText, has_symbols, parts_of, pieces_of

__all__ = ["VariableScope", "inside", "new_builder", "raises", "would_be_caught"]


class VariableScope:
    """The variables as a body sees them: what was given or assigned inside, else the outside."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.outer = CONTEXT.variables
        self.values: dict[int, tuple[Variable, Tensor]] = {}

    def read(self, variable: Variable) -> Tensor:
        known = self.values.get(id(variable))
        if known is not None:
            return known[1]
        return variable._tensor if self.outer is None else self.outer.read(variable)

    def write(self, variable: Variable, value: Tensor) -> None:
        self.frame.variable_written(variable)
        # No gradient flows through an assignment, and each value is a tensor of its own.
        kept = Tensor(value._value) if type(value) is Tensor else stop_gradient(value)
        self.values[id(variable)] = variable, kept


def new_builder(specs: Sequence[TensorSpec]) -> Builder:
    """A builder for a graph with inputs of these specs."""
    return Builder(Graph(inputs=tuple(SymbolicTensor(s.shape, s.dtype) for s in specs)))


@contextmanager
def inside(builder: Builder, frame: Frame) -> Iterator[VariableScope]:
    """What runs in the block belongs to the body."""
    outer = CONTEXT.variables
    scope = VariableScope(frame)
    CONTEXT.variables = scope
    SESSION.frames.append(frame)
    try:
        with builder:
            yield scope
    finally:
        SESSION.frames.pop()
        CONTEXT.variables = outer


def would_be_caught(error: BaseException, tries: int) -> bool:
    """Whether one of the first `tries` `try` statements around would handle an exception."""
    return any(isinstance(error, types()) for types in SESSION.tries[:tries])


def raises(frame: Frame, run: Callable[[], Any]) -> tuple[Any, bool]:
    """Run a body whose own `raise` becomes a node of its graph.

    Returns:
        What it gives, and whether it ends by raising.
    """
    try:
        return run(), False
    except AutoGraphError:
        raise
    except Exception as error:
        own = any(error is known for known in SESSION.raised)
        if would_be_caught(error, frame.tries):
            filename, line = user_line()
            raise AutoGraphError(
                f"{filename}:{line}: the {type(error).__name__} raised here depends on a tensor, "
                "so it is raised when the traced function runs, and a `try` around the condition "
                "or loop cannot handle it; write what the handler does in an `if`/`else` or with "
                "ops.where instead."
            ) from error
        if not own:
            raise
        raise_at_run_time(error)
        return None, True


def raise_at_run_time(error: Exception) -> None:
    """A node that raises an exception."""
    where = ""
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code in CONVERTED:
            where = f"{code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    args = error.args
    if not any(map(has_symbols, args)):
        add_check(Tensor(np.asarray(False)), "", error, where)
        return
    found = args[0] if len(args) == 1 else args
    add_check(Tensor(np.asarray(False)), found, type(error), where)


def add_check(condition: Tensor, message: Any, error: Any, where: str) -> None:
    """A node that raises an exception where the condition does not hold."""
    pieces = message.pieces if isinstance(message, RuntimeText) else pieces_of(message)
    parts, tensors = parts_of(pieces, 0)
    host.check(condition, *tensors, parts=parts, error=error, where=where)
