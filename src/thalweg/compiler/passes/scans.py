"""A scan taken apart, so that passes can move things into, out of and between its parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from thalweg.compiler.bodies import split_scan
from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.primitives.control_flow import scan
from thalweg.primitives.elementwise import stop_gradient

__all__ = ["Carry", "Pair", "Scan", "alias", "needed_inside"]


@dataclass(slots=True, eq=False)
class Carry:
    """What goes from step to step.

    Attributes:
        start: outside, before the first step.
        before: in the body, before a step.
        after: in the body, after a step.
        final: outside, after the last step.
    """

    start: Value
    before: Value
    after: Value
    final: Value


@dataclass(slots=True, eq=False)
class Pair:
    """A value outside and what the body sees of it; of a result, the stack and one step's value."""

    outer: Value
    inner: Value


@dataclass(slots=True, eq=False)
class Scan:
    """The parts of a scan. Changing them never changes the operation that they were read from."""

    captures: list[Pair]
    carries: list[Carry]
    sequences: list[Pair]
    results: list[Pair]
    operations: list[Operation]
    length: Dim
    reverse: bool

    @staticmethod
    def read(operation: Operation) -> Scan:
        """The parts of an operation."""
        a, k, _ = split_scan(operation)
        body: Flow = operation.params["body"]
        pairs = [Pair(x, y) for x, y in zip(operation.inputs, body.inputs, strict=True)]
        ends = list(zip(operation.outputs, body.outputs, strict=True))
        carries = [
            Carry(p.outer, p.inner, after, final)
            for p, (final, after) in zip(pairs[a : a + k], ends[:k], strict=True)
        ]
        results = [Pair(outer, inner) for outer, inner in ends[k:]]
        length = Dim.of(operation.params["length"])
        reverse: bool = operation.params["reverse"]
        operations = list(body.operations)
        return Scan(pairs[:a], carries, pairs[a + k :], results, operations, length, reverse)

    def body(self) -> Flow:
        """The body as a Flow."""
        inputs = [
            *(p.inner for p in self.captures),
            *(c.before for c in self.carries),
            *(p.inner for p in self.sequences),
        ]
        outputs = [*(c.after for c in self.carries), *(p.inner for p in self.results)]
        return Flow(inputs, self.operations, outputs)

    def operation(self) -> Operation:
        """The parts as an operation again."""
        inputs = (
            *(p.outer for p in self.captures),
            *(c.start for c in self.carries),
            *(p.outer for p in self.sequences),
        )
        outputs = (*(c.final for c in self.carries), *(p.outer for p in self.results))
        length = self.length.offset if self.length.static else self.length
        params = {
            "body": self.body(),
            "carries": len(self.carries),
            "length": length,
            "reverse": self.reverse,
        }
        return Operation(scan, inputs, outputs, params)

    def invariant(self) -> set[Value]:
        """The values in the body that are the same in every step."""
        fixed = {p.inner for p in self.captures}
        for operation in self.operations:
            if all(x in fixed for x in operation.inputs) and operation.family != "host":
                fixed.update(operation.outputs)
        return fixed

    def stacked(self, inner: Value) -> Value:
        """A new value outside that stands for the stack of a value in the body."""
        return Value((self.length, *inner.shape), inner.dtype)


def alias(known: Value, other: Value) -> Operation:
    """An operation that gives a value another name; `simplify` removes it again."""
    return Operation(stop_gradient, (known,), (other,), {})


def needed_inside(operations: Iterable[Operation], roots: Iterable[Value]) -> set[Value]:
    """Everything that the roots depend on, the roots included."""
    needed = set(roots)
    for operation in reversed(list(operations)):
        if any(y in needed for y in operation.outputs):
            needed.update(operation.inputs)
    return needed
