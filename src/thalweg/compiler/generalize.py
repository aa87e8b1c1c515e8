"""From traces to a Flow: what differs between traces of several batch sizes becomes a Dim.

The same function traced for three batch sizes gives three graphs of one structure. Lengths,
integer parameters and captured numbers that differ must be `scale * n + offset`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.compiler.bodies import bodies
from thalweg.compiler.constants import constant
from thalweg.compiler.dims import Dim, NotAffineError, fit
from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.verify import check_lengths
from thalweg.primitives.graph import Graph, Node, SymbolicTensor

__all__ = ["from_trace", "generalize"]


def from_trace(graph: Graph) -> Flow:
    """The Flow of one trace; all its lengths are static."""
    return _Comparison((0,)).whole([graph])


def generalize(traces: Sequence[Graph], sizes: Sequence[int]) -> Flow:
    """The Flow that serves every batch size, from traces of one function.

    Args:
        traces: one graph for each size.
        sizes: three or more different batch sizes; none is 1, for Python code may treat an axis
            of length 1 in another way (broadcasting).

    Raises:
        NotAffineError: if the traces differ in more than lengths that are affine in the size, or
            would not hold for a batch of one; the message says where.
    """
    if len(traces) != len(sizes) or len(set(sizes)) < 3 or min(sizes) < 2:
        raise ValueError(f"generalize: needs traces of three different sizes > 1, got {sizes}.")
    flow = _Comparison(tuple(sizes)).whole(traces)
    check_lengths(flow, 1)
    _check_sizes(flow)
    return flow


def _check_sizes(flow: Flow) -> None:
    for operation in flow.operations:
        for y in operation.outputs:
            if sum(not d.static for d in y.shape) > 1:
                raise NotAffineError(
                    f"{operation.name}: a tensor of shape ({', '.join(map(str, y.shape))}) grows "
                    "faster than the batch size n."
                )
        for body in bodies(operation).values():
            _check_sizes(body)


class _Comparison:
    """Compares graphs node by node."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.sizes = sizes

    def whole(self, graphs: Sequence[Graph]) -> Flow:
        """The Flow of the outermost graphs: what they captured are constants."""
        first = graphs[0]
        self._same("captured tensors", [len(g.captures) for g in graphs])
        known: list[dict[int, Value]] = [{} for _ in graphs]
        inputs = self._values([g.inputs for g in graphs], known)
        operations: list[Operation] = []
        for captures in zip(*(g.captures for g in graphs), strict=True):
            (value,) = self._values([(inner,) for _, inner in captures], known)
            tensors = [outer for outer, _ in captures]
            if any(isinstance(t, SymbolicTensor) for t in tensors):
                raise ValueError("generalize: the graph captures a tensor of an enclosing graph.")
            operations += constant([t._value for t in tensors], self.sizes, value)
        operations += self._operations([g.nodes for g in graphs], known)
        return Flow(inputs, operations, [known[0][id(y)] for y in first.outputs])

    def _body(self, graphs: Sequence[Graph]) -> Flow:
        known: list[dict[int, Value]] = [{} for _ in graphs]
        inputs = self._values(
            [(*(inner for _, inner in g.captures), *g.inputs) for g in graphs], known
        )
        operations = self._operations([g.nodes for g in graphs], known)
        return Flow(inputs, operations, [known[0][id(y)] for y in graphs[0].outputs])

    def _operations(
        self, traces: Sequence[Sequence[Node]], known: list[dict[int, Value]]
    ) -> list[Operation]:
        self._same("operations", [len(nodes) for nodes in traces])
        found: list[Operation] = []
        for nodes in zip(*traces, strict=True):
            primitive = nodes[0].primitive
            self._same("operations", [n.primitive.name for n in nodes])
            wiring = [
                tuple(id(names[id(x)]) for x in node.inputs)
                for names, node in zip(known, nodes, strict=True)
            ]
            if any(w != wiring[0] for w in wiring):
                raise self._error(f"the inputs of a {primitive.name} differ")
            inputs = tuple(known[0][id(x)] for x in nodes[0].inputs)
            params = self._param([n.params for n in nodes], primitive.name)
            outputs = tuple(self._values([n.outputs for n in nodes], known))
            found.append(Operation(primitive, inputs, outputs, params))
        return found

    def _values(
        self, symbols: Sequence[Sequence[SymbolicTensor]], known: list[dict[int, Value]]
    ) -> list[Value]:
        self._same("tensors", [len(s) for s in symbols])
        found = []
        for versions in zip(*symbols, strict=True):
            self._same("dtypes", [v.dtype for v in versions])
            self._same("axes", [len(v.shape) for v in versions])
            lengths = zip(*(v.shape for v in versions), strict=True)
            shape = tuple(self._dim(each, "an axis") for each in lengths)
            value = Value(shape, versions[0].dtype)
            for names, version in zip(known, versions, strict=True):
                names[id(version)] = value
            found.append(value)
        return found

    def _param(self, values: Sequence[Any], what: str) -> Any:
        """One parameter; integers that differ become Dims, graphs become Flows."""
        first = values[0]
        if isinstance(first, Graph):
            return self._body(values)
        if type(first) in (tuple, list):
            self._same(what, [len(v) for v in values])
            return tuple(self._param(each, what) for each in zip(*values, strict=True))
        if isinstance(first, dict):
            self._same(what, [sorted(v) for v in values])
            return {k: self._param([v[k] for v in values], f"{what} ({k})") for k in first}
        if isinstance(first, (int, np.integer)) and not isinstance(first, bool):
            found = self._dim([int(v) for v in values], what)
            return found if found.scale else found.offset
        if isinstance(first, BaseException):  # each trace makes an exception of its own
            self._same(what, [(type(v), v.args) for v in values])
        else:
            self._same(what, values)
        return first

    def _dim(self, lengths: Sequence[int], what: str) -> Dim:
        found = fit(lengths, self.sizes)
        if found is None:
            raise self._error(f"{what} is {_listed(lengths)}, which is not scale * n + offset")
        return found

    def _same(self, what: str, values: Sequence[Any]) -> None:
        if any(v is not values[0] and v != values[0] for v in values):
            raise self._error(f"{what} differ: {_listed(values)}")

    def _error(self, what: str) -> NotAffineError:
        return NotAffineError(f"With batches of {_listed(self.sizes)}, {what}.")


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))
