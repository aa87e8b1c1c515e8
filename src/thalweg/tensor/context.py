"""What listens while operations run: gradient tapes, a graph being traced, a scope of states.

The rooms above (tapes, tracing, training) put themselves here; tensors, variables and
primitives below ask here, and so never have to know them. Everything is per thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from thalweg.tensor.dtypes import DType
    from thalweg.tensor.tensor import Tensor
    from thalweg.tensor.variable import Variable

__all__ = ["CONTEXT", "GraphRecorder", "Recorder", "VariableScope", "limited_room", "outside_trace"]


class Recorder(Protocol):
    """A gradient tape: told of each operation, each variable read, each tensor that leaves."""

    def record(
        self,
        primitive: Any,
        inputs: tuple[Tensor, ...],
        params: dict[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None: ...

    def variable_read(self, variable: Variable, tensor: Tensor) -> None: ...

    def left(self, tensor: Tensor) -> None: ...


class GraphRecorder(Protocol):
    """A graph under construction: adds a node for an operation and returns its outputs."""

    def add(
        self, primitive: Any, inputs: tuple[Tensor, ...], params: dict[str, Any]
    ) -> tuple[Tensor, ...]: ...


class VariableScope(Protocol):
    """Stands between variables and their storage while a pure function of state runs."""

    def read(self, variable: Variable) -> Tensor: ...

    def write(self, variable: Variable, value: Tensor) -> None: ...


class _Context(threading.local):
    def __init__(self) -> None:
        self.recorders: list[Recorder] = []
        self.graph: GraphRecorder | None = None
        self.variables: VariableScope | None = None
        # The float dtype in which the layer being called computes: its weights are read in it.
        self.autocast: DType | None = None
        # Whether the layer being called trains; None: nobody has said. Layers inside follow it.
        self.training: bool | None = None
        # Where new variables are noted while a function is traced; None: nobody asks.
        self.created: list[Variable] | None = None
        # How many bytes new variables may take, while a model is made from a file; None: any.
        self.room: int | None = None


CONTEXT = _Context()


@contextmanager
def limited_room(most: int) -> Iterator[None]:
    """Inside, the variables made by initializers may take `most` bytes together."""
    saved, CONTEXT.room = CONTEXT.room, most
    try:
        yield
    finally:
        CONTEXT.room = saved


@contextmanager
def outside_trace() -> Iterator[None]:
    """Run eagerly, with no tape, no graph and no variable scope: how variables are made."""
    context = CONTEXT
    saved = context.recorders, context.graph, context.variables, context.autocast
    context.recorders, context.graph, context.variables, context.autocast = [], None, None, None
    try:
        yield
    finally:
        context.recorders, context.graph, context.variables, context.autocast = saved
