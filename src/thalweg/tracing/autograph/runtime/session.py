"""Where tracing stands in this thread: the constructs on tensors around the code that runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

from thalweg.primitives.graph import SymbolicTensor
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = [
    "CONVERTED",
    "SESSION",
    "Frame",
    "bear",
    "born_since",
    "depth",
    "is_symbolic",
    "session",
    "tracing",
    "user_line",
]

# The code objects of converted functions: frames that run them stand at the user's own lines.
CONVERTED: set[CodeType] = set()


class Frame:
    """A body being traced: of a branch, of a loop, or of a loop that Python runs.

    Attributes:
        in_graph: whether the body becomes a graph of its own.
    """

    in_graph = True

    def __init__(self, tries: int) -> None:
        # How many `try` statements with handlers stood around when the body was entered.
        self.tries = tries
        # How many objects traced code had made when the body was entered.
        self.births = SESSION.births

    def writing(self, place: Any) -> None:
        """Called before converted code changes an object that may be seen from outside."""

    def variable_written(self, variable: Variable) -> None:
        """Called before a variable is assigned."""


class _Session(threading.local):
    def __init__(self) -> None:
        self.depth = 0
        self.warn = True
        self.reset()

    def reset(self) -> None:
        self.frames: list[Frame] = []
        # For each `try` around: what gives the types of exceptions that it handles.
        self.tries: list[Callable[[], Any]] = []
        # Exceptions that the user's own `raise` and `assert` statements made.
        self.raised: list[BaseException] = []
        # Objects made by traced code, by id, in order; changing these is no side effect.
        self.born: dict[int, tuple[Any, int]] = {}
        self.births = 0
        # Rows of stacked tensors: id of the row -> (row, stacked, place).
        self.rows: dict[int, tuple[Tensor, Tensor, int]] = {}
        # Calls in progress under a condition on a tensor: (code, what it was called with, frames).
        self.calls: list[tuple[CodeType, Any, int]] = []


SESSION = _Session()


@contextmanager
def session(warn: bool) -> Iterator[None]:
    """Around a call of converted code; after the outermost, what was noted is forgotten.

    Args:
        warn: whether side effects are reported.
    """
    outer, SESSION.warn = SESSION.warn, SESSION.warn and warn
    SESSION.depth += 1
    try:
        yield
    finally:
        SESSION.warn = outer
        SESSION.depth -= 1
        if not SESSION.depth:
            SESSION.reset()


def tracing() -> bool:
    """Whether a graph is being traced."""
    return CONTEXT.graph is not None


def bear(made: Any) -> Any:
    """Note that traced code has made an object, and return it."""
    if CONTEXT.graph is not None:
        SESSION.births += 1
        SESSION.born[id(made)] = made, SESSION.births
    return made


def born_since(owner: Any, start: int) -> bool:
    """Whether traced code has made an object after so many others."""
    found = SESSION.born.get(id(owner))
    return found is not None and found[1] > start


def depth() -> int:
    """How many bodies of the graph are around the code that runs."""
    return sum(frame.in_graph for frame in SESSION.frames)


def is_symbolic(x: Any) -> bool:
    """Whether the values of `x` are known only when the graph runs."""
    if isinstance(x, Variable):
        return CONTEXT.graph is not None and isinstance(x.value, SymbolicTensor)
    return isinstance(x, SymbolicTensor)


def user_line() -> tuple[str, int]:
    """File and line of the converted code that runs now."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        if frame.f_code in CONVERTED:
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return "<unknown>", 0
