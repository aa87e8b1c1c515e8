"""The fingerprint of a traced graph: two graphs with the same one compute the same.

A Program that was compiled before is found by it, so it must tell apart whatever the compiler tells
apart: primitives, parameters, shapes, dtypes, wiring, and every bit of the constants.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from thalweg.compiler.plain import NotPlainError, encode
from thalweg.primitives.graph import Graph, SymbolicTensor

__all__ = ["fingerprint"]

Array = np.ndarray[Any, Any]


def fingerprint(graph: Graph, *more: Any) -> str | None:
    """What a graph computes, as a short text.

    Args:
        graph: an outermost graph; what it captures are constants.
        more: what else counts (numbers, strings).

    Returns:
        None where a part of the graph has no plain form, like a stream that is printed to.
    """
    digest = hashlib.sha256()
    try:
        writing = _Writing()
        parts = [encode(more), writing.graph(graph, writing.constants(graph, digest))]
    except NotPlainError:
        return None
    digest.update(repr(parts).encode())
    return digest.hexdigest()


class _Writing:
    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}  # of symbols
        self.names: dict[Any, str] = {}  # of dtypes, which take long to tell theirs

    def constants(self, graph: Graph, digest: Any) -> list[Any]:
        """The captured tensors; their contents go into the digest."""
        found = []
        for outer, inner in graph.captures:
            if isinstance(outer, SymbolicTensor):
                raise NotPlainError("a tensor of an enclosing graph")
            found += [self.symbol(inner), *_content(outer._value, digest)]
        return found

    def graph(self, graph: Graph, captures: list[Any]) -> list[Any]:
        inputs = [self.symbol(x) for x in graph.inputs]
        nodes = []
        for node in graph.nodes:
            read = [self.numbers[id(x)] for x in node.inputs]
            params = [(name, self.param(value)) for name, value in node.params.items()]
            made = [self.symbol(y) for y in node.outputs]
            nodes.append((node.primitive.name, read, params, made))
        return [captures, inputs, nodes, [self.numbers[id(y)] for y in graph.outputs]]

    def symbol(self, x: SymbolicTensor) -> tuple[Any, ...]:
        """A new number, the shape and the dtype."""
        number = self.numbers[id(x)] = len(self.numbers)
        name = self.names.get(x.dtype)
        if name is None:
            name = self.names[x.dtype] = x.dtype.name
        return number, x.shape, name

    def param(self, value: Any) -> Any:
        if isinstance(value, Graph):
            return ["graph", self.graph(value, [self.symbol(inner) for _, inner in value.captures])]
        return encode(value)


def _content(array: Array, digest: Any) -> tuple[Any, ...]:
    """What is known of an array without its bytes; axes along which it repeats count once."""
    repeats = tuple(i for i, step in enumerate(array.strides) if step == 0)
    once = array[tuple(slice(0, 1) if i in repeats else slice(None) for i in range(array.ndim))]
    digest.update(np.ascontiguousarray(once).reshape(-1).view(np.uint8).data)
    return array.shape, array.dtype.name, repeats
