"""From traces of a function to the Program that a device runs."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.generalize import from_trace, generalize
from thalweg.compiler.graph import Flow
from thalweg.compiler.ir.program import Program
from thalweg.compiler.lower.blocks import lower
from thalweg.compiler.passes import optimize
from thalweg.compiler.plan import plan
from thalweg.compiler.verify import wanted
from thalweg.compiler.verify_program import verify_program
from thalweg.primitives.graph import Graph

__all__ = ["Compiled", "compile_graph", "compile_traces"]


class Compiled:
    """An optimised flow, of which Programs are made.

    Attributes:
        flow: the first `states` inputs are states, the first outputs their new values.
        states: how many.
    """

    def __init__(self, flow: Flow, states: int) -> None:
        self.flow, self.states = flow, states

    def program(self, capacity: int = 1) -> Program:
        """The Program for batches up to a size, with its memory planned.

        Raises:
            NotAffineError: if a length grows with the square of the batch size.
        """
        program = lower(self.flow, self.states, capacity)
        plan(program)
        if wanted():
            verify_program(program)
        return program


def compile_graph(graph: Graph, states: int = 0) -> Compiled:
    """Compile one trace, for exactly its shapes.

    Args:
        graph: the first `states` inputs are states, the first outputs their new values.
        states: how many.
    """
    return Compiled(optimize(from_trace(graph)), states)


def compile_traces(traces: Sequence[Graph], sizes: Sequence[int], states: int) -> Compiled:
    """Compile a function traced for several batch sizes, for all batch sizes.

    Args:
        traces: one for each size; inputs and outputs as in `compile_graph`.
        sizes: three batch sizes, none of them 1.
        states: how many of the inputs are states.

    Raises:
        NotAffineError: if the function does not treat all batch sizes alike.
    """
    return Compiled(optimize(generalize(traces, sizes)), states)
