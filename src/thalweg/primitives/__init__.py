"""The closed set of operations to which everything that users call comes down."""

from thalweg.primitives import (
    attention,
    contract,
    control_flow,
    elementwise,
    fft,
    gather,
    host,
    iota,
    linalg,
    movement,
    order,
    random,
    reduce,
    window,
)
from thalweg.primitives.graph import Graph, Node, SymbolicTensor, evaluate_graph, inline, trace
from thalweg.primitives.primitive import PRIMITIVES, Primitive, bind

__all__ = [
    "PRIMITIVES",
    "Graph",
    "Node",
    "Primitive",
    "SymbolicTensor",
    "attention",
    "bind",
    "contract",
    "control_flow",
    "elementwise",
    "evaluate_graph",
    "fft",
    "gather",
    "host",
    "inline",
    "iota",
    "linalg",
    "movement",
    "order",
    "random",
    "reduce",
    "trace",
    "window",
]
