"""From a Python function to a graph in which variables are explicit state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.primitives.elementwise import stop_gradient
from thalweg.primitives.graph import Graph, SymbolicTensor, trace
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.tree import flatten, map_structure
from thalweg.tensor.variable import Variable

__all__ = ["Capture", "capture", "results_of"]


class _Variables:
    """Stands between variables and their storage while a function is traced.

    What a variable holds when it is first read becomes a symbol; assignments replace it.
    """

    def __init__(self) -> None:
        self.variables: dict[int, Variable] = {}
        self.starts: dict[int, SymbolicTensor] = {}
        self.values: dict[int, Tensor] = {}
        # The values that a variable had after assignments, as far as they were read.
        self.later: dict[int, tuple[Tensor, Variable]] = {}

    def start(self, variable: Variable) -> SymbolicTensor:
        """The symbol of the value before the call."""
        found = self.starts.get(id(variable))
        if found is None:
            self.variables[id(variable)] = variable
            found = SymbolicTensor(variable.shape, variable._dtype)
            self.starts[id(variable)] = found
        return found

    def read(self, variable: Variable) -> Tensor:
        value = self.values.get(id(variable))
        if value is None:
            return self.start(variable)
        self.later[id(value)] = value, variable
        return value

    def write(self, variable: Variable, value: Tensor) -> None:
        self.variables[id(variable)] = variable
        # No gradient flows through an assignment, and each value is a tensor of its own.
        kept = Tensor(value._value) if type(value) is Tensor else stop_gradient(value)
        self.values[id(variable)] = kept


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """A traced function.

    Attributes:
        graph: its inputs are the states, then the arguments; its outputs the new states, then the
            results. Its captures are constants.
        variables: the variables that are its states.
        changed: those that it assigns.
        later_reads: by the id of a symbol, the variable that had this value when it was read after
            an assignment; a tape around a call must hear of it.
        created: the variables made while tracing.
        structure: what the function returned, with None for None and True for tensors.
        specs: of the results.
    """

    graph: Graph
    variables: tuple[Variable, ...]
    changed: tuple[Variable, ...]
    later_reads: dict[int, Variable]
    created: list[Variable]
    structure: Any
    specs: list[TensorSpec]


def capture(
    name: str, function: Callable[..., Any], specs: Sequence[TensorSpec | Tensor]
) -> Capture:
    """Trace a function of tensors that may read and assign variables. It runs once.

    Args:
        name: the function's name in messages.
        function: takes one tensor for each spec, returns tensors in any structure.
        specs: shapes and dtypes of the arguments.
    """
    scope = _Variables()
    structure: Any = None

    def flat(*tensors: Tensor) -> list[Tensor]:
        nonlocal structure
        result = results_of(name, function(*tensors))
        structure = map_structure(lambda y: None if y is None else True, result)
        return [*scope.values.values(), *(y for y in flatten(result) if y is not None)]

    context = CONTEXT
    outer = context.variables, context.recorders, context.created
    created: list[Variable] = []
    context.variables, context.recorders, context.created = scope, [], created
    try:
        graph = trace(flat, specs)
    except RecursionError:
        raise RecursionError(
            f"function '{name}': it calls itself without an end while it is traced; a recursion "
            "cannot stop on the value of a tensor, write it as a loop (ops.while_loop)."
        ) from None
    finally:
        context.variables, context.recorders, context.created = outer
    return _closed(name, graph, scope, created, structure)


def _closed(
    name: str, graph: Graph, scope: _Variables, created: list[Variable], structure: Any
) -> Capture:
    """The graph with its variables made inputs; no other symbol may come from outside."""
    inner = {id(outer): symbol for outer, symbol in graph.captures}
    assigned = len(scope.values)
    new = dict(zip(scope.values, graph.outputs[:assigned], strict=True))
    results = graph.outputs[assigned:]
    states, inputs = [], []
    for key, variable in scope.variables.items():
        start = scope.starts.get(key)
        symbol = None if start is None else inner.get(id(start))
        if symbol is None and key not in new:
            continue  # read, but nothing was computed from it
        states.append(variable)
        if symbol is None:
            symbol = SymbolicTensor(variable.shape, variable._dtype)
        inputs.append(symbol)
    outputs = [new.get(id(v), symbol) for v, symbol in zip(states, inputs, strict=True)]
    starts = {id(symbol) for symbol in scope.starts.values()}
    graph.captures = [pair for pair in graph.captures if id(pair[0]) not in starts]
    for outer, _ in graph.captures:
        if type(outer) is not Tensor:
            raise TypeError(
                f"function '{name}': it uses a symbolic tensor (shape {outer.shape}, "
                f"{outer.dtype.name}) that belongs to another trace; pass it as an argument, or "
                "return it from the function in which it was computed."
            )
    graph.inputs = (*inputs, *graph.inputs)
    graph.outputs = (*outputs, *results)
    return Capture(
        graph=graph,
        variables=tuple(states),
        changed=tuple(v for v in states if id(v) in new),
        later_reads=_later_reads(scope, inner),
        created=created,
        structure=structure,
        specs=[TensorSpec(y.shape, y.dtype) for y in results],
    )


def _later_reads(scope: _Variables, inner: dict[int, SymbolicTensor]) -> dict[int, Variable]:
    """By symbol: constants that were assigned stand in the graph as captures, the rest as such."""
    found = {}
    for value, variable in scope.later.values():
        symbol = inner.get(id(value)) if type(value) is Tensor else value
        if symbol is not None:
            found[id(symbol)] = variable
    return found


def results_of(name: str, result: Any) -> Any:
    """What a function returned, with a tensor for each variable, number or array in it."""
    return map_structure(lambda y: _result(name, y), result)


def _result(name: str, y: Any) -> Any:
    if y is None or isinstance(y, Tensor) or hasattr(type(y), "__symbolic_call__"):
        return y
    if isinstance(y, (Variable, bool, int, float, complex, np.generic, np.ndarray)):
        return convert_to_tensor(y)
    raise TypeError(
        f"function '{name}' returned a {type(y).__name__}; a traced function returns tensors, "
        "variables, numbers, None, and lists, tuples and dicts of them."
    )
