"""The numbers of a backward pass: every value, every gradient, and what flows along each edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["BackwardPass", "Edge", "Node", "Weight"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False, repr=False)
class Weight:
    """A variable of a layer that is drawn as one box.

    Attributes:
        name: as the layer calls it: `'kernel'`.
        value: what it holds.
        gradient: of the target towards it; None where none flows. It is the whole one, as the tape
            gives it: with what comes from other calls of the layer and from regularizers.
    """

    name: str
    value: Array
    gradient: Array | None


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """An input, or an operation or layer.

    Attributes:
        name: unique: `'v'`, `'multiply'`, `'multiply_2'`.
        kind: `'input'`, `'variable'`, `'constant'`, `'operation'` or `'layer'`.
        label: what stands in its box.
        inputs: the names of the nodes whose values it takes, in the order of the operands.
        shape: of the value.
        dtype: of the value.
        value: what it gives (the first of several outputs).
        gradient: of the target towards the value: the sum of what comes back along all edges; None
            where none flows.
        derivatives: for each of `inputs`, the derivative of the value towards it; where each
            element of the value depends on one element of the input, of the input's shape, else
            None.
        weights: the variables of a layer.
    """

    name: str
    kind: str
    label: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    value: Array
    gradient: Array | None
    derivatives: tuple[Array | None, ...] = ()
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Edge:
    """A value on its way from one node to another.

    Attributes:
        source: the name of the node that gives the value.
        target: the name of the node that takes it; None where it leaves the picture.
        value: what goes forward.
        gradient: what comes back along this edge; None where nothing does.
        derivative: by which the gradient of the target's value was multiplied, element by element;
            None where that is not how it is done.
    """

    source: str
    target: str | None
    value: Array
    gradient: Array | None
    derivative: Array | None


@dataclass(frozen=True, eq=False, repr=False)
class BackwardPass:
    """A forward and backward pass.

    Attributes:
        nodes: in an order in which each comes after its inputs.
        edges: in the order of the nodes that they lead to.
        backward: the names of the nodes that pass gradients on, in the order in which they do.

    >>> import thalweg as tw
    >>> found = tw.viz.backward_pass(lambda v: tw.square(v * 2 - 5), 0.0).numbers
    >>> [(node.label, float(node.value)) for node in found.steps]
    [('multiply', 0.0), ('subtract', -5.0), ('square', 25.0)]
    >>> float(found["v"].gradient), found.backward
    (-20.0, ('square', 'subtract', 'multiply'))
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    backward: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<BackwardPass of {len(self.nodes)} nodes and {len(self.edges)} edges>"

    def __getitem__(self, name: str) -> Node:
        """A node by its name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(f"there is no node '{name}'; there are {[n.name for n in self.nodes]}")

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def steps(self) -> tuple[Node, ...]:
        """The operations and layers, in the order of the forward pass."""
        return tuple(node for node in self.nodes if node.kind in ("operation", "layer"))

    def into(self, name: str) -> tuple[Edge, ...]:
        """The edges that lead to a node, in the order of its operands."""
        return tuple(edge for edge in self.edges if edge.target == name)

    def out_of(self, name: str) -> tuple[Edge, ...]:
        """The edges that leave a node."""
        return tuple(edge for edge in self.edges if edge.source == name)
