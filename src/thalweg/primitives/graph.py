"""Graph: a traced computation as a list of primitive applications, and its reference run.

A graph is flat data: symbolic inputs, nodes in order of execution, symbolic outputs. Tensors from
outside that the traced code used are `captures`: (outer tensor, inner symbol). A concrete outer
tensor is a constant; a symbolic one belongs to the graph being traced around this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self

import numpy as np

from thalweg.primitives.primitive import Primitive
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.dtypes import DType
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["Builder", "Graph", "Node", "SymbolicTensor", "evaluate_graph", "inline", "trace"]

Array = np.ndarray[Any, Any]


class SymbolicTensor(Tensor):
    """A tensor of a graph: it has a shape and a dtype, and no values."""

    __slots__ = ("_dtype", "_shape")

    def __init__(self, shape: tuple[int, ...], dtype: DType) -> None:
        self._shape = shape
        self._dtype = dtype
        self._keras_mask = None
        self._origin = None

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self._shape

    @property
    def dtype(self) -> DType:
        return self._dtype

    def _no_values(self, wish: str) -> NoReturn:
        raise TypeError(
            f"A symbolic tensor (shape {self._shape}, {self._dtype.name}) has no values to {wish}: "
            "it stands for values that exist only when the traced function runs; use operations "
            "of thalweg.ops instead."
        )

    def numpy(self) -> NoReturn:
        self._no_values("turn into a NumPy array")

    def item(self) -> NoReturn:
        self._no_values("read as a Python number")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        self._no_values("turn into a NumPy array")

    def __bool__(self) -> NoReturn:
        self._no_values("decide an `if` or `while` with; use ops.cond, ops.where or ops.while_loop")

    def __index__(self) -> NoReturn:
        self._no_values("use as an index")

    def __reduce__(self) -> NoReturn:
        self._no_values("copy")

    def __str__(self) -> str:
        return f"<SymbolicTensor shape={self._shape} dtype={self._dtype.name}>"

    __repr__ = __str__


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One application of a primitive inside a graph."""

    primitive: Primitive
    inputs: tuple[SymbolicTensor, ...]
    params: dict[str, Any]
    outputs: tuple[SymbolicTensor, ...]


@dataclass(slots=True, eq=False)
class Graph:
    """A traced computation.

    Attributes:
        inputs: the symbols of the arguments.
        captures: pairs of an outer tensor and the symbol that stands for it inside.
        nodes: primitive applications, each after those it needs.
        outputs: the symbols of the results.
    """

    inputs: tuple[SymbolicTensor, ...] = ()
    captures: list[tuple[Tensor, SymbolicTensor]] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    outputs: tuple[SymbolicTensor, ...] = ()

    @property
    def captured(self) -> tuple[Tensor, ...]:
        """The outer tensors, in the order of `captures`."""
        return tuple(outer for outer, _ in self.captures)

    def __repr__(self) -> str:
        names: dict[int, str] = {}

        def name(x: SymbolicTensor) -> str:
            label = names.setdefault(id(x), f"%{len(names)}")
            return f"{label}:{x.dtype.name}{list(x.shape)}"

        arguments = ", ".join(map(name, self.inputs))
        captures = ", ".join(name(inner) for _, inner in self.captures)
        lines = [f"graph({arguments}; captures {captures}) {{"]
        for node in self.nodes:
            inputs = ", ".join(names.get(id(x), "?") for x in node.inputs)
            params = "".join(
                f" {k}={'<graph>' if isinstance(v, Graph) else v}" for k, v in node.params.items()
            )
            outputs = ", ".join(map(name, node.outputs))
            lines.append(f"  {outputs} = {node.primitive.name}({inputs}){params}")
        lines.append(f"  return {', '.join(names.get(id(x), '?') for x in self.outputs)}")
        return "\n".join([*lines, "}"])


class Builder:
    """Adds nodes to a graph and captures every tensor that comes from outside of it.

    Operations inside `with builder:` are added; it can be left and entered again.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.own: dict[int, SymbolicTensor] = {id(x): x for x in graph.inputs}
        self.captured: dict[int, SymbolicTensor] = {}
        self._outer: list[Any] = []

    def __enter__(self) -> Self:
        self._outer.append(CONTEXT.graph)
        CONTEXT.graph = self
        return self

    def __exit__(self, *error: object) -> None:
        CONTEXT.graph = self._outer.pop()

    def symbol(self, x: Tensor) -> SymbolicTensor:
        if id(x) in self.own:
            return self.own[id(x)]
        inner = self.captured.get(id(x))
        if inner is None:
            inner = SymbolicTensor(x.shape, x.dtype)
            self.captured[id(x)] = inner
            self.graph.captures.append((x, inner))
        return inner

    def add(
        self, primitive: Primitive, inputs: tuple[Tensor, ...], params: dict[str, Any]
    ) -> tuple[SymbolicTensor, ...]:
        specs = primitive.specs(*inputs, **params)
        outputs = tuple(SymbolicTensor(spec.shape, spec.dtype) for spec in specs)
        for y in outputs:
            self.own[id(y)] = y
        symbols = tuple(self.symbol(x) for x in inputs)
        self.graph.nodes.append(Node(primitive, symbols, params, outputs))
        return outputs


def trace(function: Callable[..., Sequence[Tensor]], specs: Sequence[TensorSpec | Tensor]) -> Graph:
    """The graph of a function of tensors.

    Args:
        function: takes one tensor per spec and returns a sequence of tensors. It runs once.
        specs: shape and dtype of each argument (anything with `shape` and `dtype`).
    """
    graph = Graph(inputs=tuple(SymbolicTensor(tuple(s.shape), s.dtype) for s in specs))
    with Builder(graph) as builder:
        outputs = function(*graph.inputs)
        graph.outputs = tuple(builder.symbol(y) for y in outputs)
    return graph


def evaluate_graph(
    graph: Graph, inputs: Sequence[Array], captures: Sequence[Array]
) -> tuple[Array, ...]:
    """Run a graph with NumPy: the reference for every compiled Program."""
    values: dict[int, Array] = {}
    for symbol, value in zip(graph.inputs, inputs, strict=True):
        values[id(symbol)] = value
    for (_, symbol), value in zip(graph.captures, captures, strict=True):
        values[id(symbol)] = value
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            found = node.primitive.evaluate(*[values[id(x)] for x in node.inputs], **node.params)
            results = found if node.primitive.multiple else (found,)
            for symbol, value in zip(node.outputs, results, strict=True):
                values[id(symbol)] = np.asarray(value)
    return tuple(values[id(y)] for y in graph.outputs)


def inline(
    graph: Graph, inputs: Sequence[Tensor], captures: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Apply a graph's nodes again to other tensors, through `bind`."""
    values: dict[int, Tensor] = {}
    for symbol, tensor in zip(graph.inputs, inputs, strict=True):
        values[id(symbol)] = tensor
    for (_, symbol), tensor in zip(graph.captures, captures, strict=True):
        values[id(symbol)] = tensor
    for node in graph.nodes:
        found = node.primitive(*[values[id(x)] for x in node.inputs], **node.params)
        results = found if node.primitive.multiple else (found,)
        for symbol, tensor in zip(node.outputs, results, strict=True):
            values[id(symbol)] = tensor
    return tuple(values[id(y)] for y in graph.outputs)
