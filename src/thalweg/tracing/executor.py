"""What runs a traced graph: the one place where it is chosen, and the reference.

By convention the inputs of such a graph are `(*states, *arguments)` and its outputs
`(*new_states, *results)`. A state that is only read has its own input symbol as its output.
Constants are the graph's captures.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import numpy as np

from thalweg import config, devices
from thalweg.compiler.compile import compile_graph
from thalweg.compiler.fingerprint import fingerprint
from thalweg.compiler.ir.program import Program
from thalweg.primitives.graph import Graph, evaluate_graph
from thalweg.tensor.storage import Holder
from thalweg.tracing.worth import Worth, seconds_by_operation, seconds_to_compile

__all__ = [
    "CompiledExecutable",
    "Executable",
    "ReferenceExecutable",
    "Runner",
    "make_executable",
    "program_of",
]

Array = np.ndarray[Any, Any]


class Runner(Protocol):
    """Runs one graph. Several threads may call it."""

    @property
    def holder(self) -> Holder | None:
        """Where states stay between runs; see `devices.Executable`."""
        ...

    def run(self, states: Sequence[Any], inputs: Sequence[Array]) -> list[Array]:
        """Update the states in place and return the results, arrays of their own.

        Args:
            states: for a holder, storages of variables. Else writable arrays, C-contiguous and
                aligned to 64 bytes. A traced function passes the same tuple each time.
            inputs: arrays of the shapes and dtypes of the graph's arguments, in native byte order,
                with any strides; they are not written to.
        """
        ...


class Executable(Protocol):
    """Knows what runs a graph."""

    def runner(self) -> Runner:
        """What runs it this time."""
        ...


def program_of(executable: Executable, name: str) -> devices.Executable:
    """The compiled Program behind an executable, for looking inside.

    Raises:
        ValueError: if it does not compile.
    """
    if isinstance(executable, CompiledExecutable):
        return executable.program
    raise ValueError(
        f"function '{name}' runs operation by operation, so there is no Program to look into; "
        "leave out jit_compile=False."
    )


class ReferenceExecutable:
    """Runs a graph with NumPy, one primitive after the other.

    Args:
        graph: as above.
        states: how many of its inputs are states.
    """

    holder = None

    def __init__(self, graph: Graph, states: int) -> None:
        self._graph = graph
        self._states = states
        self._constants = [x._value for x in graph.captured]
        self._changed = [i for i in range(states) if graph.outputs[i] is not graph.inputs[i]]

    def runner(self) -> ReferenceExecutable:
        """This."""
        return self

    def run(self, states: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Update the states in place, if nothing fails, and return the results."""
        found = evaluate_graph(self._graph, (*states, *inputs), self._constants)
        given = {id(x) for x in (*states, *inputs)}
        # Views, and arrays that just pass through, must not change with a state or an input.
        found = tuple(y.copy() if y.base is not None or id(y) in given else y for y in found)
        for i in self._changed:
            np.copyto(states[i], found[i])
        return list(found[self._states :])


class CompiledExecutable:
    """Runs a graph as a compiled Program, once that is worth the time to compile it.

    Args:
        graph: as above.
        states: how many of its inputs are states.
        at_once: whether to compile before the first run.
        title, names: for people, what the graph is of and its states are called.
    """

    def __init__(
        self, graph: Graph, states: int, at_once: bool, title: str, names: Sequence[str]
    ) -> None:
        self._graph, self._states, self._at_once = graph, states, at_once
        self._title, self._names = title, names
        self._reference = ReferenceExecutable(graph, states)
        self._worth = Worth()
        self._programs: dict[str, devices.Executable] = {}
        # Those that runs use, by device: by the number of runs, not by when the background is done.
        self._chosen: dict[str, devices.Executable] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.seconds_by_operation = seconds_by_operation(graph)
        self.seconds_to_compile = seconds_to_compile(graph)

    def runner(self) -> Runner:
        """What runs it this time; the first times that may be the reference."""
        program = self._chosen.get(config.device())
        if program is None:
            wait = not (self._at_once or self._chosen)
            if wait and not self._worth.compiling(self, 1):
                self._worth.ran()
                return self._reference
            program = self._chosen[config.device()] = self.program
        return program

    @property
    def program(self) -> devices.Executable:
        """The Program for the present device, compiled now if it was not yet."""
        with self._lock:
            found = self._programs.get(config.device())
            if found is None:
                key = fingerprint(self._graph, "graph", self._states)
                found = devices.restore(key, self._make, self._title, self._names)
                found = found or devices.load(self._make(), self._title, self._names, key)
                self._programs[config.device()] = found
            return found

    def _make(self) -> Program:
        return compile_graph(self._graph, self._states).program()

    def start(self) -> None:
        """Begin to compile in the background; a failure is met again when the Program is needed."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._compile, name="thalweg-compiler")
            self._thread.start()

    def _compile(self) -> None:
        with suppress(Exception):
            _ = self.program


def make_executable(
    graph: Graph,
    states: int,
    jit_compile: bool | None = None,
    title: str = "graph",
    names: Sequence[str] = (),
) -> Executable:
    """The executable for a graph whose first `states` inputs are states.

    Args:
        graph: as above.
        states: how many of its inputs are states.
        jit_compile: False for the reference; True for the compiler, at once; None for the compiler
            where there are enough calls for it to be worth the time.
        title, names: for people, what the graph is of and its states are called.
    """
    if jit_compile is False:
        return ReferenceExecutable(graph, states)
    return CompiledExecutable(graph, states, jit_compile is True, title, names)
