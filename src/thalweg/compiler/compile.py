"""From traces of a function to the Program that a device runs."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.generalize import from_trace, generalize
from thalweg.compiler.ir.program import Program
from thalweg.compiler.lower.blocks import lower
from thalweg.compiler.passes import optimize
from thalweg.compiler.plan import plan
from thalweg.primitives.graph import Graph

__all__ = ["compile_graph", "compile_traces"]


def compile_graph(graph: Graph, states: int = 0) -> Program:
    """The Program of one trace, for exactly its shapes.

    Args:
        graph: the first `states` inputs are states, the first outputs their new values.
        states: how many.
    """
    program = lower(optimize(from_trace(graph)), states, capacity=1)
    plan(program)
    return program


def compile_traces(
    traces: Sequence[Graph], sizes: Sequence[int], states: int, capacity: int
) -> Program:
    """The Program of a function traced for several batch sizes, for every size up to a capacity.

    Args:
        traces: one for each size; inputs and outputs as in `compile_graph`.
        sizes: three batch sizes, none of them 1.
        states: how many of the inputs are states.
        capacity: the largest batch.

    Raises:
        NotAffineError: if the function does not treat all batch sizes alike.
    """
    program = lower(optimize(generalize(traces, sizes)), states, capacity)
    plan(program)
    return program
