"""The nodes and edges of a pass before there are numbers: which result is which number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.viz.backprop.result import BackwardPass, Edge, Node, Weight

__all__ = ["Sketch", "SketchEdge", "SketchNode"]

Array = np.ndarray[Any, Any]


@dataclass(eq=False)
class SketchNode:
    """A `Node` with the numbers of results instead of arrays."""

    name: str
    kind: str
    label: str
    shape: tuple[int, ...]
    dtype: str
    value: int
    gradient: int | None
    inputs: list[str] = field(default_factory=list)
    derivatives: list[int | None] = field(default_factory=list)
    weights: list[tuple[str, int, int | None]] = field(default_factory=list)


@dataclass(eq=False)
class SketchEdge:
    """An `Edge` with the numbers of results instead of arrays."""

    source: str
    target: str | None
    shape: tuple[int, ...]
    value: int
    gradient: int | None
    derivative: int | None


@dataclass(eq=False)
class Sketch:
    """What the results of the traced function are.

    Attributes:
        results: the tensors that it returns.
        nodes: in order.
        edges: in order.
        backward: names of nodes.
        variables: those that are in the picture, with their names there.
        numbers: of results, by the ids of the tensors.
    """

    results: list[Tensor] = field(default_factory=list)
    nodes: list[SketchNode] = field(default_factory=list)
    edges: list[SketchEdge] = field(default_factory=list)
    backward: list[str] = field(default_factory=list)
    variables: list[tuple[str, Variable]] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)

    def take(self, x: Tensor) -> int:
        """The number of the result that is this tensor."""
        if id(x) not in self.numbers:
            self.numbers[id(x)] = len(self.results)
            self.results.append(x)
        return self.numbers[id(x)]

    def take_any(self, x: Tensor | None) -> int | None:
        """The same where there may be none."""
        return None if x is None else self.take(x)

    def filled(self, arrays: Sequence[Array]) -> BackwardPass:
        """The pass with these arrays as results."""

        def at(number: int | None) -> Array | None:
            return None if number is None else arrays[number]

        nodes = tuple(
            Node(
                name=n.name,
                kind=n.kind,
                label=n.label,
                inputs=tuple(n.inputs),
                shape=n.shape,
                dtype=n.dtype,
                value=arrays[n.value],
                gradient=at(n.gradient),
                derivatives=tuple(map(at, n.derivatives)),
                weights=tuple(Weight(name, arrays[v], at(g)) for name, v, g in n.weights),
            )
            for n in self.nodes
        )
        edges = tuple(
            Edge(e.source, e.target, arrays[e.value], at(e.gradient), at(e.derivative))
            for e in self.edges
        )
        return BackwardPass(nodes, edges, tuple(self.backward))
