"""Expressions: how one value is computed from loads, constants and elementwise operations.

Expressions form a graph: a sub-expression that is used twice is one object, computed once.
They are compared by identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.index import Index
from thalweg.tensor.dtypes import DType

__all__ = [
    "Accumulator",
    "Apply",
    "Bits",
    "Buffer",
    "Choose",
    "Constant",
    "Expression",
    "Guard",
    "Load",
    "Ordinal",
    "Product",
    "Total",
    "walk",
]


@dataclass(slots=True, eq=False)
class Buffer:
    """Memory for one tensor, dense.

    Attributes:
        kind: `input`, `output`, `state` (read and written in place), `constant`, `temporary` (in
            the arena), `scratch` (each worker has its own).
        dtype: of the elements; bool takes a byte each.
        size: how many elements.
        number: place among the buffers of its kind.
        offset: of a temporary, its place in the arena in bytes, once planned.
    """

    kind: str
    dtype: DType
    size: Dim
    number: int = -1
    name: str = ""
    offset: int = -1

    def __repr__(self) -> str:
        return f"{self.kind}{self.number}:{self.dtype.name}[{self.size}]"


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A number known now."""

    value: Any
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """The element of a buffer at an offset, counted in elements."""

    buffer: Buffer
    index: Index

    @property
    def dtype(self) -> DType:
        """That of the buffer."""
        return self.buffer.dtype


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """An elementwise primitive, by name."""

    name: str
    inputs: tuple[Expression, ...]
    dtype: DType
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Ordinal:
    """An index as a number (`iota`, argmax)."""

    index: Index
    dtype: DType


@dataclass(frozen=True, slots=True)
class Guard:
    """`low <= index < high`."""

    index: Index
    low: Dim
    high: Dim


@dataclass(frozen=True, slots=True, eq=False)
class Choose:
    """`then` where all guards hold, else `otherwise`; only what is chosen is loaded (pad, concat).

    Under the guards the indices inside `then` are in range; elsewhere they may be anything.
    """

    guards: tuple[Guard, ...]
    then: Expression
    otherwise: Expression

    @property
    def dtype(self) -> DType:
        """That of both."""
        return self.then.dtype


@dataclass(frozen=True, slots=True, eq=False)
class Bits:
    """32 random bits: word `counter` of the Threefry stream of a key (two uint32)."""

    key: tuple[Expression, Expression]
    counter: Index
    dtype: DType


@dataclass(slots=True, eq=False)
class Accumulator:
    """A running sum, product, maximum ... in registers.

    `operation`: sum, prod, max, min, and, or; argmax, argmin (the dtype is then that of the values
    compared; `Total` gives the int32 place, the first one among equals, and NaN wins).
    `start`: the value before the first, where it is not the neutral one of the operation.
    """

    operation: str
    dtype: DType
    start: Any = None
    # Elements are added up in float32 for half types.


@dataclass(frozen=True, slots=True, eq=False)
class Total:
    """What an accumulator has come to."""

    accumulator: Accumulator
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """In the epilogue of a contraction: the sum of products at this place (float32 for halves)."""

    dtype: DType


Expression = Constant | Load | Apply | Ordinal | Choose | Bits | Total | Product


def walk(*roots: Expression) -> Iterator[Expression]:
    """Every expression below, each once, operands before those that use them."""
    seen: set[int] = set()
    for root in roots:
        yield from _walk(root, seen)


def _walk(expression: Expression, seen: set[int]) -> Iterator[Expression]:
    stack: list[tuple[Expression, bool]] = [(expression, False)]
    while stack:
        current, ready = stack.pop()
        if ready:
            yield current
            continue
        if id(current) in seen:
            continue
        seen.add(id(current))
        stack.append((current, True))
        stack.extend((child, False) for child in operands(current))


def operands(expression: Expression) -> tuple[Expression, ...]:
    """The expressions that one is computed from, those inside its indices too."""
    if isinstance(expression, Apply):
        return expression.inputs
    if isinstance(expression, Choose):
        inside = [e for g in expression.guards for e in _of_index(g.index)]
        return (*inside, expression.then, expression.otherwise)
    if isinstance(expression, Bits):
        return (*expression.key, *_of_index(expression.counter))
    if isinstance(expression, (Load, Ordinal)):
        return _of_index(expression.index)
    return ()


def _of_index(index: Index) -> tuple[Expression, ...]:
    found: list[Expression] = []
    for atom, _ in index.terms:
        inner = getattr(atom, "index", None)
        if inner is not None:
            found.extend(_of_index(inner))
        elif hasattr(atom, "expression"):
            found.append(atom.expression)
    return tuple(found)
