"""What runs a traced graph: the one place where it is chosen, and the reference.

By convention the inputs of such a graph are `(*states, *arguments)` and its outputs
`(*new_states, *results)`. A state that is only read has its own input symbol as its output.
Constants are the graph's captures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from thalweg.primitives.graph import Graph, evaluate_graph

__all__ = ["Executable", "ReferenceExecutable", "make_executable"]

Array = np.ndarray[Any, Any]


class Executable(Protocol):
    """Runs one graph. Several threads may call it."""

    def run(self, states: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Update the states in place and return the results, arrays of their own.

        Args:
            states: writable arrays, C-contiguous and aligned to 64 bytes; a traced function passes
                the same tuple each time.
            inputs: arrays of the shapes and dtypes of the graph's arguments, in native byte order,
                with any strides; they are not written to.
        """
        ...


class ReferenceExecutable:
    """Runs a graph with NumPy, one primitive after the other.

    Args:
        graph: as above.
        states: how many of its inputs are states.
    """

    def __init__(self, graph: Graph, states: int) -> None:
        self._graph = graph
        self._states = states
        self._constants = [x._value for x in graph.captured]
        self._changed = [i for i in range(states) if graph.outputs[i] is not graph.inputs[i]]

    def run(self, states: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Update the states in place, if nothing fails, and return the results."""
        found = evaluate_graph(self._graph, (*states, *inputs), self._constants)
        given = {id(x) for x in (*states, *inputs)}
        # Views, and arrays that just pass through, must not change with a state or an input.
        found = tuple(y.copy() if y.base is not None or id(y) in given else y for y in found)
        for i in self._changed:
            np.copyto(states[i], found[i])
        return list(found[self._states :])


def make_executable(graph: Graph, states: int, jit_compile: bool | None = None) -> Executable:
    """The executable for a graph whose first `states` inputs are states.

    Args:
        graph: as above.
        states: how many of its inputs are states.
        jit_compile: False for the reference; None or True for the compiler.
    """
    return ReferenceExecutable(graph, states)
