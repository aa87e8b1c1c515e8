"""Bodies of cond, while and scan that assign to variables: what they write becomes explicit.

While a body is traced, its assignments stay inside. Afterwards the variables that it wrote are more
outputs of a branch, or more of what a loop carries, and their last values are assigned outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from thalweg.primitives.elementwise import stop_gradient, tied
from thalweg.primitives.graph import Graph, SymbolicTensor, trace
from thalweg.tensor.context import CONTEXT, Recorder, VariableScope
from thalweg.tensor.dtypes import differentiable
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.variable import Variable

__all__ = ["Body", "assign_outside", "branches", "loop_bodies", "present"]


class _Inside:
    """The variables as a body sees them: what it was given, what it assigned, else the outside.

    Args:
        outer: the scope around.
        recorders: the tapes around; a tape that starts inside is not among them.
    """

    def __init__(self, outer: VariableScope | None, recorders: Sequence[Recorder]) -> None:
        self.outer = outer
        self.recorders = list(recorders)
        self.values: dict[int, Tensor] = {}
        self.written: dict[int, Variable] = {}

    def read(self, variable: Variable) -> Tensor:
        known = self.values.get(id(variable))
        return self.around(variable) if known is None else known

    def around(self, variable: Variable) -> Tensor:
        """The value outside of the body."""
        return variable._tensor if self.outer is None else self.outer.read(variable)

    def write(self, variable: Variable, value: Tensor) -> None:
        self.written[id(variable)] = variable
        self.give(variable, value)

    def give(self, variable: Variable, value: Tensor) -> None:
        """From here on the body reads this value.

        As everywhere, no gradient flows through an assignment. A gradient towards the variable
        flows to the value that it has around the body, the one that tapes outside know; so a tape
        inside must not record this.
        """
        tapes, CONTEXT.recorders = CONTEXT.recorders, []
        try:
            if differentiable(value.dtype) and (variable.trainable or self.recorders):
                anchor = self.around(variable)
                for recorder in self.recorders:
                    recorder.variable_read(variable, anchor)
                self.values[id(variable)] = tied(value, anchor)
            else:
                self.values[id(variable)] = stop_gradient(value)
        finally:
            CONTEXT.recorders = tapes


@dataclass(slots=True, eq=False)
class Body:
    """A traced body.

    Attributes:
        graph: its last inputs are the variables that it was given; its last outputs the values of
            these, then of the others that it wrote.
        written: the variables that it wrote.
        given: the variables that were given, by how many they are.
    """

    graph: Graph
    written: list[Variable]
    given: int


def _trace_body(
    function: Callable[..., Sequence[Tensor]],
    arguments: Sequence[TensorSpec | Tensor],
    given: Sequence[Variable] = (),
) -> Body:
    outer = CONTEXT.variables
    written: list[Variable] = []

    def run(*tensors: Tensor) -> list[Tensor]:
        count = len(tensors) - len(given)
        inside = _Inside(outer, CONTEXT.recorders)
        for variable, value in zip(given, tensors[count:], strict=True):
            inside.give(variable, value)
        CONTEXT.variables = inside
        try:
            results = function(*tensors[:count])
            written.extend(inside.written.values())
            values = [inside.read(v) for v in (*given, *_others(written, given))]
        finally:
            CONTEXT.variables = outer
        return [*results, *values]

    return Body(trace(run, (*arguments, *present(given))), written, len(given))


def _others(variables: Iterable[Variable], known: Sequence[Variable]) -> list[Variable]:
    """Those that are not known, each once; `==` of variables compares elements."""
    ids = {id(v) for v in known}
    return list({id(v): v for v in variables if id(v) not in ids}.values())


def branches(
    functions: Sequence[Callable[[], Sequence[Tensor]]],
) -> tuple[list[Graph], list[Variable]]:
    """Trace branches; each returns, after its results, every variable that one of them writes.

    Returns:
        The graphs, and the variables.
    """
    bodies = [_trace_body(function, ()) for function in functions]
    written = _others([v for body in bodies for v in body.written], ())
    for body in bodies:
        graph = body.graph
        own = len(graph.outputs) - len(body.written)
        values = {id(v): y for v, y in zip(body.written, graph.outputs[own:], strict=True)}
        graph.outputs = (
            *graph.outputs[:own],
            *(values[id(v)] if id(v) in values else _captured(graph, v) for v in written),
        )
    return [body.graph for body in bodies], written


def _captured(graph: Graph, variable: Variable) -> SymbolicTensor:
    """The symbol of the value that a branch finds and leaves as it is."""
    (value,) = present([variable])
    for outer, inner in graph.captures:
        if outer is value:
            return inner
    symbol = SymbolicTensor(value.shape, value.dtype)
    graph.captures.append((value, symbol))
    return symbol


def loop_bodies(
    functions: Sequence[Callable[..., Sequence[Tensor]]],
    arguments: Sequence[TensorSpec | Tensor],
) -> tuple[list[Body], list[Variable]]:
    """Trace the functions of a loop so that it carries every variable that they write.

    What is written shows only when a body was traced; then it is traced again with these variables
    among its arguments, so that a read before the assignment gives the value of the step before.

    Returns:
        The bodies, and the variables carried.
    """
    carried: list[Variable] = []
    while True:
        bodies = [_trace_body(function, arguments, carried) for function in functions]
        more = _others([v for body in bodies for v in body.written], carried)
        if not more:
            return bodies, carried
        carried = [*carried, *more]


def present(variables: Iterable[Variable]) -> list[Tensor]:
    """The values that variables have here, in their own dtypes."""
    return [v._read() for v in variables]


def assign_outside(variables: Sequence[Variable], values: Sequence[Tensor]) -> None:
    """Give the variables the values that a branch or loop left them with."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
